"""What a confirmation says, read from the mailbox it arrived in."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from campaigns.models import Message, MessageBlock
from campaigns.sending import send_due
from core.events import drain
from tests.campaigns.mails import cross_sell, visible
from tests.factories import OrderLineFactory, ProductFactory

pytestmark = pytest.mark.django_db
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Tags(HTMLParser):
    """Every start tag with its attributes, and whatever was not closed in its order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.flaws: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.flaws.append(f"</{tag}>")

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def rich_order(shop):
    """Two lines, discounts, shipping, two tax rates, everything that a confirmation can tell."""
    order = shop.order(
        number="A-1001",
        placed_at=datetime(2026, 11, 19, 23, 30, tzinfo=UTC),  # already the 20th in Berlin
        currency="EUR",
        shipping=495,
        discount=1000,
        total=123195,
        tax=0,
        coupon_codes=["WELCOME10"],
        promised_delivery_on=date(2026, 11, 25),
        customer={"first_name": "Ada", "last_name": "Muster"},
    )
    snack = ProductFactory(merchant=shop.merchant, title="Trail mix", tax_rate=Decimal("0.07"))
    OrderLineFactory(
        order=order,
        product=snack,
        position=2,
        quantity=150,
        unit_price=770,
        discount=700,
        total=114800,
        tax_rate=Decimal("0.07"),
    )
    return order


def test_it_tells_everything_about_the_order_in_both_parts(shop, rich_order, smtp_server):
    shop.queue(rich_order)
    send_due()
    for words in (visible(smtp_server.html()), " ".join(smtp_server.text().split())):
        for told in [
            "A-1001",
            "Ada Muster",
            "20. November 2026",
            "25. November 2026",
            "Deutschland",
            "Tent for two",
            "Trail mix",
            "150 × 7,70 €",
            "−7,00 €",
            "1.148,00 €",
            "WELCOME10",
            "−10,00 €",
            "4,95 €",
            "1.231,95 €",
            "7 %",
            "19 %",
            "Testladen GmbH",
            "Hauptstraße 1, 10115 Berlin",
            "Grace Muster",
            "Amtsgericht Charlottenburg HRB 1",
            "service@shop.example",
            "widerrufen",
            "vierzehn Tagen",
        ]:
            assert told in words.replace("\xa0", " "), told


def test_both_parts_say_the_same(shop, rich_order, smtp_server):
    rich_order.locale = "en"
    rich_order.save()
    shop.queue(rich_order)
    send_due()
    html = smtp_server.html()
    said = set(re.findall(r"\w+", visible(re.sub(r'<div style="display:none.*?</div>', "", html, flags=re.DOTALL))))
    written = set(re.findall(r"\w+", re.sub(r"http\S+/(u|p|bag)\S+", "", smtp_server.text())))
    # Headings of columns, and the link beside the address, are needed only where there are columns and links.
    assert said - written <= {"Product", "Sum", "Write", "to", "us"}
    assert written - said == set()


def test_the_tax_of_the_mail_is_the_tax_of_the_order(shop, smtp_server):
    shop.queue(shop.order(total=8900, tax=1421))
    send_due()
    assert "14,21 €" in smtp_server.text().replace("\xa0", " ")


def test_in_english_amounts_and_dates_are_english_too(shop, rich_order, smtp_server):
    rich_order.locale = "en"
    rich_order.save()
    shop.queue(rich_order)
    send_due()
    text = smtp_server.text()
    for told in ["Thank you for your order", "20 November 2026", "€1,231.95", "Germany", "withdraw from the contract"]:
        assert told in text
    assert 'lang="en"' in smtp_server.html()


def test_headers_of_a_message_that_advertises(shop, smtp_server):
    message = shop.queue()
    send_due()
    mail = smtp_server.only()
    assert mail["From"] == "Testladen <shop@shop.example>"
    assert mail["Reply-To"] == "service@shop.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<http")
    assert mail["List-Unsubscribe"].endswith(f"/u/{message.unsubscribe_token}>")
    assert b"\r\nList-Unsubscribe: <http" in smtp_server.bodies[0], "not folded"
    assert abs(mail["Date"].datetime - timezone.now()) < timedelta(minutes=1)
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_message_without_advertising_carries_no_unsubscribe_header(shop, smtp_server):
    shop.queue(shop.order(notice=False))
    send_due()
    assert "List-Unsubscribe" not in smtp_server.only()
    assert "List-Unsubscribe-Post" not in smtp_server.only()
    assert "/u/" not in smtp_server.html() + smtp_server.text()


def test_contract_blocks_are_in_the_ledger_as_what_they_are(shop, smtp_server):
    message = shop.queue()
    send_due()
    blocks = MessageBlock.objects.for_merchant(shop.merchant).filter(message=message)
    assert [(block.kind, block.legal_class) for block in blocks] == [
        ("order", "T"),
        ("cross_sell", "M"),
        ("withdrawal", "T"),
    ]


