"""Tracked events over HTTP beside a bare COPY of the same rows, and single events beside a view that does nothing.

``python -m bench tracking``; needs PostgreSQL and Redis (``make bench`` brings them). The bare COPY writes the same
rows in the same batches, each its own durable transaction, into a plain table of the same columns: nothing is indexed,
nothing is checked, nothing is answered. It begins with the rows as values, as psycopg takes them and as the API has them
once a body is read. How far a COPY gets whose text was finished beforehand is printed beside it: that is the disk's and
PostgreSQL's part alone.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from statistics import median
from typing import Any, TypeVar

import django
import psycopg
from django.core.management import call_command
from psycopg.types.json import Jsonb

from bench import load
from bench.figures import Figure

T = TypeVar("T")
ROUNDS = 5
BATCHES, IN_BATCH = 150, 100
SINGLES = 3_000
COLUMNS = (
    "id bigint, merchant_id bigint, occurred_at timestamptz, received_at timestamptz, customer_id bigint, is_bot bool,"
    " kind varchar, channel varchar, name varchar, anonymous_id varchar, message_id varchar, properties jsonb,"
    " context jsonb"
)
NAMES = ["Product Viewed"] * 6 + ["Product Added", "Product Removed", "Cart Viewed", "Products Searched"]


def run() -> list[Figure]:
    """Every figure of tracking."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only now.
    from merchants.actions import create_api_key  # noqa: PLC0415
    from merchants.models import Merchant  # noqa: PLC0415

    merchant = Merchant.objects.create(slug=f"bench-{secrets.token_hex(4)}", name="Bench")
    _key, token = create_api_key(merchant, kind="pk", name="bench")
    with load.web_server("bench.settings") as port:
        return _measure(merchant.pk, port, token)


def _measure(merchant_id: int, port: int, token: str) -> list[Figure]:
    """In turns, so that a disturbance of the machine hits all of them."""
    visit, no_op = Visits(), [load.get("/api/v1/no-op", token)]
    turns = [_turn(merchant_id, port, token, visit, no_op) for _ in range(ROUNDS + 1)][1:]  # the first warms everything
    _check_rows(merchant_id)
    rates = {name: median(turn[name] for turn in turns) for name in turns[0]}
    return [
        Figure(f"events in batches of {IN_BATCH}", rates["batches"], "/s", at_least=3_000),
        Figure("bare COPY of the same rows in the same batches", rates["copy"], "/s"),
        Figure("batches / bare COPY", median(turn["batches"] / turn["copy"] for turn in turns), "", at_least=0.3),
        Figure("bare COPY of text that is finished", rates["copy of text"], "/s"),
        Figure("batches / bare COPY of text", median(turn["batches"] / turn["copy of text"] for turn in turns), ""),
        Figure("single events", rates["singles"], "req/s"),
        Figure("no-op view", rates["no-op"], "req/s"),
        Figure(
            "single events / no-op view", median(turn["singles"] / turn["no-op"] for turn in turns), "", at_least=0.35
        ),
    ]


def _turn(merchant_id: int, port: int, token: str, visit: Visits, no_op: list[bytes]) -> dict[str, float]:
    batches = [visit.events(IN_BATCH) for _ in range(BATCHES)]
    posts = [load.post("/api/v1/batch", token, _json({"batch": batch})) for batch in batches]
    singles = [load.post("/api/v1/track", token, _json(event)) for event in visit.events(SINGLES)]
    # Single events come after the seconds in which nothing was written: what the floors leave to the disk, it does not
    # have to do while single events wait for it.
    return {
        "singles": SINGLES / load.seconds_for(port, singles),
        "batches": BATCHES * IN_BATCH / load.seconds_for(port, posts),
        "copy": BATCHES * IN_BATCH / _bare_copy([_rows(merchant_id, batch) for batch in batches], _write_rows),
        "copy of text": BATCHES * IN_BATCH / _bare_copy([_text(merchant_id, batch) for batch in batches], _write_text),
        "no-op": load.throughput(port, no_op, seconds=2),
    }


