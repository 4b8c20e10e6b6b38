"""What selling costs the shop beside its goods: entered by staff, applied to all orders, past ones too."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.errors import DomainError
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from orders.actions.valuation import request_valuation
from orders.models import CostSettings, PaymentFee


@dataclass(frozen=True)
class Fee:
    """What a payment method takes: a share of the total, and an amount per order."""

    share: Decimal = Decimal(0)
    fixed: int = 0


@dataclass(frozen=True, kw_only=True)
class Costs:
    """All of a shop's costs; ``fees`` by payment method in lower case."""

    parcel_cost: int = 0
    return_cost: int = 0
    fees: Mapping[str, Fee]


def costs_of(merchant: Merchant) -> Costs:
    """What is entered; nothing is zero."""
    stored = CostSettings.objects.for_merchant(merchant).first() or CostSettings()
    fees = PaymentFee.objects.for_merchant(merchant)
    return Costs(
        parcel_cost=stored.parcel_cost,
        return_cost=stored.return_cost,
        fees={fee.method: Fee(fee.share, fee.fixed) for fee in fees},
    )


@transaction.atomic
def set_costs(merchant: Merchant, costs: Costs, *, staff: Staff) -> bool:
    """Store these costs and have all figures computed anew; whether anything changed."""
    Merchant.objects.select_for_update().get(pk=merchant.pk)
    before = _flat(costs_of(merchant))
    CostSettings.objects.update_or_create(
        merchant=merchant, defaults={"parcel_cost": costs.parcel_cost, "return_cost": costs.return_cost}
    )
    for method, fee in costs.fees.items():
        PaymentFee.objects.update_or_create(
            merchant=merchant, method=method.lower(), defaults={"share": fee.share, "fixed": fee.fixed}
        )
    after = _flat(costs_of(merchant))
    names = sorted(before.keys() | after.keys())
    changes = {
        name: {"from": before.get(name, ""), "to": after[name]} for name in names if before.get(name) != after[name]
    }
    if changes:
        record_audit(merchant, "costs.updated", staff=staff, changes=changes)
        _revalue(merchant)
    return bool(changes)


def _revalue(merchant: Merchant) -> None:
    # A round that waits or runs sees the new costs, or the nightly one does.
    with suppress(DomainError):
        request_valuation(merchant, staff=None)


def _flat(costs: Costs) -> dict[str, Any]:
    """Named for the audit log."""
    flat = {"parcel_cost": str(costs.parcel_cost), "return_cost": str(costs.return_cost)}
    for method, fee in costs.fees.items():
        flat[method] = f"{fee.share.normalize():f} + {fee.fixed}"
    return flat
