"""Customers over HTTP."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.serializers import MomentField
from customers.models import CompanyPerson, ConsentRecord, Customer, Identity
from customers.queries.companies import companies_of, price_group_of
from customers.queries.consent import consent_decisions
from merchants.models import Scope


class IdentityOutput(serializers.Serializer[Identity]):
    kind = serializers.ChoiceField(choices=Identity.Kind.choices)
    value = serializers.CharField(help_text="Normalised.")


class ConsentOutput(serializers.Serializer[Any]):
    """The last word about one purpose on one channel; empty means every."""

    decision = serializers.ChoiceField(
        source="kind",
        choices=[choice for choice in ConsentRecord.Kind.choices if choice[0] != ConsentRecord.Kind.NOTICE_SHOWN],
    )
    purpose = serializers.CharField()
    channel = serializers.CharField()
    text_version = serializers.CharField()
    occurred_at = MomentField()


class CustomerCompanyOutput(serializers.Serializer[Any]):
    """A company that the customer buys for."""

    external_id = serializers.CharField(source="company.external_id")
    name = serializers.CharField(source="company.name")
    price_group = serializers.CharField(source="company.price_group")
    role = serializers.ChoiceField(choices=CompanyPerson.Role.choices)


class CustomerOutput(serializers.Serializer[Customer]):
    """A profile; `revenue` is gross, net of refunds and cancellations, in minor units."""

    external_id = serializers.CharField()
    identities = IdentityOutput(many=True)
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    locale = serializers.CharField()
    postal_code = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField()
    known_since = MomentField(source="created_at")
    consents = serializers.SerializerMethodField()
    companies = serializers.SerializerMethodField()
    price_group = serializers.SerializerMethodField(help_text="Of the first company that has one; else empty.")
    orders_count = serializers.IntegerField()
    revenue = serializers.IntegerField()
    currency = serializers.CharField(source="merchant.currency")
    first_order_at = MomentField(allow_null=True)
    last_order_at = MomentField(allow_null=True)

    @extend_schema_field(CustomerCompanyOutput(many=True))
    def get_companies(self, customer: Customer) -> list[dict[str, Any]]:
        return list(CustomerCompanyOutput(companies_of(customer), many=True).data)

    def get_price_group(self, customer: Customer) -> str:
        return price_group_of(companies_of(customer))

    @extend_schema_field(ConsentOutput(many=True))
    def get_consents(self, customer: Customer) -> list[dict[str, Any]]:
        return list(ConsentOutput(consent_decisions(customer), many=True).data)


class CustomerView(APIView):
    """One customer by the shop's own id."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="read_customer", responses=CustomerOutput)
    def get(self, request: Request, external_id: str) -> Response:
        """The profile with its identities, consents and what its orders add up to."""
        rows = Customer.objects.for_merchant(caller(request).merchant).select_related("merchant").with_identities()
        customer = get_object_or_404(rows, identities__kind=Identity.Kind.EXTERNAL_ID, identities__value=external_id)
        return Response(CustomerOutput(customer).data)
