"""Members invite others: a code each, and points for both once the invited person's first order stayed."""

from __future__ import annotations

import os

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.locks import lock_name
from customers.models import Customer, Identity
from orders.models import Order
from promotions.actions.loyalty.ledger import opened
from promotions.actions.loyalty.waiting import waiting_terms, waits_until
from promotions.models import LoyaltyProgram, PointLot, Referral, ReferralCode
from promotions.pricing import codes
from promotions.pricing.cart import normalise_code
from promotions.pricing.points import Terms, months_later
from promotions.pricing.referring import Person, refusal
from promotions.queries.loyalty import expiry, running

LENGTH, PREFIX = 8, "F-"
Refusal = Referral.Refusal


@transaction.atomic
def referral_code(customer: Customer) -> ReferralCode:
    """The member's code; made when it is first asked for. After a merge of profiles the older one is given out."""
    lock_name(f"referral-code:{customer.merchant_id}:{customer.pk}")
    rows = (
        ReferralCode.objects.for_merchant(customer.merchant_id).filter(customer=customer).order_by("created_at", "pk")
    )
    known = rows.first()
    if known:
        return known
    while True:
        [code] = codes.make_codes(1, prefix=PREFIX, length=LENGTH, random_bytes=os.urandom)
        try:
            with transaction.atomic():
                return ReferralCode.objects.create(merchant_id=customer.merchant_id, customer=customer, code=code)
        except IntegrityError:
            continue  # somebody has this one


def note_referral(order: Order) -> None:
    """Whether a member's code is among those of the order; both get points that wait with the order, or a refusal.

    Once per order: a later version of the order changes nothing.
    """
    wanted = [normalise_code(code) for code in order.coupon_codes]
    program = running(order.merchant) if wanted else None
    if (
        program is None
        or order.customer is None
        or order.customer.erased_at
        or not (program.referral_points or program.invited_points)
    ):
        return
    rows = ReferralCode.objects.for_merchant(order.merchant_id).filter(code__in=wanted).select_related("customer")
    code = rows.order_by("pk").first()
    if code is None or Referral.objects.for_merchant(order.merchant_id).filter(order=order).exists():
        return
    # Of two orders with one code the second counts the first.
    lock_name(f"referrals:{order.merchant_id}:{code.customer_id}")
    why = _refusal(program, code.customer, order)
    Referral.objects.create(
        merchant=order.merchant, referrer=code.customer, invited=order.customer, order=order, refusal=why
    )
    if not why:
        shares = [
            (code.customer_id, PointLot.Kind.REFERRAL, program.referral_points),
            (order.customer.pk, PointLot.Kind.INVITED, program.invited_points),
        ]
        for customer_id, kind, points in sorted(shares):
            _give(program, order, customer_id, kind, points)


def _give(program: LoyaltyProgram, order: Order, customer_id: int, kind: str, points: int) -> None:
    """A lot that is worth nothing until the order is settled, in the same transaction."""
    activates = waits_until(order, program.pending_days)
    lot = PointLot(
        kind=kind,
        key=f"{kind}:{order.pk}",
        order=order,
        terms=waiting_terms(program, Terms(fixed=points, at_least=program.referral_at_least)),
        earned_at=order.placed_at,
        activates_at=activates,
        expires_at=expiry(program, activates),
    )
    with opened(order.merchant_id, customer_id) as account:
        account.add_lot(lot, 0)


def _refusal(program: LoyaltyProgram, referrer: Customer, order: Order) -> str:
    invited = order.customer
    assert invited is not None
    if why := refusal(_person(referrer), _person(invited, order.email)):
        return why
    others = Order.objects.for_merchant(order.merchant_id).filter(customer=invited).exclude(pk=order.pk)
    if others.exists():
        return Refusal.NOT_NEW
    counted = Referral.objects.for_merchant(order.merchant_id).filter(referrer=referrer, refusal="")
    since = months_later(timezone.now(), -12)
    return Refusal.LIMIT if counted.filter(created_at__gte=since).count() >= program.referrals_per_year else ""


def _person(customer: Customer, email: str = "") -> Person:
    identities = list(Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer))

    def values(kind: str) -> list[str]:
        return [identity.value for identity in identities if identity.kind == kind]

    return Person(
        id=customer.pk,
        emails=[*values(Identity.Kind.EMAIL), *([email] if email else [])],
        phones=values(Identity.Kind.PHONE),
        names=(customer.first_name, customer.last_name),
        place=(customer.postal_code, customer.city),
    )
