"""What needs a person today. Each check is one bounded query; what is fine says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Message
from core.models import Delivery, Job
from customers.models import PrivacyRequest, Task
from insights.queries.figures import today
from merchants.models import Merchant
from orders.models import Order

# Beyond this many the exact number helps nobody.
MANY = 100


@dataclass(frozen=True)
class Attention:
    """One thing to look after, and where."""

    title: str
    detail: str
    icon: str
    tone: str
    url: str


def needs_attention(merchant: Merchant) -> list[Attention]:
    """The most urgent first; empty on a good day."""
    checks = [_legal_footer, _messages, _deliveries, _jobs, _late_orders, _overdue_tasks, _privacy]
    return [found for check in checks if (found := check(merchant))]


def _privacy(merchant: Merchant) -> Attention | None:
    pressing = PrivacyRequest.objects.for_merchant(merchant).pressing(today(merchant))
    count, spoken = _count(pressing)
    if not count:
        return None
    late = pressing.overdue(today(merchant)).exists()
    title = ngettext("%(count)s privacy request is due", "%(count)s privacy requests are due", count)
    detail = _("The month for an answer is over, or ends within a week (GDPR Art. 12).")
    url = reverse("privacy_list", args=[merchant.slug]) + "?state=open&sort=deadline"
    return Attention(title % {"count": spoken}, detail, "shield-exclamation", "danger" if late else "warning", url)


def _count(rows: QuerySet[Any]) -> tuple[int, str]:
    """How many, and how to say it: from a hundred on ``100+``."""
    count = rows.order_by()[:MANY].count()
    return count, f"{MANY}+" if count == MANY else str(count)


def _legal_footer(merchant: Merchant) -> Attention | None:
    missing = merchant.missing_legal_fields()
    if not missing:
        return None
    return Attention(
        title=_("The legal footer is incomplete: no message leaves"),
        detail=_("Missing: %(fields)s") % {"fields": ", ".join(missing)},
        icon="file-alert",
        tone="danger",
        url=reverse("settings_legal", args=[merchant.slug]),
    )


def _messages(merchant: Merchant) -> Attention | None:
    count, spoken = _count(Message.objects.for_merchant(merchant).needing_staff())
    if not count:
        return None
    title = ngettext(
        "%(count)s message did not reach its reader", "%(count)s messages did not reach their readers", count
    )
    detail = _("Failed, blocked, or in doubt whether the mail server took it.")
    url = reverse("message_list", args=[merchant.slug]) + "?needs_staff=true"
    return Attention(title % {"count": spoken}, detail, "mail-exclamation", "danger", url)


def _deliveries(merchant: Merchant) -> Attention | None:
    count, spoken = _count(Delivery.objects.for_merchant(merchant).failed())
    if not count:
        return None
    title = ngettext("%(count)s delivery failed", "%(count)s deliveries failed", count)
    detail = _("Something that happened was not told to every part of the system.")
    url = reverse("delivery_list", args=[merchant.slug]) + "?state=failed"
    return Attention(title % {"count": spoken}, detail, "mailbox-off", "danger", url)


def _jobs(merchant: Merchant) -> Attention | None:
    week = timezone.now() - timedelta(days=7)
    failed = Job.objects.for_merchant(merchant).filter(state=Job.State.FAILED, finished_at__gte=week)
    count, spoken = _count(failed)
    if not count:
        return None
    title = ngettext("%(count)s job failed this week", "%(count)s jobs failed this week", count)
    detail = _("Imports, exports or trainings; each says why.")
    url = reverse("job_list", args=[merchant.slug]) + "?state=failed"
    return Attention(title % {"count": spoken}, detail, "progress-alert", "warning", url)


def _late_orders(merchant: Merchant) -> Attention | None:
    count, spoken = _count(Order.objects.for_merchant(merchant).late(today(merchant)))
    if not count:
        return None
    title = ngettext("%(count)s order is late", "%(count)s orders are late", count)
    detail = _("Promised for a day that is over, and not delivered yet.")
    url = reverse("order_list", args=[merchant.slug]) + "?late=true"
    return Attention(title % {"count": spoken}, detail, "truck-delivery", "warning", url)


def _overdue_tasks(merchant: Merchant) -> Attention | None:
    count, spoken = _count(Task.objects.for_merchant(merchant).overdue(today(merchant)))
    if not count:
        return None
    title = ngettext("%(count)s task is overdue", "%(count)s tasks are overdue", count)
    detail = _("Somebody promised a customer something for a day that is over.")
    url = reverse("task_list", args=[merchant.slug]) + "?due=overdue"
    return Attention(title % {"count": spoken}, detail, "checklist", "warning", url)
