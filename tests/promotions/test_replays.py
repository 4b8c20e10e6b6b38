"""A draft on past orders: what it would have cost, whom it helps, what it displaces, and when its budget would be gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import DomainError
from core.jobs import Cancelled, cancel_job, run
from core.models import Job
from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order
from promotions.actions.offers import PromotionData, VersionData, create_promotion
from promotions.models import Promotion, PromotionVersion, Replay
from promotions.replaying import past
from promotions.replaying.running import start_replay
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory, ProductFactory
from tests.promotions.shops import amount, launch, percent

AT = datetime(2026, 11, 1, 10, tzinfo=UTC)


def _draft(merchant: Merchant, benefit: dict[str, Any], **said: Any) -> PromotionVersion:
    limits = said.pop("limits", {})
    version = VersionData(definition={"benefit": benefit, **said})
    made = create_promotion(merchant, PromotionData(key="draft", name="Draft", version=version, limits=limits))
    return PromotionVersion.objects.for_merchant(merchant).select_related("promotion__merchant").get(promotion=made)


def _order(
    merchant: Merchant, price: int, *, quantity: int = 1, customer: Customer | None = None, day: int = 0, **facts: Any
) -> Order:
    who = customer or CustomerFactory(merchant=merchant)
    order = OrderFactory(
        customer=who, merchant=merchant, total=price * quantity, placed_at=AT + timedelta(days=day), **facts
    )
    product = ProductFactory(merchant=merchant, price=price, cost=price // 2)
    OrderLineFactory(order=order, product=product, quantity=quantity, unit_price=price, unit_cost=price // 2)
    return order


def _replayed(version: PromotionVersion, wanted: int = 100, **options: Any) -> Replay:
    replay = start_replay(version, wanted=wanted, **options)
    assert replay.job is not None
    assert run(replay.job).state == Job.State.DONE, replay.job.error
    replay.refresh_from_db()
    return replay


def test_cost_orders_people_and_margin(merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant)
    _order(merchant, 11900, customer=ada)
    _order(merchant, 5950, customer=ada, day=1)
    _order(merchant, 1190, day=9)
    report = _replayed(_draft(merchant, percent("10"), when={"spend": {"at_least": 5000}})).report
    assert (report["orders"], report["with_it"], report["customers"], report["taken"]) == (3, 2, 1, 1785)
    assert report["revenue"] == {"before": 19040, "after": 17255}
    # Without tax, less half of the price (with tax) as cost: 10000 + 5000 + 1000 − 9520; a tenth of 15000 less.
    assert report["margin"] == {"before": 6480, "after": 4980}
    assert report["covered"] == report["net"] == 16000
    assert (report["winners"], report["losers"]) == ({"people": 1, "amount": 1785}, {"people": 0, "amount": 0})
    assert report["days"] == [["2026-11-01", 1, 1190], ["2026-11-02", 1, 595], ["2026-11-10", 0, 0]]
    assert [example["before"] - example["after"] for example in report["best"]] == [1190, 595]


def test_what_it_displaces_and_who_loses_by_it(merchant: Merchant) -> None:
    """Half off the goods takes carts below the threshold of the active one, which gave more on small carts."""
    launch(merchant, "big", amount(900), when={"spend": {"at_least": 1000}})
    _order(merchant, 1100)
    _order(merchant, 9000)
    report = _replayed(_draft(merchant, percent("20"), lane="line")).report
    assert report["displaced"] == [{"promotion": "big", "orders": 1, "amount": 900}]
    assert (report["winners"], report["losers"]) == ({"people": 1, "amount": 1800}, {"people": 1, "amount": 680})
    assert report["worst"][0]["displaced"] == ["big"]
    assert report["taken"] == 2020


def test_the_run_out_of_a_budget_at_the_observed_rate(merchant: Merchant) -> None:
    for day in range(10):
        _order(merchant, 10000, day=day)
    report = _replayed(_draft(merchant, percent("10"), limits={"budget": 30000, "uses_limit": 1000})).report
    # A thousand a day: the budget lasts a month, the uses for longer.
    assert (report["run_out"]["limit"], report["run_out"]["days"], report["run_out"]["left"]) == ("budget", 30.0, 30000)


def test_uses_per_customer_hold_in_a_replay(merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant)
    for day in range(3):
        _order(merchant, 10000, customer=ada, day=day)
    report = _replayed(_draft(merchant, percent("10"), limits={"uses_per_customer": 2})).report
    assert (report["with_it"], report["taken"]) == (2, 2000)


def test_the_first_order_is_that_of_then(merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant)
    for day in range(3):
        _order(merchant, 10000, customer=ada, day=day)
    assert _replayed(_draft(merchant, percent("10"), when={"order_number": {"number": 1}})).report["with_it"] == 1


def test_codes_and_schedule_stand_aside_where_asked(merchant: Merchant) -> None:
    _order(merchant, 10000, coupon_codes=["summer"])
    _order(merchant, 10000)
    period = {"period": {"from": "2030-01-01T00:00:00+00:00"}}
    version = _draft(merchant, percent("10"), when={"all": [{"code": ["SUMMER"]}, period]})
    assert _replayed(version).report["with_it"] == 1
    assert _replayed(version, assumes_code=True).report["with_it"] == 2


def test_only_the_newest_orders_and_none_that_was_cancelled(merchant: Merchant) -> None:
    for day in range(5):
        _order(merchant, 10000, day=day, state=Order.State.CANCELLED if day == 4 else Order.State.PLACED)
    report = _replayed(_draft(merchant, percent("10")), wanted=2).report
    assert [day for day, _with, _taken in report["days"]] == ["2026-11-03", "2026-11-04"]


def test_many_batches_are_read_by_the_same_number_of_queries_each(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "BATCH", 4)
    for day in range(12):
        _order(merchant, 10000, day=day % 3, coupon_codes=["SUMMER"])
    newest = Order.objects.for_merchant(merchant).latest("pk").pk

    def cost(wanted: int) -> tuple[int, list[int]]:
        with CaptureQueriesContext(connection) as captured:
            batches = list(past.read_past(merchant, wanted=wanted, newest=newest))
        return len(captured), [entry.order_id for batch in batches for entry in batch.carts]

    cost(4)  # the process has loaded what it keeps of the shop
    few, many = cost(4), cost(12)
    assert len(few[1]) == 4
    assert len(set(many[1])) == 12
    per_batch = (many[0] - few[0]) / 2
    assert per_batch == int(per_batch) <= 9


def test_a_replay_that_broke_off_begins_again_on_the_same_orders(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "BATCH", 2)
    for _ in range(5):
        _order(merchant, 10000)
    replay = start_replay(_draft(merchant, percent("10")), wanted=100)
    assert replay.job is not None

    def stop(*args: Any, **options: Any) -> None:
        raise Cancelled

    with monkeypatch.context() as patched:
        patched.setattr("core.jobs.Progress.advance", stop)
        assert run(replay.job).state == Job.State.CANCELLED
    replay.refresh_from_db()
    assert (replay.report, replay.finished_at) == ({}, None)
    _order(merchant, 99000, day=20)  # came later, and is not looked at
    Job.objects.for_merchant(merchant).filter(pk=replay.job.pk).update(state=Job.State.QUEUED, cancel_requested=False)
    run(Job.objects.for_merchant(merchant).get(pk=replay.job.pk))
    replay.refresh_from_db()
    assert replay.report["taken"] == 5000


def test_one_at_a_time_and_none_without_orders(merchant: Merchant) -> None:
    version = _draft(merchant, percent("10"))
    with pytest.raises(DomainError, match="no orders"):
        start_replay(version, wanted=10)
    _order(merchant, 10000)
    replay = start_replay(version, wanted=10)
    with pytest.raises(DomainError, match="running already"):
        start_replay(version, wanted=10)
    assert replay.job is not None
    cancel_job(replay.job)
    assert start_replay(version, wanted=10).pk != replay.pk
    assert Promotion.objects.for_merchant(merchant).count() == 1
