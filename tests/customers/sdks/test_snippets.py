"""What the page *Set up tracking* gives to copy works as it stands."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from customers.models import Event
from customers.tracking_setup import SECRET, setup_snippets
from merchants.actions import create_api_key
from merchants.models import Merchant

HERE = Path(__file__).parent


def _run_python(code: str) -> None:
    names: dict[str, Any] = {}
    exec(code, names)  # our own snippet
    names["cx"].flush()
    names["cx"].join()


def _run_node(code: str) -> None:
    """At its end a script flushes; a server does so by itself every ten seconds."""
    script = f"{code}\nawait cx.closeAndFlush();"
    subprocess.run([_program("node"), "--input-type=module", "-e", script], check=True, timeout=60, cwd=HERE)


def _run_shell(code: str) -> None:
    _program("curl")
    subprocess.run(code, shell=True, check=True, timeout=60, stdout=subprocess.DEVNULL)  # our own snippet


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine")
    return found


@pytest.mark.parametrize(
    ("name", "run", "event"),
    [
        ("python", _run_python, "Order Completed"),
        ("rudder", _run_python, "identify"),
        ("node", _run_node, "Product Added"),
        ("curl", _run_shell, "Product Returned"),
    ],
)
def test_a_copied_snippet_sends_its_event(
    name: str, run: Any, event: str, live_server: LiveServer, transactional_db: None, merchant: Merchant
) -> None:
    _row, key = create_api_key(merchant, kind="sk", name="SDK")
    run(setup_snippets(live_server.url)[name].code.replace(SECRET, key))
    (stored,) = Event.objects.for_merchant(merchant)
    assert (stored.name or stored.kind) == event
    assert stored.customer_id is not None
