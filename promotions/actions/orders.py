"""What an order does to promotions, in its own transaction: confirms, books what nobody reserved, rolls back."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from orders.actions.incoming import OrderData
from orders.models import Order
from promotions.actions.booking import book, book_coupons, write_uses
from promotions.actions.loyalty.earning import earn_for_order, settle_order_points
from promotions.actions.loyalty.referrals import note_referral
from promotions.actions.redemptions import confirm_anyway, end, locked, new_redemption
from promotions.deciding import Basket, Deal, decide, order_basket
from promotions.models import Coupon, Redemption, RedemptionUse

logger = logging.getLogger(__name__)


def settle_order(order: Order, data: OrderData) -> None:
    """Confirm the reservation that the order names; of one without, book its codes, beyond their limits if need be.

    Raises InvalidInput ``unknown_reservation``, DomainError ``already_confirmed`` for another order's.
    """
    if data.reservation is not None:
        _confirm(order, data.reservation)
    elif order.coupon_codes and not _link(order):
        _book_codes(order)
    note_referral(order)
    earn_for_order(order)


def _confirm(order: Order, reservation: UUID) -> None:
    rows = Redemption.objects.for_merchant(order.merchant_id).filter(public_id=reservation)
    found = rows.first()
    if found is None:
        raise InvalidInput("unknown_reservation", _("There is no such reservation."), field="reservation")
    redemption = confirm_anyway(locked(found), order_number=order.number)
    _tie(redemption, order)


def _link(order: Order) -> bool:
    """Whether the order has a redemption: confirmed before the order came, or by an earlier version of it."""
    rows = Redemption.objects.for_merchant(order.merchant_id).filter(order_number=order.number)
    redemption = rows.first()
    if redemption:
        _tie(redemption, order)
    return redemption is not None


def _tie(redemption: Redemption, order: Order) -> None:
    rows = Redemption.objects.for_merchant(order.merchant_id).filter(pk=redemption.pk)
    rows.exclude(order=order, customer=order.customer).update(order=order, customer=order.customer)
    uses = RedemptionUse.objects.for_merchant(order.merchant_id).filter(redemption=redemption)
    if order.customer_id:
        uses.filter(customer=None).update(customer=order.customer)


def _book_codes(order: Order) -> None:
    """As if the codes had been reserved, without looking at what is left; what was too much is flagged."""
    try:
        deal = decide(order.merchant, order_basket(order), at=order.placed_at, lenient=True)
    except (ValueError, InvalidInput) as error:
        # The order stands whatever its cart looks like; its codes are then booked without a price.
        logger.warning("codes of order %s are booked without a decision: %s", order.pk, type(error).__name__)
        deal = decide(order.merchant, Basket(lines=[], codes=order.coupon_codes), at=order.placed_at, lenient=True)
    applied = [(offer, entry) for offer, entry in deal.applied if deal.codes_behind(entry)]
    if not applied and not deal.codes.coupons:
        return
    with transaction.atomic():
        _write(order, deal, {offer.promotion.id: entry.taking.amount for offer, entry in applied})


def _write(order: Order, deal: Deal, wanted: dict[str, int]) -> None:
    booking = book(order.merchant, wanted, deal.known, at=deal.at, force=True)
    coupons = list(deal.codes.coupons.values())
    spent = book_coupons(order.merchant, coupons, force=True)
    redemption = new_redemption(order.merchant, deal)
    redemption.has_reservation, redemption.overrun = False, booking.overrun or bool(spent)
    redemption.state, redemption.confirmed_at = Redemption.State.CONFIRMED, deal.at
    redemption.order, redemption.order_number, redemption.customer = order, order.number, order.customer
    redemption.discount = sum(wanted.values())
    redemption.save(force_insert=True)
    write_uses(redemption, deal, list(wanted), booking.counted)
    _write_loose(redemption, deal, coupons)


def _write_loose(redemption: Redemption, deal: Deal, coupons: list[Coupon]) -> None:
    """Codes that no promotion of the deal asks for are used all the same."""
    rows = RedemptionUse.objects.for_merchant(redemption.merchant_id).filter(redemption=redemption)
    tied = set(rows.exclude(coupon=None).values_list("coupon", flat=True))
    RedemptionUse.objects.bulk_create(
        RedemptionUse(
            merchant_id=redemption.merchant_id,
            redemption=redemption,
            coupon=coupon,
            code=coupon.code,
            customer_id=redemption.customer_id,
            is_counted=False,
            created_at=deal.at,
        )
        for coupon in coupons
        if coupon.pk not in tied
    )


def roll_back_order(order: Order) -> None:
    """All of the order was cancelled: its promotions can be used again."""
    rows = Redemption.objects.for_merchant(order.merchant_id).filter(
        order_number=order.number, state=Redemption.State.CONFIRMED
    )
    if found := rows.first():
        end(locked(found), Redemption.State.ROLLED_BACK)


def settle_units(order: Order) -> None:
    """Units were cancelled or came back: points follow them."""
    settle_order_points(order)
