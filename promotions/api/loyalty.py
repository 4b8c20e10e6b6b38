"""Points over HTTP: the programme, an account, its statement; spending, earning by deeds, codes for friends."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from core.api.serializers import MomentField, StrictCharField, StrictSerializer
from core.keyset import paginate
from customers.models import Customer, Identity
from merchants.models import Scope
from promotions.actions.loyalty.earning import earn_for_review, require_running
from promotions.actions.loyalty.referrals import referral_code
from promotions.actions.loyalty.spending import buy_reward
from promotions.api import examples
from promotions.models import LoyaltyProgram, PointEntry, PointLot, Reward
from promotions.queries.loyalty import (
    ledger_of,
    member_of,
    next_to_activate,
    next_to_expire,
    payable,
    programme,
    rewards_of,
    tiers_of,
)

MOST_ENTRIES = 100


class TierOutput(serializers.Serializer[Any]):
    """A level. `multiplier` in hundredths: 150 gives half more points."""

    key = serializers.CharField()
    name = serializers.CharField()
    at_least = serializers.IntegerField(help_text="Points, or minor units of revenue: as `tier_basis` says.")
    multiplier = serializers.IntegerField(source="hundredths")
    benefits = serializers.CharField()


class RewardOutput(serializers.Serializer[Reward]):
    """What points can be turned into."""

    key = serializers.CharField()
    name = serializers.CharField()
    points = serializers.IntegerField()
    days = serializers.IntegerField(help_text="How long its code can be used.")


class ProgrammeOutput(serializers.Serializer[LoyaltyProgram]):
    """How points come and go: `each` points for `per` minor units paid for goods."""

    is_active = serializers.BooleanField()
    each = serializers.IntegerField()
    per = serializers.IntegerField()
    rounding = serializers.ChoiceField(choices=LoyaltyProgram.Rounding.choices)
    pending_days = serializers.IntegerField()
    valid_months = serializers.IntegerField(allow_null=True)
    value_of_hundred = serializers.IntegerField(help_text="Minor units that 100 points pay; 0: none.")
    burn_from = serializers.IntegerField(help_text="So many points at least pay a cart.")
    review_points = serializers.IntegerField()
    referral_points = serializers.IntegerField()
    invited_points = serializers.IntegerField()
    referral_at_least = serializers.IntegerField()
    tier_basis = serializers.ChoiceField(choices=LoyaltyProgram.Basis.choices)
    tier_months = serializers.IntegerField()
    tiers = TierOutput(many=True)
    rewards = RewardOutput(many=True)


class DueOutput(serializers.Serializer[Any]):
    """So many points, and when."""

    points = serializers.IntegerField()
    at = MomentField()


class AccountOutput(serializers.Serializer[Any]):
    """What a person has. `balance` is below nothing where points were taken back after they were spent."""

    balance = serializers.IntegerField()
    pending = serializers.IntegerField()
    owed = serializers.IntegerField()
    worth = serializers.IntegerField(help_text="What the balance pays, in minor units.")
    tier = TierOutput(allow_null=True)
    tier_until = MomentField(allow_null=True, help_text="End of the grace, where the tier is not reached any more.")
    next_tier = TierOutput(allow_null=True)
    next_active = DueOutput(allow_null=True)
    next_expiry = DueOutput(allow_null=True)


class EntryOutput(serializers.Serializer[PointEntry]):
    """A change; the newest first. The sum of `points` is the balance, that of `pending` what is pending."""

    id = serializers.IntegerField()
    at = MomentField(source="created_at")
    kind = serializers.ChoiceField(choices=PointEntry.Kind.choices)
    points = serializers.IntegerField()
    pending = serializers.IntegerField()
    cause = serializers.SerializerMethodField(help_text="What the points are from; empty for a debt.")
    order = serializers.SerializerMethodField(help_text="Its number.")
    code = serializers.SerializerMethodField(help_text="Of the reward.")
    reason = serializers.CharField()

    def get_cause(self, entry: PointEntry) -> str:
        return entry.lot.kind if entry.lot else ""

    def get_order(self, entry: PointEntry) -> str:
        if entry.order:
            return entry.order.number
        return entry.redemption.order_number if entry.redemption else ""

    def get_code(self, entry: PointEntry) -> str:
        return entry.coupon.code if entry.coupon else ""


class StatementOutput(serializers.Serializer[Any]):
    """A hundred entries; `after` is where the next begin."""

    entries = EntryOutput(many=True)
    after = serializers.CharField(allow_null=True)


class StatementQuery(StrictSerializer):
    after = StrictCharField(max_length=300, required=False)


class RewardInput(StrictSerializer):
    reward = serializers.SlugField(max_length=40, help_text="Its key.")


class BoughtRewardOutput(serializers.Serializer[Any]):
    """The member's own code, and what is left."""

    code = serializers.CharField()
    valid_until = MomentField(allow_null=True)
    balance = serializers.IntegerField()


class DeedInput(StrictSerializer):
    """Something a member did."""

    deed = serializers.ChoiceField(choices=[("review", "a review")])
    reference = StrictCharField(max_length=80, help_text="Of the review: each earns once.")


class DeedOutput(serializers.Serializer[Any]):
    """What it was worth, also if it was told before; 0 where the programme gives nothing for it."""

    points = serializers.IntegerField()
    balance = serializers.IntegerField()


