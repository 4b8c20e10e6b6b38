"""Points are spent: on rewards, which are codes of the member's own, and as payment of a cart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from customers.models import Customer
from merchants.models import Merchant
from promotions.actions.coupons import mint_coupon
from promotions.actions.loyalty.ledger import Account, opened
from promotions.models import Coupon, LoyaltyProgram, PointEntry, PointLot, Redemption, Reward
from promotions.pricing.points import Bought, points_for, still_spent, worth
from promotions.queries.loyalty import expiry, programme, running


@transaction.atomic
def buy_reward(customer: Customer, reward: Reward) -> Coupon:
    """A code for points. Raises DomainError ``reward_not_offered``, ``no_programme``, ``not_enough_points``."""
    if running(customer.merchant) is None:
        raise DomainError("no_programme", _("This shop has no loyalty programme."))
    if not reward.is_active:
        raise DomainError("reward_not_offered", _("This reward is not offered any more."))
    coupon = mint_coupon(reward.batch, customer, lasts=timedelta(days=reward.days))
    with opened(customer.merchant_id, customer.pk) as account:
        account.spend(reward.points, coupon=coupon, reason=reward.name)
    return coupon


def quote(program: LoyaltyProgram, *, asked: int, total: int) -> tuple[int, int]:
    """How many of the points that somebody wants to pay with a cart takes, and what they are worth."""
    points = min(asked, points_for(total, program.value_of_hundred))
    return points, min(worth(points, program.value_of_hundred), total)


def check_payment(merchant: Merchant, customer: Customer | None, points: int) -> LoyaltyProgram:
    """Raises DomainError ``points_cannot_pay``; InvalidInput ``customer_unknown``, ``too_few_points``."""
    program = running(merchant)
    if program is None or not program.value_of_hundred:
        raise DomainError("points_cannot_pay", _("In this shop nothing is paid with points."))
    if customer is None:
        raise InvalidInput("customer_unknown", _("Say who pays with points: an id that is known."), field="points")
    if points < program.burn_from:
        raise InvalidInput(
            "too_few_points",
            _("At least %(least)s points are spent at once.") % {"least": program.burn_from},
            field="points",
            least=program.burn_from,
        )
    return program


def pay(redemption: Redemption, *, points: int, owing: bool = False) -> None:
    """Spend these points on a cart that is being reserved. Raises DomainError ``not_enough_points`` unless ``owing``."""
    assert redemption.customer_id is not None
    with opened(redemption.merchant_id, redemption.customer_id) as account:
        account.spend(points, owing=owing, redemption=redemption, order=redemption.order_id)


def give_back_all(redemption: Redemption) -> None:
    """The cart is not bought, or nothing of it stayed: all points return that have not yet."""
    _give_back(redemption, redemption.points_spent)


def give_back_unspent(redemption: Redemption, lines: Sequence[Bought]) -> None:
    """What the units that stayed do not account for returns."""
    _give_back(redemption, redemption.points_spent - still_spent(redemption.points_spent, lines))


def _give_back(redemption: Redemption, in_all: int) -> None:
    more = in_all - redemption.points_back
    if more <= 0:
        return
    if redemption.customer_id is not None:
        with opened(redemption.merchant_id, redemption.customer_id) as account:
            _to_lots(account, redemption, more)
    redemption.points_back = in_all
    redemption.save(update_fields=["points_back"])


def _to_lots(account: Account, redemption: Redemption, points: int) -> None:
    """To where they came from, the newest lot first: it is valid longest."""
    about = {"redemption": redemption, "order": redemption.order_id}
    for lot_id, taken in reversed(_taken(redemption).items()):
        lot = account.lot(lot_id)
        back = min(points, taken) if lot else 0
        if lot and back:
            account.give_back(lot, back, **about)
            points -= back
    if points:
        # What had been owed for, or was of a lot that is somebody else's by now.
        now = account.now
        lot = PointLot(kind=PointLot.Kind.RESTORED, key=f"back:{redemption.pk}:{now.timestamp()}")
        lot.earned_at, lot.activates_at = now, now
        lot.expires_at = expiry(programme(redemption.merchant_id), now)
        account.add_lot(lot, points, PointEntry.Kind.RESTORE, **about)


def _taken(redemption: Redemption) -> dict[int, int]:
    """By lot, in the order of spending: how many of its points the redemption still holds."""
    held: dict[int, int] = defaultdict(int)
    kinds = (PointEntry.Kind.BURN, PointEntry.Kind.RESTORE)
    rows = PointEntry.objects.for_merchant(redemption.merchant_id).filter(redemption=redemption, kind__in=kinds)
    for lot, points in rows.exclude(lot=None).order_by("pk").values_list("lot", "points"):
        held[lot] -= points
    return held
