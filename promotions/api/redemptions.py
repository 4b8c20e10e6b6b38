"""Reservations and what becomes of them, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from core.api.serializers import AmountField, MomentField, StrictCharField, StrictSerializer, WholeNumberField
from merchants.models import Scope
from promotions.actions.redemptions import LONGEST_HOLD, ReservationData, TotalChanged, confirm, release, reserve
from promotions.actions.returns import ReturnedUnits, return_units
from promotions.api import examples
from promotions.api.carts import MAX_LINES, CartInput, EvaluationOutput, basket_of
from promotions.api.guessing import tries
from promotions.api.reductions import with_lowest_prices
from promotions.deciding import stored_cart
from promotions.models import Redemption, RedemptionReturn
from promotions.models.loyalty import MOST_POINTS
from promotions.pricing.cart import MOST_UNITS


class ReservationInput(StrictSerializer):
    """A cart whose promotions are held for its checkout."""

    cart = CartInput()
    expected_total = AmountField(
        required=False, help_text="What the shopper was shown; another total is a `409 total_changed`."
    )
    points = WholeNumberField(
        min_value=0,
        max_value=MOST_POINTS,
        default=0,
        help_text="Loyalty points to pay with, at most; they are held like everything else, and take nothing off prices.",
    )
    minutes = WholeNumberField(
        min_value=1, max_value=int(LONGEST_HOLD.total_seconds() // 60), default=30, help_text="How long it is held."
    )


class RedemptionOutput(serializers.Serializer[Redemption]):
    """A reservation, and the redemption it becomes; `id` goes into the order."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(choices=Redemption.State.choices)
    expires_at = MomentField(allow_null=True)
    order = serializers.CharField(source="order_number")
    overrun = serializers.BooleanField(help_text="An order used more than there was left.")
    discount = serializers.IntegerField()
    points_spent = serializers.IntegerField()
    points_value = serializers.IntegerField(help_text="What they pay of the total, in minor units.")
    points_back = serializers.IntegerField(help_text="Given back since: with units that came back, or all of them.")
    decision = EvaluationOutput()


class ConfirmationInput(StrictSerializer):
    order = StrictCharField(max_length=64, help_text="The order's number; it need not be known here yet.")


class ReturnedInput(StrictSerializer):
    """Units of a line: so many, or by their numbers from 0, in the order of `units` of the decision."""

    line = StrictCharField(max_length=200)
    quantity = WholeNumberField(min_value=1, max_value=MOST_UNITS, required=False)
    units = serializers.ListField(
        child=WholeNumberField(min_value=0, max_value=MOST_UNITS), min_length=1, max_length=MOST_UNITS, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("quantity" in attrs) == ("units" in attrs):
            raise serializers.ValidationError("Say either quantity or units.", code="quantity_or_units")
        return attrs


class RedemptionReturnInput(StrictSerializer):
    """Units that came back together."""

    reference = StrictCharField(max_length=64, help_text="The shop's own id of the return.")
    lines = serializers.ListField(child=ReturnedInput(), min_length=1, max_length=MAX_LINES)


class RedemptionReturnOutput(serializers.Serializer[RedemptionReturn]):
    """What is due, by the policies of the promotions; shipping is not in it."""

    reference = serializers.CharField()
    units = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))
    refund = serializers.IntegerField(help_text="For these units.")
    refund_in_all = serializers.IntegerField(help_text="For all units so far.")
    state = serializers.ChoiceField(source="redemption.state", choices=Redemption.State.choices)


def _found(request: Request, reservation_id: UUID) -> Redemption:
    rows = Redemption.objects.for_merchant(caller(request).merchant).select_related("merchant")
    return get_object_or_404(rows, public_id=reservation_id)


