"""Companies over HTTP."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.serializers import MomentField, StrictBooleanField, StrictCharField, StrictSerializer
from customers.actions.companies import LONGEST_ID, change_role, link_person, make_primary, put_company, unlink_person
from customers.models import Company, CompanyPerson, Customer, Identity
from customers.queries.companies import people_of
from merchants.models import Merchant, Scope

EXAMPLE = {
    "name": "Nordlicht Handels GmbH",
    "vat_id": "DE123456789",
    "domains": ["nordlicht.example"],
    "street": "Hafenstraße 1",
    "postal_code": "20457",
    "city": "Hamburg",
    "country": "DE",
    "price_group": "trade-10",
}


class CompanyInput(StrictSerializer):
    """A whole company: what is left out falls back to nothing."""

    name = StrictCharField(max_length=200)
    vat_id = StrictCharField(max_length=20, allow_blank=True, default="")
    domains = serializers.ListField(
        child=StrictCharField(max_length=253),
        max_length=20,
        default=list,
        help_text="E-mail domains of the company: people with an address there are suggested.",
    )
    street = StrictCharField(max_length=200, allow_blank=True, default="")
    postal_code = StrictCharField(max_length=20, allow_blank=True, default="")
    city = StrictCharField(max_length=120, allow_blank=True, default="")
    country = serializers.RegexField(r"^[A-Z]{2}\Z", required=False, allow_blank=True, default="")
    price_group = StrictCharField(
        max_length=40, allow_blank=True, default="", help_text="Which prices its people see, by your own name for them."
    )


class PersonInput(StrictSerializer):
    role = serializers.ChoiceField(choices=CompanyPerson.Role.choices, default=CompanyPerson.Role.BUYER.value)
    is_primary = StrictBooleanField(default=False, help_text="The contact of the company; there is one at most.")


class CompanyPersonOutput(serializers.Serializer[Any]):
    external_id = serializers.CharField(source="customer.external_id")
    email = serializers.CharField(source="customer.email")
    name = serializers.CharField(source="customer.name")
    role = serializers.ChoiceField(choices=CompanyPerson.Role.choices)
    is_primary = serializers.BooleanField()
    since = MomentField(source="created_at")


class CompanyOutput(serializers.Serializer[Company]):
    """A company; the figures are those of its people, `revenue` in minor units."""

    external_id = serializers.CharField()
    name = serializers.CharField()
    vat_id = serializers.CharField()
    domains = serializers.ListField(child=serializers.CharField())
    street = serializers.CharField()
    postal_code = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField()
    price_group = serializers.CharField()
    known_since = MomentField(source="created_at")
    people_count = serializers.IntegerField()
    orders_count = serializers.IntegerField()
    revenue = serializers.IntegerField()
    currency = serializers.CharField(source="merchant.currency")
    last_order_at = MomentField(allow_null=True)
    people = serializers.SerializerMethodField(help_text="The first 200.")

    @extend_schema_field(CompanyPersonOutput(many=True))
    def get_people(self, company: Company) -> list[dict[str, Any]]:
        return list(CompanyPersonOutput(people_of(company), many=True).data)


def _company_or_404(merchant: Merchant, external_id: str) -> Company:
    return get_object_or_404(Company.objects.for_merchant(merchant), external_id=external_id)


def _answer(merchant: Merchant, company: Company, *, is_new: bool = False) -> Response:
    companies = Company.objects.for_merchant(merchant).with_figures().select_related("merchant")
    return Response(CompanyOutput(companies.get(pk=company.pk)).data, status=201 if is_new else 200)


class CompanyView(APIView):
    """One company by the shop's own id."""

    scopes = {"GET": Scope.CUSTOMERS_READ, "PUT": Scope.CUSTOMERS_WRITE}

    @extend_schema(operation_id="read_company", responses=CompanyOutput)
    def get(self, request: Request, external_id: str) -> Response:
        """The company with its people and what their orders add up to."""
        merchant = caller(request).merchant
        return _answer(merchant, _company_or_404(merchant, external_id))

    @extend_schema(
        operation_id="put_company",
        request=CompanyInput,
        responses={200: CompanyOutput, 201: CompanyOutput},
        examples=[OpenApiExample("A company", EXAMPLE, request_only=True)],
    )
    def put(self, request: Request, external_id: str) -> Response:
        """Store the whole company. 201: it is new. Its people stay as they are; staff's own notes too."""
        if len(external_id) > LONGEST_ID:
            message = f"At most {LONGEST_ID} characters."
            raise serializers.ValidationError({"external_id": serializers.ErrorDetail(message, code="max_length")})
        given = CompanyInput(data=request.data)
        given.is_valid(raise_exception=True)
        merchant = caller(request).merchant
        company, is_new = put_company(merchant, external_id, **given.validated_data)
        return _answer(merchant, company, is_new=is_new)


class CompanyPersonView(APIView):
    """One person of a company, by the shop's own ids of both."""

    scopes = {"PUT": Scope.CUSTOMERS_WRITE, "DELETE": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="put_company_person",
        request=PersonInput,
        responses={200: CompanyOutput, 201: CompanyOutput},
        examples=[OpenApiExample("An approver", {"role": "approver", "is_primary": True}, request_only=True)],
    )
    def put(self, request: Request, external_id: str, customer_external_id: str) -> Response:
        """This customer buys for this company, in this role. 201: that is new. Both must be known already."""
        merchant = caller(request).merchant
        company = _company_or_404(merchant, external_id)
        customer = _customer_or_404(merchant, customer_external_id)
        given = PersonInput(data=request.data)
        given.is_valid(raise_exception=True)
        role = given.validated_data["role"]
        person, is_new = link_person(company, customer, role=role, source=CompanyPerson.Source.API)
        change_role(person, role, staff=None)
        if given.validated_data["is_primary"]:
            make_primary(person, staff=None)
        return _answer(merchant, company, is_new=is_new)

    @extend_schema(operation_id="delete_company_person", responses={204: None})
    def delete(self, request: Request, external_id: str, customer_external_id: str) -> Response:
        """This customer no longer buys for this company. 404 if that was not known."""
        merchant = caller(request).merchant
        company = _company_or_404(merchant, external_id)
        customer = _customer_or_404(merchant, customer_external_id)
        people = CompanyPerson.objects.for_merchant(merchant).select_related("company__merchant")
        unlink_person(get_object_or_404(people, company=company, customer=customer), staff=None)
        return Response(status=204)


def _customer_or_404(merchant: Merchant, external_id: str) -> Customer:
    customers = Customer.objects.for_merchant(merchant)
    return get_object_or_404(customers, identities__kind=Identity.Kind.EXTERNAL_ID, identities__value=external_id)
