"""Privacy requests over HTTP: what somebody asked for on the shop's own pages, put into the queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from core.api.serializers import EmailAddressField, MomentField, StrictCharField, StrictSerializer
from core.errors import InvalidInput
from customers.actions.privacy import open_request
from customers.models import Customer, Identity, PrivacyRequest
from customers.rules.addresses import normalise_email
from customers.rules.deadlines import GDPR_APPLIES
from merchants.models import Merchant, Scope

KINDS = [PrivacyRequest.Kind.ACCESS, PrivacyRequest.Kind.ERASURE]
EXAMPLE = {
    "kind": "erasure",
    "external_id": "c-2001",
    "statement": "Please delete my account and everything about me.",
    "identity_evidence": "logged in on the account page",
}


class PrivacyRequestInput(StrictSerializer):
    """Who asks is named by exactly one of `external_id` and `email`."""

    kind = serializers.ChoiceField(choices=KINDS)
    external_id = StrictCharField(max_length=320, required=False)
    email = EmailAddressField(required=False)
    contact = StrictCharField(
        max_length=320, required=False, help_text="Where the answer goes; left out, the customer's e-mail address."
    )
    statement = StrictCharField(
        max_length=5000, multiline=True, allow_blank=True, default="", help_text="In the person's own words."
    )
    received_at = MomentField(required=False, help_text="When the person asked; the month begins then. Now by default.")
    identity_evidence = StrictCharField(
        max_length=300,
        allow_blank=True,
        default="",
        help_text="How you know that it is this person, e.g. a login. Left out, staff check it before anything is done.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("external_id" in attrs) == ("email" in attrs):
            raise InvalidInput("one_of", "Name exactly one of `external_id` and `email`.")
        return attrs

    def validate_received_at(self, received: datetime) -> datetime:
        if received > timezone.now():
            raise serializers.ValidationError("It lies in the future.", code="received_in_future")
        if received.date() < GDPR_APPLIES:
            raise serializers.ValidationError("The GDPR applies since 25 May 2018: check the year.", code="before_gdpr")
        return received


class PrivacyRequestOutput(serializers.Serializer[PrivacyRequest]):
    """A request in the queue, and the last day for its answer."""

    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(choices=PrivacyRequest.Kind.choices)
    state = serializers.ChoiceField(
        choices=PrivacyRequest.State.choices, help_text="`received`: staff check the identity first."
    )
    received_at = MomentField()
    due_on = serializers.DateField()


class PrivacyRequestsView(APIView):
    """The queue of privacy requests."""

    scopes = {"POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="open_privacy_request",
        parameters=[IDEMPOTENCY_KEY],
        request=PrivacyRequestInput,
        responses={200: PrivacyRequestOutput, 201: PrivacyRequestOutput},
        examples=[OpenApiExample("A button on the account page", EXAMPLE, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Write down that a customer asks for access (GDPR Art. 15) or erasure (Art. 17): 201, and staff answer it.

        While one of the same kind is open for the customer, it is answered (200) and nothing is added. Nothing is
        given out or erased by this call: staff collect the data, and confirm an erasure.
        """
        given = PrivacyRequestInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        customer = _customer(caller(request).merchant, asked)
        known = set(_open(customer).values_list("pk", flat=True))
        opened = open_request(
            customer.merchant,
            kind=asked["kind"],
            channel=PrivacyRequest.Channel.SHOP,
            customer=customer,
            contact=asked.get("contact") or customer.email,
            statement=asked["statement"],
            received_at=asked.get("received_at"),
            identity_evidence=asked["identity_evidence"],
        )
        return Response(PrivacyRequestOutput(opened).data, status=200 if opened.pk in known else 201)


def _open(customer: Customer) -> Any:
    return PrivacyRequest.objects.for_merchant(customer.merchant_id).open().filter(customer=customer)


def _customer(merchant: Merchant, asked: dict[str, Any]) -> Customer:
    if "external_id" in asked:
        name, kind, value = "external_id", Identity.Kind.EXTERNAL_ID, asked["external_id"]
    else:
        name, kind, value = "email", Identity.Kind.EMAIL, normalise_email(asked["email"])
    rows = Customer.objects.for_merchant(merchant).present().select_related("merchant").with_identities()
    found: Customer | None = rows.filter(identities__kind=kind, identities__value=value).first()
    if found is None:
        raise InvalidInput("unknown_customer", "No customer is known by this: there is no profile here.", field=name)
    return found
