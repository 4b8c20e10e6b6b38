"""What impressions and clicks come to: attribution, days of the shop's calendar, the comparison with the holdout."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from catalog.models import Product
from customers.actions.merging import merge_customers
from customers.models import Customer, Identity
from merchants.models import Membership, Merchant
from orders.models import Order, OrderLine
from recommendations.measuring.figures import figure_days, outcomes
from recommendations.measuring.reporting import make_report
from recommendations.models import Click, Impression, PlacementDay
from tests.factories import CustomerFactory, ProductFactory

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture
def mug(merchant: Merchant) -> Product:
    return ProductFactory(merchant=merchant, sku="MUG", price=1190, cost=400)


def see(customer: Customer | None, product: Product, *, answer: int, click: bool = False, **told: Any) -> None:
    about = {
        "merchant": product.merchant,
        "answer": answer,
        "occurred_at": NOW - timedelta(days=3),
        "placement": "home",
        "arm": "treated",
        "customer_id": customer.pk if customer else None,
    } | told
    Impression.objects.create(**about, products=[product.pk], sources=[1])
    if click:
        Click.objects.create(**about, product=product, position=1, source=1)


def buy(customer: Customer, product: Product, *, at: datetime = NOW - timedelta(days=1), **line: Any) -> Order:
    order = Order.objects.create(
        merchant=customer.merchant,
        customer=customer,
        number=f"R-{Order.objects.all_merchants().count()}",
        placed_at=at,
        currency="EUR",
        total=2380,
    )
    about = {"quantity": 2, "unit_price": 1190, "total": 2380, "tax_rate": "0.19", "unit_cost": 400} | line
    OrderLine.objects.create(merchant=customer.merchant, order=order, position=1, product=product, title="Mug", **about)
    return order


def only_day(merchant: Merchant) -> PlacementDay:
    figure_days(merchant, today=TODAY)
    day: PlacementDay = PlacementDay.objects.for_merchant(merchant).exclude(orders=0).get()
    return day


def test_an_order_of_the_clicked_product_is_attributed(merchant: Merchant, mug: Product):
    customer = CustomerFactory(merchant=merchant)
    see(customer, mug, answer=1, click=True)
    buy(customer, mug)
    day = only_day(merchant)
    assert (day.day, day.placement, day.arm) == (date(2026, 11, 19), "home", "treated")
    assert (day.orders, day.revenue, day.margin, day.covered_revenue) == (1, 2380, 2000 - 800, 2380)


def test_what_was_only_seen_earns_nothing(merchant: Merchant, mug: Product):
    customer = CustomerFactory(merchant=merchant)
    see(customer, mug, answer=1)
    buy(customer, mug)
    figure_days(merchant, today=TODAY)
    (day,) = PlacementDay.objects.for_merchant(merchant)
    assert (day.impressions, day.clicks, day.orders, day.revenue) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "at",
    [NOW - timedelta(days=4), NOW - timedelta(days=3) + timedelta(days=7, minutes=1)],
    ids=["before the click", "a week after it"],
)
def test_other_orders_are_not_attributed(merchant: Merchant, mug: Product, at: datetime):
    customer = CustomerFactory(merchant=merchant)
    see(customer, mug, answer=1, click=True)
    buy(customer, mug, at=at)
    buy(customer, ProductFactory(merchant=merchant))
    buy(CustomerFactory(merchant=merchant), mug)
    figure_days(merchant, today=TODAY)
    assert not PlacementDay.objects.for_merchant(merchant).exclude(orders=0).exists()


def test_of_several_clicks_the_last_one_counts(merchant: Merchant, mug: Product):
    customer = CustomerFactory(merchant=merchant)
    see(customer, mug, answer=1, click=True)
    see(customer, mug, answer=2, click=True, placement="basket", occurred_at=NOW - timedelta(days=2))
    buy(customer, mug)
    assert only_day(merchant).placement == "basket"


def test_returns_and_cancellations_come_off_and_unknown_costs_stay_out(merchant: Merchant, mug: Product):
    customer = CustomerFactory(merchant=merchant)
    see(customer, mug, answer=1, click=True)
    order = buy(customer, mug, returned=1, unit_cost=None)
    day = only_day(merchant)
    assert (day.revenue, day.margin, day.covered_revenue) == (1190, 0, 0)
    Order.objects.for_merchant(merchant).filter(pk=order.pk).update(state="cancelled")
    figure_days(merchant, today=TODAY)
    assert not PlacementDay.objects.for_merchant(merchant).exclude(orders=0).exists()


def test_a_visitor_who_joins_a_profile_takes_the_click_along(merchant: Merchant, mug: Product):
    customer = CustomerFactory(merchant=merchant)
    see(None, mug, answer=1, click=True, visitor="v-1")
    buy(customer, mug)
    figure_days(merchant, today=TODAY)
    assert not PlacementDay.objects.for_merchant(merchant).exclude(orders=0).exists()
    Identity.objects.create(merchant=merchant, customer=customer, kind="anonymous_id", value="v-1")
    assert only_day(merchant).orders == 1


def test_a_merged_profile_takes_the_click_along(merchant: Merchant, membership: Membership, mug: Product):
    kept, absorbed = CustomerFactory(merchant=merchant), CustomerFactory(merchant=merchant)
    see(absorbed, mug, answer=1, click=True)
    buy(kept, mug)
    merge_customers(kept, absorbed, staff=membership.staff)
    assert only_day(merchant).orders == 1


def test_days_are_those_of_the_shop(merchant: Merchant, mug: Product):
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    see(None, mug, answer=1, click=True, occurred_at=late, visitor="v")
    figure_days(merchant, today=TODAY)
    assert [day.day for day in PlacementDay.objects.for_merchant(merchant)] == [date(2026, 11, 19)]


def test_figuring_again_replaces_and_leaves_older_days(merchant: Merchant, mug: Product, stranger: Membership):
    old = PlacementDay.objects.create(
        merchant=merchant, day=TODAY - timedelta(days=60), placement="home", arm="treated", impressions=5
    )
    theirs = PlacementDay.objects.create(
        merchant=stranger.merchant, day=TODAY, placement="home", arm="treated", impressions=5
    )
    see(None, mug, answer=1, click=True, visitor="v")
    for _ in range(2):
        figure_days(merchant, today=TODAY)
    assert PlacementDay.objects.for_merchant(merchant).count() == 2
    assert PlacementDay.objects.for_merchant(merchant).filter(pk=old.pk).exists()
    assert PlacementDay.objects.for_merchant(stranger.merchant).filter(pk=theirs.pk).exists()


# --- the comparison with those held back


def test_people_count_in_the_arm_they_saw_first_with_all_they_bought(merchant: Merchant, mug: Product):
    treated, held = CustomerFactory(merchant=merchant), CustomerFactory(merchant=merchant)
    see(treated, mug, answer=1)
    see(treated, mug, answer=2, arm="holdout", occurred_at=NOW - timedelta(days=2))
    see(held, mug, answer=3, arm="holdout")
    see(None, mug, answer=4, visitor="v-1")
    see(CustomerFactory(merchant=merchant), mug, answer=5, arm="open")
    buy(treated, ProductFactory(merchant=merchant))  # not what was shown: it counts all the same
    buy(held, mug, at=NOW - timedelta(days=5))  # before the first view
    found = {row.arm: row for row in outcomes(merchant, since=NOW - timedelta(days=28), until=NOW)}
    assert set(found) == {"treated", "holdout"}
    assert (found["treated"].revenue.people, found["treated"].revenue.buyers) == (2, 1)
    assert (found["treated"].revenue.total, found["treated"].revenue.squares) == (2380, 2380**2)
    assert found["treated"].margin.total == 1200
    assert (found["holdout"].revenue.people, found["holdout"].revenue.total) == (1, 0)


def test_purchases_long_after_the_first_view_do_not_count(merchant: Merchant, mug: Product):
    customer = CustomerFactory(merchant=merchant)
    see(customer, mug, answer=1, occurred_at=NOW - timedelta(days=20))
    buy(customer, mug, at=NOW - timedelta(days=5))
    (row,) = outcomes(merchant, since=NOW - timedelta(days=28), until=NOW)
    assert row.revenue.buyers == 0


def test_refunds_come_off_the_outcome(merchant: Merchant, mug: Product):
    customer = CustomerFactory(merchant=merchant)
    see(customer, mug, answer=1)
    order = buy(customer, mug)
    Order.objects.for_merchant(merchant).filter(pk=order.pk).update(refunded=380)
    (row,) = outcomes(merchant, since=NOW - timedelta(days=28), until=NOW)
    assert row.revenue.total == 2000


def test_a_small_shop_is_told_that_it_is_too_early(merchant: Merchant, mug: Product):
    see(CustomerFactory(merchant=merchant), mug, answer=1, click=True)
    report = make_report(merchant, now=NOW).report
    compared = report["uplift"]["home"]["28"]["revenue"]
    assert compared["uplift"] is None
    assert compared["treated"]["people"] == 1
    assert report["sources"] == [{"source": "history", "seen": 1, "clicks": 1}]
    assert report["positions"] == [{"position": 1, "seen": 1, "clicks": 1}]
    assert len(report["weeks"]) == 12
    assert report["weeks"][-1]["placements"]["home"]["treated"]["people"] == 1


def test_a_planted_effect_is_found(merchant: Merchant, mug: Product):
    """Of the treated every second one buys, of those held back every fifth."""
    people = Customer.objects.bulk_create(Customer(merchant=merchant) for _ in range(600))
    arms = ["holdout" if number % 3 == 0 else "treated" for number in range(600)]
    Impression.objects.bulk_create(
        Impression(
            merchant=merchant,
            answer=number,
            occurred_at=NOW - timedelta(days=10),
            placement="home",
            arm=arm,
            customer_id=person.pk,
            products=[mug.pk],
            sources=[1],
        )
        for number, (person, arm) in enumerate(zip(people, arms, strict=True))
    )
    by_arm = {arm: [person for person, own in zip(people, arms, strict=True) if own == arm] for arm in set(arms)}
    buyers = [*by_arm["treated"][::2], *by_arm["holdout"][::5]]
    Order.objects.bulk_create(
        Order(
            merchant=merchant,
            customer=person,
            number=f"P-{number}",
            placed_at=NOW - timedelta(days=4),
            currency="EUR",
            total=5000,
        )
        for number, person in enumerate(buyers)
    )
    compared = make_report(merchant, now=NOW).report["uplift"]["home"]["28"]["revenue"]
    assert compared["uplift"]["verdict"] == "gain"
    assert compared["uplift"]["difference"] == 1500
    assert 0 < compared["uplift"]["low"] < 1500 < compared["uplift"]["high"]
    assert compared["uplift"]["relative"] == 1.5
