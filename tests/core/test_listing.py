"""Filters, sort and chips of a list, as the address says them."""

import pytest
from django.test import Client

from customers.models import Customer
from merchants.models import Merchant
from tests.factories import CustomerFactory


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    CustomerFactory(merchant=merchant, first_name="Ada", last_name="Berg", country="DE", revenue=100, orders_count=2)
    CustomerFactory(merchant=merchant, first_name="Bob", last_name="Cole", country="AT", revenue=900, orders_count=0)
    return merchant


def _names(page: object) -> list[str]:
    return [row.first_name for row in page.context["listing"].rows]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=ada", ["Ada"]),
        ("q=BERG+ad", ["Ada"]),
        ("country=AT", ["Bob"]),
        ("bought=again", ["Ada"]),
        ("sort=-revenue", ["Bob", "Ada"]),
        ("sort=revenue", ["Ada", "Bob"]),
        ("q=ada&country=AT", []),
    ],
)
def test_the_address_narrows_and_sorts(client: Client, shop: Merchant, query: str, names: list[str]):
    assert _names(client.get(f"/m/{shop.slug}/customers/?{query}")) == names


@pytest.mark.parametrize(
    "query",
    [
        "sort=password",
        "country=XX9",
        "active_since=yesterday",
        "active_since=0001-01-01",
        "active_since=9999-12-31",
        "q=%00",
        "bought=maybe",
        "after=zzz",
        "before=%F0%9F%98%80",
    ],
)
def test_what_an_address_cannot_mean_is_ignored(client: Client, shop: Merchant, query: str):
    assert len(_names(client.get(f"/m/{shop.slug}/customers/?{query}"))) == 2


def test_chips_name_each_filter_and_lead_to_the_list_without_it(client: Client, shop: Merchant):
    page = client.get(f"/m/{shop.slug}/customers/?q=ada&country=DE&sort=-revenue&after=x")
    chips = page.context["listing"].chips
    assert [(chip.value, chip.without) for chip in chips] == [
        ("ada", "?country=DE&sort=-revenue"),
        ("Germany", "?q=ada&sort=-revenue"),
    ]
    assert "Clear all" in page.text


def test_htmx_gets_the_rows_alone(client: Client, shop: Merchant):
    whole = client.get(f"/m/{shop.slug}/customers/")
    part = client.get(f"/m/{shop.slug}/customers/", headers={"HX-Request": "true"})
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert "Ada Berg" in part.text
    assert "HX-Request" in part["Vary"]
    assert "HX-Request" in whole["Vary"]


def test_going_back_in_history_gets_the_whole_page(client: Client, shop: Merchant):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in client.get(f"/m/{shop.slug}/customers/", headers=headers).text


def test_the_sort_heading_turns_round_and_forgets_the_page(client: Client, shop: Merchant):
    page = client.get(f"/m/{shop.slug}/customers/?sort=-revenue&after=x&q=a")
    assert "?sort=revenue&amp;q=a" in page.text or "?q=a&amp;sort=revenue" in page.text
    assert 'aria-sort="descending"' in page.text


def test_pages_are_linked_by_keyset(client: Client, merchant: Merchant):
    CustomerFactory.create_batch(51, merchant=merchant, email=None, external_id=None)
    url = f"/m/{merchant.slug}/customers/"
    first = client.get(url).context["listing"]
    second = client.get(f"{url}?after={first.page.after}").context["listing"]
    assert (len(first.rows), len(second.rows)) == (50, 1)
    assert second.page.after == ""
    assert {row.pk for row in first.rows} | {row.pk for row in second.rows} == set(
        Customer.objects.for_merchant(merchant).values_list("pk", flat=True)
    )


def test_the_search_looks_at_what_the_filters_leave(
    client: Client, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.models.SEARCHED", 1)
    CustomerFactory(merchant=merchant, first_name="Ada", last_name="Old", country="AT")
    CustomerFactory(merchant=merchant, first_name="Ada", last_name="New", country="DE")
    listing = client.get(f"/m/{merchant.slug}/customers/?q=ada&country=AT").context["listing"]
    assert [row.last_name for row in listing.rows] == ["Old"]
