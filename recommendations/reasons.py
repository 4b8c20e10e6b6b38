"""Why a product is shown, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.models import Category


class Reason(msgspec.Struct, frozen=True, gc=False):
    """``source``: the engine that spoke most for it; ``code``: the sentence; ``because``: the SKU it speaks of, or None.

    ``category``: the path of the category it speaks of, or None.
    """

    source: str
    code: str
    because: str | None = None
    category: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"source": self.source, "code": self.code, "because": self.because, "category": self.category}


SENTENCES = {
    "bought_before": gettext_noop("You bought this before"),
    "because_you_bought": gettext_noop("Because you bought %(title)s"),
    "because_you_viewed": gettext_noop("Because you looked at %(title)s"),
    "viewed_before": gettext_noop("You looked at this recently"),
    "viewed_together": gettext_noop("Often looked at together with %(title)s"),
    "bought_together": gettext_noop("Often bought together with %(title)s"),
    "goes_with": gettext_noop("Goes with %(title)s"),
    "similar": gettext_noop("Bought by those who liked %(title)s"),
    "resembles": gettext_noop("Similar to %(title)s"),
    "for_you": gettext_noop("Matches your taste"),
    "popular_now": gettext_noop("Popular right now"),
    "popular_in_category": gettext_noop("Popular in a category you like"),
    "from_range": gettext_noop("From our range"),
    "time_to_replenish": gettext_noop("Time to buy it again"),
    "new_in_category": gettext_noop("New in %(category)s"),
    "new": gettext_noop("New in the shop"),
}


def reason_text(reason: Reason, titles: Mapping[str, str] | None = None) -> str:
    """The reason as a sentence in the active language; ``titles`` by SKU, a missing one is replaced by the SKU."""
    because = reason.because or ""
    category = (reason.category or "").rpartition(Category.SEPARATOR)[2]
    return _(SENTENCES[reason.code]) % {"title": (titles or {}).get(because, because), "category": category}
