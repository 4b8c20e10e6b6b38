"""What is known of the person whose cart it is, as the engine takes it: a constant number of queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from core.providers import Registry
from customers.models import Customer, Identity, Trait
from customers.rules.identities import clean_identity
from merchants.models import Merchant

# (customer) → names of segments; whoever keeps segments says which the person is in.
segment_sources: Registry[Callable[[Customer], Iterable[str]]] = Registry()
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
    shopper = _shopper(external_id or customer.external_id, orders=customer.orders_count)
    if profiling(customer.pk):
        shopper |= {
            "segments": sorted({name for source in segment_sources for name in source(customer)}),
            "traits": _traits(customer),
            "kpis": _kpis(customer, at),
        }
    named = (Identity.Kind.EXTERNAL_ID, Identity.Kind.EMAIL)
    values = [identity.value for identity in customer.identities.all() if identity.kind in named]
    return Known(customer, "", shopper, tuple(person_digest(customer.merchant_id, value) for value in values))


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


def _traits(customer: Customer) -> dict[str, Any]:
    """Declared facts, and those that the profile itself is made of."""
    rows = Trait.objects.for_merchant(customer.merchant_id).filter(customer=customer).exclude(value=None)
    own = {name: getattr(customer, name) for name in ("locale", "country", "city", "postal_code")}
    return {name: value for name, value in own.items() if value} | dict(
        rows.order_by("name").values_list("name", "value")
    )


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


def _standing(customer: Customer) -> Iterable[str]:
    """Where the person stands with the shop: ``lifecycle:active``, ``rfm:champions``."""
    figures = customer.figures
    if figures is None:
        return ["lifecycle:lead"]
    named = {"lifecycle": figures.lifecycle, "rfm": figures.rfm_group, "profitability": figures.profitability}
    return [f"{kind}:{value}" for kind, value in named.items() if value]


segment_sources.register(_standing, name="standing")
