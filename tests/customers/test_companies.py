"""Companies: who buys for them, what that adds up to, and how people get there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from core.errors import DomainError, InvalidInput
from customers.actions.companies import (
    add_company,
    add_suggested,
    dismiss_suggested,
    edit_company,
    link_by_group,
    link_person,
    make_primary,
    put_company,
    unlink_person,
)
from customers.actions.notes import add_note
from customers.models import Company, CompanyPerson, Customer
from customers.queries.companies import suggested_people
from customers.rules.domains import clean_domain, is_company_domain
from merchants.models import AuditEntry, Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory
from tests.queries import queries_of
from tests.storefront import Storefront, storefront

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIRM = {"name": "Nordlicht GmbH", "domains": ["nordlicht.example"], "price_group": "trade-10"}


@pytest.fixture
def company(merchant: Merchant) -> Company:
    return add_company(merchant, staff=None, external_id="firm-1", **FIRM)


def _names(company: Company) -> list[str]:
    people = CompanyPerson.objects.for_merchant(company.merchant).filter(company=company).order_by("pk")
    return [person.customer.first_name for person in people.select_related("customer")]


# Domains


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Firma.example", "firma.example"),
        ("@firma.example", "firma.example"),
        ("ada@firma.example", "firma.example"),
        ("https://www.firma.example/shop?x=1", "firma.example"),
        ("müller.example", "xn--mller-kva.example"),
        ("firma", ""),
        ("", ""),
        ("fir ma.example", ""),
        ("-firma.example", ""),
        ("http://[::1", ""),
        ("a" * 300 + ".example", ""),
        ("firma.example\n", "firma.example"),
    ],
)
def test_a_domain_is_read_from_what_people_write(text: str, domain: str) -> None:
    assert clean_domain(text) == domain


def test_a_mail_provider_is_nobodys_company(merchant: Merchant) -> None:
    assert not is_company_domain("gmx.de")
    with pytest.raises(InvalidInput) as refused:
        add_company(merchant, staff=None, name="Firm", domains=["GMX.de"])
    assert refused.value.code == "free_mail_domain"
    assert not Company.objects.for_merchant(merchant).exists()


# Links


def test_linking_again_changes_nothing_and_unlinking_is_remembered(company: Company, membership: Membership) -> None:
    customer = CustomerFactory(merchant=company.merchant, email="a@nordlicht.example")
    person, is_new = link_person(company, customer, role="approver", staff=membership.staff)
    assert is_new
    assert link_person(company, customer, role="buyer", staff=membership.staff) == (person, False)
    person.refresh_from_db()
    assert person.role == "approver"
    unlink_person(person, staff=membership.staff)
    assert not suggested_people(company).exists()
    actions = AuditEntry.objects.for_merchant(company.merchant).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["company.added", "company.person_added", "company.person_removed"]


def test_there_is_one_primary_contact(company: Company) -> None:
    people = [link_person(company, CustomerFactory(merchant=company.merchant))[0] for _number in range(3)]
    for person in people:
        make_primary(person, staff=None)
    rows = CompanyPerson.objects.for_merchant(company.merchant).filter(is_primary=True)
    assert [person.pk for person in rows] == [people[2].pk]


def test_a_stale_edit_overwrites_nobody(company: Company) -> None:
    seen = company.updated_at
    edit_company(company, staff=None, seen=seen, city="Hamburg")
    with pytest.raises(DomainError) as refused:
        edit_company(company, staff=None, seen=seen, city="Kiel")
    assert refused.value.code == "stale_edit"
    company.refresh_from_db()
    assert company.city == "Hamburg"


def test_an_id_of_the_shops_is_one_companys_per_merchant(company: Company, stranger: Membership) -> None:
    with pytest.raises(DomainError) as refused:
        add_company(company.merchant, staff=None, external_id="firm-1", name="Other")
    assert refused.value.code == "external_id_taken"
    assert put_company(stranger.merchant, "firm-1", name="Theirs")[1]
    add_company(company.merchant, staff=None, name="Without id")
    add_company(company.merchant, staff=None, name="Without id too")


# Group calls


def test_a_group_call_makes_the_company_once_and_fills_gaps_only(merchant: Merchant) -> None:
    ada, bob = CustomerFactory(merchant=merchant), CustomerFactory(merchant=merchant)
    first = link_by_group(merchant, ada, "g-1", {}, AT)
    assert first is not None
    assert first.name == "g-1"
    traits: dict[str, Any] = {
        "name": "Nordlicht", "website": "https://www.nordlicht.example", "employees": 12, "vatId": ["odd"],
        "address": {"city": "Hamburg", "country": "de", "postalCode": 20457},
    }  # fmt: skip
    link_by_group(merchant, bob, "g-1", traits, AT)
    link_by_group(merchant, bob, "g-1", {"name": "Other", "address": "odd"}, AT + timedelta(days=1))
    found = Company.objects.for_merchant(merchant).get()
    assert (found.name, found.domains, found.city, found.country) == (
        "Nordlicht",
        ["nordlicht.example"],
        "Hamburg",
        "DE",
    )
    assert (found.vat_id, found.postal_code) == ("", "")
    people = CompanyPerson.objects.for_merchant(merchant).order_by("pk")
    assert [(person.customer, person.source, person.created_at) for person in people] == [
        (ada, "group", AT),
        (bob, "group", AT),
    ]


@pytest.mark.parametrize("group_id", ["", "  ", "null", "0000", "x" * 121, "a\x00b"])
def test_a_group_that_is_none_links_nobody(merchant: Merchant, group_id: str) -> None:
    assert link_by_group(merchant, CustomerFactory(merchant=merchant), group_id, {"name": "X"}, AT) is None
    assert not Company.objects.for_merchant(merchant).exists()


# Suggestions


def test_people_with_an_address_there_are_suggested_until_added_or_dismissed(
    client: Client, company: Company, membership: Membership
) -> None:
    for name in ("Ada", "Bob", "Cem"):
        CustomerFactory(merchant=company.merchant, first_name=name, email=f"{name.lower()}@nordlicht.example")
    CustomerFactory(merchant=company.merchant, first_name="Sub", email="sub@mail.nordlicht.example")
    CustomerFactory(first_name="Foreign", email="ada@nordlicht.example")  # could leak
    url = f"/m/muster/customers/companies/{company.pk}/"
    assert "3 people with @nordlicht.example" in client.get(url).text
    ids = {customer.first_name: customer.pk for customer in suggested_people(company)}
    assert set(ids) == {"Ada", "Bob", "Cem"}
    client.post(f"{url}suggestions", {"add": str(ids["Ada"])})
    client.post(f"{url}suggestions", {"dismiss": str(ids["Bob"])})
    assert _names(company) == ["Ada"]
    assert "1 person with @nordlicht.example" in client.get(url).text
    assert add_suggested(company, [ids["Bob"]], staff=membership.staff) == 0  # no longer suggested
    client.post(f"{url}suggestions", {"add": "all"})
    assert _names(company) == ["Ada", "Cem"]
    assert dismiss_suggested(company, None, staff=membership.staff) == 0


def test_a_person_of_another_shop_cannot_be_added(client: Client, company: Company, stranger: Membership) -> None:
    foreign = CustomerFactory(merchant=stranger.merchant, email="x@nordlicht.example")
    client.post(f"/m/muster/customers/companies/{company.pk}/suggestions", {"add": str(foreign.pk)})
    answer = client.post(
        f"/m/muster/customers/companies/{company.pk}/people", {"who": "x@nordlicht.example", "role": "buyer"}
    )
    assert answer.status_code == 422
    assert _names(company) == []


# Figures


def test_the_figures_are_those_of_its_people(client: Client, company: Company) -> None:
    for number, revenue in enumerate([1000, 2500]):
        customer = CustomerFactory(
            merchant=company.merchant, revenue=revenue, orders_count=2, last_order_at=AT + timedelta(days=number)
        )
        link_person(company, customer)
        for note in range(2):  # a join would count these too
            add_note(customer, text=f"N{note}", staff=None)
    CustomerFactory(merchant=company.merchant, revenue=9999, orders_count=9)  # could be counted
    add_company(company.merchant, staff=None, name="Empty")
    found = Company.objects.for_merchant(company.merchant).with_figures().order_by("name")
    figures = [(one.people_count, one.orders_count, one.revenue, one.last_order_at) for one in found]
    assert figures == [(0, 0, 0, None), (2, 4, 3500, AT + timedelta(days=1))]


def test_the_list_sorts_filters_and_leafs_by_figures(client: Client, merchant: Merchant) -> None:
    for number in range(55):
        firm = add_company(merchant, staff=None, name=f"Firm {number:02}", country="DE" if number % 2 else "AT")
        if number % 5:
            customer = CustomerFactory(merchant=merchant, revenue=number % 7, orders_count=1, last_order_at=AT)
            link_person(firm, customer)
    url = "/m/muster/customers/companies/"
    for sort in ("-revenue", "revenue", "last_order", "-last_order", "people", "orders", "name", "-newest"):
        first = client.get(url, {"sort": sort}).context["listing"]
        second = client.get(url, {"sort": sort, "after": first.page.after}).context["listing"]
        assert len({row.pk for row in [*first.rows, *second.rows]}) == 55, sort
    assert len(client.get(url, {"country": "AT"}).context["listing"].rows) == 28
    assert len(client.get(url, {"bought": "no"}).context["listing"].rows) == 11
    assert [row.name for row in client.get(url, {"q": "firm 07"}).context["listing"].rows] == ["Firm 07"]


def test_pages_cost_the_same_for_one_person_and_for_three(client: Client, company: Company) -> None:
    urls = [f"/m/muster/customers/companies/{company.pk}/", "/m/muster/customers/companies/"]

    def fill() -> None:
        customer = CustomerFactory(merchant=company.merchant)
        CustomerFactory(merchant=company.merchant, email=f"s{customer.pk}@nordlicht.example")
        link_person(company, customer)
        OrderFactory(customer=customer)
        add_note(customer, text="Note", staff=MembershipFactory(merchant=company.merchant).staff)
        add_company(company.merchant, staff=None, name="Other")

    fill()
    few = [queries_of(client, url) for url in urls]
    fill()
    fill()
    assert [queries_of(client, url) for url in urls] == few


# Screens


def test_a_company_is_added_edited_and_deleted_by_hand(client: Client, merchant: Merchant) -> None:
    url = "/m/muster/customers/companies/"
    given = {
        "name": "Nordlicht",
        "domains": "nordlicht.example, @www.nord.example",
        "country": "DE",
        "external_id": "f",
    }
    answer = client.post(f"{url}add", given)
    company = Company.objects.for_merchant(merchant).get()
    assert answer.url == f"{url}{company.pk}/"
    assert company.domains == ["nordlicht.example", "nord.example"]
    assert "already" in client.post(f"{url}add", given).text
    assert client.post(f"{url}add", {"name": "X", "domains": "gmx.de"}).status_code == 422
    seen = client.get(f"{url}{company.pk}/edit").context["form"].initial or {}
    form = client.get(f"{url}{company.pk}/edit").context["form"]
    changed = {**given, "name": "Nordlicht AG", "seen": form["seen"].value()}
    assert client.post(f"{url}{company.pk}/edit", changed).status_code == 302, seen
    stale = client.post(f"{url}{company.pk}/edit", {**changed, "name": "Late"})
    assert stale.status_code == 422
    assert "Somebody else changed this company" in stale.text
    company.refresh_from_db()
    assert company.name == "Nordlicht AG"
    assert client.post(f"{url}{company.pk}/delete").status_code == 302
    assert not Company.objects.for_merchant(merchant).exists()


def test_people_get_roles_on_the_page(client: Client, company: Company) -> None:
    customer = CustomerFactory(merchant=company.merchant, first_name="Ada", external_id="K-1")
    url = f"/m/muster/customers/companies/{company.pk}/"
    assert client.post(f"{url}people", {"who": "K-1", "role": "approver"}).status_code == 302
    assert "Nobody is known" in client.post(f"{url}people", {"who": "K-2", "role": "buyer"}).text
    person = CompanyPerson.objects.for_merchant(company.merchant).get()
    for role in ("other", "primary", "nonsense"):
        client.post(f"/m/muster/customers/companies/people/{person.pk}/role", {"role": role})
    person.refresh_from_db()
    assert (person.role, person.is_primary, person.source) == ("other", True, "staff")
    page = client.get(f"/m/muster/customers/{customer.pk}/").text
    assert "Nordlicht GmbH" in page
    assert "price group trade-10" in page
    client.post(f"/m/muster/customers/companies/people/{person.pk}/remove")
    assert _names(company) == []


def test_a_person_joins_a_company_from_their_own_page(client: Client, company: Company) -> None:
    customer = CustomerFactory(merchant=company.merchant)
    url, htmx = f"/m/muster/customers/{customer.pk}/companies", {"HX-Request": "true"}
    card = client.post(url, {"company-company": "nordlicht gmbh", "company-role": "buyer"}, headers=htmx)
    assert "Nordlicht GmbH" in card.text
    assert "<html" not in card.text
    assert client.post(url, {"company-company": "firm-1", "company-role": "buyer"}).url.endswith("#companies")
    refused = client.post(url, {"company-company": "Nobody", "company-role": "buyer"}, headers=htmx)
    assert refused.status_code == 422
    assert "There is no company" in refused.text
    assert CompanyPerson.objects.for_merchant(company.merchant).count() == 1


def test_an_analyst_reads_companies_and_changes_nothing(company: Company) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=company.merchant, role=Role.ANALYST).staff)
    page = browser.get(f"/m/muster/customers/companies/{company.pk}/").text
    assert "Add a person" not in page
    assert browser.post(f"/m/muster/customers/companies/{company.pk}/edit", {"name": "X"}).status_code == 403


def test_the_orders_of_its_people_are_listed(client: Client, company: Company) -> None:
    customer: Customer = CustomerFactory(merchant=company.merchant)
    link_person(company, customer)
    OrderFactory(customer=customer, number="OURS-1")
    OrderFactory(customer=CustomerFactory(merchant=company.merchant), number="OTHER-1")  # could be listed
    page = client.get(f"/m/muster/customers/companies/{company.pk}/").text
    assert "OURS-1" in page
    assert "OTHER-1" not in page
    listing = client.get("/m/muster/orders/", {"company": company.pk}).context["listing"]
    assert [order.number for order in listing.rows] == ["OURS-1"]


# API


def test_a_company_is_put_read_and_put_again(api: Storefront, merchant: Merchant) -> None:
    assert api.put("/api/v1/companies/firm/1", FIRM).status_code == 201
    assert api.put("/api/v1/companies/firm/1", {"name": "Renamed"}).status_code == 200
    found = api.get("/api/v1/companies/firm/1").json()
    assert (found["name"], found["domains"], found["price_group"]) == ("Renamed", [], "")
    customer = CustomerFactory(merchant=merchant, external_id="c/1", revenue=500, orders_count=1, last_order_at=AT)
    answer = api.put("/api/v1/companies/firm/1/people/c/1", {"role": "approver", "is_primary": True})
    assert answer.status_code == 201
    assert (answer.json()["revenue"], answer.json()["last_order_at"]) == (500, "2026-11-01T12:00:00Z")
    (person,) = answer.json()["people"]
    assert (person["external_id"], person["role"], person["is_primary"]) == ("c/1", "approver", True)
    assert api.put("/api/v1/companies/firm/1/people/c/1", {"role": "buyer"}).status_code == 200
    assert api.delete("/api/v1/companies/firm/1/people/c/1").status_code == 204
    assert api.delete("/api/v1/companies/firm/1/people/c/1").status_code == 404
    assert customer.companies.count() == 0


def test_a_customer_says_its_price_group(api: Storefront, merchant: Merchant) -> None:
    customer = CustomerFactory(merchant=merchant, external_id="c-1")
    assert api.get("/api/v1/customers/c-1").json()["price_group"] == ""
    for name, group in (("First", ""), ("Second", "trade-10"), ("Third", "trade-20")):
        link_person(add_company(merchant, staff=None, name=name, price_group=group), customer)
    found = api.get("/api/v1/customers/c-1").json()
    assert found["price_group"] == "trade-10"
    assert [company["name"] for company in found["companies"]] == ["First", "Second", "Third"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "X", "domains": ["nonsense"]}, "domains"),
        ({"name": "X", "domains": ["web.de"]}, "domains"),
        ({"name": "X", "country": "Germany"}, "country"),
        ({"name": "X", "notes": "ours"}, "notes"),
        ({"name": "X", "merchant": 1}, "merchant"),
    ],
)
def test_what_is_no_company_is_refused(api: Storefront, merchant: Merchant, body: dict[str, Any], field: str) -> None:
    answer = api.put("/api/v1/companies/f", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    assert not Company.objects.for_merchant(merchant).exists()


def test_a_company_needs_scopes_and_known_people(api: Storefront, merchant: Merchant) -> None:
    reader = storefront(merchant, scopes=["customers:read"])
    assert reader.put("/api/v1/companies/f", FIRM).status_code == 403
    assert storefront(merchant, scopes=["orders:read"]).get("/api/v1/companies/f").status_code == 403
    api.put("/api/v1/companies/f", FIRM)
    assert reader.get("/api/v1/companies/f").status_code == 200
    assert api.put("/api/v1/companies/f/people/nobody", {}).status_code == 404
    assert api.put("/api/v1/companies/none/people/nobody", {}).status_code == 404
