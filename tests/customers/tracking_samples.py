"""Events as a shop sends them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from customers.models import Event
from merchants.models import Merchant
from tests.storefront import Storefront

CONSENTED = {"consent": {"tracking": True, "text_version": "2026-01"}}


def viewed(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A viewed product of an anonymous visitor, an hour ago."""
    return {
        "type": "track",
        "messageId": f"m-{number}",
        "anonymousId": "visitor-1",
        "event": "Product Viewed",
        "timestamp": moment(minutes=-60),
        "properties": {"sku": f"sku-{number}", "price": 19.99},
    } | fields


def moment(**ago: float) -> str:
    return (datetime.now(UTC) + timedelta(**ago)).isoformat()


def send(server: Storefront, events: Sequence[Any], *, path: str = "/api/v1/batch", **envelope: Any) -> Any:
    return server.post(path, {"batch": list(events), **envelope})


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [result["status"] for result in answer.json()["results"]]


def codes(answer: Any) -> list[str]:
    return [result.get("code", result["status"]) for result in answer.json()["results"]]


def events_of(merchant: Merchant) -> dict[str, Event]:
    """By message id."""
    return {event.message_id: event for event in Event.objects.for_merchant(merchant)}


def gzipped(document: Any) -> bytes:
    return gzip.compress(json.dumps(document).encode())
