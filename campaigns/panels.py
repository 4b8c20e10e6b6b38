"""What the campaigns app shows on screens of others: messages of an order and of a customer."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from campaigns.models import Message
from core.providers import (
    NavigationItem,
    Panel,
    TimelineEntry,
    TimelineFilter,
    customer_panels,
    customer_timeline,
    navigation,
    order_panels,
    timeline_filters,
)
from customers.actions.merging import Claim, claims
from customers.models import Customer
from orders.models import Order

SHOWN = 5
_TONES = {Message.State.SENT: "success", Message.State.KEPT: "neutral", Message.State.CANCELLED: "neutral"}

claims.register(Claim(Message, "customer", "address", "queued_at"), name="messages")
navigation.register(NavigationItem("message_list", _("Messages"), "mail", "marketing"), name="messages", rank=50)


def order_messages(order: Order) -> Panel:
    """What was sent about an order."""
    messages = Message.objects.for_merchant(order.merchant_id).light().filter(order=order).order_by("id")
    return Panel("campaigns/parts/messages.html", {"messages": messages})


def customer_messages(customer: Customer) -> Panel:
    """The newest messages to a person."""
    messages = Message.objects.for_merchant(customer.merchant_id).light().filter(customer=customer)
    newest = messages.select_related("order").order_by("-queued_at", "-id")
    return Panel("campaigns/parts/messages.html", {"messages": newest[:SHOWN], "with_order": True})


def customer_preferences(customer: Customer) -> Panel:
    """A way to the person's own switches."""
    return Panel("campaigns/parts/preference_link.html", {"customer": customer})


def message_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what the person was sent, or should have been."""
    messages = Message.objects.for_merchant(customer.merchant_id).light().filter(customer=customer)
    if before:
        messages = messages.filter(queued_at__lt=before)
    newest = messages.select_related("order", "merchant").order_by("-queued_at", "-id")
    return [_entry(message) for message in newest[:limit]]


def _entry(message: Message) -> TimelineEntry:
    state = message.get_state_display()
    return TimelineEntry(
        at=message.queued_at,
        kind="message",
        icon="mail",
        title=f"{capfirst(message.get_kind_display())} {message.subject_number}".strip(),
        detail=f"{state}: {message.reason}" if message.needs_staff else state,
        url=reverse("message_detail", args=[message.merchant.slug, message.pk]),
        tone="danger" if message.needs_staff else _TONES.get(Message.State(message.state), "info"),
    )


order_panels.register(order_messages, name="messages", rank=50)
customer_panels.register(customer_messages, name="messages", rank=50)
customer_panels.register(customer_preferences, name="preferences", rank=6)
customer_timeline.register(message_entries, name="messages")
timeline_filters.register(TimelineFilter(_("Messages"), "mail", frozenset({"messages"})), name="messages", rank=30)
