"""The list of customers as a file: asked for, written by a worker, kept for a week, handed out to those who may."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from core.errors import InvalidInput
from core.exports import Export, csv_lines, forget_file, new_export
from core.jobs import Progress, start_job
from core.models import Job
from core.money import to_major
from customers.models import CompanyPerson, ConsentRecord, Customer, CustomerQuerySet, Trait
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

EXPORT = "export_customers"
CSV, JSON_LINES = "csv", "jsonl"
CHUNK = 2000
# What can be chosen, by the key that a line of JSON has; labels are the header of a CSV.
COLUMNS: dict[str, Any] = {
    "external_id": gettext_lazy("customer number"),
    "email": gettext_lazy("e-mail"),
    "phone": gettext_lazy("phone"),
    "loyalty_card": gettext_lazy("loyalty card"),
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "locale": gettext_lazy("language"),
    "postal_code": gettext_lazy("postal code"),
    "city": gettext_lazy("city"),
    "country": gettext_lazy("country"),
    "company": gettext_lazy("company"),
    "price_group": gettext_lazy("price group"),
    "known_since": gettext_lazy("known since"),
    "orders": gettext_lazy("orders"),
    "revenue": gettext_lazy("revenue"),
    "currency": gettext_lazy("currency"),
    "first_order": gettext_lazy("first order"),
    "last_order": gettext_lazy("last order"),
    "traits": gettext_lazy("traits"),
}
# Asked for apart from the others.
CONSENTS = "consents"
_IDENTITIES = ("external_id", "email", "phone", "loyalty_card")


@transaction.atomic
def request_export(
    merchant: Merchant, *, query: str, columns: Sequence[str], file_format: str, with_consents: bool, staff: Staff
) -> Job:
    """Queue an export of the list that the address ``query`` shows. Raises InvalidInput where no column is chosen."""
    chosen = [name for name in COLUMNS if name in columns]
    if not chosen:
        raise InvalidInput("no_columns", _("Choose at least one column."), field="columns")
    parameters = {"query": query, "columns": chosen, "format": file_format, "consents": with_consents}
    title = gettext_noop("Export of customers")
    job = start_job(merchant, EXPORT, title=title, parameters=parameters, staff=staff)
    changes = {"columns": chosen, "consents": with_consents}
    record_audit(merchant, "export.requested", staff=staff, subject=job, changes=changes)
    return job


def write_export(progress: Progress, rows: CustomerQuerySet) -> dict[str, Any]:
    """Write the people in ``rows`` into a new file; returns the job's result. Begun anew, it begins from the start."""
    parameters = progress.job.parameters
    columns = [*parameters["columns"], *([CONSENTS] if parameters["consents"] else [])]
    progress.step(gettext_noop("Writing the file"), total=rows.order_by().count())
    begun = timezone.now()
    with new_export(progress.job.merchant_id) as export:
        write = _csv if parameters["format"] == CSV else _json_lines
        with export.path.open("w", encoding="utf-8", newline="") as file:
            for line in write(_people(progress, rows, columns, export), columns):
                file.write(line)
        size = export.path.stat().st_size
        if _erased_since(progress.job.merchant, begun).isdisjoint(export.subjects):
            return {"export": export.name, "rows": progress.job.done, "bytes": size}
    forget_file(export.name)
    return write_export(progress, rows)


def _erased_since(merchant: Merchant, begun: datetime) -> set[int]:
    """Who left while the file was written, and may be in it."""
    gone = Customer.objects.for_merchant(merchant).filter(erased_at__gte=begun)
    return set(gone.values_list("pk", flat=True))


