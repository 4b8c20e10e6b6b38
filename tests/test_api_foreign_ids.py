"""One merchant's key with another merchant's identifiers: as if they did not exist."""

from typing import Any

import pytest

from catalog.models import Product
from core.models import MerchantModel
from customers.models import PrivacyRequest
from merchants.models import Membership, Merchant
from orders.models import Order
from promotions.models import Coupon, Redemption
from recommendations.measuring import tickets
from tests.api_operations import Operation, api_operations
from tests.orders.samples import ORDER
from tests.storefront import Storefront, storefront

KEY = "SUN"
UNITS = [{"sku": "84029E", "quantity": 1}]
# Requests that would succeed for the owner of the identifiers.
READS_OR_CHANGES: dict[str, dict[str, Any] | None] = {
    "GET /api/v1/products/{sku}": None,
    "GET /api/v1/orders/{number}": None,
    "GET /api/v1/customers/{external_id}": None,
    "GET /api/v1/companies/{external_id}": None,
    "PUT /api/v1/companies/{external_id}/people/{customer_external_id}": {"role": "approver"},
    "DELETE /api/v1/companies/{external_id}/people/{customer_external_id}": None,
    "GET /api/v1/customers/{external_id}/consents": None,
    "POST /api/v1/customers/{external_id}/consents": {"decision": "objected", "source": "x"},
    "GET /api/v1/privacy/requests/{request_id}": None,
    "POST /api/v1/orders/{number}/shipments": {"reference": "P-1"},
    "POST /api/v1/orders/{number}/returns": {"reference": "R-1", "lines": UNITS},
    "POST /api/v1/orders/{number}/payments": {"reference": "Z-1", "amount": 1},
    "POST /api/v1/orders/{number}/cancellation": {},
    "GET /api/v1/customers/{external_id}/offers": None,
    "GET /api/v1/customers/{external_id}/loyalty": None,
    "GET /api/v1/customers/{external_id}/loyalty/entries": None,
    "POST /api/v1/customers/{external_id}/loyalty/rewards": {"reward": "five-off"},
    "POST /api/v1/customers/{external_id}/loyalty/deeds": {"deed": "review", "reference": "R-1"},
    "POST /api/v1/customers/{external_id}/loyalty/referral-code": None,
    "GET /api/v1/promotions/{key}": None,
    "POST /api/v1/promotions/{key}/versions": {"definition": {"benefit": {"amount": {"amount": 2}}}},
    "POST /api/v1/promotions/{key}/activate": {},
    "POST /api/v1/promotions/{key}/pause": None,
    "POST /api/v1/promotions/{key}/end": None,
    "PATCH /api/v1/promotions/{key}/limits": {"uses_limit": 1},
    "GET /api/v1/coupon-batches/{key}": None,
    "GET /api/v1/coupon-batches/{key}/codes": None,
    "POST /api/v1/coupon-batches/{key}/revoke": None,
    "POST /api/v1/coupon-batches/{key}/coupons": {"customer": "c-1"},
    "GET /api/v1/coupons/{code}": None,
    "POST /api/v1/coupons/{code}/revoke": None,
    "GET /api/v1/reservations/{reservation_id}": None,
    "POST /api/v1/reservations/{reservation_id}/confirm": {"order": "A-1001"},
    "POST /api/v1/reservations/{reservation_id}/release": None,
    "POST /api/v1/redemptions/{reservation_id}/returns": {"reference": "R-1", "lines": [{"line": "1", "quantity": 1}]},
    "POST /api/v1/recommendations/{recommendation_id}/events": {"events": [{"type": "impression"}]},
}
# These create under the caller's own merchant, or answer without identifiers of rows (each has tests of its own).
OWN = {
    "PUT /api/v1/products/{sku}",
    "PUT /api/v1/companies/{external_id}",
    "POST /api/v1/products/bulk",
    "POST /api/v1/orders",
    "GET /api/v1/recommendations",
    "GET /api/v1/search",
    "GET /api/v1/search/suggestions",
    "GET /api/v1/recommendations/audience",
    "GET /api/v1/customers/lookup",
    *(f"POST /api/v1/{name}" for name in ("batch", "track", "identify", "page", "screen", "alias", "group")),
    "GET /api/v1/consents/texts",
    "POST /api/v1/consents",
    "GET /api/v1/privacy/requests",
    "POST /api/v1/privacy/requests",
    "GET /api/v1/loyalty",
    "GET /api/v1/promotions",
    "POST /api/v1/promotions",
    "POST /api/v1/promotions/evaluate",
    "GET /api/v1/promotions/schema",
    "GET /api/v1/promotions/check",
    "POST /api/v1/coupon-batches",
    "POST /api/v1/reservations",
}


