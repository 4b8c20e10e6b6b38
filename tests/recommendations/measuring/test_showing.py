"""Results in words: no more than the figures bear."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from merchants.models import Merchant
from recommendations.measuring.showing import results
from recommendations.models import OnlineReport, PlacementDay, PlacementSettings

SIDE = {"people": 5000, "buyers": 400, "total": 1.0, "squares": 1.0}


def report(merchant: Merchant, found: dict[str, Any] | None, **more: Any) -> None:
    compared = {"treated": SIDE, "holdout": SIDE | {"people": 500}, "uplift": found}
    figures = {"uplift": {"home": {"28": {"revenue": compared, "margin": compared}}}, **more}
    OnlineReport.objects.create(merchant=merchant, figured_at=timezone.now(), report=figures)
    PlacementSettings.objects.create(merchant=merchant, placement="home", holdout_percent=10)
    PlacementDay.objects.create(
        merchant=merchant,
        day=timezone.localdate(timezone=merchant.tz) - timedelta(days=1),
        placement="home",
        arm="treated",
        impressions=1000,
        clicked=50,
        clicks=60,
        orders=4,
        revenue=19996,
        margin=5000,
    )


def difference(verdict: str, low: float, high: float) -> dict[str, Any]:
    return {
        "difference": (low + high) / 2,
        "low": low,
        "high": high,
        "relative": 0.123,
        "relative_low": 0.05,
        "relative_high": 0.2,
        "verdict": verdict,
    }


def test_a_gain_is_said_with_its_interval(client: Client, merchant: Merchant):
    report(merchant, difference("gain", 50, 250))
    page = client.get(reverse("recommendation_results", args=[merchant.slug])).text
    assert "+€1.50 (+12.3%)" in page
    assert "95 % certain: between +€0.50 and +€2.50 per person." in page
    assert "It may be chance." not in page
    assert "5,000 people with recommendations, 500 held back." in page
    assert "5.0%" in page  # clicked views
    assert "€199.96" in page


@pytest.mark.parametrize(("verdict", "tone"), [("gain", "success"), ("loss", "danger"), ("unclear", "neutral")])
def test_the_tone_follows_the_interval(merchant: Merchant, verdict: str, tone: str):
    report(merchant, difference(verdict, -50, 250))
    (row,) = results(merchant, days=28).placements
    assert row.revenue.tone == tone
    assert ("It may be chance." in row.revenue.detail) == (verdict == "unclear")


def test_too_few_people_get_no_figure(merchant: Merchant):
    report(merchant, None)
    (row,) = results(merchant, days=28).placements
    assert row.revenue.text == "too few yet"
    assert "At least 100 people and 30 buyers are needed on each side." in row.revenue.detail


def test_what_people_held_back_saw_is_no_result(merchant: Merchant):
    report(merchant, None)
    day = PlacementDay.objects.for_merchant(merchant).get()
    PlacementDay.objects.create(
        merchant=merchant, day=day.day, placement="home", arm="holdout", impressions=500, revenue=9
    )
    found = results(merchant, days=28)
    assert (found.sums["impressions"], found.sums["revenue"]) == (1000, 19996)


def test_weeks_with_few_people_are_left_out(merchant: Merchant):
    weeks = [
        {"from": "2026-11-09", "placements": {"home": {"treated": {"people": 900, "mean": 1234.4}}}},
        {
            "from": "2026-11-16",
            "placements": {
                "home": {"treated": {"people": 900, "mean": 1300}, "holdout": {"people": 99, "mean": 99999}}
            },
        },
    ]
    report(merchant, None, weeks=weeks)
    chart = results(merchant, days=28).weeks
    assert chart is not None
    assert [list(line.values) for line in chart.series] == [[1234, 1300], [None, None]]


def test_the_screen_costs_the_same_whatever_was_measured(
    client: Client, merchant: Merchant, django_assert_max_num_queries: Any
):
    report(merchant, difference("gain", 50, 250), sources=[{"source": "als", "seen": 9, "clicks": 1}], positions=[])
    address = reverse("recommendation_results", args=[merchant.slug])
    client.get(address)
    with django_assert_max_num_queries(14):
        assert "Taste (ALS)" in client.get(address, {"days": "90"}).text
