"""Partitions of the event table: there before the first event of a month, gone with the last."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from customers.actions.partitions import (
    create_event_partitions,
    create_partitions_for,
    drop_event_partitions,
    event_partitions,
)
from customers.models import Event, EventReceipt
from customers.rules.months import KEPT, Month, oldest_month
from customers.tasks import create_event_partitions as beat
from merchants.models import Merchant


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def track(merchant: Merchant, moment: datetime) -> Event:
    EventReceipt.objects.create(merchant=merchant, digest=uuid4(), occurred_at=moment)
    event = Event(
        merchant=merchant, occurred_at=moment, received_at=moment, kind="track", channel="web", message_id=str(uuid4())
    )
    event.save()
    return event


def lies_in(event: Event) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM customers_event WHERE id = %s", [event.pk])
        return str(cursor.fetchone()[0])


def test_a_new_installation_takes_what_is_two_years_old_and_what_comes(db: None) -> None:
    now = datetime.now(UTC)
    names = event_partitions()
    assert names[0] == f"customers_event_{oldest_month(now)}"
    assert len(names) >= KEPT + 4
    assert create_event_partitions(now, with_past=True) == []


@pytest.mark.parametrize(
    ("moment", "ahead"),
    [
        (at(2031, 1, 31, 23, 59, 59), ["2031_01", "2031_02", "2031_03", "2031_04"]),
        (at(2031, 12, 31, 23, 59, 59), ["2031_12", "2032_01", "2032_02", "2032_03"]),
        (at(2032, 2, 29, 12), ["2032_02", "2032_03", "2032_04", "2032_05"]),
    ],
)
def test_the_months_ahead_are_made_once(db: None, moment: datetime, ahead: list[str]) -> None:
    assert create_event_partitions(moment) == [f"customers_event_{month}" for month in ahead]
    assert create_event_partitions(moment) == []


def test_an_event_lies_in_the_month_it_happened_in_to_the_microsecond(merchant: Merchant) -> None:
    create_event_partitions(at(2031, 12, 1))
    last, first = at(2031, 12, 31, 23, 59, 59, 999_999), at(2032, 1, 1)
    assert lies_in(track(merchant, last)) == "customers_event_2031_12"
    assert lies_in(track(merchant, first)) == "customers_event_2032_01"


def test_a_month_without_a_partition_takes_nothing_until_it_has_one(merchant: Merchant) -> None:
    moment = at(2035, 5, 5)
    with pytest.raises(IntegrityError), transaction.atomic():
        track(merchant, moment)
    assert create_partitions_for([moment, moment]) == ["customers_event_2035_05"]
    assert lies_in(track(merchant, moment)) == "customers_event_2035_05"


def test_every_partition_has_the_indexes_of_the_table(db: None) -> None:
    create_event_partitions(at(2031, 1, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid"
            " WHERE indrelid = 'customers_event_2031_02'::regclass"
        )
        assert cursor.fetchone() == (3,)


def test_old_months_go_with_their_receipts_and_only_those(merchant: Merchant) -> None:
    create_event_partitions(at(2031, 1, 1))
    gone, kept = track(merchant, at(2031, 1, 31, 23)), track(merchant, at(2031, 2, 1))
    dropped = drop_event_partitions(at(2031, 2, 28))
    assert dropped[-1] == "customers_event_2031_01"
    assert "customers_event_2031_02" in event_partitions()
    assert list(Event.objects.for_merchant(merchant)) == [kept]
    assert gone.occurred_at not in EventReceipt.objects.for_merchant(merchant).values_list("occurred_at", flat=True)
    assert EventReceipt.objects.for_merchant(merchant).count() == 1
    assert drop_event_partitions(at(2031, 2, 28)) == []


@pytest.mark.django_db(transaction=True)
def test_months_go_beside_writers_whatever_a_crash_left() -> None:
    """Outside a transaction, where detaching waits for nobody's lock."""
    now = datetime.now(UTC)
    oldest = oldest_month(now)
    names = [f"customers_event_{oldest}", f"customers_event_{oldest.plus(1)}"]
    with connection.cursor() as cursor:  # detached, not yet dropped
        cursor.execute(f"ALTER TABLE customers_event DETACH PARTITION {names[0]}")
    try:
        assert drop_event_partitions(oldest.plus(1).end) == names
        assert not set(names) & set(event_partitions())
    finally:
        assert create_event_partitions(now, with_past=True) == names


def test_the_schedule_makes_them(db: None) -> None:
    beat()
    assert f"customers_event_{Month.of(datetime.now(UTC) + timedelta(days=62))}" in event_partitions()
