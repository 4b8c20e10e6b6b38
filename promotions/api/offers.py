"""Promotions over HTTP: drafts, versions, what is active, limits."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from core.api.serializers import AmountField, MomentField, StrictCharField, StrictSerializer, WholeNumberField
from merchants.models import Scope
from promotions.actions import offers as actions
from promotions.actions.offers import LIMITS, PromotionData, VersionData
from promotions.api import examples
from promotions.models import Promotion, PromotionVersion

MAX_USES = 2**31 - 1
LISTED = 100


class LimitsInput(StrictSerializer):
    """How often it may be had; null: without limit. What is left out stays as it is."""

    uses_limit = WholeNumberField(min_value=1, max_value=MAX_USES, allow_null=True, required=False)
    uses_per_customer = WholeNumberField(min_value=1, max_value=MAX_USES, allow_null=True, required=False)
    uses_per_window = WholeNumberField(
        min_value=1, max_value=MAX_USES, allow_null=True, required=False, help_text="Per day, week or month: `window`."
    )
    window = serializers.ChoiceField(choices=Promotion.Window.choices, required=False)
    budget = AmountField(
        min_value=1, allow_null=True, required=False, help_text="What it may take off in all, in minor units."
    )


class VersionInput(StrictSerializer):
    """What a promotion says, as `GET /api/v1/promotions/schema` describes; `id`, `version`, `age`, `name` are ours."""

    definition = serializers.DictField()
    starts_at = MomentField(allow_null=True, default=None)
    ends_at = MomentField(allow_null=True, default=None)


class PromotionInput(VersionInput):
    """A new promotion: a draft."""

    key = serializers.RegexField(r"^[a-z0-9][a-z0-9-]{0,63}\Z", help_text="Small letters, digits and hyphens.")
    name = StrictCharField(max_length=200)
    limits = LimitsInput(required=False)


class ActivationInput(StrictSerializer):
    """Which version; the newest by default."""

    version = WholeNumberField(min_value=1, max_value=MAX_USES, allow_null=True, default=None)


class PromotionOutput(serializers.Serializer[Promotion]):
    """A promotion; `version` is the one that decides, `newest_version` may still be a draft."""

    key = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=Promotion.Status.choices)
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True)
    newest_version = serializers.SerializerMethodField()
    definition = serializers.SerializerMethodField(help_text="Of the version that decides, else of the newest.")
    starts_at = serializers.SerializerMethodField()
    ends_at = serializers.SerializerMethodField()
    limits = serializers.SerializerMethodField()
    created_at = MomentField()

    def get_newest_version(self, promotion: Promotion) -> int:
        return _newest(promotion).number

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_definition(self, promotion: Promotion) -> dict[str, Any]:
        definition: dict[str, Any] = (promotion.version or _newest(promotion)).definition
        return definition

    @extend_schema_field(MomentField(allow_null=True))
    def get_starts_at(self, promotion: Promotion) -> Any:
        return (promotion.version or _newest(promotion)).starts_at

    @extend_schema_field(MomentField(allow_null=True))
    def get_ends_at(self, promotion: Promotion) -> Any:
        return (promotion.version or _newest(promotion)).ends_at

    @extend_schema_field(LimitsInput)
    def get_limits(self, promotion: Promotion) -> dict[str, Any]:
        return {name: getattr(promotion, name) for name in LIMITS}


def _newest(promotion: Promotion) -> PromotionVersion:
    return max(promotion.versions.all(), key=lambda version: version.number)


class PromotionPage(serializers.Serializer[Any]):
    """Up to 100 promotions; `after` is where the next hundred begin."""

    promotions = PromotionOutput(many=True)
    after = serializers.CharField(allow_null=True)


class PageQuery(StrictSerializer):
    after = StrictCharField(max_length=64, required=False)


def _found(request: Request, key: str) -> Promotion:
    rows = Promotion.objects.for_merchant(caller(request).merchant).select_related("merchant", "version")
    return get_object_or_404(rows.prefetch_related("versions"), key=key)


def _answer(promotion: Promotion, *, status: int = 200) -> Response:
    rows = Promotion.objects.for_merchant(promotion.merchant_id).select_related("version")
    return Response(PromotionOutput(rows.prefetch_related("versions").get(pk=promotion.pk)).data, status=status)


def _version(valid: dict[str, Any]) -> VersionData:
    return VersionData(definition=valid["definition"], starts_at=valid["starts_at"], ends_at=valid["ends_at"])


class PromotionsView(APIView):
    """All promotions."""

    scopes = {"GET": Scope.PROMOTIONS_READ, "POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(operation_id="list_promotions", parameters=[PageQuery], responses=PromotionPage)
    def get(self, request: Request) -> Response:
        """By key, a hundred at a time."""
        asked = PageQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        rows = Promotion.objects.for_merchant(caller(request).merchant).filter(
            key__gt=asked.validated_data.get("after", "")
        )
        page = list(rows.order_by("key").select_related("version").prefetch_related("versions")[: LISTED + 1])
        after = page[LISTED - 1].key if len(page) > LISTED else None
        return Response(PromotionPage({"promotions": page[:LISTED], "after": after}).data)

    @extend_schema(
        operation_id="create_promotion",
        parameters=[IDEMPOTENCY_KEY],
        request=PromotionInput,
        responses={201: PromotionOutput},
        examples=[OpenApiExample("A code for a category", examples.PROMOTION, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A draft with its first version. It decides on nothing before it is activated."""
        given = PromotionInput(data=request.data)
        given.is_valid(raise_exception=True)
        valid = given.validated_data
        data = PromotionData(
            key=valid["key"], name=valid["name"], version=_version(valid), limits=valid.get("limits", {})
        )
        return _answer(actions.create_promotion(caller(request).merchant, data), status=201)


