"""The system's Chromium, headless, against a real web server on loopback."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Playwright
from pytest_django.live_server_helper import LiveServer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Nothing but loopback is reachable, and a browser of its own accord asks for updates, suggestions and synchronisation.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Skips where there is no Chromium; as root its sandbox cannot work."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; as root: apt-get install chromium")
    # Playwright keeps an event loop in this thread, in which Django would otherwise refuse every query of the tests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": [*QUIET, *sandbox]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """An English browser on a laptop, unless a test says otherwise."""
    return browser_context_args | {"locale": "en-GB", "viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    """``page.goto("/")`` opens the product."""
    return str(live_server.url)


@pytest.fixture(scope="session", autouse=True)
def _connection_beside_the_loop(django_db_setup: None, playwright: Playwright) -> Iterator[None]:
    """While Playwright's event loop runs, Django gives this thread a second connection (asgiref's ``Local``).

    It can be seen, and so closed, only as long as the loop runs; open, it would keep the database from being dropped.
    """
    yield
    connections.close_all()
