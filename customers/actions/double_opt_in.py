"""Double opt-in: ask for a consent, and record it once the owner of the mailbox confirms."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput
from core.events import publish
from core.locks import lock_name
from customers.actions.consent import record_consent, record_objection, suppress_addresses
from customers.actions.profiles import Person, resolve_customer
from customers.events import ConsentRequested
from customers.models import (
    Channel,
    ConsentRecord,
    ConsentRequest,
    ConsentRequestQuerySet,
    ConsentText,
    Customer,
    Identity,
    Suppression,
    request_digest,
)
from customers.queries.consent import is_address_restricted
from customers.rules.addresses import normalise_email
from merchants.models import Merchant

# Somebody else's address can be typed into a form: nobody gets more of these messages than that in a day.
MOST_PER_DAY = 3
FORGOTTEN_AFTER = timedelta(days=30)
_UNREACHABLE = [Suppression.Reason.BOUNCE, Suppression.Reason.COMPLAINT]


@transaction.atomic
def request_consent(
    merchant: Merchant,
    *,
    address: str,
    text: ConsentText,
    purposes: Sequence[str],
    source: str,
    customer: Customer | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> ConsentRequest:
    """Ask the owner of an e-mail address to confirm a consent; a message with a link leaves at once.

    Nothing is allowed until the link is used, within seven days. ``customer`` is None for somebody unknown, of
    whom nothing but the address is kept until then. Raises InvalidInput for an address that is none or a purpose the
    text does not speak of, DomainError where the address must not be written to (``address_suppressed``,
    ``address_restricted``) or was written to often enough today (``too_many_requests``).
    """
    address = _checked(address)
    uncovered = [purpose for purpose in purposes if not text.covers(purpose, Channel.EMAIL)]
    if uncovered or not purposes:
        raise InvalidInput("text_about_something_else", _("The text does not speak of this purpose by e-mail."))
    lock_name(f"consent-request:{merchant.pk}:{address}")
    _check_reachable(merchant, address)
    _check_rate(merchant, address)
    now, nonce = timezone.now(), secrets.token_hex(16)
    request = ConsentRequest.objects.create(
        merchant=merchant,
        customer=customer,
        address=address,
        purposes=list(dict.fromkeys(purposes)),
        text=text,
        locale=text.language,
        source=source,
        evidence=dict(evidence or {}),
        nonce=nonce,
        digest=request_digest(ConsentRequest.token_of(nonce)),
        requested_at=now,
        expires_at=now + ConsentRequest.VALID_FOR,
    )
    publish(ConsentRequested(merchant_id=merchant.pk, request_id=request.pk))
    return request


def _checked(address: str) -> str:
    address = normalise_email(address)
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput("invalid_address", _("This is no e-mail address."), field="address") from error
    return address


def _check_reachable(merchant: Merchant, address: str) -> None:
    """An objection does not count here: whoever asks for it may change their mind."""
    rows = Suppression.objects.for_merchant(merchant).of(address).filter(channel__in=["", Channel.EMAIL])
    if rows.filter(reason__in=_UNREACHABLE).exists():
        raise DomainError(
            "address_suppressed",
            _("Messages to this address came back, or its owner complained: nothing is sent there."),
        )
    if is_address_restricted(merchant, address):
        raise DomainError(
            "address_restricted",
            _("The owner of this address had the use of their data restricted (GDPR Art. 18): nobody is asked there."),
        )


def _check_rate(merchant: Merchant, address: str) -> None:
    since = timezone.now() - timedelta(days=1)
    today = ConsentRequest.objects.for_merchant(merchant).filter(address=address, requested_at__gt=since)
    if today.count() >= MOST_PER_DAY:
        raise DomainError(
            "too_many_requests",
            _("This address was asked three times within a day. Look into the mailbox, or try again tomorrow."),
            status=429,
        )


@transaction.atomic
def confirm_consent(request: ConsentRequest) -> list[ConsentRecord]:
    """The owner of the mailbox confirmed: the consents, with both moments as evidence. Idempotent: a second click adds nothing.

    Other requests for the same that are still open are settled with it. Raises DomainError (``request_expired``).
    """
    rows = ConsentRequest.objects.for_merchant(request.merchant_id)
    locked = rows.select_for_update(of=("self",)).select_related("merchant", "customer", "text").get(pk=request.pk)
    if locked.confirmed_at:
        return []
    if not locked.is_open():
        raise DomainError("request_expired", _("This link has expired."), status=410)
    now = timezone.now()
    customer = locked.customer or resolve_customer(locked.merchant, Person(email=locked.address, locale=locked.locale))
    alike = rows.open().filter(address=locked.address, purposes__contained_by=locked.purposes)
    alike.update(confirmed_at=now, customer=customer)
    evidence = locked.evidence | {
        "requested_at": locked.requested_at.isoformat(),
        "confirmed_at": now.isoformat(),
        "consent_request": locked.pk,
    }
    return [
        record_consent(
            customer,
            purpose=purpose,
            channel=locked.channel,
            text=locked.text,
            address=locked.address,
            source=locked.source,
            evidence=evidence,
            given_at=now,
        )
        for purpose in locked.purposes
    ]


@transaction.atomic
def object_by_address(
    merchant: Merchant, *, address: str, purposes: Sequence[str], source: str
) -> ConsentRecord | None:
    """The owner of an address objects to advertising by e-mail; no purposes: to all. None: nobody is known by it."""
    identity = (
        Identity.objects.for_merchant(merchant)
        .filter(kind=Identity.Kind.EMAIL, value=normalise_email(address))
        .select_related("customer__merchant")
        .first()
    )
    record = None
    for purpose in purposes or [""]:
        about: dict[str, Any] = {"purpose": purpose, "channel": Channel.EMAIL}
        if identity:
            record = record_objection(identity.customer, address=address, source=source, **about)
        else:
            suppress_addresses(merchant, [address], reason=Suppression.Reason.OBJECTION, **about)
    return record


def lapsed_requests() -> ConsentRequestQuerySet:
    """What nobody confirmed although the link expired a month ago, at every merchant."""
    rows: ConsentRequestQuerySet = ConsentRequest.objects.all_merchants()
    return rows.filter(confirmed_at=None, expires_at__lt=timezone.now() - FORGOTTEN_AFTER)


def forget_lapsed_requests() -> int:
    """Deletes them; returns how many."""
    lapsed = lapsed_requests()
    count = lapsed.count()
    lapsed.delete()
    return count
