"""Who was erased is on no screen of people any more; what they bought stays in the figures."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.jobs import run
from core.models import Job
from customers.actions.companies import add_company
from customers.actions.duplicates import find_duplicates
from customers.actions.privacy import open_request
from customers.actions.privacy.erasure import erase_customer
from customers.actions.privacy.requests import check_identity
from customers.models import Company, CompanyPerson, Customer, CustomerKpis, Identity
from customers.queries.companies import people_of, suggested_people
from customers.queries.lookup import find_by_identity
from customers.queries.value_report import lifecycle_groups, profitability_groups, rfm_grid, totals, value_bars
from merchants.models import Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory

AT = datetime(2026, 11, 20, tzinfo=UTC)
LIST = "/m/muster/customers/"


def person(merchant: Merchant, country: str, **fields: object) -> Customer:
    customer: Customer = CustomerFactory(
        merchant=merchant, last_name="Berg", postal_code="10115", country=country, orders_count=2, revenue=5000,
        first_order_at=AT, last_order_at=AT, **fields,
    )  # fmt: skip
    CustomerKpis.objects.create(
        merchant=merchant, customer=customer, lifecycle="active", profitability="profitable", recency_class=5,
        frequency_class=4, rfm_group="champions", predicted_value=6000, net_revenue=4000, margin=1000,
    )  # fmt: skip
    return customer


@pytest.fixture
def ada(merchant: Merchant) -> Customer:
    return person(merchant, "DE", email="ada@nordlicht.example", external_id="c-1")


@pytest.fixture
def gone(merchant: Merchant, ada: Customer) -> Customer:
    """An erased row. It keeps an identity, as it never does, so that every door is tried and not only the first."""
    customer = person(merchant, "AT", email="gone@nordlicht.example", external_id="c-2")
    Customer.objects.filter(pk=customer.pk).update(erased_at=timezone.now())
    customer.refresh_from_db()
    return customer


def test_the_list_its_filters_and_its_search_hold_people_only(client: Client, ada: Customer, gone: Customer) -> None:
    for query in (
        "",
        "?q=Berg",
        "?q=gone@",
        "?country=AT",
        "?bought=yes",
        "?lifecycle=active",
        "?rfm=5-4",
        "?worth=0-",
    ):
        page = client.get(f"{LIST}{query}").text
        assert f"{LIST}{gone.pk}/" not in page, query
    page = client.get(LIST).text
    assert f"{LIST}{ada.pk}/" in page
    assert 'value="AT"' not in page


def test_an_exported_list_holds_people_only(client: Client, ada: Customer, gone: Customer) -> None:
    client.post(f"{LIST}export", {"file_format": "csv", "columns": ["email"]})
    job = run(Job.objects.get(merchant=ada.merchant))
    assert (job.state, job.result["rows"]) == ("done", 1), job.error


def test_nobody_is_taken_for_an_erased_person(client: Client, ada: Customer, gone: Customer) -> None:
    merchant = ada.merchant
    assert find_by_identity(merchant, Identity.Kind.EMAIL, "ada@nordlicht.example") == ada
    assert find_by_identity(merchant, Identity.Kind.EMAIL, "gone@nordlicht.example") is None
    assert find_duplicates(merchant) == 0
    page = client.get(reverse("customer_merge", args=[merchant.slug, ada.pk]), {"q": "gone"}).text
    assert "gone@nordlicht.example" not in page
    assert client.get(reverse("customer_merge", args=[merchant.slug, gone.pk])).status_code == 404


def test_a_company_shows_and_suggests_people_only(ada: Customer, gone: Customer) -> None:
    company: Company = add_company(ada.merchant, staff=None, name="Nordlicht", domains=["nordlicht.example"])
    assert list(suggested_people(company)) == [ada]
    CompanyPerson.objects.create(merchant=ada.merchant, company=company, customer=gone)
    assert people_of(company) == []


def test_people_are_counted_without_them_and_money_with_them(ada: Customer, gone: Customer) -> None:
    merchant = ada.merchant
    (active,) = [group for group in lifecycle_groups(merchant) if group.code == "active"]
    assert (active.customers, active.amount) == (1, 10_000)
    (profitable,) = [group for group in profitability_groups(merchant) if group.code == "profitable"]
    assert (profitable.customers, profitable.amount) == (1, 2000)
    assert sum(cell.customers for row in rfm_grid(merchant) for cell in row) == 1
    assert sum(bar.customers for bar in value_bars(merchant)) == 1
    sums = totals(merchant)
    assert (sums["buyers"], sums["margin"], sums["net_revenue"], sums["predicted"]) == (1, 2000, 8000, 6000)


def test_the_page_of_an_erased_person_says_so_and_offers_nothing(client: Client, gone: Customer) -> None:
    page = client.get(f"{LIST}{gone.pk}/")
    assert page.status_code == 200
    assert "This person was erased" in page.text
    assert "€50.00" in page.text
    for offered in ("Berg", "gone@", "Record an objection", 'id="identities"', 'id="timeline"', 'id="privacy"'):
        assert offered not in page.text, offered


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "name", ["customer_edit", "trait_edit", "identity_add", "customer_timeline", "customer_object", "consent_record"]
)
def test_nothing_can_be_done_to_an_erased_person(client: Client, gone: Customer, name: str, method: str) -> None:
    answer = getattr(client, method)(reverse(name, args=[gone.merchant.slug, gone.pk]))
    assert answer.status_code in (404, 405)
    assert answer.status_code == 404 or (name, method) in {("customer_object", "get"), ("customer_timeline", "post")}


def test_after_a_real_erasure_the_list_is_without_the_person(client: Client, ada: Customer) -> None:
    owner: Membership = MembershipFactory(merchant=ada.merchant, role=Role.OWNER)
    OrderFactory(customer=ada, number="A-1", email="ada@nordlicht.example")
    request = open_request(ada.merchant, kind="erasure", channel="email", customer=ada, staff=owner.staff)
    request = check_identity(request, customer=ada, evidence="address on file", staff=owner.staff)
    erase_customer(ada, request=request, staff=owner.staff)
    assert f"{LIST}{ada.pk}/" not in client.get(LIST).text
    assert "This person was erased" in client.get(f"{LIST}{ada.pk}/").text
    assert "A-1" in client.get("/m/muster/orders/").text
