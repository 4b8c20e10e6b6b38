"""Consents over HTTP: what is allowed and why, decisions with their evidence, double opt-in, and the texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from core.api.serializers import (
    EmailAddressField,
    MomentField,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
)
from core.errors import InvalidInput
from customers.actions.consent import record_consent, record_objection, record_withdrawal
from customers.actions.consent_texts import MAX_TEXT, require_text
from customers.actions.double_opt_in import object_by_address, request_consent
from customers.models import (
    WITHOUT_CHANNEL,
    Channel,
    ConsentRecord,
    ConsentRequest,
    ConsentText,
    Customer,
    Identity,
    Language,
    Purpose,
)
from customers.queries.consent import consent_state
from customers.queries.consent_texts import current_texts
from merchants.models import Merchant, Scope

MOST_RECORDS = 500
MOST_EVIDENCE = 20
DECISIONS = [ConsentRecord.Kind.GRANTED, ConsentRecord.Kind.WITHDRAWN, ConsentRecord.Kind.OBJECTED]
GRANT = {
    "decision": "granted",
    "purpose": "newsletter",
    "channel": "email",
    "text_version": "2026-01",
    "text": "I would like to receive the newsletter by e-mail. I can unsubscribe at any time.",
    "language": "en",
    "source": "account page",
    "evidence": {"page": "https://shop.example/account"},
}
SIGN_UP = {
    "email": "grace@example.org",
    "purposes": ["newsletter"],
    "text_version": "2026-01",
    "language": "en",
    "source": "footer form",
}


class ConsentCellOutput(serializers.Serializer[Any]):
    """Whether one purpose is allowed on one channel; an empty channel: the purpose has none."""

    purpose = serializers.CharField()
    channel = serializers.CharField()
    allowed = serializers.BooleanField(source="decision.allowed")
    basis = serializers.CharField(source="decision.basis")
    code = serializers.CharField(source="decision.code", help_text="Why; stable, for programs.")
    reason = serializers.CharField(source="decision.reason", help_text="Why, for people.")
    records = serializers.ListField(
        child=serializers.IntegerField(), source="decision.evidence", help_text="Ids of the records it rests on."
    )


class ConsentRecordOutput(serializers.Serializer[ConsentRecord]):
    """One thing that a person was told or decided. Empty purpose or channel: every."""

    id = serializers.IntegerField()
    decision = serializers.CharField(source="kind", help_text="granted, withdrawn, objected or notice_shown.")
    purpose = serializers.CharField()
    channel = serializers.CharField()
    address = serializers.CharField()
    text_version = serializers.CharField()
    text = serializers.CharField(source="text.text", default="", help_text="The words agreed to, where they are kept.")
    source = serializers.CharField()  # type: ignore[assignment]  # DRF's fields have one of their own
    evidence = serializers.JSONField()
    occurred_at = MomentField()
    recorded_at = MomentField()


class ConsentsOutput(serializers.Serializer[Any]):
    """Everything about one person's consents as it stood at a moment."""

    external_id = serializers.CharField()
    at = MomentField()
    state = ConsentCellOutput(many=True)
    records = ConsentRecordOutput(many=True, help_text=f"Newest first, {MOST_RECORDS} at most.")


class ConsentAnswerOutput(serializers.Serializer[Any]):
    """What became of a decision: `recorded`, or `pending` until the owner of the mailbox confirms it."""

    status = serializers.ChoiceField(choices=["recorded", "pending"])
    record = ConsentRecordOutput(allow_null=True)
    expires_at = MomentField(allow_null=True, help_text="Of a pending one: until when the link can be used.")


class ConsentTextOutput(serializers.Serializer[ConsentText]):
    """A text that people are asked to agree to."""

    version = serializers.CharField()
    language = serializers.ChoiceField(choices=Language.choices)
    purposes = serializers.ListField(child=serializers.CharField())
    channels = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField()
    created_at = MomentField()


class ConsentTextsOutput(serializers.Serializer[Any]):
    texts = ConsentTextOutput(many=True)


