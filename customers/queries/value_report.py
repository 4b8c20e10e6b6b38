"""What a shop's customers are worth, all of them at once: for the screen “Customer value”.

People are counted without those who were erased, as the list of customers shows them; amounts of the past hold theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Case, Count, IntegerField, Q, Sum, Value, When

from core.money import to_minor
from customers.models import Customer, CustomerKpis, Lifecycle, Profitability, ShopKpis
from customers.rules import rfm
from merchants.models import Merchant

PRESENT, PRESENT_OF_KPIS = Q(erased_at=None), Q(customer__erased_at=None)
# Lower bounds of the histogram's bars, in units of the currency.
BOUNDS = [0, 10, 25, 50, 100, 250, 500, 1000, 2500]
FIFTHS = range(5, 0, -1)


@dataclass(frozen=True)
class Group:
    """Some customers; ``query`` finds them in the list, ``share`` is of all of the table."""

    label: str
    code: str
    customers: int
    share: float
    amount: int | None
    query: str


@dataclass(frozen=True)
class Cell:
    """Customers of one recency and frequency class; ``heat`` is 0 to 100."""

    recency: int
    frequency: int
    label: str
    customers: int
    revenue: int | None
    heat: int


@dataclass(frozen=True)
class Bar:
    """Customers whose predicted value lies between two amounts (minor units); ``high`` None: above."""

    low: int
    high: int | None
    customers: int
    width: int

    @property
    def query(self) -> str:
        return f"worth={self.low}-{'' if self.high is None else self.high}"


def lifecycle_groups(merchant: Merchant) -> list[Group]:
    """Every stage with its customers and their revenue (all time, tax included)."""
    counted = Customer.objects.for_merchant(merchant).order_by().values("kpis__lifecycle")
    rows = counted.annotate(customers=Count("pk", filter=PRESENT), amount=Sum("revenue"))
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        # A profile without figures has never ordered.
        stage = row["kpis__lifecycle"] or Lifecycle.LEAD.value
        customers, amount = found.get(stage, (0, 0))
        found[stage] = (customers + row["customers"], amount + row["amount"])
    return _groups(Lifecycle.choices, found, "lifecycle")


def profitability_groups(merchant: Merchant) -> list[Group]:
    """Every class with its customers and their contribution margin (all time, without tax); buyers only."""
    buyers = CustomerKpis.objects.for_merchant(merchant).exclude(lifecycle=Lifecycle.LEAD)
    rows = (
        buyers.order_by()
        .values("profitability")
        .annotate(customers=Count("pk", filter=PRESENT_OF_KPIS), amount=Sum("margin"))
    )
    found = {row["profitability"]: (row["customers"], row["amount"]) for row in rows}
    return _groups(Profitability.choices, found, "profitability", extra="&bought=yes")


def _groups(
    choices: Sequence[tuple[str, Any]], found: dict[str, tuple[int, int]], name: str, extra: str = ""
) -> list[Group]:
    total = sum(customers for customers, _amount in found.values())
    groups = []
    for code, label in choices:
        customers, amount = found.get(code, (0, None))
        share = customers / total if total else 0.0
        groups.append(Group(str(label), code, customers, share, amount, f"{name}={code}{extra}"))
    return groups


def rfm_grid(merchant: Merchant) -> list[list[Cell]]:
    """Rows by recency, columns by frequency, the best first; empty where too few people bought."""
    ranked = CustomerKpis.objects.for_merchant(merchant).filter(PRESENT_OF_KPIS).exclude(recency_class=None)
    rows = ranked.order_by().values("recency_class", "frequency_class")
    found: dict[tuple[int, int], tuple[int, Any]] = {
        (row["recency_class"] or 0, row["frequency_class"] or 0): (row["customers"], row["revenue"])
        for row in rows.annotate(customers=Count("pk"), revenue=Avg("customer__revenue"))
    }
    if not found:
        return []
    most = max(customers for customers, _revenue in found.values())
    return [[_cell(found, recency, frequency, most) for frequency in FIFTHS] for recency in FIFTHS]


def _cell(found: dict[tuple[int, int], tuple[int, Any]], recency: int, frequency: int, most: int) -> Cell:
    customers, revenue = found.get((recency, frequency), (0, None))
    label = CustomerKpis(rfm_group=rfm.GROUPS[recency, frequency]).get_rfm_group_display()
    amount = None if revenue is None else round(revenue)
    return Cell(recency, frequency, str(label), customers, amount, round(100 * customers / most))


def value_bars(merchant: Merchant) -> list[Bar]:
    """How many customers are expected to bring how much in 12 months (tax included)."""
    bounds = [to_minor(str(bound), merchant.currency) for bound in BOUNDS]
    whens = [When(predicted_value__gte=low, then=Value(index)) for index, low in reversed(list(enumerate(bounds)))]
    people = CustomerKpis.objects.for_merchant(merchant).filter(PRESENT_OF_KPIS)
    predicted = people.filter(predicted_value__isnull=False)
    rows = predicted.annotate(bar=Case(*whens, default=Value(0), output_field=IntegerField()))
    found = dict(rows.order_by().values_list("bar").annotate(customers=Count("pk")))
    if not found:
        return []
    most = max(found.values())
    highs = [*bounds[1:], None]
    return [
        Bar(low, high, found.get(index, 0), round(100 * found.get(index, 0) / most))
        for index, (low, high) in enumerate(zip(bounds, highs, strict=True))
    ]


def shop_kpis(merchant: Merchant) -> ShopKpis | None:
    """What the last round found about the shop."""
    return ShopKpis.objects.for_merchant(merchant).first()


def totals(merchant: Merchant) -> dict[str, Any]:
    """How many buyers, margin and net revenue (all time, without tax), expected value of those present (12 months)."""
    buyers = PRESENT_OF_KPIS & Q(customer__orders_count__gt=0)
    return CustomerKpis.objects.for_merchant(merchant).aggregate(
        buyers=Count("pk", filter=buyers),
        margin=Sum("margin"),
        net_revenue=Sum("net_revenue"),
        covered=Sum("covered_revenue"),
        predicted=Sum("predicted_value", filter=PRESENT_OF_KPIS),
    )
