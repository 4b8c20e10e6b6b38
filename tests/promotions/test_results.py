"""What a promotion earned: both arms by intention to treat, with an interval or with nothing said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.jobs import run
from core.measuring.holdout import HOLDOUT, TREATED
from customers.actions.merging import merge_customers
from customers.models import Customer
from merchants.models import Membership, Merchant
from orders.models import CostSettings, Order, PaymentFee
from promotions.measuring.figures import figure_measured, make_report, request_report, sides
from promotions.measuring.showing import results
from promotions.models import Exposure, Promotion
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory, ProductFactory
from tests.promotions.shops import launch, percent

NOW = timezone.now()


@pytest.fixture
def sale(merchant: Merchant) -> Promotion:
    return launch(merchant, "sale", percent("10"), holdout=50)


def _qualify(sale: Promotion, arm: str, customer: Customer, at: datetime = NOW, **facts: Any) -> None:
    Exposure.objects.create(
        merchant=sale.merchant, promotion=sale, arm=arm, customer_id=customer.pk, occurred_at=at, amount=100, **facts
    )


def _buy(customer: Customer, total: int, at: datetime = NOW, cost: int | None = None, **facts: Any) -> Order:
    order = OrderFactory(customer=customer, total=total, placed_at=at, tax=0, **facts)
    product = ProductFactory(merchant=customer.merchant)
    OrderLineFactory(order=order, product=product, unit_price=total, unit_cost=cost, tax_rate=0)
    return order


def test_everybody_counts_in_the_arm_of_the_first_checkout(sale: Promotion, merchant: Merchant) -> None:
    ada, ben, eve = (CustomerFactory(merchant=merchant) for _ in range(3))
    _qualify(sale, TREATED, ada)
    _qualify(sale, TREATED, ben)  # bought nothing
    _qualify(sale, HOLDOUT, eve)
    _buy(ada, 5000, NOW + timedelta(hours=1))
    _buy(ada, 3000, NOW + timedelta(days=27))
    _buy(ada, 9000, NOW + timedelta(days=29))  # too late to have to do with it
    _buy(ada, 7000, NOW - timedelta(days=1))  # before
    _buy(eve, 4000, NOW, state=Order.State.CANCELLED)
    found = sides(sale)
    assert (found[TREATED].revenue.people, found[TREATED].revenue.buyers) == (2, 1)
    assert found[TREATED].revenue.total == 8000
    assert (found[HOLDOUT].revenue.people, found[HOLDOUT].revenue.total) == (1, 0)


def test_the_margin_is_the_contribution_margin(sale: Promotion, merchant: Merchant) -> None:
    CostSettings.objects.create(merchant=merchant, parcel_cost=490, return_cost=300)
    PaymentFee.objects.create(merchant=merchant, method="paypal", share="0.02", fixed=35)
    ada = CustomerFactory(merchant=merchant)
    _qualify(sale, TREATED, ada)
    _buy(ada, 10000, cost=4000, payment_method="paypal")
    assert sides(sale)[TREATED].margin.total == 10000 - 4000 - 200 - 35 - 490


def test_a_person_who_turns_out_to_be_two_counts_once_in_the_first_arm(sale: Promotion, membership: Membership) -> None:
    merchant = membership.merchant
    kept, absorbed = CustomerFactory(merchant=merchant), CustomerFactory(merchant=merchant)
    _qualify(sale, TREATED, absorbed, NOW - timedelta(days=2))
    _qualify(sale, HOLDOUT, kept, NOW - timedelta(days=1))
    _buy(kept, 5000)
    merge_customers(kept, absorbed, reason="same", staff=membership.staff)
    found = sides(sale)
    assert (found[TREATED].revenue.people, found[TREATED].revenue.total) == (1, 5000)
    assert found[HOLDOUT].revenue.people == 0


def _many(sale: Promotion, arm: str, count: int, *, spends: int) -> None:
    for number in range(count):
        customer = CustomerFactory(merchant=sale.merchant, email=None)
        _qualify(sale, arm, customer)
        if number % 2:
            _buy(customer, spends + number, cost=1000)


def test_too_few_people_say_nothing(sale: Promotion) -> None:
    for arm in (TREATED, HOLDOUT):
        _many(sale, arm, 5, spends=5000)
    assert make_report(sale).report["margin"] is None
    shown = results(sale, days=30, holdout=50)
    assert shown.margin is not None
    assert shown.margin.text == "not enough data yet"
    assert "5 people so far" in shown.margin.detail


def test_a_difference_is_told_with_its_interval(sale: Promotion) -> None:
    _many(sale, TREATED, 110, spends=9000)
    _many(sale, HOLDOUT, 110, spends=5000)
    report = make_report(sale).report
    assert report["margin"]["verdict"] == "gain"
    assert report["margin"]["low"] < 2000 < report["margin"]["high"]
    shown = results(sale, days=30, holdout=50)
    assert shown.in_all is not None
    assert shown.in_all.text.startswith("+")
    assert [arm.people for arm in shown.arms] == [110, 110]
    assert shown.known == 1.0


def test_figures_are_made_by_a_job_and_every_night(sale: Promotion, merchant: Merchant) -> None:
    _qualify(sale, TREATED, CustomerFactory(merchant=merchant))
    run(request_report(sale))
    assert results(sale, days=30, holdout=50).report is not None
    assert figure_measured() == 1
