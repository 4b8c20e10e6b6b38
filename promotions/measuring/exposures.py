"""Who qualified for a promotion with a holdout: written down at the checkout, by one rule for both arms.

The rule: the promotion applied, or would have applied to the same cart had just this promotion not been held out. What
other promotions the person is held out of stays as it is, so that both arms are judged alike. The first such checkout of
a person counts; what comes of it does not matter (intention to treat).
"""

from __future__ import annotations

from collections.abc import Iterator

from core.measuring.holdout import HOLDOUT, TREATED
from promotions import active
from promotions.deciding import Deal
from promotions.measuring.drawing import arm_of, person_of
from promotions.models import Exposure, Redemption
from promotions.pricing.definitions import Promotion
from promotions.pricing.engine import evaluate_among


def note_exposures(redemption: Redemption, deal: Deal) -> None:
    """One statement, and none where nothing on the cart is measured."""
    merchant_id = redemption.merchant_id
    person = person_of(deal.known, profiling=lambda pk: active.may_profile(merchant_id, pk))
    if not person:
        return
    customer = deal.known.customer
    rows = [
        Exposure(
            merchant_id=merchant_id,
            promotion_id=deal.rules.offers[promotion.id].promotion_id,
            arm=arm,
            customer_id=customer.pk if customer else None,
            person="" if customer else deal.known.person,
            redemption=redemption,
            amount=amount,
            occurred_at=deal.at,
        )
        for promotion, arm, amount in _qualified(merchant_id, deal, person)
    ]
    if rows:
        Exposure.objects.bulk_create(rows, ignore_conflicts=True)


def _qualified(merchant_id: int, deal: Deal, person: str) -> Iterator[tuple[Promotion, str, int]]:
    for _offer, entry in deal.applied:
        if entry.promotion.holdout and arm_of(merchant_id, entry.promotion, person) == TREATED:
            yield entry.promotion, TREATED, entry.taking.amount
    for promotion in deal.held:
        amount = _would_take(deal, promotion)
        if amount is not None:
            yield promotion, HOLDOUT, amount


def _would_take(deal: Deal, promotion: Promotion) -> int | None:
    """What it would have taken off; None where it would not have applied, or where its budget does not hold it."""
    cart = deal.decision.cart
    others = [entry for entry in deal.rules.index_at(deal.at).candidates(cart) if entry.id not in deal.without]
    decision = evaluate_among(sorted([*others, promotion], key=lambda entry: entry.order), cart)
    found = next((entry for entry in decision.applications if entry.promotion.id == promotion.id), None)
    if found is None or found.taking.amount > deal.budgets.get(promotion.id, found.taking.amount):
        return None
    return found.taking.amount
