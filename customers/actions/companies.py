"""Companies and the people who buy for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from customers.models import Company, CompanyPerson, Customer, DismissedSuggestion
from customers.queries.companies import suggested_people
from customers.rules.domains import clean_domain, is_company_domain
from customers.rules.identities import is_placeholder
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

DETAILS = ("name", "vat_id", "domains", "street", "postal_code", "city", "country", "price_group", "notes")
LONGEST_ID = 120
_LONGEST = {"name": 200, "vat_id": 20, "price_group": 40, "street": 200, "postal_code": 20, "city": 120}
# What a group call may say, and where it is kept. Names of the Segment spec, as they are written.
_GROUP_NAMES = {"name": "name", "vatId": "vat_id", "vat_id": "vat_id", "priceGroup": "price_group",
                "price_group": "price_group"}  # fmt: skip
_GROUP_ADDRESS = {"street": "street", "postalCode": "postal_code", "postal_code": "postal_code", "zip": "postal_code",
                  "city": "city", "country": "country"}  # fmt: skip


def clean_domains(given: Iterable[str]) -> list[str]:
    """Each once, as addresses have them. Raises InvalidInput for what is no domain, and for those of mail providers."""
    found: list[str] = []
    for text in given:
        domain = clean_domain(text)
        if not domain:
            raise InvalidInput(
                "bad_domain", _("“%(text)s” is no domain such as firma.example.") % {"text": text[:80]}, field="domains"
            )
        if not is_company_domain(domain):
            raise InvalidInput(
                "free_mail_domain",
                _("People of many companies have addresses at %(domain)s.") % {"domain": domain},
                field="domains",
            )
        if domain not in found:
            found.append(domain)
    return found


@transaction.atomic
def add_company(merchant: Merchant, *, staff: Staff | None, external_id: str = "", **details: Any) -> Company:
    """A new company. Raises DomainError where another one has this id of the shop's."""
    try:
        with transaction.atomic():
            company = Company.objects.create(merchant=merchant, external_id=external_id, **_cleaned(details))
    except IntegrityError as error:
        raise DomainError(
            "external_id_taken", _("Another company has this number already."), field="external_id"
        ) from error
    record_audit(merchant, "company.added", staff=staff, subject=company)
    return company


@transaction.atomic
def edit_company(company: Company, *, staff: Staff | None, seen: datetime | None = None, **details: Any) -> None:
    """Change any of its details. ``seen`` is when the company had last changed as the page showed it: raises
    DomainError (``stale_edit``) if somebody else changed it since."""
    locked = Company.objects.for_merchant(company.merchant_id).select_for_update().get(pk=company.pk)
    if seen is not None and locked.updated_at != seen:
        raise DomainError("stale_edit", _("Somebody else changed this company meanwhile. Load the page again."))
    cleaned = _cleaned(details)
    changes = {
        name: {"from": getattr(locked, name), "to": value}
        for name, value in cleaned.items()
        if getattr(locked, name) != value
    }
    if changes:
        for name in changes:
            setattr(locked, name, cleaned[name])
            setattr(company, name, cleaned[name])
        locked.save(update_fields=[*changes, "updated_at"])
        record_audit(company.merchant, "company.edited", staff=staff, subject=locked, changes=changes)


def _cleaned(details: Mapping[str, Any]) -> dict[str, Any]:
    unknown = details.keys() - set(DETAILS)
    if unknown:
        raise TypeError(f"a company has no {', '.join(sorted(unknown))}")
    return {name: clean_domains(value) if name == "domains" else value for name, value in details.items()}


@transaction.atomic
def put_company(merchant: Merchant, external_id: str, **details: Any) -> tuple[Company, bool]:
    """The company with this id of the shop's, as given; whether it is new. What is left out falls back to nothing."""
    rows = Company.objects.for_merchant(merchant)
    company = rows.select_for_update().filter(external_id=external_id).first()
    if company is None:
        try:
            return add_company(merchant, staff=None, external_id=external_id, **details), True
        except DomainError as error:
            if error.code != "external_id_taken":
                raise
            company = rows.get(external_id=external_id)  # somebody else was quicker
    edit_company(company, staff=None, **details)
    return company, False


@transaction.atomic
def delete_company(company: Company, *, staff: Staff | None) -> None:
    """The company goes, its people stay."""
    record_audit(company.merchant, "company.deleted", staff=staff, subject=company)
    company.delete()


@transaction.atomic
def link_person(
    company: Company,
    customer: Customer,
    *,
    role: str = CompanyPerson.Role.BUYER,
    source: str = CompanyPerson.Source.STAFF,
    staff: Staff | None = None,
    at: datetime | None = None,
) -> tuple[CompanyPerson, bool]:
    """This person buys for the company, in this role; whether that is new. Linking again changes nothing."""
    person, is_new = CompanyPerson.objects.get_or_create(
        merchant_id=company.merchant_id,
        company=company,
        customer=customer,
        defaults={"role": role, "source": source, "created_at": at or timezone.now()},
    )
    if is_new and staff:
        _audit(person, "company.person_added", staff)
    return person, is_new


@transaction.atomic
def change_role(person: CompanyPerson, role: str, *, staff: Staff | None) -> None:
    rows = CompanyPerson.objects.for_merchant(person.merchant_id).filter(pk=person.pk)
    if rows.exclude(role=role).update(role=role):
        person.role = role
        _audit(person, "company.person_changed", staff)


