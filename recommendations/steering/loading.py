"""A merchant's rules as a process keeps them: compiled anew when a rule changes, and every minute for prices and people."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from merchants.models import Merchant
from recommendations.engines.steering import NO_RULES, Rulebook
from recommendations.models import PlacementSettings, Rule
from recommendations.steering.compiling import compile_rules
from recommendations.steering.segments import members
from recommendations.steering.shelf import read_shelf

STALE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What acts now: rules, and how many per cent each placement holds back; ``stamp`` tells states apart."""

    rulebook: Rulebook = NO_RULES
    holdouts: dict[str, int] = field(default_factory=dict)
    stamp: Hashable = None


NO_WISHES = Wishes()


def current_wishes(merchant_id: int, products: NDArray[np.int64], known: Wishes) -> Wishes:
    """``known`` itself while nothing changed; three queries, and three more to compile."""
    rules = acting_rules(merchant_id)
    settings = PlacementSettings.objects.for_merchant(merchant_id).filter(holdout_percent__gt=0)
    holdouts = dict(settings.values_list("placement", "holdout_percent"))
    minute = int(time.monotonic() / STALE_SECONDS) if rules else 0
    stamp = (id(products), minute, tuple(holdouts.items()), tuple((rule.pk, rule.updated_at) for rule in rules))
    if stamp == known.stamp:
        return known
    return Wishes(rulebook_of(merchant_id, products, rules), holdouts, stamp)


def acting_rules(merchant_id: int) -> list[Rule]:
    """Of today, in the shop's calendar."""
    zone = Merchant.objects.only("time_zone").get(pk=merchant_id).tz
    return list(Rule.objects.for_merchant(merchant_id).acting(timezone.localdate(timezone=zone)))


def rulebook_of(merchant_id: int, products: NDArray[np.int64], rules: Sequence[Rule]) -> Rulebook:
    """Compiled for the positions of these products."""
    if not rules:
        return NO_RULES
    return compile_rules(rules, read_shelf(merchant_id, products), partial(members, merchant_id))
