"""Orders as a shop sends them, as JSON and as data."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from customers.actions.profiles import Person
from orders.actions.incoming import LineData, OrderData
from orders.pricing import order_total

ORDER: dict[str, Any] = {
    "number": "A-1001",
    "version": 1,
    "placed_at": "2026-03-20T10:00:00Z",
    "currency": "EUR",
    "customer": {
        "external_id": "c-1",
        "email": "ada@example.org",
        "first_name": "Ada",
        "last_name": "Muster",
        "locale": "de",
        "country": "DE",
    },
    "marketing_notice": {"version": "2026-01", "shown_at": "2026-03-20T09:58:00Z"},
    "lines": [{"sku": "84029E", "quantity": 2, "unit_price": 1999, "discount": 0, "tax_rate": "0.19"}],
    "shipping": 499,
    "discount": 0,
    "total": 4497,
    "payment_method": "invoice",
    "coupon_codes": [],
    "promised_delivery_on": "2026-03-25",
}

PLACED_AT = datetime(2026, 3, 20, 10, tzinfo=UTC)
ADA = Person(
    external_id="c-1", email="ada@example.org", first_name="Ada", last_name="Muster", locale="de", country="DE"
)


def order_json(**changes: Any) -> dict[str, Any]:
    """The order of the documentation with these keys changed; None as ``customer`` is a guest."""
    return deepcopy(ORDER) | changes


def line(sku: str = "84029E", quantity: int = 2, unit_price: int = 1999, **changes: Any) -> LineData:
    return LineData(
        **{"sku": sku, "quantity": quantity, "unit_price": unit_price, "tax_rate": Decimal("0.19")} | changes
    )


def order_data(*lines: LineData, **changes: Any) -> OrderData:
    """An order of these lines (two units of one product by default) whose total adds up unless given."""
    bought = lines or (line(),)
    amounts = {"shipping": changes.get("shipping", 499), "discount": changes.get("discount", 0)}
    fields = {
        "number": "A-1001",
        "placed_at": PLACED_AT,
        "currency": "EUR",
        "lines": bought,
        "total": order_total(bought, **amounts),
        "customer": ADA,
        **amounts,
    }
    return OrderData(**fields | changes)
