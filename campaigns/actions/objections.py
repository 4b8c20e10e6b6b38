"""People object to advertising from a message they got: no login, no cookie, one click."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from campaigns.models import Message
from customers.actions.consent import record_objection, suppress_addresses
from customers.actions.preferences import SOURCE
from customers.models import Customer, Suppression
from merchants.models import Merchant


@transaction.atomic
def object_by_message(message: Message, *, one_click: bool) -> None:
    """The reader of ``message`` objects to all advertising on its channel; contract messages go on. Idempotent.

    ``one_click``: the mailbox did it for them (RFC 8058), else they pressed the button on our page.
    """
    if message.customer:
        record_objection(
            message.customer,
            channel=message.channel,
            address=message.address,
            source="one-click unsubscribe" if one_click else "objection page",
            evidence={"message": message.pk},
        )
    elif not _is_suppressed(message):
        suppress_addresses(
            message.merchant, [message.address], reason=Suppression.Reason.OBJECTION, channel=message.channel
        )


@transaction.atomic
def object_to_everything(
    merchant: Merchant, customer: Customer | None, *, address: str, evidence: Mapping[str, Any]
) -> None:
    """No advertising at all, on no channel, and no profiling for it; whoever has no profile is known by the address."""
    if customer:
        record_objection(customer, address=address, source=SOURCE, evidence=dict(evidence))
    else:
        suppress_addresses(merchant, [address], reason=Suppression.Reason.OBJECTION, channel="")


def _is_suppressed(message: Message) -> bool:
    known = Suppression.objects.for_merchant(message.merchant_id).of(message.address).about("", message.channel)
    return known.filter(reason=Suppression.Reason.OBJECTION).exists()
