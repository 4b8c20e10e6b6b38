"""Customers' figures: right by hand, right after any sequence of facts, and rebuilt to the same values."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Product
from core.errors import DomainError
from customers.actions.profiles import Person
from customers.models import Customer, CustomerKpis, ShopKpis
from customers.queries.kpis import customer_value
from customers.rules import value as rules
from merchants.models import Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.actions.payments import PaymentData, record_payment
from orders.actions.placement import place_order
from orders.actions.recounting import differences
from orders.actions.returns import ReturnData, ReturnUnits, record_return
from orders.actions.shipments import ShipmentData, record_shipment
from orders.actions.units import Units
from orders.models import CostSettings, Order, PaymentFee
from tests.factories import MerchantFactory, ProductFactory
from tests.orders.samples import ADA, PLACED_AT, line, order_data

NOW = PLACED_AT + timedelta(days=30)


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    """Product a costs the shop 4.00, b nobody knows; parcels, returns and invoices cost something."""
    ProductFactory(merchant=merchant, sku="a", cost=400)
    ProductFactory(merchant=merchant, sku="b", cost=None)
    CostSettings.objects.create(merchant=merchant, parcel_cost=300, return_cost=250)
    PaymentFee.objects.create(merchant=merchant, method="invoice", share=Decimal("0.02"), fixed=10)
    return merchant


def kpis(merchant: Merchant) -> CustomerKpis:
    return CustomerKpis.objects.for_merchant(merchant).select_related("customer").get()


def test_a_margin_by_hand(shop: Merchant) -> None:
    # Three of a at 10.00 and shipping 4.99 make 34.99 with 5.59 of tax.
    order = place_order(shop, order_data(line("a", 3, 1000), payment_method="invoice")).order
    found = kpis(shop)
    assert (found.net_revenue, found.goods_cost) == (3499 - order.tax, 1200)
    assert (found.payment_fees, found.shipping_costs, found.return_costs) == (70 + 10, 300, 0)
    assert found.margin == 3499 - order.tax - 1200 - 80 - 300
    assert found.covered_revenue == found.net_revenue
    record_return(order, ReturnData(reference="R", lines=[ReturnUnits(sku="a", quantity=2)], received_at=NOW))
    found = kpis(shop)
    assert (found.units_bought, found.units_returned, found.returned_value) == (3, 2, 2000)
    assert (found.goods_cost, found.return_costs) == (400, 250)
    worth = customer_value(found.customer)
    assert worth.returned_units_share == pytest.approx(2 / 3)
    assert "Returns 57% of what was bought" in worth.reasons()


def test_unknown_costs_make_a_margin_partial_and_then_unknown(shop: Merchant) -> None:
    place_order(shop, order_data(line("a", 3, 1000), line("b", 1, 1000), shipping=0))
    found = kpis(shop)
    worth = customer_value(found.customer)
    assert worth.covered_share == pytest.approx(0.75, abs=1e-3)
    assert found.margin == found.covered_revenue - 1200 - round(300 * 0.75)
    assert "Costs unknown for 25% of revenue" in worth.reasons()
    place_order(shop, order_data(line("b", 9, 1000), number="A-2"))
    assert kpis(shop).profitability == "unknown"


def test_without_any_cost_nothing_is_said_about_profit(shop: Merchant) -> None:
    place_order(shop, order_data(line("b", 1, 1000)))
    found = kpis(shop)
    assert (found.margin, found.profitability) == (None, "unknown")
    assert customer_value(found.customer).reasons() == ["No cost is known of what was bought"]


def test_a_later_cost_does_not_change_earlier_profits(shop: Merchant) -> None:
    place_order(shop, order_data(line("a", 1, 1000)))
    before = kpis(shop).margin
    Product.objects.for_merchant(shop).filter(sku="a").update(cost=900)
    call_command("rebuild_kpis", merchant=shop.slug, stdout=StringIO())
    assert kpis(shop).margin == before


def test_a_cost_that_becomes_known_is_filled_in(shop: Merchant) -> None:
    place_order(shop, order_data(line("b", 2, 1000)))
    Product.objects.for_merchant(shop).filter(sku="b").update(cost=300)
    call_command("rebuild_kpis", merchant=shop.slug, stdout=StringIO())
    assert kpis(shop).goods_cost == 600


def test_guests_have_no_figures(shop: Merchant) -> None:
    place_order(shop, order_data(line("a"), customer=None))
    assert not CustomerKpis.objects.for_merchant(shop).exists()
    assert list(differences(shop)) == []


def test_a_wholly_cancelled_order_leaves_a_lead(shop: Merchant) -> None:
    order = place_order(shop, order_data(line("a"))).order
    cancel_order(order, CancellationData(reason="no"))
    found = kpis(shop)
    assert (found.lifecycle, found.net_revenue, found.margin, found.first_channel) == ("lead", 0, None, "")
    assert found.payment_methods == {}


def test_channels_methods_and_payments(shop: Merchant) -> None:
    first = place_order(shop, order_data(line("a"), channel="app", payment_method="invoice")).order
    later = PLACED_AT + timedelta(days=10)
    place_order(shop, order_data(line("a"), number="A-2", placed_at=later, channel="pos", payment_method="card"))
    record_payment(first, PaymentData(reference="Z", amount=1000, paid_at=NOW, due_on=date(2026, 4, 9)))
    found = kpis(shop)
    assert (found.first_channel, found.last_channel) == ("app", "pos")
    assert (found.payment_methods, found.mean_gap_days) == ({"invoice": 1, "card": 1}, 10)
    assert (found.payments_count, found.payment_days, found.overdue_days) == (1, 30, 10)
    assert found.shipping_costs == 300  # what was bought at the till needed no parcel


def test_a_second_parcel_costs_again(shop: Merchant) -> None:
    order = place_order(shop, order_data(line("a", 2, 1000))).order
    for reference in ("P-1", "P-2"):
        record_shipment(order, ShipmentData(reference=reference, lines=[Units(sku="a", quantity=1)]))
    assert kpis(shop).shipping_costs == 600


def test_an_order_that_changes_hands_is_counted_once(shop: Merchant) -> None:
    place_order(shop, order_data(line("a", 1, 1000)))
    place_order(shop, order_data(line("a", 1, 1000), version=2, customer=Person(external_id="c-2")))
    assert sorted(CustomerKpis.objects.for_merchant(shop).values_list("units_bought", flat=True)) == [0, 1]
    assert list(differences(shop)) == []


@pytest.mark.parametrize(
    ("orders", "silent", "stage"),
    [(1, 10, "first_time"), (1, 181, "defecting"), (1, 361, "inactive"), (3, 60, "active"), (3, 120, "defecting")],
)
def test_lifecycle_follows_the_rhythm(shop: Merchant, orders: int, silent: int, stage: str) -> None:
    """Every 20 days, and 90 days as the shop's default: (2 × 20 + 90) / 3 is expected after three orders."""
    for number in range(orders):
        at = PLACED_AT + timedelta(days=20 * number)
        with time_machine.travel(at + timedelta(days=silent), tick=False):
            place_order(shop, order_data(line("a"), number=f"A-{number}", placed_at=at))
    assert kpis(shop).lifecycle == stage


