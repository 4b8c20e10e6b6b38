"""When a customer counts as defecting or inactive, and what counts as profitable: the numbers behind the words. Pure.

Lifecycle. A person's expected gap is the mean of their own gaps and one of the shop's typical gap, so that few orders
lean on the shop's rhythm and many speak for themselves. Silent for up to ``DEFECTING_AFTER`` such gaps they are active
(a first-time buyer after one order), for up to ``INACTIVE_AFTER`` gaps defecting, then inactive.

Profitability. Judged by the contribution margin, where the costs of enough of the revenue are known.
"""

from __future__ import annotations

DEFECTING_AFTER, INACTIVE_AFTER = 2, 4
# Days between two orders: where the shop does not know its own rhythm yet, and the least that is ever expected.
DEFAULT_GAP, SHORTEST_GAP = 90.0, 7.0
# Share of the net revenue whose costs must be known before anything is said about profit.
KNOWN_ENOUGH = 0.5
# A margin within this share of the net revenue, up or down, is break-even.
BREAK_EVEN = 0.03


def expected_gap(orders: int, mean_gap: float | None, typical_gap: float | None) -> float:
    """Days after which the next order is expected."""
    shop = DEFAULT_GAP if typical_gap is None else typical_gap
    own = 0.0 if mean_gap is None else mean_gap * (orders - 1)
    gaps = max(orders - 1, 0)
    return max((own + shop) / (gaps + 1), SHORTEST_GAP)


def lifecycle(*, orders: int, silent_days: float, gap: float) -> str:
    """The name of the stage; ``gap`` is the expected one."""
    if not orders:
        return "lead"
    if silent_days <= DEFECTING_AFTER * gap:
        return "first_time" if orders == 1 else "active"
    return "defecting" if silent_days <= INACTIVE_AFTER * gap else "inactive"


def profitability(*, margin: int | None, covered: int, net_revenue: int, top_margin: int | None) -> str:
    """The name of the class; ``covered`` is the net revenue whose costs are known."""
    if margin is None or covered < KNOWN_ENOUGH * net_revenue:
        return "unknown"
    band = BREAK_EVEN * max(net_revenue, 0)
    if margin < -band:
        return "unprofitable"
    if margin <= band:
        return "break_even"
    return "very_profitable" if top_margin is not None and margin >= top_margin else "profitable"
