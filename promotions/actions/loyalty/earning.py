"""Points for orders and for what members do; and taken back, to the point, when units come back.

An order is settled whenever it changes: what its units are worth now is compared with what is booked, and the
difference is booked. So the same call twice, or in another order, comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from core.locks import lock_name
from customers.models import Customer
from merchants.actions import record_audit
from merchants.models import Staff
from orders.models import Order
from promotions import active
from promotions.actions.loyalty.ledger import Account, opened
from promotions.actions.loyalty.spending import give_back_unspent
from promotions.actions.loyalty.tiers import rise
from promotions.actions.loyalty.waiting import waiting_terms, waits_until
from promotions.deciding import decide, order_basket, stored_cart
from promotions.models import LoyaltyProgram, PointEntry, PointLot, Redemption
from promotions.pricing import definitions as d
from promotions.pricing.cart import Line
from promotions.pricing.points import ONCE, Bought, Extra, Rounding, Terms, due
from promotions.queries.loyalty import bought, expiry, programme, running
from promotions.queries.usage import limited

Kind = PointLot.Kind


def earn_for_order(order: Order) -> None:
    """What a new or changed order earns its customer; call it in the order's transaction.

    Nothing where no programme runs and nothing was earned before.
    """
    program = LoyaltyProgram.objects.for_merchant(order.merchant).first()
    if program is None:
        return
    known = set(PointLot.objects.for_merchant(order.merchant_id).filter(order=order).values_list("kind", "customer"))
    customer = order.customer
    is_new = (Kind.ORDER, order.customer_id) not in known
    if program.is_active and is_new and _counts(program, order) and customer is not None and customer.erased_at is None:
        _open_lot(program, order, customer)
    if known:
        settle_order_points(order)


def _counts(program: LoyaltyProgram, order: Order) -> bool:
    """Orders of the past, which were imported, earn only from the day that the shop says."""
    if order.source != Order.Source.IMPORT:
        return True
    day = order.placed_at.astimezone(order.merchant.tz).date()
    return program.imports_from is not None and day >= program.imports_from


def _open_lot(program: LoyaltyProgram, order: Order, customer: Customer) -> None:
    """The order's lot, by the terms of this moment, and what it is worth."""
    with opened(order.merchant_id, customer.pk) as account:
        multiplier = account.member.tier.hundredths if account.member.tier else ONCE
        terms = order_terms(program, order, multiplier)
        lot = _order_lot(program, order, Kind.ORDER, f"order:{order.pk}:{customer.pk}", terms)
        account.set_worth(account.add_lot(lot, 0), due(terms, bought(order)))
        rise(account)


def _order_lot(program: LoyaltyProgram, order: Order, kind: str, key: str, terms: Terms) -> PointLot:
    activates = waits_until(order, program.pending_days)
    return PointLot(
        kind=kind,
        key=key,
        order=order,
        terms=waiting_terms(program, terms),
        earned_at=order.placed_at,
        activates_at=activates,
        expires_at=expiry(program, activates),
    )


def order_terms(program: LoyaltyProgram, order: Order, multiplier: int) -> Terms:
    """The programme's rate as it is now, times the member's tier, and what promotions add."""
    return Terms(
        each=program.each,
        per=program.per,
        hundredths=multiplier,
        rounding=Rounding(program.rounding),
        extras=tuple(_extras(order)),
    )


def _extras(order: Order) -> list[Extra]:
    """Points of promotions: those that were reserved, else those that hold for everybody without being counted."""
    redemption = Redemption.objects.for_merchant(order.merchant_id).filter(order_number=order.number).first()
    if redemption and redemption.has_reservation:
        rules = active.rules_of(order.merchant_id, redemption.rules_id)
        given = [(entry["promotion"], entry["points"]) for entry in redemption.takings if entry["points"]]
        cart = stored_cart(redemption)
        return [_extra(rules.offers[key].promotion, points, cart.lines) for key, points in given]
    return _unreserved(order)


def _unreserved(order: Order) -> list[Extra]:
    rules = active.current(order.merchant_id)
    if not any(isinstance(offer.promotion.benefit, d.Points) for offer in rules.offers.values()):
        return []
    try:
        deal = decide(order.merchant, order_basket(order), at=order.placed_at)
    except (ValueError, InvalidInput):
        return []  # the order stands whatever its cart looks like
    limited = set(_limited(order, [entry.promotion.id for _offer, entry in deal.applied]))
    return [
        _extra(entry.promotion, entry.taking.points, deal.decision.cart.lines)
        for _offer, entry in deal.applied
        if entry.taking.points and entry.promotion.id not in limited
    ]


