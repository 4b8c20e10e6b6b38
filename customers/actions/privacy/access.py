"""Access (GDPR Art. 15, 20): everything about a person as files, for staff and, by a link, for the person."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.core import signing
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import DomainError
from core.jobs import start_job
from core.models import Job
from core.privacy.document import Letterhead, write_archive
from customers.actions.privacy.requests import lock, lock_open
from customers.models import PrivacyRequest
from customers.queries.privacy import person_of
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

ACCESS = "privacy_export"
FOLDER = "privacy"
LINK_VALID = timedelta(days=14)
SALT = "customers.privacy.access"


@transaction.atomic
def request_export(request: PrivacyRequest, *, staff: Staff, ring_worker: bool = True) -> Job:
    """Queue the export. Raises DomainError until the identity is checked."""
    locked = lock_open(request)
    if locked.identity_checked_at is None or locked.customer is None:
        raise DomainError("identity_unchecked", _("Check first who asks, and which profile that is."))
    if locked.job and not locked.job.is_finished:
        raise DomainError("export_running", _("This export is already waiting or running."))
    job = start_job(
        locked.merchant,
        ACCESS,
        title=gettext_noop("Collect the data of request %(request)s"),
        parameters={"request": locked.pk},
        staff=staff,
        ring_worker=ring_worker,
    )
    locked.job, locked.state = job, PrivacyRequest.State.RUNNING
    locked.save(update_fields=["job", "state"])
    record_audit(locked.merchant, "privacy_request.export_started", staff=staff, subject=locked)
    return job


def export_customer(request: PrivacyRequest, *, tell: Callable[[int], None] = lambda _count: None) -> int:
    """Write the files of the request's customer; an earlier export is replaced. Returns how many rows they hold."""
    if request.customer is None:
        raise DomainError("customer_erased", _("This profile was erased already."))
    name = f"{FOLDER}/{request.merchant_id}/{request.pk}-{secrets.token_hex(8)}.zip"
    with timezone.override(request.merchant.tz):
        rows = write_archive(
            Path(default_storage.path(name)), person_of(request.customer), letterhead(request.merchant), tell
        )
    with transaction.atomic():
        locked = lock(request)
        forget_file(locked)
        locked.file = name
        locked.save(update_fields=["file"])
    return rows


def forget_file(request: PrivacyRequest) -> bool:
    """Delete the request's export, if there is one; the caller saves the row."""
    had, request.link_until = bool(request.file), None
    if had:
        default_storage.delete(request.file)
        request.file = ""
    return had


@transaction.atomic
def issue_link(request: PrivacyRequest, *, staff: Staff) -> str:
    """The token of a link with which the person downloads the export for two weeks; an earlier link ends."""
    locked = lock(request)
    if not locked.file or locked.identity_checked_at is None:
        raise DomainError("no_export", _("There is no export yet."))
    locked.link_until = timezone.now() + LINK_VALID
    locked.save(update_fields=["link_until"])
    record_audit(locked.merchant, "privacy_request.link_issued", staff=staff, subject=locked)
    return link_token(locked)


def link_token(request: PrivacyRequest) -> str:
    """Signed, and bound to the moment at which this very link ends."""
    until = request.link_until.isoformat() if request.link_until else ""
    return signing.dumps({"request": request.pk, "until": until}, salt=SALT)


def request_of_link(token: str) -> PrivacyRequest | None:
    """The request whose export this token opens; None for a forged, replaced or expired one."""
    try:
        content = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    rows = PrivacyRequest.objects.all_merchants().select_related("merchant", "customer")
    found: PrivacyRequest | None = rows.filter(pk=content["request"], link_until__gt=timezone.now()).first()
    if found is None or not found.file or found.link_until is None:
        return None
    return found if found.link_until.isoformat() == content["until"] else None


def letterhead(merchant: Merchant) -> Letterhead:
    place = f"{merchant.street}, {merchant.postal_code} {merchant.city}".strip(" ,")
    register = f"{merchant.register_court} {merchant.register_number}".strip()
    contact = " · ".join(filter(None, [merchant.contact_email, merchant.contact_phone, merchant.website]))
    lines = [merchant.legal_name or merchant.name, place, merchant.directors, register, merchant.vat_id, contact]
    return Letterhead(
        name=merchant.legal_name or merchant.name,
        contact=merchant.contact_email,
        currency=merchant.currency,
        footer=[line for line in lines if line],
    )


def export_name(request: PrivacyRequest) -> str:
    """What the file is called where it is saved."""
    return f"{_('your-data')}-{request.pk}.zip"
