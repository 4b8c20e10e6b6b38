from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orders.importing.matching import ReturnedRow, Sale, match_returns

START = datetime(2026, 1, 1, tzinfo=UTC)


def sale(key: int, *, day: int = 0, units: int = 5, price: int = 100, customer: str = "c", sku: str = "s") -> Sale:
    return Sale(key, -key, customer, sku, START + timedelta(days=day), units, units * price)


def row(line: int, units: int, *, day: int = 10, price: int = 100, customer: str = "c", sku: str = "s") -> ReturnedRow:
    return ReturnedRow(line, f"C{line}", customer, sku, units, price, START + timedelta(days=day))


def matched(rows: list[ReturnedRow], sales: list[Sale]) -> list[tuple[int, int, int, int]]:
    found = match_returns(rows, sales, {one.order: one.amount for one in sales})
    return [(one.row.line, one.sale.key, one.units, one.refund) for one in found]


def test_units_come_from_the_newest_earlier_sale_and_then_from_those_before():
    sales = [sale(1, day=1), sale(2, day=5), sale(3, day=20)]
    assert matched([row(1, 7)], sales) == [(1, 2, 5, 500), (1, 1, 2, 200)]


def test_units_that_came_back_cannot_come_back_again():
    assert matched([row(1, 4), row(2, 4, day=11), row(3, 1, day=12)], [sale(1)]) == [(1, 1, 4, 400), (2, 1, 1, 100)]


def test_the_earlier_return_takes_first_whatever_the_order_of_the_file():
    assert matched([row(1, 5, day=12), row(2, 3, day=9)], [sale(1)]) == [(2, 1, 3, 300), (1, 1, 2, 200)]


def test_another_customer_or_product_has_no_part():
    sales = [sale(1, customer="other"), sale(2, sku="other"), sale(3, day=11)]
    assert matched([row(1, 1)], sales) == []


def test_no_more_is_paid_back_than_the_sale_cost():
    assert matched([row(1, 5, price=999)], [sale(1)]) == [(1, 1, 5, 500)]


def test_no_more_is_paid_back_than_the_order_has_left():
    found = match_returns([row(1, 5)], [sale(1)], {-1: 120})
    assert [one.refund for one in found] == [120]


customers, skus = st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"])
sales_of = st.lists(st.tuples(customers, skus, st.integers(0, 9), st.integers(0, 6), st.integers(0, 300)), max_size=12)
rows_of = st.lists(st.tuples(customers, skus, st.integers(0, 9), st.integers(1, 9), st.integers(1, 400)), max_size=12)


@given(sales_of, rows_of)
def test_never_are_more_units_or_money_returned_than_were_sold(sold, returned):
    """Orders hold several of the sales, and less than these sum up to: somebody paid with a discount."""
    sales = [
        Sale(number, -(number % 3), customer, sku, START + timedelta(days=day), units, units * price)
        for number, (customer, sku, day, units, price) in enumerate(sold)
    ]
    rows = [
        ReturnedRow(number, f"C{number}", customer, sku, units, price, START + timedelta(days=day))
        for number, (customer, sku, day, units, price) in enumerate(returned)
    ]
    amounts = {one.order: sum(other.amount for other in sales if other.order == one.order) // 2 for one in sales}
    found = match_returns(rows, sales, amounts)

    by_sale, by_row, by_order = defaultdict(int), defaultdict(int), defaultdict(int)
    refunds = defaultdict(int)
    for one in found:
        assert (one.row.customer, one.row.sku) == (one.sale.customer, one.sale.sku)
        assert one.sale.placed_at <= one.row.at
        assert one.units > 0
        assert one.refund <= one.units * one.row.unit_price
        by_sale[one.sale.key] += one.units
        by_row[one.row.line] += one.units
        by_order[one.sale.order] += one.refund
        refunds[one.sale.key] += one.refund
    for one in sales:
        assert by_sale[one.key] <= one.units
        assert refunds[one.key] <= one.amount
        assert by_order[one.order] <= amounts[one.order]
    for one in rows:
        assert by_row[one.line] <= one.units
        if by_row[one.line] < one.units:  # what is left over had nowhere to go
            open_sales = [s for s in sales if (s.customer, s.sku) == (one.customer, one.sku) and s.placed_at <= one.at]
            assert all(by_sale[s.key] == s.units for s in open_sales)
