"""Keyset pagination: every row once, in order, forwards and backwards, nulls last."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.models import Product
from core.keyset import Page, bounded_count, paginate
from customers.models import Customer
from merchants.models import Merchant
from tests.factories import CustomerFactory

AT = datetime(2026, 3, 1, tzinfo=UTC)
ORDERINGS = [
    ["-id"],
    ["-last_order_at", "-id"],
    ["last_order_at", "id"],
    ["-revenue", "last_order_at", "-id"],
]


@pytest.fixture
def customers(merchant: Merchant) -> list[Customer]:
    """Eleven with ties and without an order; one of another merchant."""
    CustomerFactory()  # could leak: another merchant's
    return [
        CustomerFactory(
            merchant=merchant,
            email=None,
            external_id=None,
            revenue=number % 2,
            last_order_at=None if number % 4 == 0 else AT + timedelta(days=number % 3),
        )
        for number in range(11)
    ]


def rank(customer: Customer, ordering: list[str]) -> tuple[Any, ...]:
    """A sort key that puts nulls last in both directions."""
    key: list[Any] = []
    for field in ordering:
        value, sign = getattr(customer, field.lstrip("-")), -1 if field.startswith("-") else 1
        number = value.timestamp() if isinstance(value, datetime) else value
        key.append((value is None, 0 if value is None else sign * number))
    return tuple(key)


def page(merchant: Merchant, ordering: list[str], query: Mapping[str, str], size: int = 3) -> Page[Customer]:
    return paginate(Customer.objects.for_merchant(merchant), ordering, query, size=size)


@pytest.mark.parametrize("ordering", ORDERINGS, ids="/".join)
def test_pages_hold_every_row_once_and_lead_back(
    merchant: Merchant, customers: list[Customer], ordering: list[str]
) -> None:
    expected = sorted(customers, key=lambda customer: rank(customer, ordering))
    pages = [page(merchant, ordering, {})]
    while pages[-1].after:
        pages.append(page(merchant, ordering, {"after": pages[-1].after}))
    assert [row for each in pages for row in each.rows] == expected
    assert [len(each.rows) for each in pages] == [3, 3, 3, 2]
    assert pages[0].before == ""
    back = pages[-1]
    for earlier in reversed(pages[:-1]):
        back = page(merchant, ordering, {"before": back.before})
        assert back.rows == earlier.rows
        assert back.after
    assert back.before == ""


def test_a_full_last_page_has_no_next(merchant: Merchant, customers: list[Customer]) -> None:
    whole = page(merchant, ["-id"], {}, size=11)
    assert (len(whole.rows), whole.after, whole.before) == (11, "", "")
    assert page(merchant, ["-id"], {"after": page(merchant, ["-id"], {}, size=10).after}, size=1).after == ""


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("direction", ["after", "before"])
@pytest.mark.parametrize(
    "edited",
    [
        "x",
        "////",
        "\0",
        "ä",
        *map(cursor, ["", "null", "{}", "[]", "[1]", '["a", 1]', '["2026-03-01T00:00:00", 1]', "[null, Infinity]"]),
        cursor('["2026-13-01T00:00:00Z", 1]'),
        cursor("[" * 100_000),
    ],
)
def test_a_cursor_that_is_not_ours_shows_the_first_page(
    merchant: Merchant, customers: list[Customer], edited: str, direction: str
) -> None:
    ordering = ["-last_order_at", "-id"]
    assert page(merchant, ordering, {direction: edited}).rows == page(merchant, ordering, {}).rows


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "x"])
def test_an_edited_text_in_a_cursor_breaks_nothing(merchant: Merchant, text: str) -> None:
    products = Product.objects.for_merchant(merchant)
    assert paginate(products, ["title", "id"], {"after": cursor(f'["{text}", 1]')}).rows == []


def test_a_page_costs_one_query(merchant: Merchant, customers: list[Customer], django_assert_num_queries: Any) -> None:
    first = page(merchant, ["-last_order_at", "-id"], {})
    with django_assert_num_queries(1):
        page(merchant, ["-last_order_at", "-id"], {"after": first.after})


def test_counts_are_exact_up_to_the_limit_and_estimated_beyond(merchant: Merchant, customers: list[Customer]) -> None:
    rows = Customer.objects.for_merchant(merchant)
    assert bounded_count(rows, limit=11) == (11, True)
    count, is_exact = bounded_count(rows, limit=5)
    assert (count >= 5, is_exact) == (True, False)
