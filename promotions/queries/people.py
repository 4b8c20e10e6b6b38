"""What is known of the person whose cart it is, as the engine takes it: a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from core.providers import Registry
from customers.models import Customer, Identity, Trait
from customers.queries.profiling import not_to_be_profiled
from customers.rules.identities import clean_identity
from merchants.models import Merchant

# (merchant, customers) → names of segments by customer; whoever keeps segments says which each person is in.
segment_sources: Registry[Callable[[int, Sequence[Customer]], Mapping[int, Iterable[str]]]] = Registry()
# (merchant, name of a segment) → who is in it; None for a name that another source knows.
segment_members: Registry[Callable[[Merchant, str], Q | None]] = Registry()
_NAMED = (Identity.Kind.EXTERNAL_ID, Identity.Kind.EMAIL)
FIGURES = (
    "units_bought",
    "units_returned",
    "net_revenue",
    "margin",
    "discounts",
    "predicted_orders",
    "predicted_value",
    "alive",
    "mean_gap_days",
)


@dataclass(frozen=True)
class Known:
    """Who the cart is of. ``customer`` None: nobody we know; ``person`` then tells one unknown person from another."""

    customer: Customer | None = None
    person: str = ""
    shopper: dict[str, Any] = field(default_factory=dict)
    # Digests of what the person is known by: uses from before there was a profile are theirs.
    identifiers: tuple[str, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether uses can be counted per person."""
        return bool(self.customer or self.person)


def person_digest(merchant_id: int, value: str) -> str:
    """Tells whether two carts are of one person, and not of whom."""
    return salted_hmac("promotions.person", f"{merchant_id}:{value.strip().lower()}", algorithm="sha256").hexdigest()


def know(merchant: Merchant, *, external_id: str, email: str, at: datetime, profiling: Callable[[int], bool]) -> Known:
    """Who has this customer number or e-mail address, and what a promotion may ask about them.

    ``profiling`` says of a profile whether figures, traits and segments may be used; the count of orders always is.
    """
    if not external_id and not email:
        return Known()
    customer = _find(merchant, external_id, email)
    if customer is None:
        return Known(None, person_digest(merchant.pk, external_id or email), _shopper(external_id, orders=0))
    return of_customer(customer, at=at, profiling=profiling, external_id=external_id)


def of_customer(customer: Customer, *, at: datetime, profiling: Callable[[int], bool], external_id: str = "") -> Known:
    """What a promotion may ask about this person; ``external_id`` is the one the shop uses, where it said one."""
    known = of_customers(customer.merchant_id, [customer], at=at, profiling=profiling)[customer.pk]
    return replace(known, shopper=known.shopper | {"id": external_id}) if external_id else known


def of_customers(
    merchant_id: int, customers: Sequence[Customer], *, at: datetime, profiling: Callable[[int], bool]
) -> dict[int, Known]:
    """The same of many, by as many queries as of one; they come with their KPIs and identities loaded."""
    open_to_it = [customer for customer in customers if profiling(customer.pk)]
    segments, traits = _segments(merchant_id, open_to_it), _traits(merchant_id, open_to_it)
    profiled = {customer.pk for customer in open_to_it}
    found = {}
    for customer in customers:
        shopper = _shopper(customer.external_id, orders=customer.orders_count)
        if customer.pk in profiled:
            own = {"traits": traits[customer.pk], "kpis": _kpis(customer, at)}
            shopper |= {"segments": sorted(segments[customer.pk]), **own}
        values = [identity.value for identity in customer.identities.all() if identity.kind in _NAMED]
        found[customer.pk] = Known(customer, "", shopper, tuple(person_digest(merchant_id, value) for value in values))
    return found


def members_of(merchant: Merchant, segment: str) -> QuerySet[Customer]:
    """Everybody who is in the segment now and may be profiled; nobody where there is no such segment."""
    asked = (find(merchant, segment) for find in segment_members)
    condition = next((found for found in asked if found is not None), Q(pk__in=[]))
    rows = Customer.objects.for_merchant(merchant).present().filter(condition)
    return rows.exclude(pk__in=not_to_be_profiled(merchant))


def _segments(merchant_id: int, customers: Sequence[Customer]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    if customers:
        for source in segment_sources:
            for pk, names in source(merchant_id, customers).items():
                found[pk].update(names)
    return found


def _shopper(external_id: str, *, orders: int) -> dict[str, Any]:
    return {"id": external_id, "orders": orders} if external_id else {"orders": orders}


def _find(merchant: Merchant, external_id: str, email: str) -> Customer | None:
    """By the customer number where one is given, else by the address."""
    kind, value = (Identity.Kind.EXTERNAL_ID, external_id) if external_id else (Identity.Kind.EMAIL, email)
    clean = clean_identity(kind, value, region=merchant.country)
    if not clean:
        return None
    known = Identity.objects.for_merchant(merchant).filter(kind=kind, value=clean, blocked_at=None)
    rows = Customer.objects.for_merchant(merchant).present().select_related("kpis").with_identities()
    return rows.filter(pk__in=known.values("customer")).first()


def _traits(merchant_id: int, customers: Sequence[Customer]) -> dict[int, dict[str, Any]]:
    """Declared facts, and those that the profile itself is made of."""
    own = ("locale", "country", "city", "postal_code")
    found = {customer.pk: {name: value for name in own if (value := getattr(customer, name))} for customer in customers}
    if found:
        rows = Trait.objects.for_merchant(merchant_id).filter(customer__in=list(found)).exclude(value=None)
        for pk, name, value in rows.order_by("name").values_list("customer", "name", "value"):
            found[pk][name] = value
    return found


def _kpis(customer: Customer, at: datetime) -> dict[str, int | float]:
    """Figures by their names in docs/kpis.md; without those that nobody knows."""
    known: dict[str, Any] = {"orders_count": customer.orders_count, "revenue": customer.revenue}
    if customer.orders_count:
        known["average_order"] = customer.revenue // customer.orders_count
    if customer.last_order_at:
        known["days_since_last_order"] = max((at - customer.last_order_at).days, 0)
    if customer.figures:
        known |= {name: getattr(customer.figures, name) for name in FIGURES}
    return {name: value for name, value in known.items() if value is not None}


# Where people stand with the shop (``lifecycle:active``, ``rfm:champions``): the column that says it.
STANDINGS = {"lifecycle": "lifecycle", "rfm": "rfm_group", "profitability": "profitability"}


def _standing(_merchant_id: int, customers: Sequence[Customer]) -> dict[int, list[str]]:
    return {customer.pk: _stands(customer) for customer in customers}


def _stands(customer: Customer) -> list[str]:
    figures = customer.figures
    if figures is None:
        return ["lifecycle:lead"]
    named = {kind: getattr(figures, column) for kind, column in STANDINGS.items()}
    return [f"{kind}:{value}" for kind, value in named.items() if value]


def _standing_members(_merchant: Merchant, segment: str) -> Q | None:
    kind, _colon, value = segment.partition(":")
    if kind not in STANDINGS or not value:
        return None
    found = Q(**{f"kpis__{STANDINGS[kind]}": value})
    return found | Q(kpis=None) if segment == "lifecycle:lead" else found


segment_sources.register(_standing, name="standing")
segment_members.register(_standing_members, name="standing")
