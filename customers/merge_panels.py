"""Merges on a person's page: who else it may be, what was merged, and how to undo it."""

from django.utils.translation import gettext_lazy as _

from core.providers import NavigationItem, Panel, customer_panels, navigation
from customers.actions.absorbing import moved_counts
from customers.actions.merging import Claim, claims
from customers.models import ConsentRecord, Customer
from customers.queries.merging import absorbed_name, duplicates_of, merges_of


def merges_panel(customer: Customer) -> Panel:
    """Provider: possible duplicates and merges."""
    merges = [
        {"merge": merge, "name": absorbed_name(merge), "count": sum(moved_counts(merge).values())}
        for merge in merges_of(customer)
    ]
    return Panel(
        "customers/parts/merges.html",
        {"customer": customer, "merges": merges, "duplicates": duplicates_of(customer)},
    )


claims.register(Claim(ConsentRecord, "customer", "address", "recorded_at"), name="consents")
customer_panels.register(merges_panel, name="merges", rank=80)
navigation.register(
    NavigationItem("duplicate_list", _("Duplicates"), "copy-check", "customers"), name="duplicates", rank=23
)
