"""``GET /api/v1/customers/lookup``: what a sales person needs to know of the customer in front of them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.serializers import MomentField, StrictCharField, StrictSerializer
from core.errors import InvalidInput
from core.providers import OpenMatter, customer_lookup, open_matters
from customers.models import Customer, Identity, Lifecycle, RfmGroup
from customers.queries.lookup import find_by_identity
from merchants.models import Scope

KINDS = {"email": Identity.Kind.EMAIL, "phone": Identity.Kind.PHONE, "card": Identity.Kind.LOYALTY_CARD}


class LookupQuery(StrictSerializer):
    """Exactly one of these."""

    email = StrictCharField(required=False, max_length=320)
    phone = StrictCharField(
        required=False, max_length=40, help_text="Without a country's prefix it is read as one of the shop's country."
    )
    card = StrictCharField(required=False, max_length=320, help_text="The number of a loyalty card.")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if len(attrs) != 1:
            raise InvalidInput("one_identity_needed", _("Send exactly one of “email”, “phone” and “card”."))
        return attrs


# Made once: a serializer per request copies every field.
QUERY = LookupQuery()


class OpenMatterOutput(serializers.Serializer[OpenMatter]):
    """Something that is not settled."""

    kind = serializers.CharField(help_text="For programs: `task`, `order_late`, `order_open` …")
    title = serializers.CharField()
    since = MomentField(allow_null=True)
    reference = serializers.CharField(help_text="Of an order its number, of a task its id.")
    is_urgent = serializers.BooleanField()


class LookupOutput(serializers.Serializer[Customer]):
    """A customer at the till; amounts are gross minor units."""

    id = serializers.IntegerField(help_text="Ours: the address of the profile in the back office ends with it.")
    external_id = serializers.CharField()
    name = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    locale = serializers.CharField()
    known_since = MomentField(source="created_at")
    lifecycle = serializers.SerializerMethodField()
    rfm_group = serializers.SerializerMethodField(
        help_text="What recency, frequency and value of the orders say; empty until there is enough to say."
    )
    orders_count = serializers.IntegerField()
    revenue = serializers.IntegerField()
    currency = serializers.CharField(source="merchant.currency")
    last_order_at = MomentField(allow_null=True)
    open_matters = OpenMatterOutput(many=True, help_text="The urgent first.")

    @extend_schema_field(serializers.ChoiceField(choices=Lifecycle.choices))
    def get_lifecycle(self, customer: Customer) -> str:
        return customer.figures.lifecycle if customer.figures else Lifecycle.LEAD.value

    @extend_schema_field(serializers.ChoiceField(choices=RfmGroup.choices, allow_blank=True))
    def get_rfm_group(self, customer: Customer) -> str:
        return customer.figures.rfm_group if customer.figures else ""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Upper apps add what they know: the last orders, the next best products."""
        return super().get_fields() | {name: deepcopy(section.output) for name, section in customer_lookup.named()}


class CustomerLookupView(APIView):
    """Who is this, at a till or on a sales person's tablet?"""

    scopes = {"GET": Scope.CUSTOMERS_LOOKUP}

    @extend_schema(operation_id="lookup_customer", parameters=[LookupQuery], responses=LookupOutput)
    def get(self, request: Request) -> Response:
        """The customer with this e-mail address, telephone number or loyalty card, and what to know before talking."""
        (name, value), *_none = QUERY.run_validation(request.query_params).items()
        customer = find_by_identity(caller(request).merchant, KINDS[name], value)
        if customer is None:
            # The same answer whatever is unknown about it: nothing tells an address that is blocked from a new one.
            raise Http404
        return Response(_document(customer))


def _document(customer: Customer) -> Mapping[str, Any]:
    matters = [matter for provider in open_matters for matter in provider(customer)]
    customer.open_matters = sorted(matters, key=lambda matter: not matter.is_urgent)  # type: ignore[attr-defined]
    for name, section in customer_lookup.named():
        setattr(customer, name, section.read(customer))
    return LookupOutput(customer).data
