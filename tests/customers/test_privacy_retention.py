"""Retention: what is old goes, what is not stays, and a shorter period says first what it removes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import ImportRejection, Job
from customers.actions.consent import record_consent
from customers.actions.partitions import create_partitions_for
from customers.actions.privacy.retention import apply_retention, periods, save_periods, would_remove
from customers.models import Customer, Event, PrivacyRequest, RetentionRun
from merchants.models import AuditEntry, Membership, Merchant
from orders.models import Order
from tests.factories import CustomerFactory, MerchantFactory, OrderFactory

NOW = timezone.now()


def event(merchant: Merchant, *, age: int, customer: Customer | None = None) -> Event:
    at = NOW - timedelta(days=age)
    create_partitions_for([at])
    return Event.objects.create(
        merchant=merchant, occurred_at=at, received_at=at, kind="track", channel="web", name="Product Viewed",
        message_id=f"m-{age}", customer_id=customer.pk if customer else None,
    )  # fmt: skip


def test_old_events_go_and_the_log_counts_them(merchant: Merchant) -> None:
    event(merchant, age=800)
    young = event(merchant, age=700)
    other = event(MerchantFactory(), age=800)
    assert [run.removed for run in apply_retention(merchant)] == [1]
    assert set(Event.objects.all_merchants()) == {young, other}
    run = RetentionRun.objects.for_merchant(merchant).get()
    assert (run.kind, run.removed) == ("events", 1)
    assert apply_retention(merchant) == []


def test_people_who_never_ordered_go_unless_something_holds_them(merchant: Merchant) -> None:
    gone = CustomerFactory(merchant=merchant, email="gone@example.org")
    buyer = CustomerFactory(merchant=merchant, last_order_at=NOW - timedelta(days=900))
    consented = CustomerFactory(merchant=merchant)
    record_consent(consented, purpose="newsletter", channel="email", text_version="1", source="x", evidence={})
    visitor = CustomerFactory(merchant=merchant)
    event(merchant, age=3, customer=visitor)
    Customer.objects.for_merchant(merchant).update(updated_at=NOW - timedelta(days=800))
    fresh = CustomerFactory(merchant=merchant)
    apply_retention(merchant)
    assert set(Customer.objects.for_merchant(merchant).present()) == {buyer, consented, visitor, fresh}
    gone.refresh_from_db()
    assert (gone.first_name, gone.identities.count()) == ("", 0)


def test_contacts_of_guests_and_rejected_rows_go(merchant: Merchant) -> None:
    customer = CustomerFactory(merchant=merchant)
    old = NOW - timedelta(days=1200)
    OrderFactory(customer=customer, merchant=merchant, number="G-1", email="guest@example.org", placed_at=old)
    OrderFactory(customer=customer, merchant=merchant, number="K-1", email="known@example.org", placed_at=old)
    Order.objects.for_merchant(merchant).filter(number="G-1").update(customer=None)
    job = Job.objects.create(merchant=merchant, kind="x", title="x", created_at=NOW - timedelta(days=91))
    ImportRejection.objects.create(
        merchant=merchant, job=job, line=1, code="no_sku", reason="x", row={"email": "a@b.c"}
    )
    apply_retention(merchant)
    emails = dict(Order.objects.for_merchant(merchant).values_list("number", "email"))
    assert emails == {"G-1": "", "K-1": "known@example.org"}
    assert not ImportRejection.objects.for_merchant(merchant).exists()


def test_a_merchant_decides_within_limits(merchant: Merchant, membership: Membership) -> None:
    event(merchant, age=100)
    assert periods(merchant)["events"] == 762
    assert [(kind.kind, count) for kind, count in would_remove(merchant, {"events": 60})] == [("events", 1)]
    assert would_remove(merchant, {"events": 900}) == []
    save_periods(merchant, {"events": 60}, staff=membership.staff)
    assert periods(merchant)["events"] == 60
    assert [run.removed for run in apply_retention(merchant)] == [1]
    entry = AuditEntry.objects.for_merchant(merchant).get(action="retention.updated")
    assert entry.changes == {"events": {"from": 762, "to": 60}}


def test_a_shorter_period_is_saved_only_after_it_was_shown_what_goes(client: Client, merchant: Merchant) -> None:
    event(merchant, age=100)
    url = reverse("settings_retention", args=[merchant.slug])
    assert client.get(url).status_code == 200
    wanted = {**periods(merchant), "events": 60}
    shown = client.post(url, wanted)
    assert "This removes for good" in shown.text
    assert periods(merchant)["events"] == 762
    assert client.post(url, {**wanted, "confirmed": "1"}).status_code == 302
    assert periods(merchant)["events"] == 60
    refused = client.post(url, {**wanted, "events": 3})
    assert refused.status_code == 422
    assert periods(merchant)["events"] == 60


@pytest.mark.parametrize(("days", "expected"), [(-3, "danger"), (3, "warning")])
def test_a_pressing_request_is_on_the_start_page(client: Client, merchant: Merchant, days: int, expected: str) -> None:
    assert "privacy request is due" not in client.get(reverse("start", args=[merchant.slug])).text
    due = datetime.now(UTC).date() + timedelta(days=days)
    PrivacyRequest.objects.create(merchant=merchant, kind="access", channel="email", due_on=due)
    page = client.get(reverse("start", args=[merchant.slug])).text
    assert "1 privacy request is due" in page
    assert expected in page
