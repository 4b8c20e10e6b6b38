"""The stream of events, live, and the page that says how to send the first."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import Event, Merge
from customers.queries import event_stream
from merchants.actions import create_api_key, revoke_api_key
from merchants.models import Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory
from tests.queries import queries_of

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def track(merchant: Merchant, name: str = "Product Viewed", **fields: Any) -> Event:
    number = Event.objects.for_merchant(merchant).count()
    defaults = {
        "kind": "track",
        "channel": "web",
        "anonymous_id": "visitor-1",
        "message_id": f"m-{number}",
        "occurred_at": AT,
        "received_at": AT,
        "context": {"library": {"name": "cx.js", "version": "1.0"}},
    }
    event: Event = Event.objects.create(merchant=merchant, name=name, **defaults | fields)
    return event


@pytest.fixture
def url(merchant: Merchant) -> str:
    return f"/m/{merchant.slug}/developers/events/"


def _names(page: Any) -> list[str]:
    return [entry["event"].name for entry in page.context["entries"]]


def test_the_newest_arrival_comes_first_whenever_it_happened(client: Client, merchant: Merchant, url: str) -> None:
    track(merchant, "Product Viewed", properties={"name": "Mug, blue"})
    track(merchant, "Order Completed", occurred_at=AT - timedelta(days=3), properties={"order_id": "A-4711"})
    page = client.get(url)
    assert _names(page) == ["Order Completed", "Product Viewed"]
    assert "Mug, blue" in page.text
    assert "A-4711" in page.text


def test_an_event_leads_to_its_customer_and_a_visitor_to_nobody(client: Client, merchant: Merchant, url: str) -> None:
    ada = CustomerFactory(merchant=merchant, first_name="Ada", last_name="Berg")
    track(merchant, customer_id=ada.pk)
    track(merchant, anonymous_id="0123456789abcdef")
    track(merchant, customer_id=CustomerFactory().pk)  # could leak: somebody else's customer
    page = client.get(url).text
    assert re.findall(r"/customers/(\d+)/", page) == [str(ada.pk)]
    assert "Visitor 0123456789ab…" in page


def test_an_event_of_a_profile_that_was_merged_leads_to_the_one_that_was_kept(
    client: Client, merchant: Merchant, url: str
) -> None:
    kept, absorbed = CustomerFactory(merchant=merchant), CustomerFactory(merchant=merchant)
    event = track(merchant, customer_id=absorbed.pk)
    Merge.objects.create(
        merchant=merchant, kept=kept, kept_id_then=kept.pk, absorbed_id=absorbed.pk, reason=Merge.Reason.STAFF
    )
    absorbed.delete()
    for page in (client.get(url), client.get(f"{url}{event.pk}/")):
        assert f'/m/{merchant.slug}/customers/{kept.pk}/"' in page.text


def test_events_of_another_shop_are_not_shown(client: Client, url: str, stranger: Membership) -> None:
    track(stranger.merchant, "Secret Product Viewed")
    page = client.get(url)
    assert _names(page) == []
    assert "Secret" not in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["D", "C", "B", "A"]),
        ("name=A", ["A"]),
        ("channel=pos", ["B"]),
        ("source=analytics-node", ["C"]),
        ("bot=yes", ["D"]),
        ("bot=no", ["C", "B", "A"]),
        ("bot=no&channel=web", ["C", "A"]),
        ("q=m-1", ["B"]),
        ("q=visitor-9", ["A"]),
        ("q=d", ["D"]),
        ("q=nothing", []),
        ("name=nothing", []),
        ("name=%00&channel=nothing&source=%00&bot=maybe", ["D", "C", "B", "A"]),
    ],
)
def test_filters(client: Client, merchant: Merchant, url: str, query: str, found: list[str]) -> None:
    track(merchant, "A", anonymous_id="visitor-9")
    track(merchant, "B", channel="pos")
    track(merchant, "C", context={"library": {"name": "analytics-node"}})
    track(merchant, "D", is_bot=True, context={})
    assert _names(client.get(f"{url}?{query}")) == found


def test_sources_that_are_no_names_break_nothing(client: Client, merchant: Merchant, url: str) -> None:
    for library in (None, 7, {"name": 7}, {"name": {"deep": []}}, {"name": "cx.js"}, []):
        track(merchant, context={"library": library})
    page = client.get(url)
    assert page.status_code == 200
    choices = page.context["listing"].filter.form.fields["source"].choices
    assert [value for value, _label in choices if value] == ["cx.js"]


def test_filters_look_at_the_newest_events_only(
    client: Client, merchant: Merchant, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "LOOKED_AT", 2)
    for name in ("A", "B", "A", "B"):
        track(merchant, name)
    assert _names(client.get(f"{url}?name=A")) == ["A"]
    assert _names(client.get(url)) == ["B", "A", "B", "A"]


def test_older_pages_stand_still(client: Client, merchant: Merchant, url: str) -> None:
    for number in range(51):
        track(merchant, f"E{number}")
    page = client.get(url)
    assert page.context["is_live"]
    older = client.get(url, {"after": page.context["listing"].page.after})
    assert _names(older) == ["E0"]
    assert not older.context["is_live"]
    assert "arrivals?" not in older.text


def test_paused_asks_for_nothing_and_stays_paused_when_filtered(client: Client, merchant: Merchant, url: str) -> None:
    track(merchant)
    assert 'hx-trigger="every 2s"' in client.get(url).text
    page = client.get(f"{url}?paused=1").text
    assert "every 2s" not in page
    assert '<input type="hidden" name="paused" value="1" form="filters">' in page


# --- what arrives ----------------------------------------------------------------------------------------------------


def _arrivals(client: Client, url: str, **query: Any) -> Any:
    return client.get(f"{url}arrivals", query, headers={"HX-Request": "true"})


def test_what_arrived_since_is_answered_once(client: Client, merchant: Merchant, url: str) -> None:
    first = track(merchant, "A")
    since = client.get(url).context["since"]
    assert since == first.pk
    assert _arrivals(client, url, since=since).status_code == 204
    track(merchant, "B")
    newest = track(merchant, "C")
    answer = _arrivals(client, url, since=since)
    assert _names(answer) == ["C", "B"]
    assert f"arrivals?since={newest.pk}" in answer.text
    assert _arrivals(client, url, since=newest.pk).status_code == 204


def test_arrivals_are_filtered_like_the_page_and_keep_the_filters(client: Client, merchant: Merchant, url: str) -> None:
    track(merchant, "A")
    track(merchant, "B")
    answer = _arrivals(client, url, since=0, name="A")
    assert _names(answer) == ["A"]
    assert "name=A" in answer.text
    assert _arrivals(client, url, since=0, name="Z").status_code == 204


def test_what_another_transaction_may_still_be_storing_is_waited_for(
    client: Client, merchant: Merchant, url: str
) -> None:
    track(merchant, "A", received_at=timezone.now())
    assert client.get(url).context["since"] == 0
    assert _arrivals(client, url, since=0).status_code == 204


def test_a_flood_shows_the_newest_and_says_that_there_is_more(client: Client, merchant: Merchant, url: str) -> None:
    for number in range(52):
        track(merchant, f"E{number}")
    answer = _arrivals(client, url, since=0)
    assert len(answer.context["entries"]) == 50
    assert _names(answer)[0] == "E51"
    assert "More arrived in between" in answer.text


@pytest.mark.parametrize("since", ["", "-1", "x", "9" * 30, "١", "1e3"])
def test_a_strange_id_is_the_beginning(client: Client, merchant: Merchant, url: str, since: str) -> None:
    track(merchant, "A")
    assert _names(_arrivals(client, url, since=since)) == ["A"]


def test_the_first_event_turns_the_empty_screen_into_the_stream(client: Client, merchant: Merchant, url: str) -> None:
    page = client.get(url).text
    assert "No events yet" in page
    assert "/static/storefront/cx.js" in page
    assert "arrivals?since=0&amp;blank=1" in page
    assert _arrivals(client, url, since=0, blank=1).status_code == 204
    track(merchant)
    answer = _arrivals(client, url, since=0, blank=1)
    assert answer.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("path", ["", "arrivals?since=0"])
def test_the_stream_costs_the_same_for_one_event_and_for_three(
    client: Client, merchant: Merchant, url: str, path: str
) -> None:
    track(merchant, customer_id=CustomerFactory(merchant=merchant).pk)
    few = queries_of(client, f"{url}{path}")
    for _ in range(2):
        track(merchant, customer_id=CustomerFactory(merchant=merchant).pk)
    assert queries_of(client, f"{url}{path}") == few


# --- one event -------------------------------------------------------------------------------------------------------


def test_an_event_shows_everything_that_was_sent(client: Client, merchant: Merchant, url: str) -> None:
    event = track(
        merchant, properties={"name": "Bächer & <b>", "list": [1, None]}, context={"ip": "–", "deep": {"a": 1}}
    )
    page = client.get(f"{url}{event.pk}/")
    assert "Nothing was sent" not in page.text
    assert json.loads(page.context["properties"]) == event.properties
    assert json.loads(page.context["context"]) == event.context
    assert "Bächer &amp; &lt;b&gt;" in page.text
    assert "<html" in page.text


def test_an_event_without_properties_says_so(client: Client, merchant: Merchant, url: str) -> None:
    assert client.get(f"{url}{track(merchant).pk}/").text.count("Nothing was sent.") == 1


def test_beside_the_stream_only_the_part_is_fetched(client: Client, merchant: Merchant, url: str) -> None:
    event = track(merchant)
    part = client.get(f"{url}{event.pk}/", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert event.message_id in part.text
    assert "HX-Request" in part.headers["Vary"]


# --- setting up ------------------------------------------------------------------------------------------------------


def test_the_setup_names_this_installation_and_its_keys(client: Client, merchant: Merchant, settings: Any) -> None:
    settings.PUBLIC_URL = "https://cx.shop.example"
    good, _token = create_api_key(merchant, kind="pk", name="Web shop")
    create_api_key(merchant, kind="sk", name="Till", scopes=["customers:lookup"])
    gone, _token = create_api_key(merchant, kind="pk", name="Old shop")
    revoke_api_key(gone, staff=None)
    page = client.get(f"/m/{merchant.slug}/developers/tracking/").text
    assert "https://cx.shop.example/static/storefront/cx.js" in page
    assert "host=&quot;https://cx.shop.example&quot;" in page
    assert "https://cx.shop.example/api/v1/track" in page
    assert good.prefix in page
    assert "Till" not in page
    assert "Old shop" not in page


def test_who_may_not_make_keys_is_told_who_does(merchant: Merchant) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
    page = browser.get(f"/m/{merchant.slug}/developers/tracking/").text
    assert "An owner of the shop creates keys" in page
    assert "/settings/keys/" not in page
