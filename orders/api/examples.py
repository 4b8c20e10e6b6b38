"""Requests as a shop would send them; shown in the API's documentation."""

ORDER = {
    "number": "A-1001",
    "version": 1,
    "placed_at": "2026-11-20T10:00:00Z",
    "currency": "EUR",
    "customer": {
        "external_id": "c-1",
        "email": "ada@example.org",
        "first_name": "Ada",
        "last_name": "Muster",
        "locale": "de",
        "country": "DE",
    },
    "marketing_notice": {"version": "2026-01", "shown_at": "2026-11-20T09:58:00Z"},
    "lines": [{"sku": "84029E", "quantity": 2, "unit_price": 1999, "discount": 0, "tax_rate": "0.19"}],
    "shipping": 499,
    "discount": 0,
    "total": 4497,
    "payment_method": "invoice",
    "channel": "web",
    "coupon_codes": [],
    "promised_delivery_on": "2026-11-25",
}

SHIPMENT = {
    "reference": "P-1",
    "carrier": "DHL",
    "tracking_number": "00340434161094015902",
    "tracking_url": "https://www.dhl.de/track?id=00340434161094015902",
    "shipped_at": "2026-11-21T08:00:00Z",
    "expected_on": "2026-11-24",
    "lines": [{"sku": "84029E", "quantity": 2}],
    "events": [{"code": "in_transit", "text": "Leipzig", "occurred_at": "2026-11-21T20:15:00Z"}],
}
ARRIVAL = {"reference": "P-1", "events": [{"code": "delivered", "occurred_at": "2026-11-24T11:02:00Z"}]}
RETURN = {
    "reference": "R-1",
    "received_at": "2026-12-02T09:00:00Z",
    "lines": [{"sku": "84029E", "quantity": 1, "reason": "too small"}],
}
PAYMENT = {
    "reference": "Z-1",
    "amount": 4497,
    "method": "invoice",
    "paid_at": "2026-12-08T11:00:00Z",
    "due_on": "2026-12-05",
}
CANCELLATION = {"reason": "ordered twice", "cancelled_at": "2026-11-20T12:00:00Z"}
PARTIAL_CANCELLATION = {"reason": "out of stock", "lines": [{"sku": "84029E", "quantity": 1}]}
