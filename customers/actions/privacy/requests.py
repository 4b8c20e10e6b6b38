"""A request under the GDPR from its receipt to its answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput
from customers.actions.consent import record_objection
from customers.models import Customer, PrivacyRequest
from customers.rules.deadlines import due_on
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

Kind, State = PrivacyRequest.Kind, PrivacyRequest.State


@transaction.atomic
def open_request(
    merchant: Merchant,
    *,
    kind: str,
    channel: str,
    customer: Customer | None = None,
    contact: str = "",
    statement: str = "",
    received_at: datetime | None = None,
    identity_evidence: str = "",
    staff: Staff | None = None,
) -> PrivacyRequest:
    """Write down what somebody asked for; the answer is due in a month.

    Idempotent for what people do themselves: while a request of this kind of this customer is open, it is returned.
    ``identity_evidence`` says how it is known who asks, where that is known already (a signed link, a login).
    """
    if customer and not staff and (same := _open_one(customer, kind)):
        return same
    received = received_at or timezone.now()
    if received > timezone.now():
        raise InvalidInput("received_in_future", _("A request cannot have been received in the future."))
    request = PrivacyRequest.objects.create(
        merchant=merchant,
        kind=kind,
        channel=channel,
        customer=customer,
        contact=contact,
        statement=statement,
        received_at=received,
        due_on=due_on(received.astimezone(merchant.tz).date()),
        state=State.CHECKED if identity_evidence else State.RECEIVED,
        identity_evidence=identity_evidence,
        identity_checked_at=timezone.now() if identity_evidence else None,
        identity_checked_by=staff if identity_evidence else None,
        assignee=staff,
    )
    _audit(request, "opened", staff, kind=kind, channel=channel)
    return request


def _open_one(customer: Customer, kind: str) -> PrivacyRequest | None:
    # Of two clicks the second waits here until the first one's request is visible.
    Customer.objects.for_merchant(customer.merchant_id).select_for_update(no_key=True).get(pk=customer.pk)
    mine = PrivacyRequest.objects.for_merchant(customer.merchant_id).open().filter(customer=customer, kind=kind)
    found: PrivacyRequest | None = mine.order_by("pk").first()
    return found


@transaction.atomic
def check_identity(request: PrivacyRequest, *, customer: Customer, evidence: str, staff: Staff) -> PrivacyRequest:
    """Staff know who asks, and which profile that is. Nothing about a person is given out or erased before."""
    locked = lock_open(request)
    if customer.erased_at:
        raise DomainError("customer_erased", _("This profile was erased already."))
    locked.customer, locked.identity_evidence = customer, evidence
    locked.identity_checked_at, locked.identity_checked_by = timezone.now(), staff
    if locked.state == State.RECEIVED:
        locked.state = State.CHECKED
    locked.save()
    _audit(locked, "identity_checked", staff)
    return locked


@transaction.atomic
def extend_deadline(request: PrivacyRequest, *, reason: str, staff: Staff) -> PrivacyRequest:
    """Two further months, once, and only with a reason, which the person must be told in the first month."""
    locked = lock_open(request)
    if locked.extended_at:
        raise DomainError("already_extended", _("The deadline was extended already; the law allows it once."))
    if not reason.strip():
        raise InvalidInput("reason_missing", _("Say why: the person must be told."), field="reason")
    locked.extended_at, locked.extension_reason = timezone.now(), reason
    received = locked.received_at.astimezone(locked.merchant.tz).date()
    locked.due_on = due_on(received, extended=True)
    locked.save(update_fields=["extended_at", "extension_reason", "due_on"])
    _audit(locked, "extended", staff)
    return locked


@transaction.atomic
def assign_request(request: PrivacyRequest, *, assignee: Staff | None, notes: str, staff: Staff) -> PrivacyRequest:
    """Who looks after it, and what the next one needs to know."""
    locked = lock(request)
    locked.assignee, locked.notes = assignee, notes
    locked.save(update_fields=["assignee", "notes"])
    _audit(locked, "assigned", staff, assignee=assignee.pk if assignee else None)
    return locked


@transaction.atomic
def complete_request(request: PrivacyRequest, *, outcome: str, staff: Staff) -> PrivacyRequest:
    """Staff answered it. An objection or restriction takes effect by this; an erasure is ``erase_customer``'s alone."""
    locked = lock_open(request)
    if locked.kind == Kind.ERASURE:
        raise DomainError("erasure_not_run", _("An erasure is done when it ran, or refused with a reason."))
    if locked.identity_checked_at is None:
        raise DomainError("identity_unchecked", _("Check first who asks."))
    if locked.kind == Kind.OBJECTION and locked.customer:
        record_objection(locked.customer, source=f"privacy request {locked.pk}", staff=staff)
    return _close(locked, State.DONE, outcome, staff)


@transaction.atomic
def refuse_request(request: PrivacyRequest, *, reason: str, staff: Staff) -> PrivacyRequest:
    """With the reason that the person is told (GDPR Art. 12(4))."""
    if not reason.strip():
        raise InvalidInput("reason_missing", _("Say why: the person must be told."), field="reason")
    return _close(lock_open(request), State.REFUSED, reason, staff)


@transaction.atomic
def lift_restriction(request: PrivacyRequest, *, reason: str, staff: Staff) -> PrivacyRequest:
    """The restriction ends: what consents and objections say counts again. The person is told before (Art. 18(3))."""
    if not reason.strip():
        raise InvalidInput("reason_missing", _("Say why: the person must be told."), field="reason")
    locked = lock(request)
    if not locked.is_restricting:
        raise DomainError("no_restriction", _("There is no restriction to lift, or it was lifted already."))
    locked.lifted_at, locked.lifted_by, locked.lift_reason = timezone.now(), staff, reason
    locked.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    _audit(locked, "lifted", staff)
    return locked


def _close(request: PrivacyRequest, state: str, outcome: str, staff: Staff | None) -> PrivacyRequest:
    request.state, request.outcome = state, outcome
    request.closed_at, request.closed_by = timezone.now(), staff
    request.save()
    _audit(request, state, staff)
    return request


def lock(request: PrivacyRequest) -> PrivacyRequest:
    """The request as it is now, held until the transaction ends."""
    rows = PrivacyRequest.objects.for_merchant(request.merchant_id).select_related("merchant")
    return rows.select_for_update(of=("self",)).get(pk=request.pk)


def lock_open(request: PrivacyRequest) -> PrivacyRequest:
    """Likewise. Raises DomainError when it was answered already."""
    locked = lock(request)
    if not locked.is_open:
        raise DomainError("request_closed", _("This request was answered already."))
    return locked


def _audit(request: PrivacyRequest, what: str, staff: Staff | None, **changes: Any) -> None:
    record_audit(request.merchant, f"privacy_request.{what}", staff=staff, subject=request, changes=changes)
