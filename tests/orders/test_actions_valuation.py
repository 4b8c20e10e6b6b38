"""The nightly round: thresholds, classes, predictions, and when it is due."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from core import jobs
from core.errors import DomainError
from core.models import Job
from customers.models import CustomerKpis, ShopKpis
from customers.rules.forecasting import Purchases, back_test, forecast
from customers.rules.rfm import GROUPS
from merchants.models import AuditEntry, Membership, Merchant
from orders.actions.costs import Costs, Fee, set_costs
from orders.actions.valuation import VALUATION, request_valuation, value_customers
from orders.models import Order
from orders.tasks import is_due, start_due_valuations
from tests.factories import CustomerFactory, MerchantFactory, OrderFactory, OrderLineFactory, ProductFactory

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)  # 1:30 in Berlin


class Silent:
    """Nobody watches."""

    def step(self, text: str, *, total: int | None = None) -> None:
        pass

    def advance(self, count: int = 1) -> None:
        pass


def bought(merchant: Merchant, gaps: list[int], *, total: int = 2000, ago: int = 5) -> int:
    """A customer with an order ``ago`` days ago and, before it, one per gap; returns the id."""
    customer = CustomerFactory(merchant=merchant)
    for days in np.cumsum([ago, *gaps]).tolist():
        OrderFactory(customer=customer, placed_at=NOW - timedelta(days=days), total=total)
    return int(customer.pk)


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    """Thirty people with two to four orders, every 10 to 39 days; another shop's people count for nothing here."""
    for number in range(30):
        bought(merchant, [10 + number] * (1 + number % 3), total=1000 + 100 * number, ago=1 + number * 3)
    bought(MerchantFactory(), [400], total=10**6)
    return merchant


def test_a_round_sets_thresholds_classes_and_plain_predictions(shop: Merchant) -> None:
    with time_machine.travel(NOW, tick=False):
        model = value_customers(shop, Silent())
    kept = ShopKpis.objects.for_merchant(shop).get()
    assert kept.typical_gap_days == 24.5  # the median of 10 … 39
    assert (model["method"], model["repeaters"], model["customers"]) == ("average", 30, 30)
    found = list(CustomerKpis.objects.for_merchant(shop).select_related("customer"))
    assert len(found) == 30
    for kpis in found:
        classes = [kpis.recency_class, kpis.frequency_class, kpis.monetary_class]
        assert set(classes) <= {1, 2, 3, 4, 5}
        assert kpis.rfm_group == GROUPS[kpis.recency_class, kpis.frequency_class]
        assert kpis.alive is None
        assert kpis.predicted_value
        assert kpis.predicted_orders
    newest = max(found, key=lambda kpis: kpis.customer.last_order_at or NOW)
    assert newest.recency_class == 5
    assert {kpis.frequency_class for kpis in found if kpis.customer.orders_count == 2} == {1}


def test_too_few_buyers_are_not_ranked(merchant: Merchant) -> None:
    bought(merchant, [20, 20])
    with time_machine.travel(NOW, tick=False):
        value_customers(merchant, Silent())
    kpis = CustomerKpis.objects.for_merchant(merchant).get()
    assert (kpis.recency_class, kpis.rfm_group) == (None, "")
    assert ShopKpis.objects.for_merchant(merchant).get().typical_gap_days is None


def test_a_lead_gets_figures_but_no_prediction(shop: Merchant) -> None:
    lead = CustomerFactory(merchant=shop)
    with time_machine.travel(NOW, tick=False):
        value_customers(shop, Silent())
    kpis = CustomerKpis.objects.for_merchant(shop).get(customer=lead)
    assert (kpis.lifecycle, kpis.predicted_value, kpis.recency_class) == ("lead", None, None)


def test_who_has_no_orders_any_more_is_not_predicted_any_more(shop: Merchant) -> None:
    with time_machine.travel(NOW, tick=False):
        value_customers(shop, Silent())
    gone = CustomerKpis.objects.for_merchant(shop).first()
    assert gone is not None
    Order.objects.for_merchant(shop).filter(customer=gone.customer_id).update(state="cancelled")
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        value_customers(shop, Silent())
    gone.refresh_from_db()
    assert (gone.lifecycle, gone.predicted_value, gone.predicted_at) == ("lead", None, None)


def test_time_alone_moves_people_on(merchant: Merchant) -> None:
    bought(merchant, [30], ago=1)
    stages = []
    for days in (0, 150, 400):
        with time_machine.travel(NOW + timedelta(days=days), tick=False):
            value_customers(merchant, Silent())
        stages.append(CustomerKpis.objects.for_merchant(merchant).get().lifecycle)
    assert stages == ["active", "defecting", "inactive"]