class ReferralCodeOutput(serializers.Serializer[Any]):
    """What friends send among the `coupon_codes` of their first order."""

    code = serializers.CharField()


def _customer(request: Request, external_id: str) -> Customer:
    merchant = caller(request).merchant
    known = Identity.objects.for_merchant(merchant).filter(kind=Identity.Kind.EXTERNAL_ID, value=external_id)
    rows = Customer.objects.for_merchant(merchant).present().select_related("merchant")
    return get_object_or_404(rows, pk__in=known.values("customer"))


def _due(lot: PointLot | None, points: str, at: str) -> dict[str, Any] | None:
    return {"points": getattr(lot, points), "at": getattr(lot, at)} if lot else None


class ProgrammeView(APIView):
    """The shop's programme."""

    scopes = {"GET": Scope.LOYALTY_READ}

    @extend_schema(operation_id="read_loyalty_programme", responses=ProgrammeOutput)
    def get(self, request: Request) -> Response:
        """What a page about the programme says: rate, tiers, rewards."""
        merchant = caller(request).merchant
        program: Any = programme(merchant)
        program.tiers, program.rewards = tiers_of(merchant), rewards_of(merchant)
        return Response(ProgrammeOutput(program).data)


class AccountView(APIView):
    """A person's points."""

    scopes = {"GET": Scope.LOYALTY_READ}

    @extend_schema(operation_id="read_loyalty_account", responses=AccountOutput)
    def get(self, request: Request, external_id: str) -> Response:
        """Balance, tier and what happens next; nothing of all for somebody who never had points."""
        customer = _customer(request, external_id)
        program, member = programme(customer.merchant), member_of(customer)
        tier = member.tier if member else None
        height = tier.at_least if tier else -1
        told = {
            "balance": member.balance if member else 0,
            "pending": member.pending if member else 0,
            "owed": member.debt if member else 0,
            "worth": payable(program, member.balance if member else 0),
            "tier": tier,
            "tier_until": member.tier_until if member else None,
            "next_tier": next((step for step in tiers_of(customer.merchant) if step.at_least > height), None),
            "next_active": _due(next_to_activate(customer), "pending", "activates_at"),
            "next_expiry": _due(next_to_expire(customer), "left", "expires_at"),
        }
        return Response(AccountOutput(told).data)


class StatementView(APIView):
    """A person's ledger."""

    scopes = {"GET": Scope.LOYALTY_READ}

    @extend_schema(operation_id="read_loyalty_statement", parameters=[StatementQuery], responses=StatementOutput)
    def get(self, request: Request, external_id: str) -> Response:
        """Every change, the newest first."""
        asked = StatementQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        rows = ledger_of(_customer(request, external_id))
        page = paginate(rows, ["-id"], asked.validated_data, size=MOST_ENTRIES)
        return Response(StatementOutput({"entries": page.rows, "after": page.after or None}).data)


class RewardsView(APIView):
    """Points become a code."""

    scopes = {"POST": Scope.LOYALTY_WRITE}

    @extend_schema(
        operation_id="buy_loyalty_reward",
        parameters=[IDEMPOTENCY_KEY],
        request=RewardInput,
        responses={201: BoughtRewardOutput},
        examples=[OpenApiExample("A reward", examples.REWARD, request_only=True)],
    )
    @idempotent
    def post(self, request: Request, external_id: str) -> Response:
        """Spend points on a code that nobody else can use. Send an `Idempotency-Key`: each call buys another one."""
        customer = _customer(request, external_id)
        given = RewardInput(data=request.data)
        given.is_valid(raise_exception=True)
        rows = Reward.objects.for_merchant(customer.merchant).select_related("batch__merchant")
        coupon = buy_reward(customer, get_object_or_404(rows, key=given.validated_data["reward"]))
        told = {"code": coupon.code, "valid_until": coupon.valid_until, "balance": _balance(customer)}
        return Response(BoughtRewardOutput(told).data, status=201)


def _balance(customer: Customer) -> int:
    member = member_of(customer)
    return member.balance if member else 0


class DeedsView(APIView):
    """Points for what members do."""

    scopes = {"POST": Scope.LOYALTY_WRITE}

    @extend_schema(
        operation_id="tell_loyalty_deed",
        request=DeedInput,
        responses=DeedOutput,
        examples=[OpenApiExample("A review", examples.DEED, request_only=True)],
    )
    def post(self, request: Request, external_id: str) -> Response:
        """A review was published: it earns once per reference, whatever it says."""
        customer = _customer(request, external_id)
        given = DeedInput(data=request.data)
        given.is_valid(raise_exception=True)
        require_running(customer)
        lot = earn_for_review(customer, reference=given.validated_data["reference"])
        told = {"points": lot.points if lot else 0, "balance": _balance(customer)}
        return Response(DeedOutput(told).data)


class ReferralCodeView(APIView):
    """A code for friends."""

    scopes = {"POST": Scope.LOYALTY_WRITE}

    @extend_schema(operation_id="make_referral_code", request=None, responses=ReferralCodeOutput)
    def post(self, request: Request, external_id: str) -> Response:
        """The member's code, always the same; made when it is first asked for."""
        customer = _customer(request, external_id)
        require_running(customer)
        return Response(ReferralCodeOutput({"code": referral_code(customer).code}).data)
