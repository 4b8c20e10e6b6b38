"""Carts are tried, and what there is for one person."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.serializers import MomentField
from merchants.models import Scope
from promotions.api import examples
from promotions.api.carts import EvaluateInput, EvaluationOutput, basket_of
from promotions.api.guessing import tries
from promotions.api.reductions import with_lowest_prices
from promotions.deciding import decide
from promotions.offers import offers_for
from promotions.pricing.reading import SCHEMA


class EvaluateView(APIView):
    """A cart goes in, a decision comes out."""

    scopes = {"POST": Scope.PROMOTIONS_READ}

    @extend_schema(
        operation_id="evaluate_cart",
        request=EvaluateInput,
        responses=EvaluationOutput,
        examples=[OpenApiExample("A cart with a code", examples.CART, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Which promotions apply, what they take off, and what is missing for the others. Changes nothing."""
        given = EvaluateInput(data=request.data)
        given.is_valid(raise_exception=True)
        valid = dict(given.validated_data)
        at = valid.pop("at", None) or timezone.now()
        merchant = caller(request).merchant
        basket = basket_of(valid, merchant)
        with tries(merchant, basket) as noting:
            deal = decide(merchant, basket, at=at)
            decision = deal.as_json()
            noting.note(decision, customer_id=deal.known.customer.pk if deal.known.customer else None)
        return Response(with_lowest_prices(merchant, deal.decision.cart, decision))


class SchemaView(APIView):
    """How promotions are written."""

    scopes = {"GET": Scope.PROMOTIONS_READ}

    @extend_schema(operation_id="read_promotion_schema", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The JSON Schema of promotions and carts."""
        return Response(SCHEMA)


class OfferOutput(serializers.Serializer[Any]):
    """Something that is for this person: a promotion that names them or a segment of theirs, or a code of theirs."""

    kind = serializers.ChoiceField(choices=["promotion", "segment", "code"])
    promotion = serializers.CharField(help_text="Its key; of a code whose batch no promotion asks for now: empty.")
    name = serializers.CharField()
    code = serializers.CharField(help_text="Empty: none is needed.")
    valid_until = MomentField(allow_null=True)


class OffersOutput(serializers.Serializer[Any]):
    """What there is for one person."""

    offers = OfferOutput(many=True)


class OffersView(APIView):
    """Offers of one customer."""

    scopes = {"GET": Scope.PROMOTIONS_READ}

    @extend_schema(operation_id="read_customer_offers", responses=OffersOutput)
    def get(self, request: Request, external_id: str) -> Response:
        """What is for this person alone or for a segment of theirs, the first to expire first."""
        offers = offers_for(caller(request).merchant, external_id, at=timezone.now())
        if offers is None:
            raise Http404
        return Response(OffersOutput({"offers": offers}).data)