def _answer(redemption: Redemption, *, status: int = 200) -> Response:
    names = ("state", "overrun", "discount", "points_spent", "points_value", "points_back")
    told = {name: getattr(redemption, name) for name in names}
    told["decision"] = with_lowest_prices(
        redemption.merchant, stored_cart(redemption), redemption.decision, at=redemption.created_at
    )
    moment = MomentField().to_representation(redemption.expires_at) if redemption.expires_at else None
    body = {"id": str(redemption.public_id), "expires_at": moment, "order": redemption.order_number, **told}
    return Response(body, status=status)


class ReservationsView(APIView):
    """A checkout begins."""

    scopes = {"POST": Scope.REDEMPTIONS_WRITE}

    @extend_schema(
        operation_id="reserve_promotions",
        parameters=[IDEMPOTENCY_KEY],
        request=ReservationInput,
        responses={201: RedemptionOutput},
        examples=[OpenApiExample("A cart at the checkout", examples.RESERVATION, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Decide on the cart and hold what is limited: uses, budgets, codes. Send its `id` with the order."""
        given = ReservationInput(data=request.data)
        given.is_valid(raise_exception=True)
        valid, merchant = given.validated_data, caller(request).merchant
        data = ReservationData(
            basket=replace(basket_of(dict(valid["cart"]), merchant), points=valid["points"]),
            hold=timedelta(minutes=valid["minutes"]),
            expected_total=valid.get("expected_total"),
        )
        with tries(merchant, data.basket) as noting:
            try:
                redemption = reserve(merchant, data)
            except TotalChanged as error:
                cart = error.deal.decision.cart
                error.extra["decision"] = with_lowest_prices(merchant, cart, error.extra["decision"])
                raise
            noting.note(redemption.decision, customer_id=redemption.customer_id)
        return _answer(redemption, status=201)


class ReservationView(APIView):
    """One reservation."""

    scopes = {"GET": Scope.PROMOTIONS_READ}

    @extend_schema(operation_id="read_reservation", responses=RedemptionOutput)
    def get(self, request: Request, reservation_id: UUID) -> Response:
        """Its state, and the decision as it was made."""
        return _answer(_found(request, reservation_id))


class ConfirmationView(APIView):
    """A checkout became an order."""

    scopes = {"POST": Scope.REDEMPTIONS_WRITE}

    @extend_schema(operation_id="confirm_reservation", request=ConfirmationInput, responses=RedemptionOutput)
    def post(self, request: Request, reservation_id: UUID) -> Response:
        """Tie it to the order; again with the same order changes nothing. An order that names it does this itself."""
        given = ConfirmationInput(data=request.data)
        given.is_valid(raise_exception=True)
        return _answer(confirm(_found(request, reservation_id), order_number=given.validated_data["order"]))


class ReleaseView(APIView):
    """A checkout was left."""

    scopes = {"POST": Scope.REDEMPTIONS_WRITE}

    @extend_schema(operation_id="release_reservation", request=None, responses=RedemptionOutput)
    def post(self, request: Request, reservation_id: UUID) -> Response:
        """Give everything back; again changes nothing."""
        return _answer(release(_found(request, reservation_id)))


class RedemptionReturnsView(APIView):
    """Units of an order came back."""

    scopes = {"POST": Scope.REDEMPTIONS_WRITE}

    @extend_schema(
        operation_id="return_redeemed_units",
        request=RedemptionReturnInput,
        responses={201: RedemptionReturnOutput},
        examples=[OpenApiExample("One unit", examples.RETURN, request_only=True)],
    )
    def post(self, request: Request, reservation_id: UUID) -> Response:
        """What is due for units that come back, once per reference; with the last unit everything is rolled back."""
        given = RedemptionReturnInput(data=request.data)
        given.is_valid(raise_exception=True)
        lines = [ReturnedUnits(**line) for line in given.validated_data["lines"]]
        stored = return_units(_found(request, reservation_id), reference=given.validated_data["reference"], lines=lines)
        return Response(RedemptionReturnOutput(stored).data, status=201)