@transaction.atomic
def make_primary(person: CompanyPerson, *, staff: Staff | None) -> None:
    """The contact of the company from now on; there is one at most."""
    Company.objects.for_merchant(person.merchant_id).select_for_update().get(pk=person.company_id)
    people = CompanyPerson.objects.for_merchant(person.merchant_id).filter(company=person.company_id)
    people.filter(is_primary=True).exclude(pk=person.pk).update(is_primary=False)
    if people.filter(pk=person.pk, is_primary=False).update(is_primary=True):
        person.is_primary = True
        _audit(person, "company.person_changed", staff)


@transaction.atomic
def unlink_person(person: CompanyPerson, *, staff: Staff | None) -> None:
    """This person no longer buys for the company, and is not suggested for it again."""
    _audit(person, "company.person_removed", staff)
    _dismiss(person.company, [person.customer_id], staff)
    person.delete()


@transaction.atomic
def add_suggested(company: Company, ids: Iterable[int] | None, *, staff: Staff) -> int:
    """Link these of the suggested people, or with None all of them; returns how many."""
    rows = suggested_people(company)
    chosen = rows if ids is None else rows.filter(pk__in=list(ids))
    people = [
        CompanyPerson(
            merchant_id=company.merchant_id, company=company, customer_id=pk, source=CompanyPerson.Source.DOMAIN
        )
        for pk in chosen.values_list("pk", flat=True)
    ]
    CompanyPerson.objects.bulk_create(people, ignore_conflicts=True, batch_size=1000)
    if people:
        changes = {"people": len(people)}
        record_audit(company.merchant, "company.person_added", staff=staff, subject=company, changes=changes)
    return len(people)


@transaction.atomic
def dismiss_suggested(company: Company, ids: Iterable[int] | None, *, staff: Staff) -> int:
    """Suggest these people (None: all that are suggested) no more; returns how many."""
    rows = suggested_people(company)
    chosen = list((rows if ids is None else rows.filter(pk__in=list(ids))).values_list("pk", flat=True))
    _dismiss(company, chosen, staff)
    if chosen:
        changes = {"people": len(chosen)}
        record_audit(company.merchant, "company.suggestion_dismissed", staff=staff, subject=company, changes=changes)
    return len(chosen)


def _dismiss(company: Company, ids: Iterable[int], staff: Staff | None) -> None:
    rows = [
        DismissedSuggestion(merchant_id=company.merchant_id, company=company, customer_id=pk, staff=staff) for pk in ids
    ]
    DismissedSuggestion.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


@transaction.atomic
def link_by_group(
    merchant: Merchant, customer: Customer, group_id: str, traits: Mapping[str, Any], at: datetime
) -> Company | None:
    """A group call: this person belongs to the company with this id of the shop's, which is made if it is new.

    What the call says about the company fills gaps only: what staff, the API or an earlier call said stays. None for
    an id that names nothing (``null``, blank, too long): a call of a storefront is never refused for it.
    """
    external_id = group_id.strip()
    if not external_id or len(external_id) > LONGEST_ID or "\0" in external_id or is_placeholder(external_id):
        return None
    said = _said_by_group(traits)
    company, _is_new = Company.objects.get_or_create(
        merchant=merchant, external_id=external_id, defaults={"name": external_id, "created_at": at}
    )
    _fill_gaps(company, said)
    link_person(company, customer, source=CompanyPerson.Source.GROUP, at=at)
    return company


def _said_by_group(traits: Mapping[str, Any]) -> dict[str, Any]:
    """What fits, by the names of our columns; the rest of a group's traits is nothing we know of companies."""
    address = traits.get("address")
    given = {_GROUP_NAMES[name]: value for name, value in traits.items() if name in _GROUP_NAMES}
    if isinstance(address, Mapping):
        given |= {_GROUP_ADDRESS[name]: value for name, value in address.items() if name in _GROUP_ADDRESS}
    said: dict[str, Any] = {name: text for name, value in given.items() if (text := _fitting(name, value))}
    domains = [clean_domain(str(traits[name])) for name in ("domain", "website") if traits.get(name)]
    if company_domains := list(dict.fromkeys(domain for domain in domains if is_company_domain(domain))):
        said["domains"] = company_domains
    return said


def _fitting(name: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        return ""
    text = value.strip()
    if name == "country":
        code = text.upper()
        return code if len(code) == 2 and code.isascii() and code.isalpha() else ""
    return text if len(text) <= _LONGEST[name] else ""


def _fill_gaps(company: Company, said: Mapping[str, Any]) -> None:
    """A company that a group call made is called by its id until somebody says its name."""
    gaps = {
        name: value
        for name, value in said.items()
        if not getattr(company, name) or (name == "name" and company.name == company.external_id)
    }
    changed = {name: value for name, value in gaps.items() if getattr(company, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(company, name, value)
        company.save(update_fields=[*changed, "updated_at"])


def _audit(person: CompanyPerson, action: str, staff: Staff | None) -> None:
    changes = {"customer": person.customer_id, "role": person.role}
    record_audit(person.company.merchant, action, staff=staff, subject=person.company, changes=changes)
