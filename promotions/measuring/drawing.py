"""Who is held out of a promotion: so many per cent of people, for good, by a hash of person and promotion.

Nobody is held out of what they were promised: of a code they were given, an offer in their own name, a price they were
shown. Who cannot be recognised, and who objects to profiling, takes no part: they get the promotion and are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.measuring.holdout import HOLDOUT, arm, person_key
from promotions.pricing.definitions import AllOf, AnyOf, Condition, Not, OneOf, Promotion
from promotions.pricing.engine import codes_of

if TYPE_CHECKING:
    from promotions.queries.people import Known

# Why a promotion is left out of a decision, beside the limits of ``queries/usage.py``.
HELD_OUT = "held_out"


def person_of(known: Known, *, profiling: Callable[[int], bool]) -> str:
    """By what the person is drawn; empty for somebody who takes no part."""
    if known.customer is None:
        return person_key(anonymous_id=known.person)
    return person_key(customer_id=known.customer.pk) if profiling(known.customer.pk) else ""


def arm_of(merchant_id: int, promotion: Promotion, person: str) -> str:
    """``treated``, ``holdout``, or ``open`` where nothing is measured."""
    return arm(merchant_id, f"promotion {promotion.id}", promotion.holdout, person)


def held_out(merchant_id: int, promotions: Iterable[Promotion], person: str) -> tuple[Promotion, ...]:
    """Those that this person does not get."""
    return tuple(
        promotion for promotion in promotions if promotion.holdout and arm_of(merchant_id, promotion, person) == HOLDOUT
    )


def check_holdout(promotion: Promotion) -> None:
    """Raises InvalidInput ``holdout_impossible`` where holding out would break a promise."""
    if not promotion.holdout:
        return
    reason = ""
    if codes_of(promotion):
        reason = _("Who was given a code was promised it; nobody can be held out of a promotion with a code.")
    elif promotion.lane == "catalog":
        reason = _("A price that is shown is everybody's; nobody can be held out of it.")
    elif _names_people(promotion.condition):
        reason = _("An offer to single customers cannot be compared with anybody; nobody can be held out of it.")
    if reason:
        raise InvalidInput("holdout_impossible", reason, field="definition.holdout")


def _names_people(condition: Condition) -> bool:
    if isinstance(condition, AllOf | AnyOf):
        return any(map(_names_people, condition.of))
    if isinstance(condition, Not):
        return False
    return isinstance(condition, OneOf) and condition.fact == "customer"
