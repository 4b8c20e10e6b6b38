"""The operations on orders over HTTP."""

from copy import deepcopy
from typing import Any

from rest_framework.test import APIClient

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


def changed(**changes: Any) -> dict[str, Any]:
    return deepcopy(ORDER) | changes


def test_an_order_is_answered_as_it_is_stored(api: APIClient) -> None:
    answer = api.post("/api/v1/orders", ORDER, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json() == api.get("/api/v1/orders/A-1001").json()
    assert answer.json()["tax"] == 718  # 4497 × 0.19 / 1.19
