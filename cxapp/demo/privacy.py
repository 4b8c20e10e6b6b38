"""Privacy requests of a demo shop: one being answered, one close to its deadline, an erasure with its receipt, a correction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from customers.models import Customer, PrivacyRequest
from customers.rules.deadlines import due_on
from merchants.models import Merchant, Staff

Kind, Channel, State = PrivacyRequest.Kind, PrivacyRequest.Channel, PrivacyRequest.State
# What the erasure of somebody with two orders did.
PLACES: list[dict[str, Any]] = [
    {
        "store": "files",
        "deleted": 1,
        "blanked": 0,
        "details": [
            {"what": "upload", "number": 1, "at": "2026-09-01T08:00:00+00:00", "why": "holds"},
            {"what": "kept", "files": 1},
        ],
    },
    {"store": "recommendations.recent", "deleted": 1, "blanked": 0},
    {"store": "recommendations.models", "deleted": 0, "blanked": 1},
    {"table": "campaigns.MessageBlock", "deleted": 0, "blanked": 6},
    {"table": "campaigns.Message", "deleted": 0, "blanked": 2},
    {"table": "customers.Event", "deleted": 0, "blanked": 34},
    {"table": "orders.Order", "deleted": 0, "blanked": 2},
    {"table": "customers.ConsentRecord", "deleted": 3, "blanked": 0},
    {"table": "customers.Identity", "deleted": 2, "blanked": 0},
    {"table": "customers.Customer", "deleted": 0, "blanked": 1},
]


def write_privacy_requests(merchant: Merchant, *, now: datetime) -> int:
    """Write them for the shop's oldest customers; returns how many."""
    people = list(Customer.objects.for_merchant(merchant).order_by("pk")[:40:13])
    staff = Staff.objects.filter(memberships__merchant=merchant).order_by("pk").first()
    if len(people) < 3:
        return 0
    checked = {"identity_checked_by": staff, "identity_evidence": "Wrote from the address on file."}

    def asked(days: float, **fields: Any) -> PrivacyRequest:
        received = now - timedelta(days=days)
        due = due_on(received.astimezone(merchant.tz).date())
        return PrivacyRequest(merchant=merchant, received_at=received, due_on=due, assignee=staff, **fields)

    requests = [
        asked(
            41, kind=Kind.ERASURE, channel=Channel.EMAIL, state=State.DONE, closed_at=now - timedelta(days=38),
            closed_by=staff, identity_checked_at=now - timedelta(days=39), identity_checked_by=staff,
            receipt={"at": (now - timedelta(days=38)).isoformat(), "places": PLACES},
        ),
        asked(
            55, kind=Kind.RECTIFICATION, channel=Channel.PHONE, state=State.DONE, customer=people[2],
            closed_at=now - timedelta(days=54), closed_by=staff, outcome="The street was corrected while on the phone.",
            identity_checked_at=now - timedelta(days=55), **checked,
        ),
        asked(
            26, kind=Kind.ACCESS, channel=Channel.POST, state=State.RECEIVED, customer=people[1],
            statement="Please tell me everything that you store about me.",
        ),
        asked(
            6, kind=Kind.ACCESS, channel=Channel.WEB, state=State.CHECKED, customer=people[0],
            identity_checked_at=now - timedelta(days=5), **checked,
        ),
    ]  # fmt: skip
    return len(PrivacyRequest.objects.bulk_create(requests))
