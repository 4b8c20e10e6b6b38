"""The report of a shop: days, comparison with the holdout per placement and week, click rates by source and position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from core.measuring.holdout import HOLDOUT, TREATED
from core.measuring.uplift import Outcomes, uplift
from merchants.models import Merchant
from recommendations.measuring.figures import ArmOutcomes, figure_days, outcomes, shown, windows
from recommendations.measuring.tickets import SOURCES
from recommendations.models import OnlineReport

WEEKS = 12
SHOWN_DAYS = 28
WEEK = timedelta(days=7)


def make_report(merchant: Merchant, *, now: datetime | None = None) -> OnlineReport:
    """Figure everything anew; may be run at any time and any number of times."""
    moment = now or timezone.now()
    figure_days(merchant, today=moment.astimezone(merchant.tz).date())
    report = {
        "uplift": _compare(merchant, moment),
        "weeks": _weeks(merchant, moment),
        **_click_rates(merchant, moment - timedelta(days=SHOWN_DAYS)),
    }
    row, _created = OnlineReport.objects.update_or_create(
        merchant=merchant, defaults={"report": report, "figured_at": moment, "updated_at": moment}
    )
    return row


def _compare(merchant: Merchant, now: datetime) -> dict[str, dict[str, Any]]:
    """By placement and window."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for window, since in windows(now):
        for placement, arms in _by_placement(outcomes(merchant, since=since, until=now)).items():
            found[placement][window] = _comparison(arms)
    return dict(found)


def _by_placement(rows: Iterable[ArmOutcomes]) -> dict[str, dict[str, ArmOutcomes]]:
    found: dict[str, dict[str, ArmOutcomes]] = defaultdict(dict)
    for row in rows:
        found[row.placement][row.arm] = row
    return found


def _comparison(arms: dict[str, ArmOutcomes]) -> dict[str, Any]:
    """Both arms as they are, and the differences of revenue and margin per person; null where there are too few."""
    compared: dict[str, Any] = {}
    for name in ("revenue", "margin"):
        treated, held = (getattr(arms[arm], name) if arm in arms else Outcomes() for arm in (TREATED, HOLDOUT))
        difference = uplift(treated, held)
        compared[name] = {
            TREATED: asdict(treated),
            HOLDOUT: asdict(held),
            "uplift": None if difference is None else asdict(difference) | {"verdict": difference.verdict},
        }
    return compared


def _weeks(merchant: Merchant, now: datetime) -> list[dict[str, Any]]:
    """The last weeks, oldest first: revenue per person of both arms, by who first came in that week."""
    local = now.astimezone(merchant.tz)
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    weeks = []
    for back in range(WEEKS - 1, -1, -1):
        since = monday - back * WEEK
        arms = _by_placement(outcomes(merchant, since=since, until=min(since + WEEK, now)))
        placements = {
            placement: {arm: {"people": row.revenue.people, "mean": row.revenue.mean} for arm, row in found.items()}
            for placement, found in arms.items()
        }
        weeks.append({"from": since.date().isoformat(), "placements": placements})
    return weeks


def _click_rates(merchant: Merchant, since: datetime) -> dict[str, list[dict[str, Any]]]:
    sources: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    positions: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row in shown(merchant, since=since):
        for sums in (sources[SOURCES[row.source]], positions[row.position]):
            sums[0] += row.seen
            sums[1] += row.clicks
    return {
        "sources": [
            {"source": name, "seen": seen, "clicks": clicks}
            for name, (seen, clicks) in sorted(sources.items(), key=lambda item: -item[1][0])
        ],
        "positions": [
            {"position": place, "seen": seen, "clicks": clicks} for place, (seen, clicks) in sorted(positions.items())
        ],
    }
