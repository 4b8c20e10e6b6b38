"""``POST /api/v1/recommendations/{id}/events``: what became of an answer."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.authentication import caller
from core.api.cors import BrowserView
from core.api.serializers import MomentField, StrictCharField, StrictSerializer
from merchants.models import Scope
from recommendations.measuring.telling import CLICK, IMPRESSION, Told, tell

MOST_EVENTS, MOST_SKUS = 100, 100
EXAMPLE = {"anonymous_id": "visitor-1", "events": [{"type": "impression"}, {"type": "click", "sku": "mug-blue"}]}


class RecommendationEventInput(StrictSerializer):
    """Seen or clicked."""

    type = serializers.ChoiceField(choices=[IMPRESSION, CLICK])
    sku = StrictCharField(required=False, max_length=64, help_text="The product that was clicked.")
    skus = serializers.ListField(
        child=StrictCharField(max_length=64),
        required=False,
        min_length=1,
        max_length=MOST_SKUS,
        help_text="Which products came into view; all of the answer by default.",
    )
    occurred_at = MomentField(required=False, help_text="Now by default.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_click = attrs["type"] == CLICK
        if is_click and "sku" not in attrs:
            raise serializers.ValidationError({"sku": [_("A click names its product.")]}, code="required")
        for name in ("skus",) if is_click else ("sku",):
            if name in attrs:
                raise serializers.ValidationError(
                    {name: [serializers.ErrorDetail(str(_("This does not belong to this type.")), code="unexpected")]}
                )
        return attrs


class RecommendationEventsInput(StrictSerializer):
    """What one visitor did with one answer."""

    anonymous_id = StrictCharField(
        required=False,
        max_length=255,
        help_text="The visitor, as in tracking. Without it the person counts whom the answer was made for, if any.",
    )
    events = serializers.ListField(child=RecommendationEventInput(), min_length=1, max_length=MOST_EVENTS)


class RecommendationEventsOutput(serializers.Serializer[Any]):
    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField(help_text="Told before; each counts once.")


class RecommendationEvents(BrowserView):
    """Impressions and clicks of an answer."""

    scopes = {"POST": Scope.EVENTS_WRITE}

    @extend_schema(
        operation_id="recommendation_events",
        request=RecommendationEventsInput,
        responses=RecommendationEventsOutput,
        examples=[OpenApiExample("Seen, and one product opened", EXAMPLE, request_only=True)],
        tags=["recommendations"],
    )
    def post(self, request: Request, recommendation_id: str) -> Response:
        """Tell that an answer was seen, and which of its products were clicked. All of it is stored, or nothing.

        The same thing told twice counts once. The events become ordinary tracking events (`Product List Viewed`,
        `Product Clicked`), so the next recommendation already knows of a click.
        """
        given = RecommendationEventsInput(data=request.data)
        given.is_valid(raise_exception=True)
        sender = caller(request)
        browser = request.headers.get("User-Agent", "")
        stored, duplicates = tell(
            sender.merchant,
            recommendation_id,
            [_told(event) for event in given.validated_data["events"]],
            anonymous_id=given.validated_data.get("anonymous_id", ""),
            user_agent=browser if not sender.is_secret and browser.startswith("Mozilla/") else "",
            is_public=not sender.is_secret,
        )
        return Response({"stored": stored, "duplicates": duplicates})


def _told(event: dict[str, Any]) -> Told:
    skus = [event["sku"]] if event["type"] == CLICK else event.get("skus", [])
    return Told(event["type"], tuple(dict.fromkeys(skus)), event.get("occurred_at"))
