"""The outbox: what was published in a committed transaction is delivered, once, however workers fare."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from core import events
from core.events import DomainEvent, claim_due, deliver, drain, publish, publish_all, retry_after, retry_delivery
from core.models import Delivery
from merchants.models import Merchant
from tests.factories import MerchantFactory


@dataclass(frozen=True, kw_only=True)
class KettleBoiled(DomainEvent):
    """An event of these tests."""

    litres: int


@pytest.fixture
def handle() -> Iterator[Callable[..., None]]:
    """``handle(function, name)`` subscribes it for the length of the test."""

    def subscribe(function: Callable[[Any], None], name: str = "test") -> None:
        events._handlers["KettleBoiled"][name] = function

    yield subscribe
    del events._handlers["KettleBoiled"]


def boil(merchant: Merchant, *litres: int) -> None:
    with transaction.atomic():
        publish_all([KettleBoiled(merchant_id=merchant.pk, litres=each) for each in litres])


def fail(event: KettleBoiled) -> None:
    raise RuntimeError(f"no water for {event.litres}\0")


def test_every_handler_gets_the_event_once(merchant: Merchant, handle: Callable[..., None]) -> None:
    first: list[KettleBoiled] = []
    second: list[KettleBoiled] = []
    handle(first.append, "first")
    handle(second.append, "second")
    boil(merchant, 2)
    assert drain() == 2
    assert first == second == [KettleBoiled(merchant_id=merchant.pk, litres=2)]
    assert drain() == 0


def test_an_event_that_nobody_hears_leaves_nothing(merchant: Merchant) -> None:
    boil(merchant, 2)
    assert not Delivery.objects.for_merchant(merchant).exists()


def test_a_rolled_back_change_publishes_nothing(merchant: Merchant, listen: Any) -> None:
    listen(KettleBoiled)
    with transaction.atomic():
        publish(KettleBoiled(merchant_id=merchant.pk, litres=2))
        transaction.set_rollback(True)
    assert not Delivery.objects.for_merchant(merchant).exists()


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        publish(KettleBoiled(merchant_id=1, litres=2))


def test_a_failed_delivery_is_retried_later_and_kept_when_it_never_succeeds(
    merchant: Merchant, handle: Callable[..., None]
) -> None:
    handle(fail)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        boil(merchant, 2)
        for attempt in range(1, events.MAX_ATTEMPTS + 1):
            assert (drain(), drain()) == (1, 0)
            delivery = Delivery.objects.get(merchant=merchant)
            assert (delivery.attempts, delivery.error) == (attempt, "RuntimeError: no water for 2")
            clock.shift(retry_after(attempt))
        assert (delivery.state, drain()) == (Delivery.State.FAILED, 0)


def test_backoff_doubles_up_to_an_hour() -> None:
    waits = [retry_after(attempt).total_seconds() for attempt in range(1, 13)]
    assert waits[:4] == [10, 20, 40, 80]
    assert waits[-1] == 3600
    assert waits == sorted(waits)


def test_staff_retry_a_failed_delivery(merchant: Merchant, handle: Callable[..., None]) -> None:
    heard: list[KettleBoiled] = []
    handle(heard.append)
    boil(merchant, 2)
    delivery = Delivery.objects.get(merchant=merchant)
    assert not retry_delivery(delivery)  # it did not fail
    Delivery.objects.for_merchant(merchant).update(state=Delivery.State.FAILED, attempts=12)
    assert retry_delivery(delivery)
    assert (drain(), len(heard)) == (1, 1)


def test_one_failure_does_not_hold_up_the_others(merchant: Merchant, handle: Callable[..., None]) -> None:
    heard: list[KettleBoiled] = []
    handle(fail, "failing")
    handle(heard.append, "hearing")
    boil(merchant, 1, 2)
    assert drain() == 4
    assert [event.litres for event in heard] == [1, 2]


def test_a_handler_that_is_gone_fails_visibly(merchant: Merchant, handle: Callable[..., None]) -> None:
    handle(fail)
    boil(merchant, 2)
    events._handlers["KettleBoiled"].clear()
    drain()
    assert Delivery.objects.get(merchant=merchant).error == "KeyError: 'test'"


def test_what_a_killed_worker_had_claimed_is_due_again_after_its_lease(
    merchant: Merchant, handle: Callable[..., None]
) -> None:
    heard: list[KettleBoiled] = []
    handle(heard.append)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        boil(merchant, 1, 2)
        assert len(claim_due()) == 2  # and the worker dies here
        assert drain() == 0
        clock.shift(events.LEASE + timedelta(seconds=1))
        assert (drain(), len(heard)) == (2, 2)


def test_a_slow_worker_leaves_to_others_what_they_took_meanwhile(
    merchant: Merchant, handle: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LEASE", timedelta(0))
    heard: list[int] = []

    def boil_slowly(event: KettleBoiled) -> None:
        heard.append(event.litres)
        if event.litres == 1:  # another worker comes by and takes all that is due
            for other in claim_due():
                heard.append(-other.payload["litres"])
                Delivery.objects.for_merchant(merchant).filter(pk=other.pk).update(state=Delivery.State.DONE)

    handle(boil_slowly)
    boil(merchant, 1, 2)
    drain(limit=2)
    assert heard == [1, -1, -2]


def test_a_late_failure_does_not_undo_another_workers_success(merchant: Merchant, handle: Callable[..., None]) -> None:
    handle(fail)
    boil(merchant, 2)
    [slow] = claim_due()
    Delivery.objects.for_merchant(merchant).update(state=Delivery.State.DONE, attempts=2)
    assert not deliver(slow)
    assert Delivery.objects.get(merchant=merchant).state == Delivery.State.DONE


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_deliver_each_event_once(handle: Callable[..., None]) -> None:
    heard: Counter[int] = Counter()

    def hear(event: KettleBoiled) -> None:
        heard[event.litres] += 1

    handle(hear)
    boil(MerchantFactory(), *range(300))

    def work(_worker: int) -> int:
        try:
            return drain()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 300
    assert heard == Counter(range(300))
