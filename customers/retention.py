"""How long the customers app keeps what, unless a merchant decides otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.models import ImportRejection
from core.privacy.retention import Retention, keep_for
from customers.actions.privacy.erasure import erase_lead
from customers.models import ConsentRecord, Customer, Event, PrivacyRequest


def _events(merchant_id: int, before: datetime) -> QuerySet[Event]:
    return Event.objects.for_merchant(merchant_id).filter(occurred_at__lt=before)


def _rejections(merchant_id: int, before: datetime) -> QuerySet[ImportRejection]:
    return ImportRejection.objects.for_merchant(merchant_id).filter(job__created_at__lt=before)


def _files(merchant_id: int, before: datetime) -> QuerySet[PrivacyRequest]:
    with_file = PrivacyRequest.objects.for_merchant(merchant_id).exclude(file="")
    return with_file.filter(job__finished_at__lt=before)


def _forget_files(merchant_id: int, ids: list[Any]) -> int:
    for request in PrivacyRequest.objects.for_merchant(merchant_id).filter(pk__in=ids):
        default_storage.delete(request.file)
    return PrivacyRequest.objects.for_merchant(merchant_id).filter(pk__in=ids).update(file="", link_until=None)


def _answered(merchant_id: int, before: datetime) -> QuerySet[PrivacyRequest]:
    """A restriction counts from when it was lifted: until then it is in force, however old."""
    closed = PrivacyRequest.objects.for_merchant(merchant_id).filter(closed_at__lt=before)
    return closed.exclude(pk__in=_restrictions(merchant_id, before).values("pk"))


def _restrictions(merchant_id: int, before: datetime) -> QuerySet[PrivacyRequest]:
    """Those that stood at that moment, or stand since."""
    granted = PrivacyRequest.objects.for_merchant(merchant_id).filter(kind=PrivacyRequest.Kind.RESTRICTION)
    return granted.filter(state=PrivacyRequest.State.DONE).exclude(lifted_at__lt=before)


def _leads(merchant_id: int, before: datetime) -> QuerySet[Customer]:
    """Who never ordered, is long unchanged, consented to nothing, and asked for nothing to be done with the data."""
    rows = Customer.objects.for_merchant(merchant_id).present().filter(last_order_at=None, updated_at__lt=before)
    consented = ConsentRecord.objects.for_merchant(merchant_id).filter(kind=ConsentRecord.Kind.GRANTED)
    active = Event.objects.for_merchant(merchant_id).filter(occurred_at__gte=before, customer_id__isnull=False)
    held = _restrictions(merchant_id, before).exclude(customer=None)
    without = rows.exclude(pk__in=consented.values("customer")).exclude(pk__in=active.values("customer_id"))
    without = without.exclude(pk__in=held.values("customer"))
    leads: QuerySet[Customer] = without
    return leads


def _forget_leads(merchant_id: int, ids: list[Any]) -> int:
    for customer in Customer.objects.for_merchant(merchant_id).filter(pk__in=ids).select_related("merchant"):
        erase_lead(customer)
    return len(ids)


keep_for(
    Retention(
        "events",
        _("Events of the shop, the app and the till"),
        _("What people looked at and did. Comparing a month with that of two years before needs 25 months."),
        days=762,
        shortest=30,
        model=Event,
        old=_events,
    ),
    rank=10,
)
keep_for(
    Retention(
        "leads",
        _("People who never ordered"),
        _(
            "Without an order, a consent, or a visit in this time there is no reason left to keep them (GDPR Art. 5(1)(e))."
        ),
        days=730,
        shortest=30,
        model=Customer,
        old=_leads,
        remove=_forget_leads,
    ),
    rank=20,
)
keep_for(
    Retention(
        "rejections",
        _("Rejected rows of imported files"),
        _("They are kept to be corrected; after that the row is of no use."),
        days=90,
        shortest=7,
        model=ImportRejection,
        old=_rejections,
    ),
    rank=50,
)
keep_for(
    Retention(
        "exports",
        _("Files of access requests"),
        _("The person has the answer by then; the file can be made again."),
        days=30,
        shortest=14,
        model=PrivacyRequest,
        old=_files,
        remove=_forget_files,
    ),
    rank=60,
)
keep_for(
    Retention(
        "requests",
        _("Answered privacy requests and their receipts"),
        _("They prove that requests were answered in time, until claims lapse (BGB §§ 195, 199)."),
        days=1461,
        shortest=365,
        model=PrivacyRequest,
        old=_answered,
    ),
    rank=70,
)
