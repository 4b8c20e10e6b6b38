"""Companies as screens and the API show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from customers.models import (
    Company,
    CompanyPerson,
    Customer,
    CustomerQuerySet,
    DismissedSuggestion,
    Identity,
    Note,
    Task,
    email_domain,
)
from customers.rules.domains import is_company_domain

# A company with more people than this is looked through by searching.
PEOPLE_SHOWN, SUGGESTED = 200, 50


def people_of(company: Company) -> list[CompanyPerson]:
    """The primary contact first, then by when they were linked."""
    rows = CompanyPerson.objects.for_merchant(company.merchant_id).filter(company=company, customer__erased_at=None)
    rows = rows.select_related("customer").prefetch_related("customer__identities")
    return list(rows.order_by("-is_primary", "created_at", "id")[:PEOPLE_SHOWN])


def companies_of(customer: Customer) -> list[CompanyPerson]:
    """For whom this person buys, since longest first."""
    rows = CompanyPerson.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    return list(rows.select_related("company").order_by("created_at", "id"))


def price_group_of(people: Sequence[CompanyPerson]) -> str:
    """The price group of the first of a person's companies that has one."""
    return next((person.company.price_group for person in people if person.company.price_group), "")


def suggested_people(company: Company) -> CustomerQuerySet:
    """People with an address at one of the company's domains, whom nobody linked or dismissed."""
    domains = [domain for domain in company.domains if is_company_domain(domain)]
    rows: CustomerQuerySet = Customer.objects.for_merchant(company.merchant_id).present()
    if not domains:
        return rows.none()
    addresses = Identity.objects.for_merchant(company.merchant_id).filter(kind=Identity.Kind.EMAIL)
    there = addresses.annotate(domain=email_domain()).filter(domain__in=domains)
    known = CompanyPerson.objects.for_merchant(company.merchant_id).filter(company=company)
    dismissed = DismissedSuggestion.objects.for_merchant(company.merchant_id).filter(company=company)
    return (
        rows.filter(pk__in=there.values("customer"))
        .exclude(pk__in=known.values("customer"))
        .exclude(pk__in=dismissed.values("customer"))
        .order_by("pk")
    )


def newest_notes(company: Company, limit: int, before: datetime | None = None) -> list[Note]:
    """What colleagues wrote about the company's people."""
    people = CompanyPerson.objects.for_merchant(company.merchant_id).filter(company=company)
    rows = Note.objects.for_merchant(company.merchant_id).filter(customer__in=people.values("customer"))
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    return list(rows.select_related("author").order_by("-created_at", "-id")[:limit])


def newest_done_tasks(company: Company, limit: int, before: datetime | None = None) -> list[Task]:
    """What colleagues did for the company's people."""
    people = CompanyPerson.objects.for_merchant(company.merchant_id).filter(company=company)
    rows = Task.objects.for_merchant(company.merchant_id).filter(
        customer__in=people.values("customer"), state=Task.State.DONE
    )
    if before is not None:
        rows = rows.filter(done_at__lt=before)
    return list(rows.select_related("done_by").order_by("-done_at", "-id")[:limit])
