"""The screens about value: customer value, costs, and the filtered list they link to."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import CustomerKpis, ShopKpis
from merchants.models import Membership, Merchant, Role
from orders.actions.costs import costs_of
from orders.models import PaymentFee
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory

AT = datetime(2026, 11, 20, tzinfo=UTC)
VALUE, COSTS, LIST = "/m/muster/customers/value/", "/m/muster/settings/costs", "/m/muster/customers/"


def valued(merchant: Merchant, name: str, **figures: object) -> None:
    customer = CustomerFactory(merchant=merchant, last_name=name, orders_count=2, revenue=5000, last_order_at=AT)
    OrderFactory(customer=customer, payment_method="paypal")
    CustomerKpis.objects.create(merchant=merchant, customer=customer, **figures)


@pytest.fixture
def people(merchant: Merchant, stranger: Membership) -> Merchant:
    valued(
        merchant, "Bestens", lifecycle="active", profitability="very_profitable", recency_class=5, frequency_class=4,
        rfm_group="champions", predicted_value=60_000, net_revenue=4000, covered_revenue=4000, margin=2000,
    )  # fmt: skip
    valued(
        merchant, "Retour", lifecycle="inactive", profitability="unprofitable", recency_class=1, frequency_class=1,
        rfm_group="hibernating", predicted_value=900, net_revenue=1000, covered_revenue=500, margin=-300,
    )  # fmt: skip
    valued(stranger.merchant, "Fremd", lifecycle="active", predicted_value=99_999, recency_class=5, frequency_class=4)
    return merchant


def test_a_new_shop_reads_what_the_screen_will_show(client: Client) -> None:
    page = client.get(VALUE).content.decode()
    assert "No buyers yet" in page
    assert "Nothing is predicted yet" not in page


def test_every_number_leads_to_its_customers(client: Client, people: Merchant) -> None:
    page = client.get(VALUE).content.decode()
    assert "€609.00" in page  # the strangers' 999.99 is not in it
    for query, found, other in [
        ("lifecycle=active", "Bestens", "Retour"),
        ("profitability=unprofitable&amp;bought=yes", "Retour", "Bestens"),
        ("rfm=5-4", "Bestens", "Retour"),
        ("worth=0-1000&amp;sort=-predicted", "Retour", "Bestens"),
    ]:
        assert query in page or query.replace("&amp;", "&") in page
        listed = client.get(f"{LIST}?{query.replace('&amp;', '&')}").content.decode()
        assert found in listed
        assert other not in listed
        assert "Fremd" not in listed


@pytest.mark.parametrize("query", ["rfm=9-9", "rfm=x", "worth=-", "worth=a-b", "profitability=golden", "worth=1-0"])
def test_a_code_that_nobody_gave_out_is_no_error(client: Client, people: Merchant, query: str) -> None:
    assert client.get(f"{LIST}?{query}").status_code == 200


def test_the_back_test_is_shown_with_its_baseline(client: Client, people: Merchant) -> None:
    figures = {"predicted": 90.0, "repeated": 150.0, "actual": 100.0, "predicted_error": 0.5, "repeated_error": 0.9}
    test = {"days": 182, "customers": 40, "method": "bg_nbd", "orders": figures, "value": figures}
    model = {"method": "bg_nbd", "customers": 50, "repeaters": 120, "back_test": test}
    ShopKpis.objects.create(merchant=people, model=model)
    page = client.get(VALUE).content.decode()
    assert "−10.0%" in page
    assert "+50.0%" in page
    assert "The prediction was closer" in page


def test_small_shops_are_told_that_averages_are_shown(client: Client, people: Merchant) -> None:
    ShopKpis.objects.create(merchant=people, model={"method": "average", "repeaters": 3, "back_test": None})
    page = client.get(VALUE).content.decode()
    assert "Only 3 buyers came back" in page
    assert "too short for a back-test" in page


def test_the_screen_costs_the_same_for_more_customers(client: Client, people: Merchant) -> None:
    client.get(VALUE)
    with CaptureQueriesContext(connection) as few:
        client.get(VALUE)
    for number in range(5):
        valued(people, f"Mehr{number}", lifecycle="active")
    with CaptureQueriesContext(connection) as many:
        client.get(VALUE)
    assert len(few) == len(many)


def test_analysts_look_but_do_not_start_a_round(merchant: Merchant) -> None:
    analyst = MembershipFactory(merchant=merchant, role=Role.ANALYST)
    browser = Client()
    browser.force_login(analyst.staff)
    assert browser.get(VALUE).status_code == 200
    assert browser.post("/m/muster/customers/value/start").status_code == 403
    assert browser.get(COSTS).status_code == 403


def test_a_round_is_started_once(client: Client, merchant: Merchant) -> None:
    assert client.post("/m/muster/customers/value/start").status_code == 302
    page = client.post("/m/muster/customers/value/start", follow=True).content.decode()
    assert "computed already" in page


def test_costs_are_entered_in_the_shops_currency(client: Client, people: Merchant) -> None:
    page = client.get(COSTS).content.decode()
    assert "Nothing is entered yet" in page
    assert "PayPal: percent of the total" in page
    given = {"parcel_cost": "4.50", "return_cost": "", "share_0": "2.49", "fixed_0": "0.35"}
    assert client.post(COSTS, given).status_code == 302
    known = costs_of(people)
    assert (known.parcel_cost, known.return_cost) == (450, 0)
    fee = PaymentFee.objects.for_merchant(people).get()
    assert (fee.method, fee.share, fee.fixed) == ("paypal", Decimal("0.0249"), 35)
    assert "Nothing is entered yet" not in client.get(COSTS).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"parcel_cost": "-1"}, {"share_0": "101"}, {"fixed_0": "a lot"}, {"parcel_cost": "1e30"}]
)
def test_costs_that_cannot_be_change_nothing(client: Client, people: Merchant, wrong: dict[str, str]) -> None:
    assert client.post(COSTS, {"parcel_cost": "1", "share_0": "1", **wrong}).status_code == 422
    assert costs_of(people).parcel_cost == 0
