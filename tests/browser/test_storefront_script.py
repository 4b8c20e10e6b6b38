"""The storefront's script in a shop of another origin, against the real server: what it tells, and what it keeps."""

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from customers.models import ConsentRecord, Event, Purpose
from customers.queries.consent import may_we
from merchants.actions import create_api_key
from merchants.models import Merchant
from tests.factories import CustomerFactory, MerchantFactory

# What a browser keeps for an origin: all of it must be empty until the visitor agrees.
KEPT = """async () => ({
  cookies: document.cookie,
  local: {...localStorage},
  session: {...sessionStorage},
  databases: (await indexedDB.databases()).map((database) => database.name),
  caches: await caches.keys(),
})"""
NOTHING: dict[str, Any] = {"cookies": "", "local": {}, "session": {}, "databases": [], "caches": []}


class Shop(ThreadingHTTPServer):
    """A shop on an origin of its own; every address answers with the same small page."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.head = ""
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        body = (
            f"<!doctype html><html lang=en><head><title>Mugs</title>{self.server.head}</head><body>Mugs</body></html>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def merchant(transactional_db: None) -> Merchant:
    return MerchantFactory(slug="muster")


@pytest.fixture
def key(merchant: Merchant) -> str:
    return create_api_key(merchant, kind="pk", name="shop")[1]


@pytest.fixture
def shop(base_url: str, key: str) -> Iterator[Shop]:
    with Shop() as server:
        server.head = f'<script src="{base_url}/static/storefront/cx.js" data-key="{key}"></script>'
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """A page that fails to speak with us says so; a test that expects it empties the list."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert [text for text in found if "favicon" not in text] == []


Events = Callable[..., list[Event]]


@pytest.fixture
def events(page: Page, merchant: Merchant) -> Events:
    """``events("page", "Product Viewed")``: waits until so many are stored, and says that it is these and no others."""

    def stored(*names: str) -> list[Event]:
        until = time.monotonic() + 10
        found: list[Event] = []
        while time.monotonic() < until:
            found = list(Event.objects.for_merchant(merchant).order_by("id"))
            if len(found) >= len(names):
                break
            page.wait_for_timeout(50)
        assert [event.name or event.kind for event in found] == list(names)
        return found

    return stored


@pytest.fixture
def sent(page: Page) -> list[str]:
    """The bodies that leave the browser."""
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or "") if request.method == "POST" else None)
    return bodies


def told(bodies: list[str]) -> list[dict[str, Any]]:
    """Every message of these bodies."""
    return [message for body in bodies for message in json.loads(body)["batch"]]


