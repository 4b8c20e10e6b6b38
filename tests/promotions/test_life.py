"""Publishing, pausing, ending, limits, copies and versions on the screens."""

from __future__ import annotations

from time import process_time

import pytest
from django.test import Client

from merchants.models import AuditEntry, Merchant, Role
from promotions.actions.offers import VersionData, add_version
from promotions.models import Promotion, PromotionVersion
from promotions.pricing.reading import read_promotion
from tests.factories import MembershipFactory
from tests.promotions.shops import launch, percent


@pytest.fixture
def sun(merchant: Merchant) -> Promotion:
    """Active with version 1; version 2 is written."""
    promotion = launch(merchant, "sun", percent("20"), limits={"uses_limit": 10})
    add_version(promotion, VersionData(definition={"benefit": percent("25"), "priority": 5}))
    return promotion


def _url(promotion: Promotion, rest: str = "") -> str:
    return f"/m/{promotion.merchant.slug}/promotions/{promotion.pk}{rest}"


def _number(promotion: Promotion) -> int | None:
    promotion.refresh_from_db()
    return promotion.version.number if promotion.version else None


def test_the_overview_says_it_in_words_and_asks_with_them(client: Client, sun: Promotion) -> None:
    page = client.get(_url(sun)).text
    assert "20% off the whole purchase, at most 10 times." in page
    assert "Version 2, not published yet" in page
    assert "Publish version 2?" in page
    assert page.count("25% off the whole purchase, at most 10 times.") == 2  # the note, and the question


def test_what_was_confirmed_is_published(client: Client, sun: Promotion) -> None:
    add_version(sun, VersionData(definition={"benefit": percent("90")}))  # somebody writes on meanwhile
    assert client.post(_url(sun, "/publish"), {"version": "2"}).status_code == 302
    assert _number(sun) == 2
    assert client.post(_url(sun, "/publish"), {"version": "9"}).status_code == 404
    assert client.post(_url(sun, "/publish"), {}).status_code == 404


def test_a_page_from_before_takes_no_version_back(client: Client, sun: Promotion) -> None:
    client.post(_url(sun, "/publish"), {"version": "2"})
    answer = client.post(_url(sun, "/publish"), {"version": "1"}, follow=True)  # another tab still asked for it
    assert "Version 2 was published meanwhile." in answer.text
    assert _number(sun) == 2


def test_what_rests_goes_on_as_it_was_beside_a_version_that_is_written(client: Client, sun: Promotion) -> None:
    client.post(_url(sun, "/pause"))
    page = client.get(_url(sun)).text
    assert "Resume this promotion?" in page
    assert "Publish version 2?" in page
    answer = client.post(_url(sun, "/publish"), {"version": "1"}, follow=True)
    assert "The promotion decides again" in answer.text
    assert (_number(sun), sun.status) == (1, Promotion.Status.ACTIVE)


def test_a_promotion_rests_goes_on_and_ends(client: Client, sun: Promotion) -> None:
    client.post(_url(sun, "/pause"))
    sun.refresh_from_db()
    assert sun.status == Promotion.Status.PAUSED
    client.post(_url(sun, "/publish"), {"version": "2"})
    client.post(_url(sun, "/end"))
    sun.refresh_from_db()
    assert sun.status == Promotion.Status.ENDED
    answer = client.post(_url(sun, "/publish"), {"version": "2"}, follow=True)
    assert "This promotion has ended; make a new one." in answer.text
    assert "Edit" not in answer.text.split("<main")[1].split("cx-tabs")[0]
    assert client.get(_url(sun, "/edit")).status_code == 302
    actions = AuditEntry.objects.filter(merchant=sun.merchant).order_by("pk").values_list("action", flat=True)
    assert list(actions)[-3:] == ["promotion.paused", "promotion.active", "promotion.ended"]


def test_limits_are_changed_and_emptied(client: Client, sun: Promotion) -> None:
    assert 'name="limits-uses_limit" value="10"' in client.get(_url(sun, "/limits")).text
    typed = {"limits-uses_per_customer": "1", "limits-window": "week", "limits-budget": "99.50"}
    assert client.post(_url(sun, "/limits"), typed).status_code == 302
    sun.refresh_from_db()
    assert (sun.uses_limit, sun.uses_per_customer, sun.window, sun.budget) == (None, 1, "week", 9950)
    answer = client.post(_url(sun, "/limits"), typed | {"limits-budget": "much"})
    assert answer.status_code == 422
    assert 'value="much"' in answer.text


def test_a_copy_is_a_draft_of_the_same(client: Client, sun: Promotion) -> None:
    answer = client.post(_url(sun, "/duplicate"))
    copy = Promotion.objects.for_merchant(sun.merchant).exclude(pk=sun.pk).get()
    assert answer.url.endswith(f"/promotions/{copy.pk}/edit")
    assert (copy.key, copy.name, copy.status, copy.uses_limit) == ("sun-2", "Sun (copy)", "draft", 10)
    definition = PromotionVersion.objects.get(promotion=copy).definition
    assert (definition["id"], definition["benefit"]) == ("sun-2", percent("25"))


def test_versions_are_compared_in_words_and_as_json(client: Client, sun: Promotion) -> None:
    page = client.get(_url(sun, "/versions?from=1&to=2")).text
    assert "<del>Percent off: 20% off the whole purchase</del>" in page
    assert "<ins>Percent off: 25% off the whole purchase</ins>" in page
    assert '<th scope="row">Priority</th>' in page
    assert '<th scope="row">Stage</th>' not in page
    assert 'data-kind="new">+   &quot;priority&quot;: 5' in page
    assert "Both say the same." in client.get(_url(sun, "/versions?from=2&to=2")).text
    for wrong in ("from=1&to=7", "from=x", "from=99999999999999&to=1"):
        assert client.get(_url(sun, f"/versions?{wrong}")).status_code == 404


def test_versions_with_thousands_of_other_products_are_compared_at_once(client: Client, merchant: Merchant) -> None:
    def of(letter: str) -> dict[str, list[str]]:
        return {"products": [f"{letter}-{number}" for number in range(3000)]}

    promotion = launch(merchant, "many", percent("20"), target=of("A"))
    add_version(promotion, VersionData(definition={"benefit": percent("20"), "target": of("B")}))
    began = process_time()
    page = client.get(_url(promotion, "/versions?from=1&to=2")).text
    assert process_time() - began < 10  # comparing each line with each took minutes
    assert "A-2999" in page
    assert "B-2999" in page


def test_an_old_version_comes_back_as_a_new_one(client: Client, sun: Promotion) -> None:
    client.post(_url(sun, "/versions/bring-back"), {"version": "1"})
    newest = PromotionVersion.objects.filter(promotion=sun).latest("number")
    assert (newest.number, newest.definition["benefit"]) == (3, percent("20"))
    assert read_promotion(newest.definition).version == 3
    assert _number(sun) == 1  # it still has to be published


def test_an_analyst_reads_and_changes_nothing(sun: Promotion) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=sun.merchant, role=Role.ANALYST).staff)
    page = browser.get(_url(sun)).text
    assert "20% off" in page
    for action in ("/publish", "/pause", "/end", "/duplicate", "/limits", "/edit"):
        assert _url(sun, action) not in page
        assert browser.post(_url(sun, action)).status_code == 403
    assert "Bring back" not in browser.get(_url(sun, "/versions")).text
