"""Customers for a product: who is likely to buy it, whom the shop may write to, and who is left out to measure it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.db.models import Prefetch
from django.utils import timezone

from catalog.models import Product
from core.measuring.holdout import HOLDOUT, arm, person_key
from customers.models import Channel, Customer, Identity, Purpose
from customers.queries.consent import ADDRESS_KINDS, Reader, legal_bases
from merchants.models import Merchant
from orders.models import OrderLine
from recommendations import loading
from recommendations.engines.audience import best_people, chances, likelihoods
from recommendations.loading import Loaded

DAYS = 28
# So many people are looked through for those who may be written to; asked for so many at once.
MOST_CONSIDERED, AT_ONCE = 20_000, 1_000
MOST_PEOPLE = 5_000
CHANNELS = tuple(ADDRESS_KINDS)
CONTACT, CONTROL = "contact", "control"


@dataclass(frozen=True, slots=True)
class Member:
    """A likely buyer whom the shop may write to. ``chance``: to buy within ``DAYS`` days; ``group``: contact or control."""

    customer: Customer
    chance: float
    group: str


@dataclass(frozen=True, slots=True)
class Audience:
    """``considered``: the likeliest people looked at until enough may be written to; ``members``: those, likeliest first.

    ``is_known``: False where no model knows the product and people yet.
    """

    product: Product
    channel: str
    buyers: int
    considered: int
    members: list[Member]
    is_known: bool = True

    def of(self, group: str) -> list[Member]:
        return [member for member in self.members if member.group == group]

    def expected(self, group: str) -> float:
        """How many of the group will buy within ``DAYS`` days, if people go on as they do."""
        return sum(member.chance for member in self.members if member.group == group)


def audience(
    product: Product, *, channel: str = Channel.EMAIL, limit: int = 500, control_percent: int = 10
) -> Audience:
    """At most ``limit`` people; who is in the control share is drawn per product and person, for good."""
    merchant = product.merchant
    loaded, buyers = loading.current(merchant.pk), _recent_buyers(product)
    place = None if loaded is None else loaded.positions.get(product.sku)
    if loaded is None or place is None or not loaded.model.is_personal:
        return Audience(product, channel, buyers, 0, [], is_known=False)
    scores = likelihoods(loaded.model, place)
    scores[_without(loaded)] = 0
    likely = chances(scores, buyers)
    considered = 0
    members: list[Member] = []
    for batch in _batches(best_people(scores, MOST_CONSIDERED)):
        ids = [int(pk) for pk in loaded.customers[batch]]
        by_id = dict(zip(ids, likely[batch].tolist(), strict=True))
        reached = _reachable(merchant, ids, channel)
        room = limit - len(members)
        # How far this batch was looked at: to the last one that found room.
        considered += len(ids) if len(reached) <= room else ids.index(reached[room - 1].pk) + 1
        members += [_member(product, customer, by_id[customer.pk], control_percent) for customer in reached[:room]]
        if len(members) >= limit:
            break
    return Audience(product, channel, buyers, considered, members)


def _member(product: Product, customer: Customer, chance: float, control_percent: int) -> Member:
    drawn = arm(product.merchant_id, f"audience {product.pk}", control_percent, person_key(customer_id=customer.pk))
    return Member(customer, chance, CONTROL if drawn == HOLDOUT else CONTACT)


def _without(loaded: Loaded) -> Any:
    """Where people stand who object to profiling: nothing is computed about them. Blanked rows are nobody."""
    objecting = np.fromiter(loaded.unprofiled, np.uint64, len(loaded.unprofiled))
    return np.isin(loaded.customers.astype(np.uint64), objecting) | (loaded.customers == 0)


def _batches(people: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    for begin in range(0, len(people), AT_ONCE):
        yield people[begin : begin + AT_ONCE]


def _reachable(merchant: Merchant, ids: Sequence[int], channel: str) -> list[Customer]:
    """Those of ``ids`` who may be written to on the channel, in their order: as ``may_we`` answers for each."""
    identities = Identity.objects.for_merchant(merchant)
    rows = Customer.objects.for_merchant(merchant).present().filter(pk__in=ids)
    found = {row.pk: row for row in rows.prefetch_related(Prefetch("identities", identities))}
    people = [found[pk] for pk in ids if pk in found]
    readers = [Reader(person.pk, person.identity(ADDRESS_KINDS[channel])) for person in people]
    decisions = legal_bases(readers, merchant=merchant, purpose=Purpose.PRODUCT_RECOMMENDATIONS, channel=channel)
    return [
        person
        for person, reader, decision in zip(people, readers, decisions, strict=True)
        if reader.address and decision.allowed
    ]


def _recent_buyers(product: Product) -> int:
    """How many different customers bought it in the last ``DAYS`` days."""
    since = timezone.now() - timedelta(days=DAYS)
    lines = OrderLine.objects.for_merchant(product.merchant_id).filter(
        product=product, order__placed_at__gte=since, order__customer__isnull=False
    )
    return lines.exclude(order__state="cancelled").values("order__customer_id").distinct().count()