class Visits:
    """Events as the storefront's script sends them, of many visitors to a shop with a few thousand products."""

    def __init__(self) -> None:
        self._random = Random(1)
        self._count = 0

    def events(self, number: int) -> list[dict[str, Any]]:
        return [self._event() for _ in range(number)]

    def _event(self) -> dict[str, Any]:
        chance, self._count = self._random, self._count + 1
        sku = f"SKU-{chance.randrange(5_000)}"
        name = chance.choice(NAMES)
        product = {"product_id": sku, "sku": sku, "name": f"Product {sku}", "price": 19.99, "quantity": 1}
        extra = {"query": "mug"} if name == "Products Searched" else {"category": "Kitchen", "currency": "EUR"}
        properties = {"products": [product] * 3} if name == "Cart Viewed" else product | extra
        return {
            "type": "track",
            "messageId": f"{secrets.token_hex(8)}-{self._count}",
            "anonymousId": f"visitor-{chance.randrange(20_000)}",
            "timestamp": datetime.now(UTC).isoformat(),
            "channel": "web",
            "event": name,
            "properties": properties,
            "context": {
                "library": {"name": "cx.js", "version": "1"},
                "page": {"path": f"/p/{sku}", "url": f"https://shop.example/p/{sku}", "title": f"Product {sku}"},
                "locale": "de-DE",
                "consent": {"tracking": True},
            },
        }


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


Row = tuple[Any, ...]


def _rows(merchant_id: int, batch: list[dict[str, Any]]) -> list[Row]:
    """The rows that the batch becomes, as values."""
    return [_row(merchant_id, number, event) for number, event in enumerate(batch)]


def _row(merchant_id: int, number: int, event: dict[str, Any]) -> Row:
    context = {key: value for key, value in event["context"].items() if key != "consent"}
    at = datetime.fromisoformat(event["timestamp"])
    who = (event["anonymousId"], event["messageId"])
    return (
        number,
        merchant_id,
        at,
        at,
        None,
        False,
        "track",
        "web",
        event["event"],
        *who,
        event["properties"],
        context,
    )


def _text(merchant_id: int, batch: list[dict[str, Any]]) -> bytes:
    """The same rows as COPY's text."""
    return "".join(_line(row) for row in _rows(merchant_id, batch)).encode()


def _line(row: Row) -> str:
    number, merchant_id, at, received_at, _customer, _is_bot, *names, properties, context = row
    cells = [number, merchant_id, at.isoformat(), received_at.isoformat(), "\\N", "f", *names]
    return "\t".join(map(str, [*cells, _json(properties).decode(), _json(context).decode()])) + "\n"


def _write_rows(copy: psycopg.Copy, rows: list[Row]) -> None:
    for row in rows:
        copy.write_row((*row[:-2], Jsonb(row[-2]), Jsonb(row[-1])))


def _write_text(copy: psycopg.Copy, text: bytes) -> None:
    copy.write(text)


def _bare_copy(batches: Sequence[T], write: Callable[[psycopg.Copy, T], None]) -> float:
    """Seconds; the connection commits after every batch."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS bare_events; CREATE TABLE bare_events ({COLUMNS})")
        begin = time.perf_counter()
        for batch in batches:
            with cursor.copy("COPY bare_events FROM STDIN") as copy:
                write(copy, batch)
        taken = time.perf_counter() - begin
        cursor.execute("DROP TABLE bare_events")
    return taken


def _check_rows(merchant_id: int) -> None:
    """A fast answer that stored nothing would be no figure."""
    from customers.models import Event  # noqa: PLC0415

    expected = (ROUNDS + 1) * (BATCHES * IN_BATCH + SINGLES)
    if (stored := Event.objects.for_merchant(merchant_id).count()) != expected:
        raise RuntimeError(f"{stored} of {expected} events were stored.")
