"""``GET /api/v1/recommendations``."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Category
from core.api.authentication import caller
from core.api.cors import BrowserView
from core.api.serializers import StrictCharField, StrictQuery
from core.api.throttling import CountedOnTheWay, counted_on_the_way
from core.errors import DomainError
from merchants.models import Scope
from recommendations.serving import MOST_ITEMS, PLACEMENTS, Recommendation, recommend

MOST_IN_BASKET = 200


class RecommendationQuery(StrictQuery):
    """What is asked. Unknown customers and SKUs are no error: they are left out of account."""

    placement = serializers.ChoiceField(choices=PLACEMENTS, help_text="Where the products are shown.")
    customer = StrictCharField(
        required=False, max_length=320, help_text="The shop's own id of the customer. Only with a secret key."
    )
    anonymous_id = StrictCharField(
        required=False,
        max_length=255,
        help_text="The visitor, as in tracking. What was done with this id counts, never what else is known of the person.",
    )
    product = StrictCharField(required=False, max_length=64, help_text="SKU of the product that is looked at.")
    basket = StrictCharField(
        required=False,
        allow_blank=True,
        max_length=MOST_IN_BASKET * 65,
        help_text="SKUs in the basket, or of the order that is confirmed, separated by commas. Left out, it is what "
        "tracking knows of it; empty, it is empty.",
    )
    category = StrictCharField(
        required=False,
        max_length=500,
        help_text="Only products of this category and those below it: the names from the root, separated by `›` or `>`.",
    )
    limit = serializers.IntegerField(required=False, default=8, min_value=1, max_value=MOST_ITEMS)


# Made once: a serializer per request copies every field, which costs as much as the recommending itself.
QUERY = RecommendationQuery()


class ReasonOut(serializers.Serializer[Any]):
    source = serializers.CharField(  # type: ignore[assignment]  # a field of this name is allowed, says DRF's metaclass
        help_text="The engine that spoke most for the product."
    )
    code = serializers.CharField(help_text="Which sentence says why, e.g. `bought_together`.")
    because = serializers.CharField(allow_null=True, help_text="SKU that the sentence speaks of.")
    category = serializers.CharField(allow_null=True, help_text="Path of the category that the sentence speaks of.")


class RecommendedOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    score = serializers.FloatField(help_text="Compares within one answer only.")
    placed = serializers.ChoiceField(
        choices=["ranked", "pinned", "explored"],
        help_text="By its score, by a rule of the merchant, or to learn how it fares.",
    )
    reason = ReasonOut()


class RecommendationOut(serializers.Serializer[Any]):
    recommendation_id = serializers.CharField(
        help_text="Names this answer when you tell what became of it. Carries the answer itself, sealed."
    )
    model_version = serializers.CharField(allow_null=True, help_text="null: nothing is trained, popularity answers.")
    items = RecommendedOut(many=True)


class Recommendations(BrowserView):
    """Products to show, best first."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}
    throttle_classes = [CountedOnTheWay]

    @extend_schema(
        operation_id="recommendations_list",
        parameters=[RecommendationQuery],
        responses=RecommendationOut,
        tags=["recommendations"],
    )
    def get(self, request: Request) -> Response:
        """Products to show at a placement, best first, each with its reason.

        Only products that are active and in stock, never one of the basket. The list is shorter than
        `limit` when there are not enough of them.
        """
        key = caller(request)
        with counted_on_the_way(key.key_id) as count:
            asked = QUERY.run_validation(request.query_params)
            if "customer" in asked and not key.is_secret:
                # A publishable key is public and customer numbers can be guessed: nobody's history may leak.
                raise DomainError(
                    "secret_key_needed",
                    _("“customer” may only be sent with a secret key."),
                    status=403,
                    field="customer",
                )
            answer = recommend(
                merchant_id=key.merchant.pk,
                placement=asked["placement"],
                limit=asked["limit"],
                external_id=asked.get("customer", ""),
                anonymous_id=asked.get("anonymous_id", ""),
                product=asked.get("product", ""),
                basket=_skus(asked["basket"]) if "basket" in asked else None,
                category=_path(asked.get("category", "")),
                beside=count,
            )
        return Response(_document(answer, answer.ticket(key.merchant.pk, asked["placement"])))


def _skus(listed: str) -> list[str]:
    return [sku for part in listed.split(",") if (sku := part.strip())]


def _path(category: str) -> str:
    names = category.replace(">", Category.SEPARATOR.strip()).split(Category.SEPARATOR.strip())
    return Category.SEPARATOR.join(name for part in names if (name := part.strip()))


def _document(answer: Recommendation, ticket: str) -> dict[str, Any]:
    items = [
        {"sku": item.sku, "score": item.score, "placed": item.placed, "reason": item.reason.as_dict()}
        for item in answer.items
    ]
    return {"recommendation_id": ticket, "model_version": answer.model_version, "items": items}
