"""The commands of docs/api.md run as they stand, and the documented examples are accepted."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings

from catalog.api import EXAMPLE as PRODUCT
from orders.api import examples
from tests.storefront import Storefront

DOCS = Path(settings.BASE_DIR) / "docs/api.md"


class Call(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str


def parse(command: str) -> Call:
    """``curl`` with ``-X``, ``-H`` and ``-d``."""
    _curl, *words = shlex.split(command.replace("\\\n", " "))
    method, path, headers, body = "", "", {}, ""
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, value = next(rest).split(": ", 1)
            headers[name] = value
        elif word == "-d":
            body = next(rest)
        else:
            path = word.removeprefix("localhost:8000")
    return Call(method or ("POST" if body else "GET"), path, headers, body)


def commands() -> Iterator[Call]:
    for block in re.findall(r"^```sh\n(.*?)^```", DOCS.read_text(), flags=re.DOTALL | re.MULTILINE):
        if block.startswith("curl"):
            yield parse(block)


def test_the_commands_of_the_guide_run_in_their_order(api: Storefront) -> None:
    calls = list(commands())
    assert len(calls) >= 10
    for call in calls:
        assert call.headers.pop("Authorization") == "Bearer $SK"
        answer = api.generic(
            call.method, call.path, call.body, call.headers.pop("Content-Type", ""), headers=call.headers
        )
        assert answer.status_code in (200, 201, 202), (call, answer.content)
    order = api.get("/api/v1/orders/A-2001").json()
    assert (order["state"], order["refunded"]) == ("delivered", 3998)


@pytest.mark.parametrize("cancellation", [examples.CANCELLATION, examples.PARTIAL_CANCELLATION])
def test_the_examples_of_the_schema_are_accepted(api: Storefront, cancellation: dict[str, Any]) -> None:
    order = "/api/v1/orders/A-1001"
    assert api.put("/api/v1/products/84029E", PRODUCT).status_code == 201
    assert api.post("/api/v1/orders", examples.ORDER).status_code == 201
    assert api.post(f"{order}/cancellation", cancellation).status_code == 200
    assert api.post("/api/v1/orders", examples.ORDER | {"number": "A-1002"}).status_code == 201
    for body in (examples.SHIPMENT, examples.ARRIVAL):
        assert api.post("/api/v1/orders/A-1002/shipments", body).status_code in (200, 201)
    assert api.post("/api/v1/orders/A-1002/returns", examples.RETURN).status_code == 201
    assert api.post("/api/v1/orders/A-1002/payments", examples.PAYMENT).status_code == 201
