"""The life of a redemption: reserved for a checkout, confirmed with its order, or given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from merchants.models import Merchant
from orders.actions.facts import lock_customers
from promotions.actions.booking import Booking, book, book_coupons, give_back, write_uses
from promotions.actions.loyalty.spending import check_payment, give_back_all, pay, quote
from promotions.deciding import Basket, Deal, decide, takings_json
from promotions.measuring.exposures import note_exposures
from promotions.models import Redemption, RedemptionUse
from promotions.queries.people import Known
from promotions.queries.usage import window_of

DEFAULT_HOLD, LONGEST_HOLD = timedelta(minutes=30), timedelta(days=7)
EXPIRED_AT_ONCE = 200
State = Redemption.State


class _Blocked(Exception):  # noqa: N818  # no error: decided again without it
    """Somebody else took the last one: ``without`` says of what."""

    def __init__(self, without: dict[str, str], spent_code: str = "") -> None:
        super().__init__()
        self.without, self.spent_code = without, spent_code


@dataclass(frozen=True, kw_only=True)
class ReservationData:
    """What to hold, and how long. ``expected_total``: what the shopper was shown; anything else is refused."""

    basket: Basket
    hold: timedelta = DEFAULT_HOLD
    expected_total: int | None = None


class TotalChanged(DomainError):  # noqa: N818  # reads as what it says
    """The cart does not come to what the shopper was shown; ``deal`` is what it comes to."""

    def __init__(self, deal: Deal) -> None:
        message = _("The cart does not come to the expected total.")
        super().__init__("total_changed", message, decision=deal.as_json())
        self.deal = deal


@transaction.atomic
def reserve(merchant: Merchant, data: ReservationData, *, at: datetime | None = None) -> Redemption:
    """Decide on the cart and hold what limited promotions and coupons it uses, until the order or the expiry.

    What is used up by then is left out, and the decision says so. Raises TotalChanged (with the
    decision) where the total is not the expected one; of points to pay with, what ``check_payment`` and ``pay`` raise.
    """
    at = at or timezone.now()
    without: dict[str, str] = {}
    while True:
        deal = decide(merchant, data.basket, at=at, without=without)
        if data.expected_total is not None and deal.decision.total != data.expected_total:
            raise TotalChanged(deal)
        try:
            with transaction.atomic():
                return _hold(merchant, deal, expires_at=at + data.hold, points=data.basket.points)
        except _Blocked as blocked:
            # A code that was used up meanwhile is seen when codes are read again; a promotion is named.
            without |= blocked.without


def _hold(merchant: Merchant, deal: Deal, *, expires_at: datetime, points: int) -> Redemption:
    if points and deal.known.customer:
        lock_customers(merchant, [deal.known.customer.pk])
    booking = take_all(merchant, deal)
    redemption = new_redemption(merchant, deal)
    redemption.expires_at = expires_at
    redemption.points_spent, redemption.points_value = _payment(merchant, deal, points)
    redemption.save(force_insert=True)
    write_uses(redemption, deal, [offer.promotion.id for offer, _entry in deal.applied], booking.counted)
    note_exposures(redemption, deal)
    if redemption.points_spent:
        pay(redemption, points=redemption.points_spent)
    return redemption


def _payment(merchant: Merchant, deal: Deal, points: int) -> tuple[int, int]:
    """How many points the cart is paid with, and what they are worth."""
    if not points:
        return 0, 0
    program = check_payment(merchant, deal.known.customer, points)
    return quote(program, asked=points, total=deal.decision.total)


def take_all(merchant: Merchant, deal: Deal) -> Booking:
    """Count every promotion and coupon of the deal. Raises ``_Blocked`` for the first there is no more of."""
    wanted = {offer.promotion.id: entry.taking.amount for offer, entry in deal.applied}
    booking = book(merchant, wanted, deal.known, at=deal.at)
    if booking.blocked:
        raise _Blocked(booking.blocked)
    coupons = {coupon.pk: coupon for _offer, entry in deal.applied for coupon in deal.coupons_of(entry)}
    if spent := book_coupons(merchant, coupons.values()):
        raise _Blocked({}, spent)
    return booking


def new_redemption(merchant: Merchant, deal: Deal) -> Redemption:
    """Not stored yet."""
    return Redemption(
        merchant=merchant,
        rules_id=deal.rules.id,
        cart=deal.stored_cart(),
        shopper=deal.known.shopper,
        without=deal.without,
        takings=takings_json(deal.decision),
        decision=deal.as_json(),
        evaluated_at=deal.at,
        discount=deal.decision.discount,
        customer=deal.known.customer,
        created_at=deal.at,
    )


@transaction.atomic
def confirm(redemption: Redemption, *, order_number: str) -> Redemption:
    """The cart became this order; also again. What had expired is taken anew, if it is still there.

    Raises DomainError: ``already_confirmed`` for another order, ``order_has_redemption``, ``reservation_ended`` for
    what was released or rolled back, ``no_longer_available`` for what expired and was taken by others.
    """
    redemption = locked(redemption)
    if redemption.state == State.CONFIRMED:
        if redemption.order_number != order_number:
            raise DomainError("already_confirmed", _("This reservation is confirmed with another order."))
        return redemption
    if redemption.state in (State.RELEASED, State.ROLLED_BACK):
        raise DomainError("reservation_ended", _("This reservation was given back; reserve again."))
    if redemption.state == State.EXPIRED:
        retake(redemption, force=False)
    return _confirmed(redemption, order_number)


def _confirmed(redemption: Redemption, order_number: str) -> Redemption:
    redemption.state, redemption.order_number = State.CONFIRMED, order_number
    redemption.confirmed_at, redemption.ended_at = timezone.now(), None
    try:
        with transaction.atomic():
            redemption.save()
    except IntegrityError as error:
        raise DomainError("order_has_redemption", _("This order has a redemption already.")) from error
    return redemption


def confirm_anyway(redemption: Redemption, *, order_number: str) -> Redemption:
    """With an order that was placed, and is not lost: what is not there any more is overrun. The row is locked."""
    if redemption.state == State.CONFIRMED and redemption.order_number != order_number:
        raise DomainError("already_confirmed", _("This reservation is confirmed with another order."))
    if redemption.state == State.CONFIRMED:
        return redemption
    if redemption.state != State.RESERVED:
        redemption.overrun = retake(redemption, force=True) or redemption.overrun
    return _confirmed(redemption, order_number)


def retake(redemption: Redemption, *, force: bool) -> bool:
    """Count the uses of a redemption again that had given them back; whether a limit was overrun.

    Raises DomainError ``no_longer_available`` unless forced.
    """
    merchant = redemption.merchant
    rows = RedemptionUse.objects.for_merchant(merchant).filter(redemption=redemption)
    uses = list(rows.select_related("promotion", "coupon__batch"))
    known = Known(redemption.customer, next((use.person for use in uses if use.person), ""))
    wanted = {use.promotion.key: use.amount for use in uses if use.promotion}
    now = timezone.now().astimezone(merchant.tz)
    booking = book(merchant, wanted, known, at=now, force=force)
    spent = book_coupons(merchant, [use.coupon for use in uses if use.coupon], force=force)
    if not force and (booking.blocked or spent):
        raise DomainError(
            "no_longer_available",
            _("Others took what had been reserved; reserve again."),
            used_up=sorted([*booking.blocked, spent] if spent else booking.blocked),
        )
    for use in uses:
        use.is_counted = use.promotion_id in booking.counted
        use.window = window_of(use.promotion, now) if use.promotion else ""
    rows.bulk_update(uses, ["is_counted", "window"])
    _pay_again(redemption, owing=force)
    return booking.overrun or bool(spent)


def _pay_again(redemption: Redemption, *, owing: bool) -> None:
    """Spend the points again that had gone back; of an order that was placed what is not there is owed."""
    if redemption.points_back and redemption.customer_id is not None:
        pay(redemption, points=redemption.points_back, owing=owing)
        redemption.points_back = 0
        redemption.save(update_fields=["points_back"])


@transaction.atomic
def release(redemption: Redemption) -> Redemption:
    """Give a reservation back; also again. Raises DomainError ``already_confirmed``."""
    redemption = locked(redemption)
    if redemption.state == State.CONFIRMED:
        raise DomainError(
            "already_confirmed", _("This reservation became an order; cancel the order or return its units.")
        )
    if redemption.state == State.RESERVED:
        end(redemption, State.RELEASED)
    return redemption


def end(redemption: Redemption, state: Redemption.State) -> None:
    """Give everything back; the row is locked and holds something."""
    give_back(redemption)
    give_back_all(redemption)
    redemption.state, redemption.ended_at = state, timezone.now()
    redemption.save(update_fields=["state", "ended_at"])


def locked(redemption: Redemption) -> Redemption:
    """The row as it is now; where points were spent, the person's account first."""
    if redemption.points_spent:
        lock_customers(redemption.merchant, [redemption.customer_id])
    rows = Redemption.objects.for_merchant(redemption.merchant_id).select_related("merchant", "customer")
    found: Redemption = rows.select_for_update(of=("self",), no_key=True).get(pk=redemption.pk)
    return found


def expire_due(*, now: datetime | None = None) -> int:
    """Give back what was reserved for checkouts that did not come to an order; returns how many."""
    now, done = now or timezone.now(), 0
    rows = Redemption.objects.all_merchants().overdue(now).order_by("expires_at")
    for number in list(rows.values_list("pk", flat=True)[:EXPIRED_AT_ONCE]):
        with transaction.atomic():
            # One at a time: whoever confirms at this moment wins, and nobody waits for a batch.
            account = rows.filter(pk=number, points_spent__gt=0).select_related("merchant").first()
            if account:
                lock_customers(account.merchant, [account.customer_id])
            mine = Redemption.objects.all_merchants().overdue(now).select_for_update(skip_locked=True, no_key=True)
            redemption = mine.filter(pk=number).first()
            if redemption:
                end(redemption, State.EXPIRED)
                done += 1
    return done