class TestHtml:
    """Built for GMX and WEB.DE: tables, inline styles, nothing that only a browser would understand."""

    @pytest.fixture
    def tags(self, shop, rich_order, smtp_server) -> Tags:
        shop.queue(rich_order)
        send_due()
        return Tags(smtp_server.html())

    def test_every_element_is_closed_in_its_order(self, tags):
        assert tags.flaws == []
        assert tags.open == []

    def test_it_has_a_language_a_title_and_one_heading(self, tags, smtp_server):
        assert tags.attributes("html")[0]["lang"] == "de"
        assert "A-1001" in smtp_server.html().partition("<title>")[2].partition("</title>")[0]
        assert len(tags.attributes("h1")) == 1

    def test_layout_tables_are_presentational_and_data_tables_have_headings(self, tags, smtp_server):
        data_tables = [table for table in tags.attributes("table") if table.get("role") != "presentation"]
        assert len(data_tables) == 3, "facts, lines, sums"
        assert {heading["scope"] for heading in tags.attributes("th")} == {"row", "col"}

    def test_every_picture_has_an_alternative(self, tags):
        pictures = tags.attributes("img")
        assert len(pictures) == 4
        assert all(picture["alt"] for picture in pictures)
        assert all(str(picture["src"]).startswith("https://") for picture in pictures)

    def test_no_flexbox_no_pixel_no_placeholder_is_left(self, tags, smtp_server):
        html = smtp_server.html()
        assert not re.search(r"display:\s*(flex|grid)", html)
        assert not any(picture.get("width") in ("0", "1") for picture in tags.attributes("img"))
        assert "{{" not in html
        assert "{%" not in html

    def test_nothing_is_fetched_from_others_when_it_is_opened(self, tags, smtp_server):
        assert not tags.attributes("link")
        assert not re.search(r"@import|url\(", smtp_server.html())

    def test_links_are_the_shops_own_and_carry_no_trace_of_the_reader(self, tags, shop):
        links = {str(link["href"]) for link in tags.attributes("a")}
        personal = {link for link in links if "/u/" in link}
        assert len(personal) == 1, "the way to object, and nothing else"
        products = {link for link in links if link.startswith("https://shop.example/bag-")}
        assert products <= {product.url for product in shop.others}
        assert len(products) == 4

    def test_contrast_is_at_least_four_and_a_half(self, tags):
        for tag, attributes in tags.found:
            style = str(attributes.get("style") or "")
            color = re.search(r"(?<!-)\bcolor:\s*(#[0-9a-f]{6})", style)
            # The preview line is hidden on purpose.
            if color and "display:none" not in style:
                for ground in ("#ffffff", "#eaf5f3", "#eef1f4"):
                    assert contrast(color[1], ground) >= 4.5, (tag, color[1], ground)


def contrast(color: str, ground: str) -> float:
    """WCAG 2: the ratio of relative luminances."""

    def luminance(value: str) -> float:
        parts = [int(value[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(color), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def json_ld(html: str) -> dict:
    [script] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, flags=re.DOTALL)
    return json.loads(script)


def test_the_structured_data_is_the_order(shop, rich_order, smtp_server):
    shop.queue(rich_order)
    send_due()
    data = json_ld(smtp_server.html())
    assert (data["@type"], data["orderNumber"], data["price"], data["priceCurrency"]) == (
        "Order",
        "A-1001",
        "1231.95",
        "EUR",
    )
    assert [offer["itemOffered"]["name"] for offer in data["acceptedOffer"]] == ["Tent for two", "Trail mix"]


HOSTILE = "</script><img src=x onerror=alert(1)>{{ merchant }}{% now 'Y' %} \"quoted\" & 'more'"


def test_hostile_names_stay_text(shop, smtp_server):
    order = shop.order(customer={"first_name": HOSTILE[:120], "last_name": "\r\nBcc: all@example.org"})
    order.lines.update(title=HOSTILE)
    shop.others[0].title = HOSTILE
    shop.others[0].save()
    shop.merchant.sender_name = "Shop\r\nBcc: all@example.org"
    shop.merchant.name = "Shop\nX-Injected: yes"
    shop.merchant.save()
    shop.queue(order)
    send_due()
    mail, html = smtp_server.only(), smtp_server.html()
    assert "Bcc" not in mail
    assert "X-Injected" not in mail
    assert "<img src=x" not in html
    assert Tags(html).flaws == []
    assert json_ld(html)["acceptedOffer"][0]["itemOffered"]["name"] == HOSTILE
    assert "{{ merchant }}" in visible(html), "shown as it is, never run"


def test_an_accepted_order_is_confirmed(merchant, api, shop, smtp_server):
    """From the API's door to the mailbox."""
    body = {
        "number": "A-7",
        "version": 1,
        "placed_at": timezone.now().isoformat(),
        "currency": "EUR",
        "customer": {"external_id": "c-7", "email": "ada@example.org", "first_name": "Ada", "locale": "de"},
        "marketing_notice": {"version": "2026-01", "shown_at": timezone.now().isoformat()},
        "lines": [{"sku": shop.tent.sku, "quantity": 1, "unit_price": 8900, "discount": 0, "tax_rate": "0.19"}],
        "shipping": 0,
        "discount": 0,
        "total": 8900,
        "payment_method": "paypal",
    }
    assert api.post("/api/v1/orders", body, format="json").status_code == 201
    assert api.post("/api/v1/orders", body, format="json").status_code in (200, 201)
    drain()
    send_due()
    mail = smtp_server.only()
    assert mail["To"] == "ada@example.org"
    assert "PayPal" in smtp_server.text()
    message = Message.objects.for_merchant(merchant).get(order__number="A-7")
    assert cross_sell(message).shown
