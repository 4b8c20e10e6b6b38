"""An answer taken apart, for staff: the products with their reasons, and at which stage every other candidate was dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.measuring.holdout import HOLDOUT
from merchants.models import Merchant
from recommendations.measuring.showing import SOURCE_LABELS
from recommendations.serving import Unshown, explain, recommend
from recommendations.showing import Shown, with_products

PREVIEWED = 8
STAGES = {
    "eligibility": _("May not be shown"),
    "anti_stalking": _("Would annoy"),
    "steering": _("Your rules"),
    "diversity": _("Variety"),
    "rank": _("Ranked lower"),
}
WHY = {
    "unavailable": _("Not active or not in stock"),
    "elsewhere": _("Not in the category or the search's result"),
    "looked_at": _("Is being looked at"),
    "in_basket": _("Lies in the basket"),
    "excluded": _("Excluded by a rule"),
    "just_bought": _("Bought just now"),
    "owned": _("Bought, and hardly needed twice"),
    "too_soon": _("Bought; it is too early for the next one"),
    "put_back": _("Taken out of the basket"),
    "substitute": _("Does the same as something bought"),
    "refused": _("Returned or badly rated"),
    "ignored": _("Shown several times and ignored"),
    "price_band": _("Outside the price range of a rule"),
    "out_of_stock": _("Too few in stock for a rule"),
    "alike_or_capped": _("Too much like another, or its category is full"),
    "others_rank_higher": _("Others promise more"),
}
PLACED = {"pinned": _("pinned"), "explored": _("explored")}


@dataclass(frozen=True)
class Row:
    """A shown product, which engine spoke for it, and whether something else put it there."""

    shown: Shown
    source: str
    placed: str


@dataclass(frozen=True)
class DroppedRow:
    """A candidate that is not shown. ``share``: its score beside the best one's before it was dropped."""

    product: Product
    stage: str
    code: str
    why: str
    share: float


@dataclass(frozen=True)
class Found:
    """``dropped`` by stage, in the order of the stages; ``is_held_back``: the person sees what is popular instead."""

    model_version: str | None
    rows: list[Row]
    dropped: list[tuple[str, list[DroppedRow]]]
    is_held_back: bool

    @property
    def dropped_count(self) -> int:
        return sum(len(rows) for _stage, rows in self.dropped)


def explained(merchant: Merchant, question: Mapping[str, Any], *, limit: int = PREVIEWED) -> Found:
    """``question``: arguments of ``explain``."""
    found = explain(merchant_id=merchant.pk, limit=limit, **question)
    by_sku = {item.sku: item for item in found.answer.items}
    rows = [
        Row(
            shown,
            str(SOURCE_LABELS.get(item.reason.source, item.reason.source)),
            str(PLACED.get(item.placed, "")),
        )
        for shown in with_products(merchant.pk, found.answer)
        for item in [by_sku[shown.product.sku]]
    ]
    arm = recommend(merchant_id=merchant.pk, limit=1, **question).arm
    return Found(found.answer.model_version, rows, _dropped(merchant, found.unshown), arm == HOLDOUT)


def _dropped(merchant: Merchant, unshown: Sequence[Unshown]) -> list[tuple[str, list[DroppedRow]]]:
    """One query."""
    products = Product.objects.for_merchant(merchant).filter(sku__in=[one.sku for one in unshown])
    by_sku = {product.sku: product for product in products}
    best = max((one.score for one in unshown), default=1.0) or 1.0
    rows = [
        DroppedRow(by_sku[one.sku], one.stage, one.code, str(WHY.get(one.code, one.code)), one.score / best)
        for one in unshown
        if one.sku in by_sku
    ]
    return [
        (str(label), inner) for stage, label in STAGES.items() if (inner := [row for row in rows if row.stage == stage])
    ]