def kept(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(KEPT)
    return found


def test_what_a_visitor_does_is_stored_once(page: Page, shop: Shop, events: Events, complaints: list[str]) -> None:
    page.goto(f"{shop.url}/mugs")
    page.evaluate(
        """() => {
          cx.search("mug");
          cx.product({ sku: "mug-blue", name: "Mug, blue", price: 19.99 });
          cx.added({ sku: "mug-blue", quantity: 2 });
          cx.removed({ sku: "mug-blue", quantity: 1 });
          cx.cart([{ sku: "mug-blue", quantity: 1 }]);
          cx.checkout({ order_id: "A-1", products: [{ sku: "mug-blue", quantity: 1 }] });
          cx.track("Size Chart Opened", { sku: "mug-blue" });
        }"""
    )
    viewed, searched, product, added, _removed, cart, checkout, own = events(
        "page",
        "Products Searched",
        "Product Viewed",
        "Product Added",
        "Product Removed",
        "Cart Viewed",
        "Checkout Started",
        "Size Chart Opened",
    )
    assert {event.channel for event in (viewed, product, own)} == {"web"}
    assert viewed.context["page"]["path"] == "/mugs"
    assert viewed.context["page"]["title"] == "Mugs"
    assert searched.properties == {"query": "mug"}
    assert product.properties == {"sku": "mug-blue", "name": "Mug, blue", "price": 19.99}
    assert added.properties == {"sku": "mug-blue", "quantity": 2}
    assert cart.properties == {"products": [{"sku": "mug-blue", "quantity": 1}]}
    assert checkout.properties["order_id"] == "A-1"
    page.wait_for_timeout(1500)  # longer than the script's pause: nothing is sent again
    assert Event.objects.for_merchant(own.merchant_id).count() == 8


def test_before_consent_nothing_is_kept_and_every_page_is_a_stranger(
    page: Page, shop: Shop, events: Events, sent: list[str], complaints: list[str]
) -> None:
    page.goto(shop.url)
    page.evaluate("cx.product({ sku: 'mug-blue' }); cx.identify('c-1', { email: 'ada@example.org' })")
    events("page", "Product Viewed")
    assert kept(page) == NOTHING
    assert page.context.cookies() == []
    page.reload()
    first, product, second = events("page", "Product Viewed", "page")
    assert kept(page) == NOTHING
    assert first.anonymous_id == product.anonymous_id
    assert first.anonymous_id != second.anonymous_id
    assert {message["context"]["consent"]["tracking"] for message in told(sent)} == {False}
    assert "ada@example.org" not in str(sent)


def test_with_consent_the_visitor_is_known_again_and_after_withdrawal_no_more(
    page: Page, shop: Shop, events: Events, sent: list[str], complaints: list[str]
) -> None:
    page.goto(shop.url)
    assert page.evaluate("cx.consent({ tracking: true, textVersion: '2026-11' })") == {"tracking": True}
    page.reload()
    assert page.evaluate("cx.consent()") == {"tracking": True}
    before, given, after = events("page", "Consent Given", "page")
    assert given.properties == {"purpose": "tracking", "textVersion": "2026-11"}
    assert told(sent)[-1]["context"]["consent"] == {"tracking": True, "text_version": "2026-11"}
    assert before.anonymous_id != given.anonymous_id == after.anonymous_id
    assert list(kept(page)["local"]) == ["cx"]
    assert kept(page) | {"local": {}} == NOTHING
    assert page.context.cookies() == []

    assert page.evaluate("cx.consent({ tracking: false, textVersion: '2026-11' })") == {"tracking": False}
    assert kept(page) == NOTHING
    page.reload()
    *_, withdrawn, stranger = events("page", "Consent Given", "page", "Consent Withdrawn", "page")
    assert withdrawn.anonymous_id == given.anonymous_id
    assert stranger.anonymous_id != given.anonymous_id


def test_a_withdrawal_reaches_the_shops_other_tabs(page: Page, shop: Shop, events: Events) -> None:
    page.goto(shop.url)
    page.evaluate("cx.consent({ tracking: true })")
    other = page.context.new_page()
    other.goto(shop.url)
    other.evaluate("cx.consent({ tracking: false })")
    page.wait_for_function("!cx.consent().tracking")
    assert kept(page) == NOTHING


def test_who_logs_in_is_told_with_consent_and_forgotten_with_the_logout(
    page: Page, shop: Shop, events: Events, complaints: list[str]
) -> None:
    page.goto(shop.url)
    page.evaluate("cx.identify('c-1', { first_name: 'Ada' })")
    page.evaluate("cx.consent({ tracking: true })")
    _page, given, identified = events("page", "Consent Given", "identify")
    assert identified.anonymous_id == given.anonymous_id
    assert json.loads(kept(page)["local"]["cx"])["user"] == "c-1"
    page.evaluate("cx.reset(); cx.track('Logged Out')")
    *_, out = events("page", "Consent Given", "identify", "Logged Out")
    assert out.anonymous_id != given.anonymous_id
    assert json.loads(kept(page)["local"]["cx"])["user"] == ""
    assert page.evaluate("cx.consent()") == {"tracking": True}


def test_consent_of_a_known_customer_is_recorded_with_its_text_and_ends_with_the_withdrawal(
    page: Page, shop: Shop, merchant: Merchant, events: Events
) -> None:
    customer = CustomerFactory(merchant=merchant, external_id="c-1")
    page.goto(shop.url)
    page.evaluate("cx.identify('c-1'); cx.consent({ tracking: true, textVersion: '2026-11' })")
    *_, identified = events("page", "Consent Given", "identify")
    assert identified.customer_id == customer.pk
    assert may_we(customer, merchant=merchant, purpose=Purpose.TRACKING).allowed
    records = ConsentRecord.objects.for_merchant(merchant).filter(customer=customer)
    assert [(record.kind, record.text_version) for record in records] == [("granted", "2026-11")]
    page.evaluate("cx.consent({ tracking: false, textVersion: '2026-11' })")
    events("page", "Consent Given", "identify", "Consent Withdrawn")
    assert not may_we(customer, merchant=merchant, purpose=Purpose.TRACKING).allowed


@pytest.mark.parametrize("signal", ["globalPrivacyControl: true", "doNotTrack: '1'"])
def test_a_browser_that_says_no_is_believed(
    page: Page, shop: Shop, events: Events, sent: list[str], signal: str
) -> None:
    name, _colon, value = signal.partition(": ")
    page.add_init_script(f"Object.defineProperty(Navigator.prototype, '{name}', {{ get: () => {value} }})")
    page.goto(shop.url)
    assert page.evaluate("cx.consent({ tracking: true })") == {"tracking": False}
    assert kept(page) == NOTHING
    events("page")
    assert [message["context"]["consent"] for message in told(sent)] == [{"tracking": False}]


def test_consent_given_earlier_ends_when_the_browser_says_no(page: Page, shop: Shop, events: Events) -> None:
    page.goto(shop.url)
    page.evaluate("cx.consent({ tracking: true })")
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })")
    page.reload()
    assert page.evaluate("cx.consent()") == {"tracking": False}
    assert kept(page) == NOTHING


@pytest.mark.parametrize(
    "without", ["window.fetch = () => Promise.reject(new Error('gone'))", "navigator.sendBeacon = () => false"]
)
def test_what_waits_leaves_with_the_page(
    page: Page, shop: Shop, events: Events, complaints: list[str], without: str
) -> None:
    """By a beacon; where that fails, by a request that outlives its page."""
    page.goto(shop.url)
    events("page")
    page.evaluate(f"() => {{ {without} }}")
    page.evaluate("cx.added({ sku: 'mug-blue' }); location.href = 'about:blank'")
    expect(page).to_have_url("about:blank")
    _page, added = events("page", "Product Added")
    assert added.properties == {"sku": "mug-blue"}


