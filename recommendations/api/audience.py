"""``GET /api/v1/recommendations/audience``: customers for a product."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Product
from core.api.authentication import caller
from core.api.serializers import StrictCharField, StrictSerializer
from core.measuring.holdout import MOST_PERCENT
from merchants.models import Scope
from recommendations.audiences import CHANNELS, CONTACT, CONTROL, MOST_PEOPLE, Audience, audience


class AudienceQuery(StrictSerializer):
    """For which product, on which channel, how many."""

    product = StrictCharField(max_length=64, help_text="SKU of the product.")
    channel = serializers.ChoiceField(choices=CHANNELS, required=False, default=CHANNELS[0])
    limit = serializers.IntegerField(required=False, default=500, min_value=1, max_value=MOST_PEOPLE)
    control_percent = serializers.IntegerField(
        required=False,
        default=10,
        min_value=0,
        max_value=MOST_PERCENT,
        help_text="Share that is left out by chance, to measure what writing earns. A person stays in or out.",
    )


class MemberOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Ours: the address of the profile in the back office ends with it.")
    external_id = serializers.CharField(help_text="Yours; empty for somebody who has none.")
    chance = serializers.FloatField(help_text="To buy the product within 28 days.")
    group = serializers.ChoiceField(choices=[CONTACT, CONTROL])


class AudienceOutput(serializers.Serializer[Any]):
    product = serializers.CharField()
    channel = serializers.CharField()
    is_known = serializers.BooleanField(help_text="false: no model knows the product and people yet.")
    considered = serializers.IntegerField(help_text="The likeliest people looked at to find these.")
    reachable = serializers.IntegerField(help_text="Who may be written to.")
    expected_buyers = serializers.FloatField(help_text="Of those to contact, within 28 days.")
    expected_buyers_control = serializers.FloatField()
    customers = MemberOutput(many=True)


class AudienceView(APIView):
    """Likely buyers who may be written to."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(
        operation_id="recommendations_audience",
        parameters=[AudienceQuery],
        responses=AudienceOutput,
        tags=["recommendations"],
    )
    def get(self, request: Request) -> Response:
        """The likeliest buyers of a product who may be written to about products on the channel, likeliest first.

        Whoever did not consent, objected, or has no address there is left out, and so is whoever objects to profiling.
        """
        given = AudienceQuery(data=request.query_params)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        products = Product.objects.for_merchant(caller(request).merchant).select_related("merchant")
        product = products.filter(sku=asked["product"]).first()
        if product is None:
            raise Http404
        found = audience(
            product, channel=asked["channel"], limit=asked["limit"], control_percent=asked["control_percent"]
        )
        return Response(_document(found))


def _document(found: Audience) -> dict[str, Any]:
    customers = [
        {
            "id": member.customer.pk,
            "external_id": member.customer.external_id,
            "chance": round(member.chance, 5),
            "group": member.group,
        }
        for member in found.members
    ]
    return {
        "product": found.product.sku,
        "channel": found.channel,
        "is_known": found.is_known,
        "considered": found.considered,
        "reachable": len(found.members),
        "expected_buyers": round(found.expected(CONTACT), 2),
        "expected_buyers_control": round(found.expected(CONTROL), 2),
        "customers": customers,
    }