def test_the_rule_in_python_is_the_rule_in_the_database(shop: Merchant) -> None:
    ShopKpis.objects.create(merchant=shop, typical_gap_days=33.5, top_margin=500)
    with time_machine.travel(NOW, tick=False):
        for number, days in enumerate((0, 7, 19)):
            at = PLACED_AT + timedelta(days=days)
            place_order(shop, order_data(line("a", 1, 900 + 300 * number), number=f"A-{number}", placed_at=at))
        found = kpis(shop)
        gap = rules.expected_gap(3, found.mean_gap_days, 33.5)
        assert gap == pytest.approx((19 + 33.5) / 3)
        assert found.lifecycle == rules.lifecycle(orders=3, silent_days=11, gap=gap) == "active"
    assert found.profitability == rules.profitability(
        margin=found.margin, covered=found.covered_revenue, net_revenue=found.net_revenue, top_margin=500
    )


def test_a_check_finds_what_was_tampered_with_and_a_rebuild_mends_it(shop: Merchant) -> None:
    place_order(shop, order_data(line("a")))
    place_order(MerchantFactory(), order_data(line("a")))  # another shop's figures are its own
    output = StringIO()
    call_command("rebuild_kpis", merchant=shop.slug, check=True, stdout=output)
    assert "agrees" in output.getvalue()
    CustomerKpis.objects.for_merchant(shop).update(units_bought=7)
    Customer.objects.for_merchant(shop).update(revenue=1)
    output = StringIO()
    with pytest.raises(CommandError, match="2 figures of 1 customers"):
        call_command("rebuild_kpis", merchant=shop.slug, check=True, stdout=output)
    assert "units_bought is 7, the facts say 2" in output.getvalue()
    assert kpis(shop).units_bought == 7
    call_command("rebuild_kpis", merchant=shop.slug, stdout=StringIO())
    assert list(differences(shop)) == []
    assert kpis(shop).units_bought == 2