def _csv(people: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    header = [str(gettext_lazy("consents") if name == CONSENTS else COLUMNS[name]) for name in columns]
    return csv_lines(header, ([_cell(value) for value in person.values()] for person in people))


def _json_lines(people: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    for person in people:
        yield json.dumps(person, ensure_ascii=False, default=float) + "\n"  # amounts are decimals


def _cell(value: Any) -> Any:
    """A value as one cell: what is a list or an object is JSON."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return value


def _people(
    progress: Progress, rows: CustomerQuerySet, columns: Sequence[str], export: Export
) -> Iterator[dict[str, Any]]:
    """Each person as the columns' values, some thousand at a time by their ids, which are noted as the file's."""
    newest = 0
    while chunk := list(rows.order_by("pk").filter(pk__gt=newest).with_identities()[:CHUNK]):
        lookups = {name: _LOOKUPS[name](progress.job.merchant, chunk) for name in columns if name in _LOOKUPS}
        for customer in chunk:
            yield {name: _value(progress.job.merchant, customer, name, lookups) for name in columns}
            export.subjects.append(customer.pk)
        newest = chunk[-1].pk
        progress.advance(len(chunk))


def _value(merchant: Merchant, customer: Customer, name: str, lookups: dict[str, dict[int, Any]]) -> Any:
    if name in lookups:
        return lookups[name].get(customer.pk, [] if name == CONSENTS else {} if name == "traits" else "")
    if name in _IDENTITIES:
        return customer.identity(name)
    if name == "currency":
        return merchant.currency
    if name == "revenue":
        return to_major(customer.revenue, merchant.currency)
    if name == "orders":
        return customer.orders_count
    if name in _MOMENTS:
        at = getattr(customer, _MOMENTS[name])
        return at.isoformat(timespec="seconds") if at else ""
    return getattr(customer, name)


_MOMENTS = {"known_since": "created_at", "first_order": "first_order_at", "last_order": "last_order_at"}


def _company_names(merchant: Merchant, chunk: Sequence[Customer]) -> dict[int, str]:
    return {pk: ", ".join(person.company.name for person in people) for pk, people in _companies(merchant, chunk)}


def _price_groups(merchant: Merchant, chunk: Sequence[Customer]) -> dict[int, str]:
    """Of the first company that has one, as the API says it."""
    found = {}
    for pk, people in _companies(merchant, chunk):
        found[pk] = next((person.company.price_group for person in people if person.company.price_group), "")
    return found


def _companies(merchant: Merchant, chunk: Sequence[Customer]) -> list[tuple[int, list[CompanyPerson]]]:
    rows = CompanyPerson.objects.for_merchant(merchant).filter(customer__in=chunk).select_related("company")
    found: dict[int, list[CompanyPerson]] = defaultdict(list)
    for person in rows.order_by("created_at", "id"):
        found[person.customer_id].append(person)
    return list(found.items())


def _traits(merchant: Merchant, chunk: Sequence[Customer]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for trait in Trait.objects.for_merchant(merchant).filter(customer__in=chunk).order_by("name"):
        if trait.value is not None:
            found[trait.customer_id][trait.name] = trait.value
    return found


def _consents(merchant: Merchant, chunk: Sequence[Customer]) -> dict[int, list[dict[str, Any]]]:
    """What each person decided last about each purpose and channel; an empty one means every."""
    records = ConsentRecord.objects.for_merchant(merchant).filter(customer__in=chunk)
    records = records.exclude(kind=ConsentRecord.Kind.NOTICE_SHOWN)
    newest = records.order_by("customer", "purpose", "channel", "-occurred_at", "-id")
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for record in newest.distinct("customer", "purpose", "channel"):
        decision = {
            "decision": record.kind,
            "purpose": record.purpose,
            "channel": record.channel,
            "at": record.occurred_at.isoformat(timespec="seconds"),
            "text_version": record.text_version,
            "source": record.source,
        }
        found[record.customer_id].append(decision)
    return found


_LOOKUPS: dict[str, Callable[[Merchant, Sequence[Customer]], dict[int, Any]]] = {
    "company": _company_names,
    "price_group": _price_groups,
    "traits": _traits,
    CONSENTS: _consents,
}
