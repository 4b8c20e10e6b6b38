"""Privacy requests over HTTP: what somebody asked for on the shop's own pages, put into the queue, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
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

LISTED = 100
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


class PrivacyRequestCustomer(serializers.Serializer[Customer]):
    """Whose request it is."""

    id = serializers.IntegerField(
        source="pk", help_text="Ours: the address of the profile in the back office ends with it."
    )
    external_id = serializers.CharField(help_text="Yours; empty for somebody who has none.")


class PrivacyRequestOutput(serializers.Serializer[PrivacyRequest]):
    """A request in the queue, and the last day for its answer."""

    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(choices=PrivacyRequest.Kind.choices)
    channel = serializers.ChoiceField(choices=PrivacyRequest.Channel.choices, help_text="How it came.")
    state = serializers.ChoiceField(
        choices=PrivacyRequest.State.choices, help_text="`received`: staff check the identity first."
    )
    customer = PrivacyRequestCustomer(allow_null=True, help_text="null: not known yet, or erased.")
    received_at = MomentField()
    due_on = serializers.DateField()
    closed_at = MomentField(allow_null=True, help_text="When it was answered.")


class PrivacyRequestDetail(PrivacyRequestOutput):
    """A request with what was said, and what became of it."""

    contact = serializers.CharField(help_text="Where the answer goes.")
    statement = serializers.CharField()
    identity_checked_at = MomentField(allow_null=True)
    extended_at = MomentField(allow_null=True)
    extension_reason = serializers.CharField()
    outcome = serializers.CharField(help_text="What was done, or why it was refused.")
    lifted_at = MomentField(allow_null=True, help_text="Of a restriction: when it ended.")


class PrivacyRequestPage(serializers.Serializer[Any]):
    """Up to 100 requests; `after` is where the next hundred begin."""

    requests = PrivacyRequestOutput(many=True)
    after = serializers.IntegerField(allow_null=True)


class PrivacyRequestQuery(StrictSerializer):
    """Which requests."""

    kind = serializers.ChoiceField(choices=PrivacyRequest.Kind.choices, required=False)
    state = serializers.ChoiceField(choices=PrivacyRequest.State.choices, required=False)
    external_id = StrictCharField(max_length=320, required=False, help_text="Your own id of the customer.")
    after = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="The `after` of the page before."
    )


class PrivacyRequestsView(APIView):
    """The queue of privacy requests."""

    scopes = {"GET": Scope.CUSTOMERS_READ, "POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(operation_id="list_privacy_requests", parameters=[PrivacyRequestQuery], responses=PrivacyRequestPage)
    def get(self, request: Request) -> Response:
        """The newest first, a hundred at a time, whichever way they came."""
        asked = PrivacyRequestQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        page = list(_asked_for(caller(request).merchant, asked.validated_data)[: LISTED + 1])
        after = page[LISTED - 1].pk if len(page) > LISTED else None
        return Response(PrivacyRequestPage({"requests": page[:LISTED], "after": after}).data)

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


class PrivacyRequestView(APIView):
    """One privacy request."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="retrieve_privacy_request", responses=PrivacyRequestDetail)
    def get(self, request: Request, request_id: int) -> Response:
        """What was asked for, until when it must be answered, and what became of it."""
        return Response(
            PrivacyRequestDetail(get_object_or_404(_requests(caller(request).merchant), pk=request_id)).data
        )


def _requests(merchant: Merchant) -> QuerySet[PrivacyRequest]:
    rows = PrivacyRequest.objects.for_merchant(merchant).select_related("customer")
    return rows.prefetch_related("customer__identities")


def _asked_for(merchant: Merchant, asked: dict[str, Any]) -> QuerySet[PrivacyRequest]:
    rows = _requests(merchant).order_by("-id")
    for name in ("kind", "state"):
        if name in asked:
            rows = rows.filter(**{name: asked[name]})
    if "external_id" in asked:
        own = Identity.objects.for_merchant(merchant).filter(kind=Identity.Kind.EXTERNAL_ID, value=asked["external_id"])
        rows = rows.filter(customer__in=own.values("customer"))
    return rows.filter(pk__lt=asked["after"]) if "after" in asked else rows


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
