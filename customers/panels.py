"""What the customers app shows on screens: its place in the side bar, its entries of the timeline."""

from django.utils.translation import gettext_lazy as _

import customers.crm_panels  # noqa: F401  # registers the panels of notes and tasks
from core.providers import NavigationItem, TimelineFilter, customer_timeline, navigation, timeline_filters
from customers.timeline import consent_entries

navigation.register(NavigationItem("customer_list", _("Customers"), "users", "main"), name="customers", rank=20)
customer_timeline.register(consent_entries, name="consents")

timeline_filters.register(
    TimelineFilter(_("Consents"), "circle-check", frozenset({"consents"})), name="consents", rank=40
)
navigation.register(NavigationItem("event_stream", _("Events"), "broadcast", "developers"), name="events", rank=70)
navigation.register(
    NavigationItem("tracking_setup", _("Set up tracking"), "code", "developers"), name="tracking", rank=71
)