def test_a_page_that_is_put_aside_tells_what_it_knows(page: Page, shop: Shop, events: Events) -> None:
    """On a phone this is often the last that a page hears."""
    page.goto(shop.url)
    events("page")
    page.evaluate(
        """() => {
          cx.added({ sku: "mug-blue" });
          Object.defineProperty(document, "hidden", { get: () => true });
          window.setTimeout = () => 0; // no other reason to send
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    _page, added = events("page", "Product Added")
    assert added.properties == {"sku": "mug-blue"}


def test_a_server_that_is_away_gets_everything_later_and_once(
    page: Page, shop: Shop, events: Events, complaints: list[str]
) -> None:
    tries: list[str] = []

    def away(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.abort("connectionrefused")
        else:
            route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})

    page.route("**/api/v1/batch", away)
    page.goto(shop.url)
    page.evaluate("cx.product({ sku: 'mug-blue' })")
    until = time.monotonic() + 15
    while len(tries) < 2 and time.monotonic() < until:
        page.wait_for_timeout(50)
    page.unroute("**/api/v1/batch")
    page.evaluate("cx.track('Back Again')")
    stored = events("page", "Product Viewed", "Back Again")
    assert len(tries) >= 2
    assert len({event.message_id for event in stored}) == 3
    complaints.clear()


def test_an_answer_that_got_lost_makes_no_second_event(page: Page, shop: Shop, events: Events) -> None:
    """The server stored the batch, but the line broke before the page heard of it."""
    lost: list[int] = []

    def swallow(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().status)
            route.abort("connectionreset")

    page.route("**/api/v1/batch", swallow)
    page.goto(shop.url)
    page.evaluate("cx.product({ sku: 'mug-blue' })")
    events("page", "Product Viewed")
    with page.expect_response("**/api/v1/batch") as again:
        pass
    assert (lost, again.value.status) == ([200], 200)
    events("page", "Product Viewed")


def test_addresses_tell_nothing_of_the_person(page: Page, shop: Shop, events: Events) -> None:
    page.goto(
        f"{shop.url}/u/ada@example.org/mugs?email=ada%40example.org&q=mug&to=grace%40example.org&token=s3cret"
        "&tel=1&call=%2B49%2030%20123456&utm_source=news&utm_campaign=autumn#ada"
    )
    (viewed,) = events("page")
    assert viewed.context["page"]["url"] == f"{shop.url}/u/-/mugs?q=mug&utm_source=news&utm_campaign=autumn"
    assert viewed.context["page"]["search"] == "?q=mug&utm_source=news&utm_campaign=autumn"
    assert viewed.context["campaign"] == {"source": "news", "name": "autumn"}
    assert [word for word in ("example.org", "s3cret", "123456") if word in str(viewed.context)] == []
    page.evaluate("location.href = '/next'")
    _first, following = events("page", "page")
    assert following.context["page"]["referrer"] == viewed.context["page"]["url"]


def test_what_was_asked_before_the_script_was_there_is_done(
    page: Page, shop: Shop, base_url: str, key: str, events: Events
) -> None:
    shop.head = f"""
      <script>
        window.cx = window.cx || [];
        cx.push(["product", {{ sku: "mug-blue" }}]);
        cx.push(["init", {{ key: "{key}", host: "{base_url}/" }}]);
        cx.push(["search", "mug"]);
      </script>
      <script async src="{base_url}/static/storefront/cx.js"></script>"""
    page.goto(shop.url)
    page.wait_for_function("window.cx.version")
    page.evaluate("cx.push(['page', 'Mugs'])")
    product, search, _mugs = events("Product Viewed", "Products Searched", "Mugs")
    assert (product.properties, search.properties) == ({"sku": "mug-blue"}, {"query": "mug"})


def test_a_mistake_of_the_shops_breaks_nothing_and_is_said_on_the_console(
    page: Page, shop: Shop, events: Events, complaints: list[str]
) -> None:
    page.goto(shop.url)
    with page.expect_console_message(lambda message: message.text.startswith("cx.js: refused")):
        page.evaluate(
            "cx.push(['nonsense']); const loop = {}; loop.loop = loop; cx.track('Loop', loop);"
            "cx.track('Too long' + '.'.repeat(200)); cx.track('Fine')"
        )
    events("page", "Fine")
    assert len(complaints) == 3
    assert all(text.startswith("cx.js: ") for text in complaints)
    complaints.clear()


def test_nobody_but_us_is_spoken_to(page: Page, shop: Shop, base_url: str, events: Events) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    page.goto(shop.url)
    page.evaluate("cx.consent({ tracking: true }); cx.product({ sku: 'mug-blue' })")
    events("page", "Consent Given", "Product Viewed")
    assert asked == {shop.url, base_url}
