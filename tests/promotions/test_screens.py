"""The list of promotions and the overview of one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from merchants.models import Merchant
from promotions.actions.offers import end_promotion, pause_promotion
from promotions.models import Promotion, PromotionVersion, UseCount
from tests.promotions.shops import launch, percent
from tests.queries import queries_of

NOW = timezone.now()
PERIODS = {
    Promotion.Standing.SCHEDULED: {"starts_at": NOW + timedelta(days=1)},
    Promotion.Standing.ACTIVE: {"starts_at": NOW - timedelta(days=1), "ends_at": NOW + timedelta(days=1)},
    Promotion.Standing.EXPIRED: {"ends_at": NOW - timedelta(days=1)},
}


def _page(client: Client, merchant: Merchant, query: str = "") -> str:
    return client.get(f"/m/{merchant.slug}/promotions/{query}").text


@pytest.fixture
def shelf(merchant: Merchant) -> Merchant:
    """One promotion of every standing."""
    for standing, period in PERIODS.items():
        launch(merchant, f"is-{standing}", percent(), **period)
    pause_promotion(launch(merchant, "is-paused", percent()))
    end_promotion(launch(merchant, "is-ended", percent()))
    draft = Promotion.objects.create(merchant=merchant, key="is-draft", name="Is-Draft")
    PromotionVersion.objects.create(
        merchant=merchant, promotion=draft, number=1, definition={"id": "is-draft", "benefit": percent()}
    )
    return merchant


@pytest.mark.parametrize("standing", Promotion.Standing.values)
def test_the_status_follows_the_period_and_can_be_filtered_by(client: Client, shelf: Merchant, standing: str) -> None:
    found = Promotion.objects.for_merchant(shelf).standing(standing, timezone.now())
    assert [promotion.key for promotion in found] == [f"is-{standing}"]
    assert found[0].standing_at(timezone.now()) == standing
    page = _page(client, shelf, f"?status={standing}")
    assert [name for name in Promotion.Standing.values if f">Is-{name.title()}<" in page] == [standing]


def test_a_search_looks_at_name_and_key(client: Client, merchant: Merchant) -> None:
    launch(merchant, "sun-20", percent())
    launch(merchant, "rain-5", percent())
    assert "Sun-20" in _page(client, merchant, "?q=SUN")
    assert "Rain-5" not in _page(client, merchant, "?q=SUN")
    assert "No promotions yet" not in _page(client, merchant, "?q=snow")


def test_an_empty_list_says_what_promotions_are_for(client: Client, merchant: Merchant) -> None:
    assert "No promotions yet" in _page(client, merchant)


def test_budget_and_uses_are_shown(client: Client, merchant: Merchant) -> None:
    limited = launch(merchant, "limited", percent(), limits={"budget": 10_000, "uses_limit": 40})
    UseCount.objects.create(merchant=merchant, promotion=limited, used=7, spent=2_500)
    page = _page(client, merchant)
    assert "€25.00 of €100.00" in page
    assert 'aria-valuenow="25"' in page
    assert "of 40" in page
    detail = client.get(f"/m/{merchant.slug}/promotions/{limited.pk}").text
    assert "€25.00 of €100.00" in detail


def test_a_list_of_many_costs_as_many_queries_as_one_of_few(client: Client, merchant: Merchant) -> None:
    counts = []
    for number in range(2):
        for place in range(2 + 20 * number):
            launch(merchant, f"p-{number}-{place}", percent(), limits={"budget": 1} if place % 2 else {})
            draft = Promotion.objects.create(merchant=merchant, key=f"d-{number}-{place}", name="Draft")
            said = {"id": draft.key, "benefit": percent()}
            PromotionVersion.objects.create(merchant=merchant, promotion=draft, number=1, definition=said)
        counts.append(queries_of(client, f"/m/{merchant.slug}/promotions/"))
    assert counts[0] == counts[1]
