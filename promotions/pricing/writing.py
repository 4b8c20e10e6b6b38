"""A decision as JSON: one object that serves shopper, support and auditor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from promotions.pricing.conditions import Gap
from promotions.pricing.definitions import Selector, Weekly
from promotions.pricing.engine import Decision, Outcome, pending_codes, unknown_codes
from promotions.pricing.ledger import Application
from promotions.pricing.money import apply_rate, without_tax


def decision_json(decision: Decision) -> dict[str, Any]:
    """Lines with what each costs in the end, what every promotion took off them, and why not more."""
    ledger, cart = decision.ledger, decision.cart
    waiting, unknown = pending_codes(decision), unknown_codes(decision)
    return {
        "currency": cart.currency,
        "total": decision.total,
        "discount": decision.discount,
        "lines": [_line(decision, position) for position in range(len(cart.lines))],
        "shipping": _taxed(cart.shipping, ledger.shipping, cart.shipping_tax_rate, gross=cart.prices_include_tax),
        "applications": [_application(decision, entry) for entry in decision.applications],
        "gifts": [
            {"sku": gift.sku, "quantity": gift.quantity}
            for entry in decision.applications
            for gift in entry.taking.gifts
        ],
        "points": sum(entry.taking.points for entry in decision.applications),
        "codes": {
            "applied": [code for code in cart.codes if code not in waiting and code not in unknown],
            "pending": waiting,
            "unknown": unknown,
        },
        "explanations": [_explanation(outcome) for outcome in decision.outcomes],
        "search_was_bounded": decision.search_was_bounded,
    }


def _line(decision: Decision, position: int) -> dict[str, Any]:
    line, ledger = decision.cart.lines[position], decision.ledger
    amounts = _taxed(
        ledger.original[position],
        ledger.remaining[position],
        line.tax_rate,
        gross=decision.cart.prices_include_tax,
    )
    units = ledger.units(position)
    return {"id": line.id, "sku": line.sku, "quantity": line.quantity, **amounts, "units": units}


def _taxed(original: int, left: int, rate: int, *, gross: bool) -> dict[str, int]:
    """``total`` is in the cart's price basis; ``net`` and ``gross`` differ by the tax."""
    net = without_tax(left, rate) if gross else left
    full = left if gross else apply_rate(left, rate)
    return {
        "original": original,
        "discount": original - left,
        "total": left,
        "net": net,
        "tax": full - net,
        "gross": full,
    }


def _application(decision: Decision, entry: Application) -> dict[str, Any]:
    lines = decision.cart.lines
    return {
        "promotion": entry.promotion.id,
        "version": entry.promotion.version,
        "name": entry.promotion.name,
        "lane": entry.promotion.lane,
        "amount": entry.taking.amount,
        "lines": {lines[position].id: amount for position, amount in sorted(entry.taking.lines.items())},
        "shipping": entry.taking.shipping,
        "gifts": [{"sku": gift.sku, "quantity": gift.quantity} for gift in entry.taking.gifts],
        "points": entry.taking.points,
        "returns": entry.promotion.returns.value,
    }


def _explanation(outcome: Outcome) -> dict[str, Any]:
    return {
        "promotion": outcome.promotion.id,
        "version": outcome.promotion.version,
        "name": outcome.promotion.name,
        "status": outcome.status,
        "missing": [_gap(gap) for gap in outcome.gaps],
        "would_save": outcome.would_save,
        "outbid_by": list(outcome.outbid_by),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "kind": gap.kind,
        "missing": gap.missing,
        "of": _selector(gap.of) if gap.of is not None else None,
        "wanted": _wanted(gap.wanted),
    }


def _wanted(wanted: Any) -> Any:
    if isinstance(wanted, frozenset):
        return sorted(wanted)
    if isinstance(wanted, Weekly):
        end = wanted.end.isoformat("minutes") if wanted.end else None
        return {"weekdays": sorted(wanted.weekdays), "from": wanted.start.isoformat("minutes"), "until": end}
    return wanted.isoformat() if isinstance(wanted, datetime) else wanted


def _selector(selector: Selector) -> dict[str, Any]:
    """As ``schema.json`` writes it: only what was said."""
    said = {
        "products": sorted(selector.products),
        "categories": list(selector.categories),
        "brands": sorted(selector.brands),
        "tags": sorted(selector.tags),
        "except": _selector(selector.excluded) if selector.excluded else None,
    }
    bounds = {"price_from": selector.price_from, "price_until": selector.price_until, "reduced": selector.reduced}
    return {name: value for name, value in said.items() if value} | {
        name: value for name, value in bounds.items() if value is not None
    }