@pytest.fixture
def owner(stranger: Membership) -> Merchant:
    """A shop with a product, an order and a customer."""
    server = storefront(stranger.merchant)
    assert server.put("/api/v1/products/84029E", {"title": "Mug", "price": 1999}).status_code == 201
    assert server.post("/api/v1/orders", ORDER).status_code == 201
    assert server.put("/api/v1/companies/c-1", {"name": "Firm"}).status_code == 201
    assert server.put("/api/v1/companies/c-1/people/c-1", {}).status_code == 201
    assert server.post("/api/v1/privacy/requests", {"kind": "access", "external_id": "c-1"}).status_code == 201
    _offer(server)
    return stranger.merchant


def _offer(server: Storefront) -> None:
    """A promotion and a batch of the same key, a code and a reservation."""
    promotion = {"key": KEY.lower(), "name": "Sun", "definition": {"benefit": {"amount": {"amount": 1}}}}
    assert server.post("/api/v1/promotions", promotion).status_code == 201
    assert server.post("/api/v1/coupon-batches", {"key": KEY, "name": "Sun", "prefix": "SUN-"}).status_code == 202
    assert server.post(f"/api/v1/coupon-batches/{KEY}/coupons", {"customer": "c-1"}).status_code == 201
    cart = {"lines": [{"sku": "84029E", "quantity": 1}]}
    assert server.post("/api/v1/reservations", {"cart": cart}).status_code == 201


def send(server: Storefront, operation: Operation) -> Any:
    path = operation.path.format(
        sku="84029E",
        number="A-1001",
        external_id="c-1",
        customer_external_id="c-1",
        recommendation_id=_answered(Merchant.objects.get(slug="stranger")),
        key=KEY if "coupon" in operation.path else KEY.lower(),
        code=Coupon.objects.get(merchant__slug="stranger").code,
        request_id=PrivacyRequest.objects.get(merchant__slug="stranger").pk,
        reservation_id=Redemption.objects.get(merchant__slug="stranger").public_id,
    )
    body = READS_OR_CHANGES[str(operation)]
    return getattr(server, operation.method.lower())(path, body)


def _answered(merchant: Merchant) -> str:
    """The id of a recommendation that was made for this merchant's shop."""
    product = Product.objects.for_merchant(merchant).get(sku="84029E")
    return tickets.issue(
        merchant.pk,
        tickets.new_id(),
        placement="home",
        arm="open",
        customer_id=None,
        products=[product.pk],
        sources=[0],
    )


def test_every_operation_is_swept() -> None:
    assert {str(operation) for operation in api_operations()} == READS_OR_CHANGES.keys() | OWN


def test_foreign_identifiers_are_not_found_and_nothing_changes(api: Storefront, owner: Merchant) -> None:
    own = storefront(owner)
    before = own.get("/api/v1/orders/A-1001").json()
    for operation in api_operations():
        if str(operation) in READS_OR_CHANGES:
            assert send(api, operation).status_code == 404, operation
    assert own.get("/api/v1/orders/A-1001").json() == before


def test_the_owner_finds_all_of_them(owner: Merchant) -> None:
    """Otherwise the test above would prove nothing."""
    for operation in api_operations():
        if str(operation) in READS_OR_CHANGES and operation.path.endswith("}"):
            assert send(storefront(owner), operation).status_code in (200, 201, 204), operation
    told = send(storefront(owner), Operation("POST", "/api/v1/recommendations/{recommendation_id}/events", True))
    assert told.json() == {"stored": 1, "duplicates": 0}
    assert send(storefront(owner), Operation("POST", "/api/v1/orders/{number}/cancellation", True)).status_code == 200
    assert Order.objects.get(merchant=owner).state == Order.State.CANCELLED


def test_writing_under_foreign_identifiers_leaves_the_foreign_rows_alone(api: Storefront, owner: Merchant) -> None:
    def state() -> list[dict[str, Any]]:
        models: list[type[MerchantModel]] = [Order, *(field.related_model for field in Order._meta.related_objects)]
        return [row for model in models for row in model.objects.for_merchant(owner).order_by("pk").values()]

    before = state()
    assert api.put("/api/v1/products/84029E", {"title": "Mine", "price": 1}).status_code == 201
    assert api.post("/api/v1/orders", ORDER | {"payment_method": "mine"}).status_code == 201
    assert api.post("/api/v1/orders/A-1001/cancellation", {}).status_code == 200
    assert state() == before
    assert storefront(owner).get("/api/v1/products/84029E").json()["title"] == "Mug"
    assert storefront(owner).get("/api/v1/customers/c-1").json()["revenue"] == 4497