def test_the_best_fifth_by_margin_is_very_profitable(shop: Merchant) -> None:
    product = ProductFactory(merchant=shop, cost=100)
    for order in Order.objects.for_merchant(shop):
        OrderLineFactory(order=order, product=product, unit_price=order.total, unit_cost=100)
    with time_machine.travel(NOW, tick=False):
        value_customers(shop, Silent())
    classes = CustomerKpis.objects.for_merchant(shop)
    best = classes.filter(profitability="very_profitable")
    assert 6 <= best.count() <= 7
    assert classes.filter(profitability="profitable").count() == 30 - best.count()


def lives(people: int, rng: np.random.Generator, days: int = 700) -> Purchases:
    """Purchases of people who come at rates of their own and leave at some point."""
    who, day = [], []
    for person in range(people):
        at, rate = float(rng.uniform(0, days / 2)), rng.gamma(1.0, 1 / 40)
        while at < days:
            who.append(person)
            day.append(int(at))
            if rng.random() < 0.12:
                break
            at += rng.exponential(1 / rate) + 1
    value = rng.gamma(3.0, 1000.0, len(who))
    return Purchases(np.array(who, dtype=np.int64), np.array(day, dtype=np.int64), value)


def test_the_back_test_beats_repeating_the_period_before() -> None:
    tested = back_test(lives(3000, np.random.default_rng(11)), today=700)
    assert tested is not None
    assert (tested["method"], tested["days"]) == ("bg_nbd", 182)
    for figures in (tested["orders"], tested["value"]):
        assert figures["predicted_error"] < figures["repeated_error"]
        assert figures["predicted"] == pytest.approx(figures["actual"], rel=0.25)


def test_records_that_end_long_ago_are_tested_where_they_end() -> None:
    tested = back_test(lives(400, np.random.default_rng(5)), today=5000)
    assert tested is not None
    assert tested["orders"]["actual"] > 100


def test_short_records_are_not_tested() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert back_test(Purchases(none, none, np.zeros(0)), today=10) is None
    one = np.array([1], dtype=np.int64)
    assert back_test(Purchases(one, np.array([1], dtype=np.int64), np.array([5.0])), today=60) is None


def test_several_orders_of_a_day_are_one_purchase_in_a_forecast() -> None:
    made = forecast(
        Purchases(
            np.array([7, 7, 9], dtype=np.int64), np.array([0, 70, 35], dtype=np.int64), np.array([10.0, 20.0, 30.0])
        ),
        today=70,
    )
    assert made.customers.tolist() == [7, 9]
    assert made.method == "average"
    assert made.orders[0] > made.orders[1] > 0


def test_a_second_round_waits_for_the_first(merchant: Merchant, membership: Membership) -> None:
    request_valuation(merchant, staff=membership.staff)
    with pytest.raises(DomainError, match="computed already"):
        request_valuation(merchant, staff=None)
    assert AuditEntry.objects.for_merchant(merchant).filter(action="valuation.requested").exists()


def test_the_job_runs_on_the_training_queue_and_tells_its_result(shop: Merchant) -> None:
    job = jobs.run(request_valuation(shop, staff=None, ring_worker=False))
    assert job.state == Job.State.DONE
    assert job.result["method"] == "average"
    assert settings.CELERY_TASK_ROUTES["orders.tasks.value_customers"] == {"queue": "training"}


def test_a_new_shop_is_due_with_its_first_order_and_then_at_night(merchant: Merchant) -> None:
    with time_machine.travel(NOW, tick=False):
        assert not is_due(merchant)
        bought(merchant, [])
        assert is_due(merchant)
        ShopKpis.objects.create(merchant=merchant, figured_at=timezone.now())
        assert not is_due(merchant)
    with time_machine.travel(NIGHT, tick=False):
        start_due_valuations()
        start_due_valuations()
        assert not is_due(merchant)
    assert Job.objects.for_merchant(merchant).filter(kind=VALUATION).count() == 1


def test_new_costs_are_audited_and_start_a_round(merchant: Merchant, membership: Membership) -> None:
    costs = Costs(parcel_cost=450, return_cost=300, fees={"paypal": Fee()})
    assert set_costs(merchant, costs, staff=membership.staff)
    assert not set_costs(merchant, costs, staff=membership.staff)
    entry = AuditEntry.objects.for_merchant(merchant).get(action="costs.updated")
    assert entry.changes["parcel_cost"] == {"from": "0", "to": "450"}
    assert Job.objects.for_merchant(merchant).filter(kind=VALUATION).count() == 1
