"""The check of all promotions over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from merchants.models import Scope
from promotions.language.findings import SENTENCES, Told, told
from promotions.queries.checks import check_all


class ExampleLineOutput(serializers.Serializer[Any]):
    """A line of the cart that shows it: what one unit brings without tax in the end, and what it costs."""

    sku = serializers.CharField()
    title = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.IntegerField()
    total = serializers.IntegerField()
    net = serializers.IntegerField()
    cost = serializers.IntegerField(allow_null=True)


class TakenOutput(serializers.Serializer[Any]):
    """What one promotion takes off that cart."""

    promotion = serializers.CharField()
    amount = serializers.IntegerField()


class ExampleOutput(serializers.Serializer[Any]):
    """A cart that the engine decided."""

    lines = ExampleLineOutput(many=True)
    taken = TakenOutput(many=True)
    codes = serializers.ListField(child=serializers.CharField())
    total = serializers.IntegerField()


class FindingOutput(serializers.Serializer[Any]):
    """What is wrong, in the language that was asked for, and which promotions it concerns, by their keys."""

    code = serializers.CharField(help_text=f"One of: {', '.join(sorted(SENTENCES))}.")
    severity = serializers.ChoiceField(choices=["error", "warning", "info"])
    text = serializers.CharField()
    promotions = serializers.ListField(child=serializers.CharField())
    batch = serializers.CharField(help_text="The coupon batch concerned; mostly empty.")
    example = ExampleOutput(allow_null=True)


class CheckOutput(serializers.Serializer[Any]):
    """The findings, the gravest first."""

    findings = FindingOutput(many=True)
    is_cut = serializers.BooleanField(help_text="Not all promotions were tried together: there may be more.")


class CheckView(APIView):
    """Promotions that cannot work, get in each other's way, or sell below cost."""

    scopes = {"GET": Scope.PROMOTIONS_READ}

    @extend_schema(operation_id="check_promotions", responses=CheckOutput)
    def get(self, request: Request) -> Response:
        """What a check finds; kept until a promotion, a version or a batch changes, five minutes at most."""
        merchant = caller(request).merchant
        checked = check_all(merchant)
        findings = [_finding(one) for one in told(merchant, checked.findings)]
        return Response(CheckOutput({"findings": findings, "is_cut": checked.is_cut}).data)


def _finding(one: Told) -> dict[str, Any]:
    finding = one.finding
    example = asdict(finding.example) if finding.example else None
    if example:
        example["taken"] = [{"promotion": key, "amount": amount} for key, amount in example["taken"]]
    return {
        "code": finding.code,
        "severity": finding.severity,
        "text": one.sentence,
        "promotions": list(finding.promotions),
        "batch": finding.batch,
        "example": example,
    }
