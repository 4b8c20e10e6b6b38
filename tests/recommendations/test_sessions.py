"""From tracked visits to an answer: what others looked at together is shown to who looks at one of it."""

from datetime import timedelta

import pytest
import time_machine

from merchants.models import Merchant
from recommendations import loading
from recommendations.actions import refresh_model, train_models
from recommendations.engines.sessions.engine import SessionKnn
from tests.customers.tracking_samples import moment, send, viewed
from tests.recommendations.shops import NOON, sku, stocked_shop, track
from tests.recommendations.worlds import Quiet
from tests.storefront import Storefront, storefront

URL = "/api/v1/recommendations"
# Nobody buys them together.
LAMP, TENT, TEA = sku(0, 0), sku(1, 5), sku(2, 3)


def visits(merchant: Merchant, first: str, then: str, count: int = 30) -> None:
    """Visitors who looked at one product and then at the other."""
    for number in range(count):
        begin = 60.0 * (number + 1)
        track(merchant, "Product Viewed", first, visitor=f"{first}-{then}-{number}", minutes_ago=begin)
        track(merchant, "Product Viewed", then, visitor=f"{first}-{then}-{number}", minutes_ago=begin - 5)


def known(merchant: Merchant) -> int:
    """How many sessions answer now."""
    loading.forget()
    loaded = loading.current(merchant.pk)
    assert loaded is not None
    engine = loaded.model.engines[SessionKnn.name]
    assert isinstance(engine, SessionKnn)
    return engine.count


def reasons(client: Storefront, **asked: str) -> dict[str, dict[str, str]]:
    """The reason of each product shown."""
    return {item["sku"]: item["reason"] for item in client.get(URL, asked).json()["items"]}


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    stocked_shop(merchant)
    return merchant


@time_machine.travel(NOON + timedelta(hours=2))
def test_what_others_looked_at_together_is_shown_with_that_reason(shop: Merchant):
    visits(shop, LAMP, TENT)
    train_models(shop, progress=Quiet())
    assert known(shop) == 30
    browser = storefront(shop, kind="pk")
    send(browser, [viewed(1, timestamp=moment(minutes=-1), properties={"sku": LAMP})])
    at_home = reasons(browser, placement="home", anonymous_id="visitor-1")[TENT]
    assert (at_home["source"], at_home["code"], at_home["because"]) == ("sessions", "because_you_viewed", LAMP)
    beside = reasons(browser, placement="similar", product=LAMP, limit="16")[TENT]
    assert (beside["source"], beside["code"], beside["because"]) == ("sessions", "viewed_together", LAMP)
    assert TENT not in reasons(browser, placement="similar", product=TEA, limit="8")


@time_machine.travel(NOON + timedelta(hours=2))
def test_a_refresh_learns_the_visits_since_the_training(shop: Merchant):
    visits(shop, LAMP, TENT, count=5)
    train_models(shop, progress=Quiet())
    visits(shop, LAMP, TEA, count=25)
    assert known(shop) == 5
    assert refresh_model(shop) is not None
    assert known(shop) == 30


@time_machine.travel(NOON + timedelta(hours=2))
def test_a_shop_that_tracks_nothing_answers_without_sessions(shop: Merchant):
    train_models(shop, progress=Quiet())
    assert known(shop) == 0
    browser = storefront(shop, kind="pk")
    shown = reasons(browser, placement="home", anonymous_id="visitor-1")
    assert len(shown) == 8
    assert "sessions" not in {reason["source"] for reason in shown.values()}
