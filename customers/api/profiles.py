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
from customers.models import CompanyPerson, ConsentRecord, Customer, Identity, Lifecycle, Profitability
from customers.queries.companies import companies_of, price_group_of
from customers.queries.consent import consent_decisions
from customers.queries.kpis import CustomerValue, customer_value
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


class KpisOutput(serializers.Serializer[CustomerValue]):
    """What a customer is worth: all time unless said otherwise, amounts in minor units of `currency`."""

    lifecycle = serializers.ChoiceField(source="kpis.lifecycle", choices=Lifecycle.choices)
    profitability = serializers.ChoiceField(source="kpis.profitability", choices=Profitability.choices)
    average_order = serializers.IntegerField(allow_null=True, help_text="Tax included, net of returns.")
    units_bought = serializers.IntegerField(source="kpis.units_bought")
    returned_units_share = serializers.FloatField(allow_null=True)
    returned_value_share = serializers.FloatField(allow_null=True)
    net_revenue = serializers.IntegerField(source="kpis.net_revenue", help_text="Without tax.")
    contribution_margin = serializers.IntegerField(
        source="kpis.margin", allow_null=True, help_text="Without tax; speaks of `covered_share` of the revenue."
    )
    covered_share = serializers.FloatField(allow_null=True, help_text="Of the net revenue: that with known costs.")
    days_since_last_order = serializers.IntegerField(allow_null=True)
    mean_gap_days = serializers.FloatField(source="kpis.mean_gap_days", allow_null=True)
    payment_methods = serializers.DictField(
        source="kpis.payment_methods", child=serializers.IntegerField(), help_text="Orders by payment method."
    )
    payment_days = serializers.FloatField(
        source="kpis.payment_days", allow_null=True, help_text="Mean days from order to payment."
    )
    overdue_days = serializers.FloatField(
        source="kpis.overdue_days", allow_null=True, help_text="Mean days after the due day."
    )
    first_channel = serializers.CharField(source="kpis.first_channel")
    last_channel = serializers.CharField(source="kpis.last_channel")
    rfm_group = serializers.CharField(source="kpis.rfm_group", help_text="Empty: the shop has too few buyers.")
    predicted_orders = serializers.FloatField(
        source="kpis.predicted_orders", allow_null=True, help_text="In the 12 months after `predicted_at`."
    )
    predicted_value = serializers.IntegerField(
        source="kpis.predicted_value", allow_null=True, help_text="Their expected revenue, tax included."
    )
    alive = serializers.FloatField(source="kpis.alive", allow_null=True, help_text="Probability of still buying.")
    predicted_at = MomentField(source="kpis.predicted_at", allow_null=True)


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
    kpis = serializers.SerializerMethodField()

    @extend_schema_field(KpisOutput)
    def get_kpis(self, customer: Customer) -> dict[str, Any]:
        return dict(KpisOutput(customer_value(customer)).data)

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
