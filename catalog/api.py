"""The catalogue over HTTP."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.actions import Outcome, ProductData, put_product, put_products
from catalog.models import Category, Product
from catalog.queries import shown_price
from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.problems import field_errors
from core.api.schema import IDEMPOTENCY_KEY
from core.api.serializers import (
    AmountField,
    MomentField,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
    TaxRateField,
    WebAddressField,
    WholeNumberField,
)
from merchants.models import Merchant, Scope

MAX_BULK = 500
MAX_STOCK = 2**31 - 1


class CategoryNameField(StrictCharField):
    """One name on the way from the root."""

    default_error_messages = {"separator": f"A category's name must not contain “{Category.SEPARATOR.strip()}”."}

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if Category.SEPARATOR.strip() in name:
            self.fail("separator")
        return name


class ProductInput(StrictSerializer):
    """A whole product: what is left out falls back to its default."""

    title = StrictCharField(max_length=300)
    price = AmountField(help_text="Gross, in minor units of the shop's currency.")
    description = StrictCharField(max_length=20_000, multiline=True, allow_blank=True, default="")
    category = serializers.ListField(
        child=CategoryNameField(max_length=100),
        max_length=4,
        default=list,
        help_text="Names from the root of the category tree; missing categories are created.",
    )
    brand = StrictCharField(max_length=120, allow_blank=True, default="")
    list_price = AmountField(allow_null=True, default=None, help_text="The price it is reduced from, if it is.")
    cost = AmountField(allow_null=True, default=None, help_text="What one unit costs the shop, net.")
    tax_rate = TaxRateField(default=Decimal("0.19"))
    stock = WholeNumberField(
        min_value=-MAX_STOCK, max_value=MAX_STOCK, allow_null=True, default=None, help_text="null: not counted."
    )
    url = WebAddressField(allow_blank=True, default="")
    image_url = WebAddressField(allow_blank=True, default="")
    tags = serializers.ListField(child=StrictCharField(max_length=60), max_length=50, default=list)
    active = StrictBooleanField(default=True)


def product_data(sku: str, valid: dict[str, Any]) -> ProductData:
    """The validated product under ``sku``."""
    return ProductData(**valid | {"sku": sku, "category": tuple(valid["category"]), "tags": tuple(valid["tags"])})


class BulkProductInput(ProductInput):
    """A product with its SKU."""

    sku = StrictCharField(max_length=64)


class BulkInput(StrictSerializer):
    """Up to 500 products; each stands or falls alone."""

    # Each product is checked for itself, so that one bad product does not refuse the others.
    products = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MAX_BULK)


class BulkInputSchema(StrictSerializer):
    """What ``BulkInput`` takes, with the products spelled out."""

    products = serializers.ListField(child=BulkProductInput(), min_length=1, max_length=MAX_BULK)


class CategoryPathField(serializers.ListField):
    """A category as the names from the root."""

    child = serializers.CharField()

    def to_representation(self, data: Any) -> list[str]:
        return str(data.path).split(Category.SEPARATOR)


class ProductOutput(serializers.Serializer[Any]):
    """A stored product, with what it costs now."""

    def to_representation(self, instance: Product) -> dict[str, Any]:
        instance.shown = shown_price(instance)  # type: ignore[attr-defined]  # read by two fields
        said: dict[str, Any] = super().to_representation(instance)
        return said

    sku = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    category = CategoryPathField(allow_null=True)
    brand = serializers.CharField()
    currency = serializers.CharField(source="merchant.currency")
    price = serializers.IntegerField()
    list_price = serializers.IntegerField(allow_null=True)
    cost = serializers.IntegerField(allow_null=True)
    tax_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    stock = serializers.IntegerField(allow_null=True)
    url = serializers.CharField()
    image_url = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()
    shown_price = serializers.IntegerField(
        source="shown.price", help_text="What one unit costs now: the price less promotions that hold for everybody."
    )
    lowest_price_30_days = serializers.IntegerField(
        source="shown.lowest_30_days",
        allow_null=True,
        help_text="Where the shown price is reduced: the lowest of the 30 days before, which “−x %” is measured by.",
    )
    source = serializers.ChoiceField(choices=Product.Source.choices)  # type: ignore[assignment]  # a field of this name
    updated_at = MomentField()


class FieldError(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class BulkResult(serializers.Serializer[Any]):
    """What became of one product, in the order of the request."""

    sku = serializers.CharField(allow_null=True)
    result = serializers.ChoiceField(choices=[*Outcome.values, "rejected"])
    errors = FieldError(many=True)  # type: ignore[assignment]  # a field of this name


class BulkOutput(serializers.Serializer[Any]):
    results = BulkResult(many=True)
    rejected = serializers.IntegerField()


EXAMPLE = {
    "title": "Two-person tent",
    "price": 19900,
    "list_price": 24900,
    "description": "1.9 kg, stands without pegs.",
    "category": ["Outdoor", "Tents"],
    "brand": "Nordlicht",
    "tax_rate": "0.19",
    "stock": 12,
    "url": "https://shop.example/p/tent-2",
    "image_url": "https://shop.example/i/tent-2.jpg",
    "tags": ["camping"],
    "active": True,
}


class ProductView(APIView):
    """One product by its SKU."""

    scopes = {"GET": Scope.CATALOG_READ, "PUT": Scope.CATALOG_WRITE}

    @extend_schema(operation_id="read_product", responses=ProductOutput)
    def get(self, request: Request, sku: str) -> Response:
        """The product with this SKU."""
        rows = Product.objects.for_merchant(caller(request).merchant).select_related("category", "merchant")
        return Response(ProductOutput(get_object_or_404(rows, sku=sku)).data)

    @extend_schema(
        operation_id="put_product",
        parameters=[IDEMPOTENCY_KEY],
        request=ProductInput,
        responses={200: ProductOutput, 201: ProductOutput},
        examples=[OpenApiExample("A tent", EXAMPLE, request_only=True)],
    )
    @idempotent
    def put(self, request: Request, sku: str) -> Response:
        """Create the product or replace it whole; a changed price goes into the price history."""
        given = ProductInput(data=request.data)
        given.is_valid(raise_exception=True)
        put = put_product(caller(request).merchant, product_data(sku, given.validated_data))
        status = 201 if put.outcome == Outcome.CREATED else 200
        return Response(ProductOutput(put.product).data, status=status)


class BulkView(APIView):
    """Many products at once."""

    scopes = {"POST": Scope.CATALOG_WRITE}

    @extend_schema(
        operation_id="put_products",
        parameters=[IDEMPOTENCY_KEY],
        request=BulkInputSchema,
        responses=BulkOutput,
        examples=[OpenApiExample("One tent", {"products": [{"sku": "tent-2", **EXAMPLE}]}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Put up to 500 products; a product that cannot be accepted is reported and the others are stored."""
        given = BulkInput(data=request.data)
        given.is_valid(raise_exception=True)
        results = _put_all(caller(request).merchant, given.validated_data["products"])
        rejected = sum(result["result"] == "rejected" for result in results)
        return Response(BulkOutput({"results": results, "rejected": rejected}).data)


# Made once: to make a serializer per product costs more than to check it.
_EACH = BulkProductInput()


def _put_all(merchant: Merchant, products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One result per product; of two with one SKU the later is rejected."""
    results: list[dict[str, Any]] = []
    accepted: dict[str, tuple[dict[str, Any], ProductData]] = {}
    for product in products:
        given = product.get("sku")
        result: dict[str, Any] = {"sku": given if isinstance(given, str) else None, "result": "rejected", "errors": []}
        results.append(result)
        try:
            data = _check(product, accepted)
        except serializers.ValidationError as error:
            result["errors"] = field_errors(error)
        else:
            accepted[data.sku] = result, data
    puts = put_products(merchant, [data for _result, data in accepted.values()])
    for (result, _data), put in zip(accepted.values(), puts, strict=True):
        result["result"] = put.outcome.value
    return results


def _check(product: dict[str, Any], accepted: Container[str]) -> ProductData:
    """Raises ValidationError for what is malformed, or has the SKU of one that is accepted."""
    valid = _EACH.run_validation(product)
    if valid["sku"] in accepted:
        raise serializers.ValidationError({"sku": [ErrorDetail("This SKU is named twice.", code="repeated_sku")]})
    return product_data(valid["sku"], valid)