@pytest.mark.django_db
def test_an_unknown_shop_is_named() -> None:
    with pytest.raises(CommandError, match="no shop “nowhere”"):
        call_command("rebuild_kpis", merchant="nowhere")


BUYERS = [ADA, Person(external_id="c-2"), None]
steps = st.lists(
    st.tuples(
        st.sampled_from(["place", "revise", "ship", "cancel", "cancel_one", "return", "pay"]),
        st.integers(0, 2),  # which order
        st.integers(0, 2),  # whose
        st.integers(1, 3),  # units
        st.integers(0, 40),  # days later
    ),
    min_size=1,
    max_size=14,
)


def take(shop: Merchant, step: tuple[str, int, int, int, int], number: int) -> None:
    """One fact as a shop would send it; what cannot be is refused and changes nothing."""
    what, which, buyer, units, days = step
    at = PLACED_AT + timedelta(days=days)
    lines = [line("a", units, 1000, discount=100), line("b", 1, 770)][: 1 + (number % 2)]
    fields: dict[str, Any] = {
        "number": f"N-{which}",
        "customer": BUYERS[buyer],
        "placed_at": at,
        "discount": 50 * (days % 3),
        "payment_method": ["invoice", "card", ""][days % 3],
        "channel": ["web", "pos"][days % 2],
    }
    if what in ("place", "revise"):
        place_order(shop, order_data(*lines, version=1 if what == "place" else number + 2, **fields))
        return
    order = Order.objects.for_merchant(shop).filter(number=f"N-{which}").first()
    if order is None:
        return
    some = [Units(sku="a", quantity=units)]
    if what == "ship":
        record_shipment(order, ShipmentData(reference=f"P-{number}", lines=some, shipped_at=at))
    elif what == "cancel":
        cancel_order(order, CancellationData(cancelled_at=at))
    elif what == "cancel_one":
        cancel_order(order, CancellationData(lines=some, cancelled_at=at))
    elif what == "return":
        back = [ReturnUnits(sku="a", quantity=units, refund=None if days % 2 else 100)]
        record_return(order, ReturnData(reference=f"R-{number}", lines=back, received_at=at))
    else:
        due = date(2026, 3, 28) if days % 2 else None
        record_payment(order, PaymentData(reference=f"Z-{number}", amount=500 * units, paid_at=at, due_on=due))


def whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def by_hand(customer: Customer) -> dict[str, Any]:
    """The figures from the facts, order by order, in plain Python."""
    sums: Counter[str] = Counter()
    paid, overdue, methods = [], [], Counter[str]()
    orders = list(customer.orders.exclude(state="cancelled").order_by("placed_at", "pk"))
    has_costs = False
    for order in orders:
        kept = known = Decimal(0)
        covered = True
        for row in order.lines.all():
            left = row.quantity - row.cancelled - row.returned
            worth = Decimal(row.total) * left / row.quantity
            kept += worth
            known += worth if row.unit_cost is not None else 0
            covered &= row.unit_cost is not None or not left
            sums["units_bought"] += row.quantity - row.cancelled
            sums["units_returned"] += row.returned
            sums["discounts"] += row.discount
            sums["goods_cost"] += left * (row.unit_cost or 0)
        share = Decimal(1) if covered else known / kept if kept else Decimal(0)
        has_costs |= share > 0
        revenue = order.total - order.refunded
        net = revenue - whole(Decimal(order.tax) * revenue / order.total) if order.total else revenue
        parcels = max(order.shipments.count(), order.channel != "pos")
        fee = whole(order.total * Decimal("0.02")) + 10 if order.payment_method == "invoice" else 0
        sums["discounts"] += order.discount
        sums["returned_value"] += sum(row.refund for back in order.returns.all() for row in back.lines.all())
        sums["net_revenue"] += net
        sums["covered_revenue"] += whole(net * share)
        sums["payment_fees"] += whole(fee * share)
        sums["shipping_costs"] += whole(300 * parcels * share)
        sums["return_costs"] += whole(250 * order.returns.count() * share)
        methods.update([order.payment_method] if order.payment_method else [])
        for payment in order.payments.all():
            paid.append((payment.paid_at - order.placed_at) / timedelta(days=1))
            if payment.due_on:
                overdue.append(max((payment.paid_at.date() - payment.due_on).days, 0))
    costs = sums["goods_cost"] + sums["payment_fees"] + sums["shipping_costs"] + sums["return_costs"]
    gaps = len(orders) - 1
    names = ["units_bought", "units_returned", "returned_value", "discounts", "net_revenue", "goods_cost"]
    names += ["payment_fees", "shipping_costs", "return_costs", "covered_revenue"]
    return {
        **{name: sums[name] for name in names},
        "margin": sums["covered_revenue"] - costs if has_costs else None,
        "mean_gap_days": (orders[-1].placed_at - orders[0].placed_at) / timedelta(days=gaps) if gaps > 0 else None,
        "payment_methods": dict(methods),
        "payments_count": len(paid),
        "payment_days": pytest.approx(sum(paid) / len(paid)) if paid else None,
        "overdue_days": pytest.approx(sum(overdue) / len(overdue)) if overdue else None,
        "first_channel": orders[0].channel if orders else "",
        "last_channel": orders[-1].channel if orders else "",
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
@pytest.mark.django_db
def test_after_any_facts_the_kept_figures_are_those_of_the_facts(steps: list[tuple[str, int, int, int, int]]) -> None:
    shop = MerchantFactory()
    ProductFactory(merchant=shop, sku="a", cost=400)
    ProductFactory(merchant=shop, sku="b", cost=None)
    CostSettings.objects.create(merchant=shop, parcel_cost=300, return_cost=250)
    PaymentFee.objects.create(merchant=shop, method="invoice", share=Decimal("0.02"), fixed=10)
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False):
        for number, step in enumerate(steps):
            try:
                take(shop, step, number)
            except DomainError:
                continue
        assert list(differences(shop)) == []
        before = list(CustomerKpis.objects.for_merchant(shop).order_by("customer_id").values())
        call_command("rebuild_kpis", merchant=shop.slug, stdout=StringIO())
        assert list(CustomerKpis.objects.for_merchant(shop).order_by("customer_id").values()) == before
    for kept in CustomerKpis.objects.for_merchant(shop).select_related("customer"):
        expected = by_hand(kept.customer)
        assert {name: getattr(kept, name) for name in expected} == expected
        assert kept.customer.orders_count == kept.customer.orders.exclude(state="cancelled").count()
