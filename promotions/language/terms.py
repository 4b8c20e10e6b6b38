"""What the fixed parts of a definition are called, and how they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customers.models import Lifecycle, Profitability, RfmGroup
from promotions.models import Promotion

Standing = Promotion.Standing
TONES: dict[str, str] = {
    Standing.DRAFT: "neutral",
    Standing.SCHEDULED: "info",
    Standing.ACTIVE: "success",
    Standing.PAUSED: "warning",
    Standing.EXPIRED: "neutral",
    Standing.ENDED: "neutral",
}
LANES = {
    "catalog": _("Product prices"),
    "line": _("Single products"),
    "order": _("The whole order"),
    "shipping": _("Shipping"),
}
COMBINATIONS = {
    "stack": _("together with others"),
    "exclusive_in_lane": _("alone at its stage, if it saves most"),
    "exclusive_overall": _("alone on the cart, if it saves most"),
}
BASES = {"remaining": _("what earlier promotions have left"), "original": _("the original price")}
TAXES = {"cart": _("like the shop's prices"), "gross": _("with tax"), "net": _("without tax")}
RETURNS = {
    "keep": _("refund what was paid for the returned units"),
    "prorate": _("the discount is shared by all units alike"),
    "clawback": _("take back what the kept units would not have earned"),
}
# Whom a promotion is for, by what its condition asks first.
AUDIENCES = {
    "everyone": (_("Everyone"), "users"),
    "segment": (_("Segment"), "users-group"),
    "customer": (_("One person"), "user"),
    "code": (_("With a code"), "ticket"),
}


def audience_of(definition: Mapping[str, Any]) -> str:
    """A key of ``AUDIENCES``: the narrowest thing about the person that has to be true."""
    when = definition.get("when", {})
    asked = {kind for part in when.get("all", [when]) for kind in part}
    return next((kind for kind in ("customer", "segment", "code") if kind in asked), "everyone")


# Figures of a person that a condition can ask for (docs/kpis.md), and which of them are money.
KPIS = {
    "orders_count": _("Number of orders"),
    "revenue": _("Revenue"),
    "average_order": _("Average order"),
    "days_since_last_order": _("Days since the last order"),
    "units_bought": _("Units bought"),
    "units_returned": _("Units returned"),
    "net_revenue": _("Net revenue"),
    "margin": _("Contribution margin"),
    "discounts": _("Discounts"),
    "predicted_orders": _("Predicted orders"),
    "predicted_value": _("Predicted value"),
    "alive": _("Probability of buying again"),
    "mean_gap_days": _("Days between orders"),
}
MONEY_KPIS = frozenset({"revenue", "average_order", "net_revenue", "margin", "discounts", "predicted_value"})
OWN_TRAITS = {"locale": _("Language"), "country": _("Country"), "city": _("City"), "postal_code": _("Postal code")}
WEEKDAYS = {
    "mon": _("Monday"),
    "tue": _("Tuesday"),
    "wed": _("Wednesday"),
    "thu": _("Thursday"),
    "fri": _("Friday"),
    "sat": _("Saturday"),
    "sun": _("Sunday"),
}
MEASURES = {"spend": _("money spent"), "quantity": _("number of units"), "distinct_products": _("different products")}
PICKS = {"cheapest": _("the cheapest"), "dearest": _("the dearest")}
# {kind: (what it is called, its values)}: what a profile stands for, as ``promotions.queries.people`` names it.
SEGMENTS = {
    "lifecycle": (_("Lifecycle"), Lifecycle),
    "rfm": (_("Buying behaviour"), RfmGroup),
    "profitability": (_("Profitability"), Profitability),
}


def segment_label(name: str) -> str:
    """``lifecycle:active`` → ``Lifecycle: active``; one that is not ours stays as it is.

    A tier is called by its key: whoever knows its name has looked it up, and one that is deleted has none.
    """
    kind, _colon, value = name.partition(":")
    if kind == "tier":
        return gettext("Tier: %(name)s") % {"name": value}
    if kind not in SEGMENTS:
        return name
    title, choices = SEGMENTS[kind]
    return f"{title}: {dict(choices.choices).get(value, value)}"
