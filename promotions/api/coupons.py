"""Codes over HTTP: batches, their CSV, one code for support."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from core.api.serializers import MomentField, StrictCharField, StrictSerializer, WholeNumberField
from core.exports import csv_response
from customers.models import Customer, Identity
from merchants.models import Scope
from promotions.actions.coupons import MOST_CODES, BatchData, create_batch, mint_coupon, revoke_batch, revoke_coupon
from promotions.api import examples
from promotions.models import Coupon, CouponBatch, RedemptionUse
from promotions.pricing import codes
from promotions.pricing.cart import normalise_code
from promotions.queries.batches import code_rows
from promotions.queries.coupons import unusable

MOST_PEOPLE, MOST_USES, MOST_DAYS = 10_000, 1_000_000, 3650


class CouponBatchInput(StrictSerializer):
    """Codes that are alike. Promotions ask for any of them with `{"code": ["@KEY"]}`."""

    key = serializers.RegexField(r"^[A-Z0-9][A-Z0-9-]{0,39}\Z", help_text="Capitals, digits and hyphens.")
    name = StrictCharField(max_length=200)
    count = WholeNumberField(min_value=0, max_value=MOST_CODES, default=0, help_text="0: codes are minted one by one.")
    prefix = serializers.RegexField(r"^[A-Z0-9-]{0,12}\Z", allow_blank=True, default="")
    length = WholeNumberField(
        min_value=codes.SHORTEST,
        max_value=codes.LONGEST,
        default=codes.SAFE_LENGTH,
        help_text="Random characters, of five bits each; fewer than ten can be guessed sooner.",
    )
    alphabet = serializers.ChoiceField(
        choices=CouponBatch.Alphabet.choices, default=CouponBatch.Alphabet.MIXED, help_text="What they are drawn from."
    )
    shared_code = serializers.RegexField(
        r"^[A-Z0-9-]{0,64}\Z",
        allow_blank=True,
        default="",
        help_text="One code for many people, instead of random ones.",
    )
    segment = StrictCharField(
        max_length=80, allow_blank=True, default="", help_text="One code for everybody who is in it now."
    )
    uses_per_code = WholeNumberField(min_value=1, max_value=MOST_USES, default=1)
    valid_from = MomentField(allow_null=True, default=None)
    valid_until = MomentField(allow_null=True, default=None)
    customers = serializers.ListField(
        child=StrictCharField(max_length=320),
        max_length=MOST_PEOPLE,
        default=list,
        help_text="The shop's own ids: one code for each of them, and nobody else. `count` is then left out.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(map(bool, (attrs["customers"], attrs["count"], attrs["segment"], attrs["shared_code"]))) > 1:
            raise serializers.ValidationError(
                "Say one of count, customers, segment and shared_code.", code="count_or_customers"
            )
        start, end = attrs["valid_from"], attrs["valid_until"]
        if start and end and start >= end:
            raise serializers.ValidationError({"valid_until": "It must end after it starts."})
        return attrs


class CouponBatchOutput(serializers.Serializer[CouponBatch]):
    """A batch; it is complete when `made` is `wanted`."""

    key = serializers.CharField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    length = serializers.IntegerField()
    alphabet = serializers.CharField()
    shared_code = serializers.CharField()
    segment = serializers.CharField()
    uses_per_code = serializers.IntegerField()
    valid_from = MomentField(allow_null=True)
    valid_until = MomentField(allow_null=True)
    wanted = serializers.IntegerField()
    made = serializers.IntegerField()
    job = serializers.IntegerField(source="job_id", allow_null=True)
    revoked_at = MomentField(allow_null=True)


class MintInput(StrictSerializer):
    """One code for one person."""

    customer = StrictCharField(max_length=320, help_text="The shop's own id.")
    days = WholeNumberField(min_value=1, max_value=MOST_DAYS, allow_null=True, default=None)


class CouponOutput(serializers.Serializer[Coupon]):
    """A code as support sees it; `customer` is empty where everybody may use it."""

    code = serializers.CharField()
    batch = serializers.CharField(source="batch.key")
    status = serializers.SerializerMethodField(help_text="`usable`, `used`, `not_yet`, `expired`, `revoked`")
    used = serializers.IntegerField()
    uses_per_code = serializers.IntegerField(source="batch.uses_per_code")
    is_bound = serializers.BooleanField()
    customer = serializers.SerializerMethodField()
    valid_until = serializers.SerializerMethodField()
    orders = serializers.SerializerMethodField(help_text="Numbers of the orders it was used on, the newest first.")

    def get_status(self, coupon: Coupon) -> str:
        return unusable(coupon, timezone.now()) or "usable"

    def get_customer(self, coupon: Coupon) -> str:
        return coupon.customer.external_id if coupon.customer else ""

    def get_valid_until(self, coupon: Coupon) -> datetime | None:
        return min(filter(None, (coupon.valid_until, coupon.batch.valid_until)), default=None)

    def get_orders(self, coupon: Coupon) -> list[str]:
        uses = RedemptionUse.objects.for_merchant(coupon.merchant_id).filter(coupon=coupon)
        known = uses.exclude(redemption__order_number="").order_by("-pk")
        return list(known.values_list("redemption__order_number", flat=True)[:20])


def _batch(request: Request, key: str) -> CouponBatch:
    rows = CouponBatch.objects.for_merchant(caller(request).merchant).select_related("merchant")
    return get_object_or_404(rows, key=key)


class BatchesView(APIView):
    """Batches of codes."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(
        operation_id="create_coupon_batch",
        parameters=[IDEMPOTENCY_KEY],
        request=CouponBatchInput,
        responses={202: CouponBatchOutput},
        examples=[OpenApiExample("Ten thousand", examples.BATCH, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A worker makes the codes; ask for the batch to see how far it is."""
        given = CouponBatchInput(data=request.data)
        given.is_valid(raise_exception=True)
        batch = create_batch(caller(request).merchant, BatchData(**given.validated_data))
        return Response(CouponBatchOutput(batch).data, status=202)


class BatchView(APIView):
    """One batch."""

    scopes = {"GET": Scope.PROMOTIONS_READ}

    @extend_schema(operation_id="read_coupon_batch", responses=CouponBatchOutput)
    def get(self, request: Request, key: str) -> Response:
        """How its codes look, and how many are made."""
        return Response(CouponBatchOutput(_batch(request, key)).data)


class BatchRevocationView(APIView):
    """A batch that may not be used any more."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(
        operation_id="revoke_coupon_batch", parameters=[IDEMPOTENCY_KEY], request=None, responses=CouponBatchOutput
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """None of its codes can be used from now on; what is reserved or ordered keeps its code. Also again."""
        return Response(CouponBatchOutput(revoke_batch(_batch(request, key))).data)


class AnyNegotiation(DefaultContentNegotiation):
    """Answers a table whatever the request says it accepts; errors stay problem documents."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class BatchCodesView(APIView):
    """The codes of a batch."""

    scopes = {"GET": Scope.PROMOTIONS_READ}
    content_negotiation_class = AnyNegotiation

    @extend_schema(operation_id="export_coupon_batch", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """All codes as CSV: code, the customer it is for, uses, end."""
        batch = _batch(request, key)
        return csv_response(f"{batch.key.lower()}.csv", ["code", "customer", "used", "valid_until"], code_rows(batch))


class MintView(APIView):
    """Single codes."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(
        operation_id="mint_coupon", parameters=[IDEMPOTENCY_KEY], request=MintInput, responses={201: CouponOutput}
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """One code of the batch for one person, valid for so many days."""
        given = MintInput(data=request.data)
        given.is_valid(raise_exception=True)
        batch, days = _batch(request, key), given.validated_data["days"]
        people = Customer.objects.for_merchant(batch.merchant_id).present().with_identities()
        customer = get_object_or_404(
            people, identities__kind=Identity.Kind.EXTERNAL_ID, identities__value=given.validated_data["customer"]
        )
        coupon = mint_coupon(batch, customer, lasts=timedelta(days=days) if days else None)
        return Response(CouponOutput(coupon).data, status=201)


class CouponView(APIView):
    """One code, for support."""

    scopes = {"GET": Scope.PROMOTIONS_READ}

    @extend_schema(operation_id="read_coupon", responses=CouponOutput)
    def get(self, request: Request, code: str) -> Response:
        """Whether it can be used, whose it is, and on which orders it was."""
        rows = Coupon.objects.for_merchant(caller(request).merchant).select_related("batch", "customer")
        found = get_object_or_404(rows.prefetch_related("customer__identities"), code=normalise_code(code))
        return Response(CouponOutput(found).data)


class CouponRevocationView(APIView):
    """A code that may not be used any more."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(operation_id="revoke_coupon", parameters=[IDEMPOTENCY_KEY], request=None, responses=CouponOutput)
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """It cannot be used from now on; what is reserved or ordered keeps it. Also again."""
        rows = Coupon.objects.for_merchant(caller(request).merchant).select_related("batch__merchant", "customer")
        found = get_object_or_404(rows.prefetch_related("customer__identities"), code=normalise_code(code))
        return Response(CouponOutput(revoke_coupon(found)).data)
