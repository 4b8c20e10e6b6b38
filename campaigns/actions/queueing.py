"""Messages enter the ledger, and enter it again when staff ask."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from campaigns.models import LegalClass, Message
from campaigns.reasons import StateCode
from campaigns.rendering.formats import choose_locale
from core.errors import DomainError
from customers.actions.consent import lift_bounce
from customers.actions.double_opt_in import forget_lapsed_requests, lapsed_requests
from customers.models import ConsentRequest
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from orders.models import Order


@transaction.atomic
def queue_order_confirmation(order: Order) -> Message | None:
    """One order confirmation for an order that just came in; idempotent. None for imported and demo orders.

    An order without an address is queued as well: the message is blocked then, and staff see it.
    """
    return add_order_confirmation(order) if order.source == Order.Source.API else None


def add_order_confirmation(order: Order) -> Message:
    """The order's confirmation in the ledger, waiting to be sent; wherever the order comes from. Idempotent."""
    kind = Message.Kind.ORDER_CONFIRMATION
    customer = order.customer
    message, _created = Message.objects.get_or_create(
        merchant=order.merchant,
        order=order,
        kind=kind,
        defaults={
            "legal_class": LegalClass.CONTRACT,
            "customer": customer,
            "address": order.email,
            "locale": choose_locale(order.locale, customer.locale if customer else "", order.merchant.language),
            "message_id": _message_id(order.merchant, kind, order.pk),
            "unsubscribe_token": secrets.token_urlsafe(32),
            "history": [{"at": timezone.now().isoformat(), "state": Message.State.QUEUED.value}],
        },
    )
    return message


@transaction.atomic
def queue_double_opt_in(request: ConsentRequest) -> Message:
    """The question whether a consent is really meant, waiting to be sent, in the language of its text; idempotent."""
    kind = Message.Kind.DOUBLE_OPT_IN
    message, _created = Message.objects.get_or_create(
        merchant=request.merchant,
        consent_request=request,
        defaults={
            "kind": kind,
            "legal_class": LegalClass.CONTRACT,
            "customer": request.customer,
            "address": request.address,
            "locale": request.text.language,
            "message_id": _message_id(request.merchant, kind, request.pk),
            "unsubscribe_token": secrets.token_urlsafe(32),
            "history": [{"at": timezone.now().isoformat(), "state": Message.State.QUEUED.value}],
        },
    )
    return message


def _message_id(merchant: Merchant, kind: str, subject: int) -> str:
    """The same for an order and kind whenever it is made, and telling nothing about how many orders there are."""
    digest = salted_hmac("campaigns.Message", f"{subject}:{kind}", algorithm="sha256").hexdigest()[:32]
    domain = merchant.sender_email.rpartition("@")[2]
    host = domain if domain.isascii() and domain else settings.PUBLIC_URL.rpartition("//")[2].partition(":")[0]
    return f"<{kind.replace('_', '-')}.{digest}@{host}>"


@transaction.atomic
def forget_unconfirmed() -> int:
    """Delete consent requests that lapsed a month ago, with the messages that asked; returns how many."""
    messages = Message.objects.all_merchants().filter(consent_request__in=lapsed_requests())
    messages.delete()
    return forget_lapsed_requests()


@transaction.atomic
def retry_message(message: Message, *, staff: Staff) -> None:
    """Staff send a failed, blocked or doubtful message again. Raises DomainError when it needs no retry.

    If its address bounced, staff thereby say that it works again; if the order has another one by now, it goes there.
    """
    rows = Message.objects.for_merchant(message.merchant_id).needing_staff().filter(pk=message.pk)
    locked = rows.select_for_update(of=("self",)).select_related("order").light().first()
    if locked is None:
        raise DomainError("message_not_stuck", _("This message needs no retry: it is on its way, or has been sent."))
    if locked.code in (StateCode.ADDRESS_BOUNCED, StateCode.RECIPIENT_REFUSED):
        lift_bounce(message.merchant, address=locked.address, channel=locked.channel, staff=staff)
    if locked.order and locked.address != locked.order.email:
        rows.filter(pk=locked.pk).update(address=locked.order.email, body=None)
    _requeue(locked, staff=staff.pk)
    record_audit(message.merchant, "message.retried", staff=staff, subject=locked, changes={"code": locked.code})


@transaction.atomic
def release_completed_footers() -> int:
    """Queue what waited for its merchant's legal footer, where that is complete now; returns how many."""
    blocked = Message.objects.all_merchants().filter(
        state=Message.State.BLOCKED, code=StateCode.FOOTER_INCOMPLETE.value
    )
    waiting = Merchant.objects.filter(pk__in=blocked.values("merchant"))
    ready = [merchant.pk for merchant in waiting if not merchant.missing_legal_fields()]
    rows = list(blocked.filter(merchant__in=ready).select_for_update(skip_locked=True).light()[:500]) if ready else []
    for message in rows:
        _requeue(message)
    return len(rows)


def _requeue(message: Message, **details: Any) -> None:
    now = timezone.now()
    Message.objects.for_merchant(message.merchant_id).filter(pk=message.pk).update(
        state=Message.State.QUEUED,
        code="",
        error="",
        interruptions=0,
        queued_at=now,
        due_at=now,
        history=message.with_history(Message.State.QUEUED, at=now, **details),
    )
