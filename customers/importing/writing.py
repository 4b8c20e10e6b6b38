"""People of a file into the database, some thousand at a time: profiles, traits, companies, consents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max

from customers.actions.bulk import Sighting, resolve_customers
from customers.actions.consent_import import ImportedConsent, import_consents
from customers.actions.profiles import Person
from customers.actions.traits import outweighs
from customers.importing.rows import Flaw, Parsed
from customers.models import Company, CompanyPerson, Customer, Trait
from merchants.models import Merchant


@dataclass(frozen=True)
class Written:
    """What a batch came to. ``ids`` are the profiles in the order of the rows, ``refused`` consents by row."""

    ids: Sequence[int]
    added: int
    consents: int
    refused: Mapping[int, Flaw] = field(default_factory=dict)


def write_people(merchant: Merchant, rows: Sequence[Parsed], *, at: datetime, file_name: str) -> Written:
    """Store the people of these rows, as if they came one after the other; call it in a transaction.

    Raises IntegrityError where another transaction just added one of the identities.
    """
    newest = Customer.objects.for_merchant(merchant).aggregate(newest=Max("pk"))["newest"] or 0
    found = resolve_customers(merchant, [Sighting(Person(**parsed.person), at) for parsed in rows])
    ids = [pk for pk in found if pk is not None]
    if len(ids) != len(rows):
        raise AssertionError("a row without identity got this far")
    source = f"import: {file_name}"[:80]
    _write_traits(merchant, rows, ids, source=source, at=at)
    _write_companies(merchant, rows, ids, at=at)
    consents, refused = _write_consents(merchant, rows, ids, source=source)
    return Written(ids, len({pk for pk in ids if pk > newest}), consents, refused)


def _write_traits(merchant: Merchant, rows: Sequence[Parsed], ids: Sequence[int], *, source: str, at: datetime) -> None:
    given = {(pk, name): value for pk, parsed in zip(ids, rows, strict=True) for name, value in parsed.traits.items()}
    if not given:
        return
    known = Trait.objects.for_merchant(merchant).filter(customer__in=set(ids), name__in={name for _pk, name in given})
    stored = {(trait.customer_id, trait.name): trait for trait in known}
    newer = [
        Trait(merchant=merchant, customer_id=pk, name=name, value=value, source=source, set_at=at)
        for (pk, name), value in sorted(given.items(), key=lambda entry: entry[0])
        if (pk, name) not in stored or (stored[pk, name].value != value and outweighs(value, at, stored[pk, name]))
    ]
    Trait.objects.bulk_create(
        newer,
        update_conflicts=True,
        unique_fields=["customer", "name"],
        update_fields=["value", "source", "set_at"],
        batch_size=1000,
    )


def _write_companies(merchant: Merchant, rows: Sequence[Parsed], ids: Sequence[int], *, at: datetime) -> None:
    """By the shop's id of the company, else by its name; one that is not known is made. Stored details stay."""
    wanted = [(pk, parsed.company) for pk, parsed in zip(ids, rows, strict=True) if parsed.company]
    if not wanted:
        return
    companies = _companies(merchant, [company for _pk, company in wanted], at)
    CompanyPerson.objects.bulk_create(
        (
            CompanyPerson(
                merchant=merchant,
                company=companies[_company_key(company)],
                customer_id=pk,
                role=company["role"],
                source=CompanyPerson.Source.IMPORT,
                created_at=at,
            )
            for pk, company in wanted
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )


def _company_key(company: Mapping[str, str]) -> tuple[str, str]:
    if company.get("company_id"):
        return "id", company["company_id"]
    return "name", company["company"].casefold()


def _companies(merchant: Merchant, wanted: Sequence[Mapping[str, str]], at: datetime) -> dict[tuple[str, str], Company]:
    rows = Company.objects.for_merchant(merchant)
    numbers = {company["company_id"] for company in wanted if company.get("company_id")}
    names = {company["company"] for company in wanted if not company.get("company_id")}
    known = {("id", row.external_id): row for row in rows.filter(external_id__in=numbers)}
    if names:
        # The oldest of several with one name comes last, and stays.
        known |= {("name", row.name.casefold()): row for row in rows.filter(name__in=names).order_by("-pk")}
    for company in wanted:
        key = _company_key(company)
        if key not in known:
            number = company.get("company_id", "")
            known[key] = Company.objects.create(
                merchant=merchant, external_id=number, name=company.get("company") or number, created_at=at
            )
    return known


def _write_consents(
    merchant: Merchant, rows: Sequence[Parsed], ids: Sequence[int], *, source: str
) -> tuple[int, dict[int, Flaw]]:
    """How many decisions were taken over or known already, and why the others were refused, by the row's number."""
    given = [(number, pk, parsed) for number, (pk, parsed) in enumerate(zip(ids, rows, strict=True)) if parsed.consent]
    outcomes = import_consents(merchant, [_consent(pk, parsed, source) for _number, pk, parsed in given])
    refused = {
        number: Flaw("consent_refused", value=outcome.message)
        for (number, _pk, _parsed), outcome in zip(given, outcomes, strict=True)
        if outcome is not None
    }
    return len(given) - len(refused), refused


def _consent(pk: int, parsed: Parsed, source: str) -> ImportedConsent:
    consent = parsed.consent
    assert consent is not None
    return ImportedConsent(
        customer_id=pk,
        kind=consent.kind,
        purpose=consent.purpose,
        channel=consent.channel,
        text_version=consent.text_version,
        text=consent.text,
        language=parsed.person.get("locale", "")[:2],
        source=consent.source,
        occurred_at=consent.at,
        evidence={"imported": source, "line": parsed.row.line},
    )
