"""What the customers app shows on screens: its place in the side bar, its entries of the timeline."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

import customers.consent_panels
import customers.crm_panels  # registers the panels of notes and tasks
import customers.merge_panels  # registers what a merge shows and moves
import customers.privacy_panels  # noqa: F401  # registers the screens of privacy requests
from core.providers import (
    NavigationItem,
    OpenMatter,
    TimelineFilter,
    customer_timeline,
    navigation,
    open_matters,
    timeline_filters,
)
from customers.activity import event_entries
from customers.models import Customer, Task
from customers.timeline import consent_entries

MOST_OPEN = 5


def open_tasks(customer: Customer) -> list[OpenMatter]:
    """Provider: what colleagues still have to do for this person; urgent is what is overdue."""
    tasks = Task.objects.for_merchant(customer.merchant_id).open().filter(customer=customer)
    today = timezone.localdate(timezone=customer.merchant.tz)
    return [
        OpenMatter("task", task.title, task.created_at, str(task.pk), task.due_on is not None and task.due_on < today)
        for task in tasks.order_by("-priority", "due_on", "id")[:MOST_OPEN]
    ]


navigation.register(NavigationItem("customer_list", _("Profiles"), "users", "customers"), name="customers", rank=20)
customer_timeline.register(consent_entries, name="consents")
customer_timeline.register(event_entries, name="activity")
open_matters.register(open_tasks, name="tasks", rank=10)

timeline_filters.register(
    TimelineFilter(_("Visits and actions"), "eye", frozenset({"activity"})), name="activity", rank=5
)
timeline_filters.register(
    TimelineFilter(_("Consents"), "circle-check", frozenset({"consents"})), name="consents", rank=40
)
navigation.register(NavigationItem("event_stream", _("Events"), "broadcast", "developers"), name="events", rank=70)
navigation.register(
    NavigationItem("tracking_setup", _("Set up tracking"), "code", "developers"), name="tracking", rank=71
)
