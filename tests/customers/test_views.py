"""The list of customers and a customer's page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.keyset import paginate
from core.providers import Panel, TimelineEntry, customer_panels
from core.providers import customer_timeline as timeline_providers
from customers.actions.consent import record_consent, record_notice, record_objection
from customers.models import ConsentRecord, Customer, CustomerKpis, Identity, Merge
from merchants.models import Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory
from tests.queries import queries_of

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _entries(moments: list[datetime]) -> object:
    def provider(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
        found = [moment for moment in sorted(moments, reverse=True) if before is None or moment < before]
        return [TimelineEntry(moment, "x", "star", f"entry {moments.index(moment)}") for moment in found[:limit]]

    return provider


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, first_name="Ada", last_name="Berg", email="ada@example.org")


def test_the_list_costs_the_same_for_one_row_and_for_three(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/customers/"
    CustomerFactory(merchant=merchant)
    few = queries_of(client, url)
    CustomerFactory.create_batch(2, merchant=merchant)
    assert queries_of(client, url) == few


def test_the_page_costs_the_same_for_one_record_and_for_three(client: Client, customer: Customer) -> None:
    url = f"/m/{customer.merchant.slug}/customers/{customer.pk}/"

    def told(number: int) -> None:
        evidence = {"order": f"A-{number}"}
        moment = AT + timedelta(days=number)
        record_notice(
            customer,
            channel="email",
            address="ada@example.org",
            text_version="1",
            shown_at=moment,
            source="order",
            evidence=evidence,
        )
        record_consent(
            customer, purpose="newsletter", channel="email", text_version=str(number), source="x", evidence={}
        )

    told(1)
    few = queries_of(client, url)
    told(2)
    told(3)
    assert queries_of(client, url) == few


def test_sorted_by_prediction_the_list_holds_those_for_whom_something_is_predicted(
    client: Client, merchant: Merchant
) -> None:
    worth = {"Ada": 500, "Bob": 900, "Cleo": 700, "Dan": None}
    for name, value in worth.items():
        customer = CustomerFactory(merchant=merchant, first_name=name)
        CustomerKpis.objects.create(merchant=merchant, customer=customer, predicted_value=value, lifecycle="active")
    CustomerFactory(merchant=merchant, first_name="Never counted")

    def shown(query: str) -> list[str]:
        return [row.first_name for row in client.get(f"/m/{merchant.slug}/customers/{query}").context["listing"].rows]

    assert shown("?sort=-predicted") == ["Bob", "Cleo", "Ada"]
    assert shown("?sort=predicted") == ["Ada", "Cleo", "Bob"]
    assert len(shown("")) == 5


def test_the_pages_of_a_list_sorted_by_prediction_follow_each_other(client: Client, merchant: Merchant) -> None:
    for number in range(7):
        customer = CustomerFactory(merchant=merchant, first_name=f"No{number}")
        CustomerKpis.objects.create(merchant=merchant, customer=customer, predicted_value=number // 2)
    rows = Customer.objects.for_merchant(merchant).select_related("kpis").filter(kpis__predicted_value__isnull=False)
    query, seen = QueryDict(), []
    for _page in range(4):
        page = paginate(rows, ["-kpis__predicted_value", "-kpis__id"], query, size=2)
        seen += [row.first_name for row in page.rows]
        query = QueryDict(f"after={page.after}")
    assert seen == [f"No{number}" for number in range(6, -1, -1)]


@pytest.mark.parametrize(
    ("stage", "names"), [("lead", ["Never", "Lead"]), ("defecting", ["Gone"]), ("unheard", ["Never", "Lead", "Gone"])]
)
def test_the_list_is_narrowed_by_the_lifecycle(
    client: Client, merchant: Merchant, stage: str, names: list[str]
) -> None:
    for name, lifecycle in (("Gone", "defecting"), ("Lead", "lead"), ("Never", None)):
        ordered = AT if lifecycle == "defecting" else None
        customer = CustomerFactory(merchant=merchant, first_name=name, last_order_at=ordered)
        if lifecycle:
            CustomerKpis.objects.create(merchant=merchant, customer=customer, lifecycle=lifecycle)
    listing = client.get(f"/m/{merchant.slug}/customers/?sort=-newest&lifecycle={stage}").context["listing"]
    assert [row.first_name for row in listing.rows] == names


@pytest.mark.parametrize("text", ["+49 30 123", "030/123456", "0049301234", "card-7"])
def test_the_search_finds_telephones_however_they_are_written_and_cards(
    client: Client, merchant: Merchant, text: str
) -> None:
    merchant.country = "DE"
    merchant.save()
    ada, bob = (CustomerFactory(merchant=merchant, first_name=name) for name in ("Ada", "Bob"))
    for customer, phone, card in ((ada, "+4930123456", "card-77"), (bob, "+4989123456", "card-8")):
        Identity.objects.create(merchant=merchant, customer=customer, kind="phone", value=phone)
        Identity.objects.create(merchant=merchant, customer=customer, kind="loyalty_card", value=card)
    listing = client.get(f"/m/{merchant.slug}/customers/", {"q": text}).context["listing"]
    assert [row.first_name for row in listing.rows] == ["Ada"]


def test_of_who_never_ordered_nothing_is_predicted(client: Client, merchant: Merchant) -> None:
    lead, buyer = CustomerFactory(merchant=merchant), CustomerFactory(merchant=merchant, last_order_at=AT)
    CustomerKpis.objects.create(merchant=merchant, customer=buyer, lifecycle="active", predicted_value=100)
    page = client.get(f"/m/{merchant.slug}/customers/?sort=-predicted")
    assert (buyer.name in page.text, lead.name in page.text) == (True, False)
    for narrowed in ("lifecycle=lead", "bought=no"):
        with CaptureQueriesContext(connection) as asked:
            both = client.get(f"/m/{merchant.slug}/customers/?{narrowed}&sort=-predicted")
        assert both.status_code == 200
        assert not {name for name in (buyer.name, lead.name) if name in both.text}
        assert not [query for query in asked if "predicted_value" in query["sql"]], "nobody need be looked at"


def test_a_merged_profile_leads_to_the_kept_one(client: Client, merchant: Merchant, stranger: Membership) -> None:
    kept, foreign = CustomerFactory(merchant=merchant), CustomerFactory(merchant=stranger.merchant)
    Merge.objects.create(merchant=merchant, kept=kept, kept_id_then=kept.pk, absorbed_id=900_001, reason="staff")
    Merge.objects.create(
        merchant=stranger.merchant, kept=foreign, kept_id_then=foreign.pk, absorbed_id=900_002, reason="staff"
    )
    answer = client.get(f"/m/{merchant.slug}/customers/900001/")
    assert (answer.status_code, answer["Location"]) == (302, f"/m/{merchant.slug}/customers/{kept.pk}/")
    assert client.get(f"/m/{merchant.slug}/customers/900002/").status_code == 404


@pytest.mark.parametrize("text", ["ada", "BERG", "ada berg", "berg ad", "ada@ex", "ADA@EXAMPLE", "K-7"])
def test_the_search_finds_names_and_identities(client: Client, merchant: Merchant, text: str) -> None:
    CustomerFactory(merchant=merchant, first_name="Ada", last_name="Berg", email="ada@example.org", external_id="K-7")
    CustomerFactory(merchant=merchant, first_name="Bob", last_name="Cole", email="bob@example.org", external_id="K-8")
    CustomerFactory(first_name="Ada", last_name="Berg", email="ada@example.org", external_id="K-7")  # could leak
    listing = client.get(f"/m/{merchant.slug}/customers/", {"q": text}).context["listing"]
    assert [row.first_name for row in listing.rows] == ["Ada"]


def test_an_empty_list_says_what_it_is_for_and_the_next_step(client: Client, merchant: Merchant) -> None:
    page = client.get(f"/m/{merchant.slug}/customers/").text
    assert "No customers yet" in page
    assert f"/m/{merchant.slug}/settings/keys/" in page
    assert "Nothing matches" in client.get(f"/m/{merchant.slug}/customers/?q=zzz").text


def test_a_customer_without_anything_has_a_page_without_none(client: Client, merchant: Merchant) -> None:
    bare = CustomerFactory(
        merchant=merchant, first_name="", last_name="", locale="", country="", email=None, external_id=None
    )
    page = client.get(f"/m/{merchant.slug}/customers/{bare.pk}/").text
    assert f"Customer {bare.pk}" in page
    assert "None" not in page
    assert "There is no address" in page


def test_a_customer_of_another_merchant_does_not_exist(client: Client, stranger: Membership) -> None:
    foreign = CustomerFactory(merchant=stranger.merchant)
    for path in ("", "timeline"):
        assert client.get(f"/m/muster/customers/{foreign.pk}/{path}").status_code == 404
    assert client.post(f"/m/muster/customers/{foreign.pk}/object").status_code == 404
    assert not ConsentRecord.objects.for_merchant(stranger.merchant).exists()


def test_the_page_shows_consents_with_their_evidence(client: Client, customer: Customer) -> None:
    record_consent(
        customer,
        purpose="newsletter",
        channel="email",
        text_version="2026-01",
        source="double opt-in",
        evidence={"ip": "kept"},
    )
    page = client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/").text
    for text in ("consent given", "Newsletter", "2026-01", "double opt-in", "kept"):
        assert text in page


def test_recording_an_objection_ends_advertising(client: Client, customer: Customer) -> None:
    url = f"/m/{customer.merchant.slug}/customers/{customer.pk}/"
    record_consent(
        customer, purpose="product_recommendations", channel="email", text_version="1", source="x", evidence={}
    )
    assert "This person consented." in client.get(url).text
    page = client.post(f"{url}object", follow=True).text
    assert "The objection is recorded" in page
    assert "This person objected to advertising." in page
    record = ConsentRecord.objects.for_merchant(customer.merchant).get(kind="objected")
    assert (record.purpose, record.channel, record.source) == ("", "", "back office")
    assert 'popovertarget="object"' not in client.get(url).text


def test_an_analyst_may_not_record_an_objection(customer: Customer) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=customer.merchant, role=Role.ANALYST).staff)
    url = f"/m/{customer.merchant.slug}/customers/{customer.pk}/"
    assert "Record an objection" not in browser.get(url).text
    assert browser.post(f"{url}object").status_code == 403
    assert not ConsentRecord.objects.for_merchant(customer.merchant).exists()


def test_a_get_records_nothing(client: Client, customer: Customer) -> None:
    assert client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/object").status_code == 405


def test_upper_apps_put_panels_and_entries_on_the_page(client: Client, customer: Customer) -> None:
    def panel(shown: Customer) -> Panel:
        return Panel("parts/badge.html", {"label": f"panel of {shown.first_name}"})

    customer_panels.register(panel, name="test")
    timeline_providers.register(_entries([AT]), name="test")  # type: ignore[arg-type]
    try:
        page = client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/").text
    finally:
        for registry in (customer_panels, timeline_providers):
            registry._entries = [entry for entry in registry._entries if entry[1] != "test"]  # type: ignore[attr-defined]
    assert "panel of Ada" in page
    assert "entry 0" in page


def test_times_are_those_of_the_shop(client: Client, customer: Customer) -> None:
    record_objection(customer, source="test", objected_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    page = client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/", headers={"Accept-Language": "de"}).text
    assert "02.07.2026, 00:30" in page
