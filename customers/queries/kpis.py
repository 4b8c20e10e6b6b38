"""The figures of one customer as they are read: shares and ages computed now, and reasons in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.cx import money, percent
from customers.models import Customer, CustomerKpis, Profitability, ShopKpis
from customers.rules import value

# Shares from which something is worth a word.
MANY_RETURNS, MUCH_DISCOUNT, DEAR_GOODS, DEAR_SERVICE = 0.3, 0.1, 0.7, 0.2


@dataclass(frozen=True)
class Share:
    """How often something was used, of all orders that say so."""

    name: str
    orders: int
    share: float


@dataclass(frozen=True)
class CustomerValue:
    """A customer's figures; amounts in minor units of ``currency``."""

    customer: Customer
    kpis: CustomerKpis
    typical_gap: float | None
    currency: str

    @property
    def average_order(self) -> int | None:
        """All time, tax included, net of returns."""
        return self.customer.revenue // self.customer.orders_count if self.customer.orders_count else None

    @property
    def returned_units_share(self) -> float | None:
        """Of the units bought, all time."""
        return _share(self.kpis.units_returned, self.kpis.units_bought)

    @property
    def returned_value_share(self) -> float | None:
        """Of what was bought, all time, tax included."""
        return _share(self.kpis.returned_value, self.customer.revenue + self.kpis.returned_value)

    @property
    def covered_share(self) -> float | None:
        """The share of the net revenue whose costs are known."""
        return _share(self.kpis.covered_revenue, self.kpis.net_revenue)

    @property
    def margin_share(self) -> float | None:
        """Of the net revenue whose costs are known."""
        return None if self.kpis.margin is None else _share(self.kpis.margin, self.kpis.covered_revenue)

    @property
    def days_since_last_order(self) -> int | None:
        last = self.customer.last_order_at
        return None if last is None else max((timezone.now() - last).days, 0)

    @property
    def expected_gap(self) -> float:
        """Days after which this person's next order is expected."""
        return value.expected_gap(self.customer.orders_count, self.kpis.mean_gap_days, self.typical_gap)

    @property
    def payment_shares(self) -> list[Share]:
        """Payment methods, the most used first."""
        used = self.kpis.payment_methods
        total = sum(used.values())
        ordered = sorted(used.items(), key=lambda item: (-item[1], item[0]))
        return [Share(name, orders, orders / total) for name, orders in ordered]

    @property
    def other_costs(self) -> int:
        """Sending, payment fees and returns, without tax."""
        return self.kpis.payment_fees + self.kpis.shipping_costs + self.kpis.return_costs

    def lifecycle_reason(self) -> str:
        """Why this stage, in words."""
        days = self.days_since_last_order
        if days is None:
            return _("Has not ordered yet.")
        gap = round(self.expected_gap)
        said = ngettext("The last order was %(days)s day ago", "The last order was %(days)s days ago", days)
        expected = ngettext("one is expected every %(gap)s day", "one is expected every %(gap)s days", gap)
        return f"{said}; {expected}." % {"days": days, "gap": gap}

    def reasons(self) -> list[str]:
        """Why this profitability, in words; the weightiest first."""
        return [capfirst(reason) for reason in self._reasons()]

    def _reasons(self) -> Iterator[str]:
        if not self.customer.orders_count:
            yield _("has not ordered yet")
            return
        if self.kpis.margin is None:
            yield _("no cost is known of what was bought")
        else:
            yield from self._about_margin()
        yield from self._about_buying()
        unknown = 1 - (1.0 if self.covered_share is None else self.covered_share)
        if self.kpis.margin is not None and unknown >= 0.005:
            yield _("costs unknown for %(share)s of revenue") % {"share": percent(unknown)}

    def _about_margin(self) -> Iterator[str]:
        margin, share = self.kpis.margin or 0, self.margin_share
        if self.kpis.profitability == Profitability.VERY_PROFITABLE:
            yield _("among the best fifth of customers by contribution margin")
        if margin < 0:
            yield _("costs exceed revenue by %(amount)s") % {"amount": money(-margin, self.currency)}
        elif share is not None:
            yield _("%(share)s of net revenue remain after all costs") % {"share": percent(share)}

    def _about_buying(self) -> Iterator[str]:
        shares = [
            (self.returned_value_share, MANY_RETURNS, _("returns %(share)s of what was bought")),
            (
                _share(self.kpis.discounts, self.customer.revenue + self.kpis.discounts),
                MUCH_DISCOUNT,
                _("discounts took %(share)s off"),
            ),
            (
                _share(self.kpis.goods_cost, self.kpis.covered_revenue),
                DEAR_GOODS,
                _("goods cost %(share)s of net revenue"),
            ),
            (
                _share(self.other_costs, self.kpis.covered_revenue),
                DEAR_SERVICE,
                _("sending, payment and returns cost %(share)s of net revenue"),
            ),
        ]
        for share, worth_a_word, text in shares:
            if share is not None and share >= worth_a_word:
                yield text % {"share": percent(share)}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def customer_value(customer: Customer) -> CustomerValue:
    """The figures of a customer, read with the shop's rhythm; zeros for one who never ordered."""
    kpis = CustomerKpis.objects.for_merchant(customer.merchant_id).filter(customer=customer).first()
    shop = ShopKpis.objects.for_merchant(customer.merchant_id).first()
    return CustomerValue(
        customer,
        kpis or CustomerKpis(merchant_id=customer.merchant_id, customer=customer),
        shop.typical_gap_days if shop else None,
        customer.merchant.currency,
    )