class WordsInput(StrictSerializer):
    """Which words somebody agreed to, and where."""

    text_version = StrictCharField(
        max_length=40, allow_blank=True, default="", help_text="Which text was shown; needed for a consent."
    )
    text = StrictCharField(
        multiline=True,
        max_length=MAX_TEXT,
        allow_blank=True,
        default="",
        help_text="Its words, where the version is not known here yet; they are kept as evidence.",
    )
    language = serializers.ChoiceField(
        choices=Language.choices, allow_blank=True, default="", help_text="Of the text; the shop's, where left out."
    )
    source = StrictCharField(  # type: ignore[assignment]  # DRF's fields have one of their own
        max_length=80, help_text="Where it was recorded, e.g. “account page”."
    )
    evidence = serializers.DictField(
        child=StrictCharField(max_length=500, allow_blank=True), default=dict, help_text="What proves it, by name."
    )

    def validate_evidence(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MOST_EVIDENCE or any(len(name) > 60 for name in value):
            raise serializers.ValidationError("At most 20 facts with names of 60 characters.", code="too_much")
        return value


class DecisionInput(WordsInput):
    """A decision of a known person. A withdrawal or an objection without purpose and channel is about everything."""

    decision = serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in DECISIONS])
    purpose = serializers.ChoiceField(choices=Purpose.choices, allow_blank=True, default="")
    channel = serializers.ChoiceField(choices=Channel.choices, allow_blank=True, default="")
    address = StrictCharField(
        max_length=320, allow_blank=True, default="", help_text="Left out of a consent: every address of the channel."
    )
    occurred_at = MomentField(allow_null=True, default=None, help_text="Now, where left out.")
    double_opt_in = StrictBooleanField(
        default=False, help_text="Only ask: the consent counts once the person confirms it by e-mail."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        purpose, channel, is_grant = attrs["purpose"], attrs["channel"], attrs["decision"] == DECISIONS[0]
        if purpose in WITHOUT_CHANNEL and channel:
            raise serializers.ValidationError({"channel": _wrong("This purpose has no channel.", "no_channel")})
        if is_grant and not purpose:
            raise serializers.ValidationError({"purpose": _wrong("A consent names its purpose.", "required")})
        if is_grant and not channel and purpose not in WITHOUT_CHANNEL:
            raise serializers.ValidationError({"channel": _wrong("A consent names its channel.", "required")})
        if is_grant and not attrs["text_version"]:
            raise serializers.ValidationError(
                {"text_version": _wrong("A consent names the version of its text.", "required")}
            )
        if attrs["double_opt_in"] and not (is_grant and channel == Channel.EMAIL):
            raise serializers.ValidationError(
                {"double_opt_in": _wrong("Only a consent by e-mail can be confirmed so.", "not_by_email")}
            )
        if attrs["occurred_at"] and attrs["occurred_at"] > timezone.now():
            raise serializers.ValidationError({"occurred_at": _wrong("This lies in the future.", "in_future")})
        return attrs


class AddressInput(WordsInput):
    """Somebody of whom only an e-mail address is known. `granted` asks by double opt-in, `objected` acts at once."""

    email = EmailAddressField()
    decision = serializers.ChoiceField(
        choices=[(kind.value, kind.label) for kind in DECISIONS], default=DECISIONS[0].value
    )
    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=Purpose.choices), max_length=len(Purpose.values), default=list
    )

    def validate_decision(self, value: str) -> str:
        if value == ConsentRecord.Kind.WITHDRAWN:
            raise serializers.ValidationError("Of an address, send “objected”: it ends advertising on every basis.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["decision"] == DECISIONS[0] and not attrs["purposes"]:
            raise serializers.ValidationError({"purposes": _wrong("Name at least one purpose.", "required")})
        if attrs["decision"] == DECISIONS[0] and not attrs["text_version"]:
            raise serializers.ValidationError(
                {"text_version": _wrong("A consent names the version of its text.", "required")}
            )
        if set(attrs["purposes"]) & WITHOUT_CHANNEL:
            raise serializers.ValidationError({"purposes": _wrong("Only purposes by e-mail.", "no_channel")})
        return attrs


class MomentInput(StrictSerializer):
    at = MomentField(required=False)


def _wrong(text: str, code: str) -> serializers.ErrorDetail:
    return serializers.ErrorDetail(text, code=code)


def _customer(request: Request, external_id: str) -> Customer:
    rows = Customer.objects.for_merchant(caller(request).merchant).select_related("merchant").with_identities()
    found: Customer = get_object_or_404(rows, identities__kind=Identity.Kind.EXTERNAL_ID, identities__value=external_id)
    return found


class CustomerConsentsView(APIView):
    """What a person allows."""

    scopes = {"GET": Scope.CONSENTS_READ, "POST": Scope.CONSENTS_WRITE}

    @extend_schema(
        operation_id="read_consents",
        parameters=[OpenApiParameter("at", datetime, description="As it stood then; now, where left out.")],
        responses=ConsentsOutput,
    )
    def get(self, request: Request, external_id: str) -> Response:
        """Whether each purpose is allowed on each channel, why, and the records it rests on."""
        asked = MomentInput(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        customer, at = _customer(request, external_id), asked.validated_data.get("at", timezone.now())
        records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(
            customer=customer, occurred_at__lte=at
        )
        return Response(
            ConsentsOutput(
                {
                    "external_id": external_id,
                    "at": at,
                    "state": consent_state(customer, at=at),
                    "records": records.select_related("text").order_by("-occurred_at", "-id")[:MOST_RECORDS],
                }
            ).data
        )

    @extend_schema(
        operation_id="record_consent",
        parameters=[IDEMPOTENCY_KEY],
        request=DecisionInput,
        responses={201: ConsentAnswerOutput},
        examples=[OpenApiExample("A consent with its words", GRANT, request_only=True)],
    )
    @idempotent
    def post(self, request: Request, external_id: str) -> Response:
        """Record a consent with its evidence, a withdrawal or an objection; or ask for a consent by double opt-in."""
        given = DecisionInput(data=request.data)
        given.is_valid(raise_exception=True)
        customer, decision = _customer(request, external_id), given.validated_data
        if decision["double_opt_in"]:
            return _pending(_ask_customer(customer, decision))
        return _recorded(_record(customer, decision))


def _record(customer: Customer, decision: dict[str, Any]) -> ConsentRecord:
    about: dict[str, Any] = {name: decision[name] for name in ("purpose", "channel", "source", "evidence")}
    at = decision["occurred_at"]
    if decision["decision"] == ConsentRecord.Kind.WITHDRAWN:
        return record_withdrawal(customer, withdrawn_at=at, **about)
    if decision["decision"] == ConsentRecord.Kind.OBJECTED:
        return record_objection(customer, address=decision["address"], objected_at=at, **about)
    text = _text(customer.merchant, decision, decision["purpose"], decision["channel"], customer.locale)
    return record_consent(customer, text=text, address=decision["address"], given_at=at, **about)


def _ask_customer(customer: Customer, decision: dict[str, Any]) -> ConsentRequest:
    """Only at an address of the person's: the link leads to their preferences."""
    address = decision["address"] or customer.email
    known = {identity.value for identity in customer.identities.all() if identity.kind == Identity.Kind.EMAIL}
    if address.strip().lower() not in known:
        raise InvalidInput("address_unknown", "This is no e-mail address of the customer.", field="address")
    return request_consent(
        customer.merchant,
        customer=customer,
        address=address,
        text=_text(customer.merchant, decision, decision["purpose"], Channel.EMAIL, customer.locale),
        purposes=[decision["purpose"]],
        source=decision["source"],
        evidence=decision["evidence"],
    )


def _text(merchant: Merchant, given: dict[str, Any], purpose: str, channel: str, locale: str = "") -> ConsentText:
    languages = [given["language"], locale.split("-")[0], merchant.language]
    return require_text(
        merchant,
        version=given["text_version"],
        purpose=purpose,
        channel=channel,
        languages=[language for language in languages if language],
        words=given["text"],
    )


class ConsentsView(APIView):
    """Newsletter forms: people of whom nothing but an address is known."""

    scopes = {"POST": Scope.CONSENTS_WRITE}

    @extend_schema(
        operation_id="request_consent",
        parameters=[IDEMPOTENCY_KEY],
        request=AddressInput,
        responses={201: ConsentAnswerOutput},
        examples=[OpenApiExample("A newsletter form", SIGN_UP, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask the owner of an e-mail address for a consent (double opt-in), or record that it objects.

        A profile is made when the link in the message is used, and not before. An address is asked three times a day
        at most (`429 too_many_requests`), and not at all if messages to it came back (`409 address_suppressed`) or
        its owner had the use of their data restricted (`409 address_restricted`).
        """
        given = AddressInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked, merchant = given.validated_data, caller(request).merchant
        if asked["decision"] == ConsentRecord.Kind.OBJECTED:
            return _recorded(
                object_by_address(merchant, address=asked["email"], purposes=asked["purposes"], source=asked["source"])
            )
        return _pending(_ask_address(merchant, asked))


def _ask_address(merchant: Merchant, asked: dict[str, Any]) -> ConsentRequest:
    purposes: Sequence[str] = asked["purposes"]
    if asked["text"] and len(purposes) > 1:
        raise InvalidInput(
            "one_purpose_per_text",
            "Send the words of a new text with one purpose, or write it in the settings.",
            field="text",
        )
    return request_consent(
        merchant,
        address=asked["email"],
        text=_text(merchant, asked, purposes[0], Channel.EMAIL),
        purposes=purposes,
        source=asked["source"],
        evidence=asked["evidence"],
    )


def _recorded(record: ConsentRecord | None) -> Response:
    answer = {"status": "recorded", "record": record, "expires_at": None}
    return Response(ConsentAnswerOutput(answer).data, status=201)


def _pending(asked: ConsentRequest) -> Response:
    answer = {"status": "pending", "record": None, "expires_at": asked.expires_at}
    return Response(ConsentAnswerOutput(answer).data, status=201)


class ConsentTextsView(APIView):
    """The texts to show beside the boxes that people tick."""

    scopes = {"GET": Scope.CONSENTS_READ}

    @extend_schema(operation_id="list_consent_texts", responses=ConsentTextsOutput)
    def get(self, request: Request) -> Response:
        """The current text of each subject and language, as written under Settings › Consent texts."""
        return Response(ConsentTextsOutput({"texts": current_texts(caller(request).merchant)}).data)
