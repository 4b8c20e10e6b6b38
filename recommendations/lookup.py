"""What a till is told to offer a customer next, and why."""

from __future__ import annotations

from django.utils import translation
from rest_framework import serializers

from core.providers import LookupSection
from customers.models import Customer
from recommendations.serving import recommend
from recommendations.showing import Shown, with_products

OFFERED = 4


class NextBestProductOutput(serializers.Serializer[Shown]):
    """A product with the reason, in the shop's language."""

    sku = serializers.CharField(source="product.sku")
    title = serializers.CharField(source="product.title")
    price = serializers.IntegerField(source="product.price", allow_null=True)
    reason = serializers.CharField()


def _next_best(customer: Customer) -> list[Shown]:
    answer = recommend(merchant_id=customer.merchant_id, placement="home", customer_id=customer.pk, limit=OFFERED)
    with translation.override(customer.merchant.language):
        return with_products(customer.merchant_id, answer)


next_best_products = LookupSection(
    NextBestProductOutput(many=True, help_text="Best first, each with its reason."), _next_best
)