def _limited(order: Order, keys: list[str]) -> Iterable[str]:
    return (promotion.key for promotion in limited(order.merchant, keys))


def _extra(promotion: d.Promotion, points: int, lines: Iterable[Line]) -> Extra:
    chosen = promotion.target != d.EVERYTHING
    return Extra(
        points, frozenset(line.sku for line in lines if promotion.target.takes(line)) if chosen else frozenset()
    )


def settle_order_points(order: Order) -> None:
    """Book what the order is worth now, for everybody who has points of it; and give back points it was paid with."""
    lots = list(PointLot.objects.for_merchant(order.merchant_id).filter(order=order).order_by("customer", "pk"))
    spent = Redemption.objects.for_merchant(order.merchant_id).filter(order_number=order.number, points_spent__gt=0)
    redemption = spent.first()
    if not lots and redemption is None:
        return
    lines = bought(order)
    for customer_id in sorted({lot.customer_id for lot in lots if lot.customer_id}):
        with opened(order.merchant_id, customer_id) as account:
            for lot in [lot for lot in lots if lot.customer_id == customer_id]:
                _settle_lot(account, lot, order, lines)
            rise(account)
    if redemption and redemption.state == Redemption.State.CONFIRMED:
        give_back_unspent(redemption, lines)


def _settle_lot(account: Account, stale: PointLot, order: Order, lines: list[Bought]) -> None:
    lot = account.lot(stale.pk)
    if lot is None:
        return
    is_theirs = lot.kind != Kind.ORDER or order.customer_id == lot.customer_id
    account.set_worth(lot, due(Terms.from_json(lot.terms), lines) if is_theirs else 0)


# --- by what members do ----------------------------------------------------------------------------------------------


@transaction.atomic
def earn_for_review(customer: Customer, *, reference: str, points: int | None = None) -> PointLot | None:
    """Points for a review, once per ``reference``, whatever it says; None where the programme gives none."""
    program = running(customer.merchant)
    worth = program.review_points if program and points is None else points or 0
    if program is None or not worth:
        return None
    key = f"review:{reference}"
    lock_name(f"points:{customer.merchant_id}:{key}")
    known = PointLot.objects.for_merchant(customer.merchant_id).filter(key=key).first()
    if known:
        return known
    now = timezone.now()
    lot = PointLot(kind=Kind.REVIEW, key=key, earned_at=now, activates_at=now, expires_at=expiry(program, now))
    with opened(customer.merchant_id, customer.pk, now=now) as account:
        account.add_lot(lot, worth)
        rise(account)
    return lot


@transaction.atomic
def adjust(customer: Customer, *, points: int, reason: str, staff: Staff) -> None:
    """Staff give points, or take some: at most what there is. Raises DomainError ``not_enough_points``."""
    if not points or not reason.strip():
        raise InvalidInput("reason_needed", _("Say how many points, and why."), field="reason")
    program, now = programme(customer.merchant), timezone.now()
    about: dict[str, Any] = {"staff": staff, "reason": reason}
    with opened(customer.merchant_id, customer.pk, now=now) as account:
        if points > 0:
            number = (
                PointLot.objects.for_merchant(customer.merchant_id).filter(kind=Kind.GIFT, customer=customer).count()
            )
            key = f"gift:{customer.pk}:{number + 1}:{now.timestamp()}"
            lot = PointLot(kind=Kind.GIFT, key=key, earned_at=now, activates_at=now, expires_at=expiry(program, now))
            account.add_lot(lot, points, PointEntry.Kind.ADJUST, **about)
        else:
            account.spend(-points, kind=PointEntry.Kind.ADJUST, **about)
    changes = {"points": points, "reason": reason}
    record_audit(customer.merchant, "loyalty.adjusted", staff=staff, subject=customer, changes=changes)


def require_running(customer: Customer) -> LoyaltyProgram:
    """Raises DomainError ``no_programme``."""
    program = running(customer.merchant)
    if program is None:
        raise DomainError("no_programme", _("This shop has no loyalty programme."))
    return program
