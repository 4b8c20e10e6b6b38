"""The job of a replay: starts it, runs it, and says when a limit would be reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import DomainError
from core.jobs import start_job
from core.locks import lock_name
from core.models import Job
from merchants.actions import record_audit
from merchants.models import Staff
from orders.models import Order
from promotions import active
from promotions.active import Offer
from promotions.models import Promotion, PromotionVersion, Replay, UseCount
from promotions.pricing.definitions import Promotion as Definition
from promotions.pricing.engine import Decision, evaluate
from promotions.pricing.index import Index
from promotions.pricing.reading import known_promotion
from promotions.replaying.past import PastCart, read_past
from promotions.replaying.tally import Tally, as_if_active

REPLAY = "promotion_replay"
TITLE = gettext_noop("Replay of %(name)s on %(wanted)s orders")
MOST_ORDERS = 50_000


@transaction.atomic
def start_replay(
    version: PromotionVersion, *, wanted: int, assumes_code: bool = False, staff: Staff | None = None
) -> Replay:
    """Queue one. Raises DomainError ``replay_running``, ``no_orders``."""
    promotion = version.promotion
    merchant = promotion.merchant
    lock_name(f"replay:{promotion.pk}")
    replays = Replay.objects.for_merchant(merchant).filter(promotion=promotion)
    if replays.filter(job__state__in=[Job.State.QUEUED, Job.State.RUNNING]).exists():
        raise DomainError("replay_running", _("A replay of this promotion is running already."))
    newest = Order.objects.for_merchant(merchant).order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        raise DomainError("no_orders", _("There are no orders to replay it on yet."))
    replay = Replay(
        merchant=merchant,
        promotion=promotion,
        version=version,
        wanted=min(wanted, MOST_ORDERS),
        newest_order=newest,
        assumes_code=assumes_code,
        asked_by=staff,
    )
    replay.save()
    about = {"replay": replay.pk, "name": promotion.name, "wanted": replay.wanted}
    replay.job = start_job(merchant, REPLAY, title=TITLE, parameters=about, staff=staff)
    replay.save(update_fields=["job"])
    changes = {"version": version.number, "orders": replay.wanted}
    record_audit(merchant, "replay.requested", staff=staff, subject=promotion, changes=changes)
    return replay


def run_replay(replay: Replay, tick: Callable[[int], None] = lambda count: None) -> dict[str, Any]:
    """Decide every order twice and store what that comes to; begun again, it looks at the same orders.

    The orders are read before anything is written, so a replay that breaks off leaves nothing half done.
    """
    promotion = replay.promotion
    draft = as_if_active(known_promotion(replay.version.definition), assumes_code=replay.assumes_code)
    deciding = _Deciding(promotion, draft)
    tally, skipped = Tally(draft.id), 0
    for past in read_past(promotion.merchant, wanted=replay.wanted, newest=replay.newest_order):
        skipped += past.skipped
        for found in past.carts:
            mine = promotion.uses_per_customer
            is_open = mine is None or tally.uses[found.person] < mine
            before, after = deciding.both(found, with_it=is_open)
            tally.see(found.order_id, found.person, found.paid, found.costs, before=before, after=after)
        tick(len(past.carts) + past.skipped)
    report = tally.report() | {"skipped": skipped}
    today = timezone.localdate(timezone=promotion.merchant.tz)
    replay.report = report | {"run_out": run_out(promotion, report, today=today)}
    replay.finished_at = timezone.now()
    replay.save(update_fields=["report", "finished_at"])
    return {"orders": tally.orders, "cost": tally.before - tally.after}


class _Deciding:
    """The others that are active now, whenever the order was; and the same with the draft among them."""

    def __init__(self, promotion: Promotion, draft: Definition) -> None:
        now, key = timezone.now(), promotion.key
        offers = active.current(promotion.merchant_id).offers
        others = [_unscheduled(offer) for name, offer in offers.items() if name != key and offer.holds(now)]
        self._without, self._with, self._draft = Index(others), Index([*others, draft]), Index([draft])

    def both(self, found: PastCart, *, with_it: bool) -> tuple[Decision, Decision]:
        """Without the promotion, and with it: the same object where it could not apply."""
        before = evaluate(self._without, found.cart)
        if not with_it or not self._draft.candidates(found.cart):
            return before, before
        return before, evaluate(self._with, found.cart)


def _unscheduled(offer: Offer) -> Definition:
    return as_if_active(offer.promotion, assumes_code=False)


def run_out(promotion: Promotion, report: dict[str, Any], *, today: date) -> dict[str, Any] | None:
    """Which limit would be reached first at the rate of the replayed orders, and when; None where none would."""
    counts = UseCount.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion, window="")
    used = counts.first() or UseCount()
    days = _span(report)
    found = []
    limits = {
        "uses": (promotion.uses_limit, used.used, report["with_it"]),
        "budget": (promotion.budget, used.spent, report["taken"]),
    }
    for name, (limit, gone, rate) in limits.items():
        if limit is not None and rate and days:
            left = max(limit - gone, 0)
            lasts = left * days / rate
            found.append({"limit": name, "left": left, "days": round(lasts, 1), "on": _day_in(today, lasts)})
    return min(found, key=lambda one: one["days"], default=None)


def _span(report: dict[str, Any]) -> int:
    days = report["days"]
    if not days:
        return 0
    first, last = (datetime.fromisoformat(days[at][0]) for at in (0, -1))
    return (last - first).days + 1


def _day_in(today: date, lasts: float) -> str:
    """Beyond ten years nobody plans."""
    return (today + timedelta(days=int(lasts))).isoformat() if lasts < 3650 else ""
