"""What the fixed parts of a definition are called, and how they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

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
    "line": _("Single products in the cart"),
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
