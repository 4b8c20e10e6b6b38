"""Erasure (GDPR Art. 17): the person leaves every table and store, the facts of the books stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.errors import DomainError
from core.jobs import start_job
from core.models import Job
from core.privacy import Person
from core.privacy.erasing import Done, count_rows, erase_everywhere
from customers.actions.privacy.requests import lock, lock_open
from customers.models import ConsentProof, ConsentRecord, Customer, PrivacyRequest, address_digest
from customers.queries.privacy import person_of, with_unlinked_visits
from customers.rules.deadlines import proof_kept_until
from merchants.actions import record_audit
from merchants.models import Staff

ERASURE = "privacy_erasure"
Kind, State = PrivacyRequest.Kind, PrivacyRequest.State
Tell = Callable[[Done], None]


@transaction.atomic
def request_erasure(request: PrivacyRequest, *, staff: Staff, ring_worker: bool = True) -> Job:
    """Queue the erasure that staff confirmed. Raises DomainError until the identity is checked."""
    locked = lock_open(request)
    if locked.kind != Kind.ERASURE or locked.identity_checked_at is None or locked.customer is None:
        raise DomainError("identity_unchecked", _("Check first who asks, and which profile that is."))
    if locked.job and not locked.job.is_finished:
        raise DomainError("erasure_running", _("This erasure is already waiting or running."))
    job = start_job(
        locked.merchant,
        ERASURE,
        title=gettext_noop("Erase the data of request %(request)s"),
        parameters={"request": locked.pk},
        staff=staff,
        ring_worker=ring_worker,
    )
    locked.state, locked.job = State.RUNNING, job
    locked.save(update_fields=["state", "job"])
    record_audit(locked.merchant, "privacy_request.erasure_confirmed", staff=staff, subject=locked)
    return job


def erase_customer(
    customer: Customer | None, *, request: PrivacyRequest, staff: Staff | None, tell: Tell = lambda _done: None
) -> PrivacyRequest:
    """Take the person out of everything we hold; returns the request with its receipt.

    One transaction, so that it happens whole or not at all, and can be started again at any time: a request that is
    done answers with its receipt, a profile that was erased already is only closed. It cannot be undone.
    """
    with transaction.atomic(), timezone.override(request.merchant.tz):
        locked = lock(request)
        if locked.state == State.DONE:
            return locked
        _patiently()
        places = _erase(customer, tell) if customer else []
        # The erasure itself took what the request said about the person.
        done = lock(request)
        done.customer, done.state, done.closed_by = None, State.DONE, staff
        done.closed_at = timezone.now()
        done.receipt = {"at": done.closed_at.isoformat(), "places": places}
        done.save()
        record_audit(done.merchant, "privacy_request.erased", staff=staff, subject=done)
        return done


def _patiently() -> None:
    """Nobody waits for this transaction; a person with a hundred thousand events takes longer than a page may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")


def _erase(customer: Customer, tell: Tell) -> list[dict[str, Any]]:
    # Orders and events of this person wait here, and afterwards find nobody to be added to.
    locked = Customer.objects.for_merchant(customer.merchant_id).select_for_update().get(pk=customer.pk)
    if locked.erased_at:
        return []
    person = with_unlinked_visits(person_of(locked))
    _keep_proofs(person, timezone.localdate())
    places = []
    for done in erase_everywhere(person):
        tell(done)
        outcome = done.outcome
        place: dict[str, Any] = {done.kind: done.name, "deleted": outcome.deleted, "blanked": outcome.blanked}
        places.append(place | ({"details": list(outcome.details)} if outcome.details else {}))
    return places


def _keep_proofs(person: Person, today: Any) -> None:
    """What was agreed to and objected to, under digests of the addresses: found only by who names the address again."""
    records = ConsentRecord.objects.for_merchant(person.merchant_id).filter(customer__in=person.ids)
    rows = []
    for record in records.order_by("pk").iterator(chunk_size=1000):
        for address in [record.address] if record.address else person.addresses:
            rows.append(_proof(record, address, proof_kept_until(today)))  # noqa: PERF401  # two loops read better so
    ConsentProof.objects.bulk_create(rows, batch_size=1000)


def _proof(record: ConsentRecord, address: str, until: Any) -> ConsentProof:
    return ConsentProof(
        merchant_id=record.merchant_id,
        digest=address_digest(address),
        kind=record.kind,
        purpose=record.purpose,
        channel=record.channel,
        text_version=record.text_version,
        moments=_moments(record.evidence),
        occurred_at=record.occurred_at,
        recorded_at=record.recorded_at,
        kept_until=until,
    )


def _moments(evidence: dict[str, Any]) -> dict[str, str]:
    """When something was asked and confirmed; no other part of the evidence."""
    return {str(name)[:40]: value for name, value in evidence.items() if _is_moment(value)}


def _is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(parse_datetime(value), datetime)
    except ValueError:
        return False


def erasure_counts(customer: Customer) -> list[tuple[Any, str, int]]:
    """What an erasure would touch, for whoever confirms it: title, what becomes of the rows, how many."""
    return [(table.title, table.rows.value, count) for table, count in count_rows(person_of(customer))]


@transaction.atomic
def erase_lead(customer: Customer) -> None:
    """Somebody who was kept long enough leaves without having asked: the erasure without a request or a receipt."""
    with timezone.override(customer.merchant.tz):
        _patiently()
        _erase(customer, lambda _done: None)
