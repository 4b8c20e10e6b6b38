"""Profiles, what is known of them, and their figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now, Trunc
from django.utils.translation import gettext_lazy as _

from core.privacy import Person, Rows, declare, facts, nothing_personal, personal, technical, through, withheld
from customers.models import Customer, CustomerKpis, Identity, ShopKpis, Trait

NOON = timedelta(hours=12)


def _self(person: Person) -> Q:
    return Q(pk__in=person.ids)


FIGURES = _("Figures of a person who left, on the day and not on the hour, so that reports of the past stay true.")


def _left_behind(person: Person) -> dict[str, Any]:
    """Days instead of moments: nothing that matches one order of the books."""
    return {
        "created_at": Trunc("created_at", "day") + NOON,
        "first_order_at": Trunc("first_order_at", "day") + NOON,
        "last_order_at": Trunc("last_order_at", "day") + NOON,
        "updated_at": Now(),
        "erased_at": Now(),
    }


declare(
    Customer,
    amounts=["revenue"],
    title=_("Profile"),
    find=_self,
    rows=Rows.KEPT,
    reason=FIGURES,
    blanks=_left_behind,
    columns=[
        personal("first_name", "last_name", "locale", "postal_code", "city"),
        facts("country", "created_at", "orders_count", "revenue", "first_order_at", "last_order_at", reason=FIGURES),
        technical("id", "merchant", "updated_at", "erased_at", "details_at"),
        withheld("search_name", reason=_("Made of the name by the database.")),
    ],
)
declare(
    Identity,
    title=_("How you are recognised"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[personal("kind", "value", "created_at"), technical("id", "merchant", "customer", "blocked_at")],
)


declare(
    Trait,
    title=_("What was declared about you"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[personal("name", "value", "source", "set_at"), technical("id", "merchant", "customer")],
)
declare(
    CustomerKpis,
    amounts=[
        "returned_value",
        "discounts",
        "net_revenue",
        "margin",
        "covered_revenue",
        "goods_cost",
        "payment_fees",
        "shipping_costs",
        "return_costs",
        "predicted_value",
    ],
    title=_("What your orders add up to, and what is expected of you"),
    find=through("customer"),
    rows=Rows.KEPT,
    reason=FIGURES,
    columns=[
        facts("units_bought", "units_returned", "returned_value", "discounts", "net_revenue", reason=FIGURES),
        facts("payment_methods", "payments_count", "payment_days", "overdue_days", reason=FIGURES),
        facts("first_channel", "last_channel", "mean_gap_days", reason=FIGURES),
        facts("margin", "covered_revenue", "goods_cost", "payment_fees", "shipping_costs", reason=FIGURES),
        facts("return_costs", "lifecycle", "profitability", "recency_class", "frequency_class", reason=FIGURES),
        facts("monetary_class", "rfm_group", "predicted_orders", "predicted_value", "alive", reason=FIGURES),
        facts("predicted_at", "updated_at", reason=FIGURES),
        technical("id", "merchant"),
        technical("customer", reason=_("Leads to the row of figures that stays, and no further.")),
    ],
)
nothing_personal(
    ShopKpis, reason=_("Thresholds and parameters over all customers; nobody is in them."), texts=["model"]
)