class PromotionView(APIView):
    """One promotion."""

    scopes = {"GET": Scope.PROMOTIONS_READ}

    @extend_schema(operation_id="read_promotion", responses=PromotionOutput)
    def get(self, request: Request, key: str) -> Response:
        """What it says, whether it decides, and its limits."""
        return Response(PromotionOutput(_found(request, key)).data)


class VersionsView(APIView):
    """What a promotion says."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(
        operation_id="add_promotion_version",
        parameters=[IDEMPOTENCY_KEY],
        request=VersionInput,
        responses={201: PromotionOutput},
        examples=[OpenApiExample("Earlier than others", examples.VERSION, request_only=True)],
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """A further version. The one that decides goes on until the new one is activated."""
        given = VersionInput(data=request.data)
        given.is_valid(raise_exception=True)
        promotion = _found(request, key)
        actions.add_version(promotion, _version(given.validated_data))
        return _answer(promotion, status=201)


class ActivationView(APIView):
    """A promotion begins to decide."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(operation_id="activate_promotion", request=ActivationInput, responses=PromotionOutput)
    def post(self, request: Request, key: str) -> Response:
        """From now on this version decides, within its period; everywhere within two seconds."""
        given = ActivationInput(data=request.data)
        given.is_valid(raise_exception=True)
        return _answer(actions.activate_promotion(_found(request, key), number=given.validated_data["version"]))


class PauseView(APIView):
    """A promotion rests."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(operation_id="pause_promotion", request=None, responses=PromotionOutput)
    def post(self, request: Request, key: str) -> Response:
        """It decides no longer; what is reserved can still become an order."""
        return _answer(actions.pause_promotion(_found(request, key)))


class EndView(APIView):
    """A promotion ends."""

    scopes = {"POST": Scope.PROMOTIONS_WRITE}

    @extend_schema(operation_id="end_promotion", request=None, responses=PromotionOutput)
    def post(self, request: Request, key: str) -> Response:
        """For good."""
        return _answer(actions.end_promotion(_found(request, key)))


class LimitsView(APIView):
    """How often a promotion may be had."""

    scopes = {"PATCH": Scope.PROMOTIONS_WRITE}

    @extend_schema(operation_id="set_promotion_limits", request=LimitsInput, responses=PromotionOutput)
    def patch(self, request: Request, key: str) -> Response:
        """Change the limits that are named; what was used until now counts."""
        given = LimitsInput(data=request.data)
        given.is_valid(raise_exception=True)
        return _answer(actions.set_limits(_found(request, key), given.validated_data))
