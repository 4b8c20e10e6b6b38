"""Who is this? Identity resolution: from what a shop sends to one profile per person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from customers.actions.people import Person, Sighting, describe
from customers.actions.resolution import resolve_all
from customers.models import Customer, Identity, IdentityLink
from customers.rules.details import DETAILS
from customers.rules.identities import LIMITS
from merchants.models import Merchant

__all__ = ["DETAILS", "Person", "resolve_customer"]

# An identity that another transaction is just adding is seen on the next try; each try can meet one more.
TRIES = 4


def resolve_customer(
    merchant: Merchant, person: Person, *, as_of: datetime | None = None, source: str = ""
) -> Customer:
    """The profile of this person, found, made or merged; its row is locked until the caller's transaction ends.

    The best identity given says who it is: the shop's own id, a loyalty card, the e-mail address, and so on
    (``customers.rules.identities``). That these identities came together at ``as_of`` (now by default) is noted,
    and may show that two profiles are one person; an identity that is somebody else's stays there. The newest
    statement about each detail counts. The order in which calls arrive makes no difference to the profiles.
    Raises InvalidInput (``customer_unidentified``) for a person without any identity.
    """
    wanted = person.identities(merchant.country)
    if not wanted:
        raise InvalidInput(
            "customer_unidentified", _("A customer needs an id, an e-mail address or a telephone number.")
        )
    sighting = Sighting(person, as_of or timezone.now(), source)
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            return _recognise(merchant, sighting, wanted)
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


class _NotPlain(Exception):  # noqa: N818  # no error: the other way is taken
    """The call can change who is who among several profiles."""


def _recognise(merchant: Merchant, sighting: Sighting, wanted: Mapping[str, str]) -> Customer:
    """Plain calls, nearly all, lock one profile; for the others its lock is given back and the full rules apply."""
    try:
        with transaction.atomic():
            return _plain(merchant, sighting, wanted)
    except _NotPlain:
        with transaction.atomic():
            customer = resolve_all(merchant, [sighting])[0]
    assert customer is not None  # it has identities
    return customer


def _plain(merchant: Merchant, sighting: Sighting, wanted: Mapping[str, str]) -> Customer:
    """A profile that is new as a whole, or known under its best identity and only learns what nobody has.

    Raises _NotPlain for everything else.
    """
    known = _known(merchant, wanted)
    missing = [kind for kind in wanted if kind not in known]
    best, *others = wanted
    if not known:
        customer = Customer.objects.create(merchant=merchant, created_at=sighting.at)
        fresh = _add_identities(customer, wanted, missing, sighting.at)
        _link(fresh[best], [fresh[kind] for kind in others], sighting)
    else:
        if best in missing or any(_is_news(known[kind], sighting.at) for kind in others if kind in known):
            raise _NotPlain
        customer = known[best].customer
        if any(row.blocked_at for row in known.values()) or _is_full(customer, missing):
            raise _NotPlain
        fresh = _add_identities(customer, wanted, missing, sighting.at)
        _link(known[best], list(fresh.values()), sighting)
    if describe(customer, sighting.person, sighting.at):
        customer.save(update_fields=[*DETAILS, "details_at", "updated_at"])
    return customer


def _known(merchant: Merchant, wanted: Mapping[str, str]) -> dict[str, Identity]:
    """Stored identities by kind, their customers locked in the order of their ids.

    ``seen_at`` is when each was first seen together with the best one.
    """
    condition = Q(pk__in=[])
    for kind, value in wanted.items():
        condition |= Q(kind=kind, value=value)
    best = next(iter(wanted.items()))
    links = IdentityLink.objects.for_merchant(merchant).filter(
        second=OuterRef("pk"), first__kind=best[0], first__value=best[1], standing=IdentityLink.Standing.SEEN
    )
    rows = Identity.objects.for_merchant(merchant).filter(condition).select_related("customer")
    dated = rows.annotate(seen_at=Subquery(links.values("first_seen_at")[:1]))
    locked = dated.order_by("customer_id").select_for_update(of=("customer",), no_key=True)
    return {identity.kind: identity for identity in locked}


def _is_news(row: Identity, at: datetime) -> bool:
    """It was never seen together with the best one, or only later."""
    seen_at: datetime | None = getattr(row, "seen_at")  # noqa: B009  # annotated
    return seen_at is None or at < seen_at


def _is_full(customer: Customer, kinds: list[str]) -> bool:
    """Whether the profile has as many identities of one of these kinds as it may have."""
    if not kinds:
        return False
    rows = Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer, kind__in=kinds)
    counts = rows.order_by().values_list("kind").annotate(Count("pk"))
    return any(count >= LIMITS[kind] for kind, count in counts)


def _add_identities(
    customer: Customer, wanted: Mapping[str, str], kinds: list[str], at: datetime
) -> dict[str, Identity]:
    """In alphabetical order: two transactions that add the same wait for each other, not in a circle."""
    rows = [
        Identity(merchant_id=customer.merchant_id, customer=customer, kind=kind, value=wanted[kind], created_at=at)
        for kind in sorted(kinds)
    ]
    return {row.kind: row for row in Identity.objects.bulk_create(rows)}


def _link(best: Identity, others: list[Identity], sighting: Sighting) -> None:
    IdentityLink.objects.bulk_create(
        IdentityLink(
            merchant_id=best.merchant_id,
            first=best,
            second=other,
            source=sighting.source[:80],
            first_seen_at=sighting.at,
        )
        for other in others
    )
