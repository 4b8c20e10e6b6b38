"""The preference centre: what people decide from a link in a message."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from campaigns.models import Message
from campaigns.public.links import LINK_VALID, preference_link
from campaigns.sending import send_due
from core.events import drain
from customers.actions.consent import record_consent, record_objection, suppress_addresses
from customers.actions.consent_texts import add_consent_text
from customers.actions.double_opt_in import confirm_consent, request_consent
from customers.models import ConsentRecord, ConsentText, Customer, PrivacyRequest, Suppression
from customers.queries.consent import may_we
from merchants.models import AuditEntry, Membership, Role
from tests.campaigns.conftest import Shop
from tests.factories import CustomerFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    """A stranger's browser that checks CSRF as a real one would."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def message(shop: Shop) -> Message:
    return shop.queue()


@pytest.fixture
def texts(shop: Shop) -> dict[str, ConsentText]:
    """A text for newsletters in both languages; the German one is older."""
    words = {"de": "Ich möchte den Newsletter.", "en": "I want the newsletter."}
    return {
        language: add_consent_text(
            shop.merchant, version="1", language=language, purposes=["newsletter"], channels=["email"], text=text
        )
        for language, text in words.items()
    }


def url(message: Message) -> str:
    return f"/p/{message.unsubscribe_token}"


def fields(page: Any) -> dict[str, str]:
    """What a browser without JavaScript would send back unchanged."""
    html = page.content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    boxes = re.findall(r'<input class="form-check-input" type="checkbox" name="([^"]+)"( checked)?( disabled)?', html)
    return sent | {name: "on" for name, checked, disabled in boxes if checked and not disabled}


def records(message: Message) -> list[ConsentRecord]:
    rows = ConsentRecord.objects.for_merchant(message.merchant_id).exclude(kind="notice_shown")
    return list(rows.order_by("id"))


def allowed(message: Message, purpose: str) -> bool:
    channel = "" if purpose in ("profiling", "tracking") else "email"
    asked = {"purpose": purpose, "channel": channel, "address": message.address}
    return may_we(message.customer, merchant=message.merchant, **asked).allowed


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing_and_tells_nobody(visitor, message, texts, method):
    page = getattr(visitor, method)(url(message))
    assert page.status_code == 200
    assert page["X-Robots-Tag"] == "noindex"
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert not page.cookies
    assert message.address not in page.content.decode()
    assert records(message) == []


def test_the_reader_chooses_the_language(visitor, message, texts):
    assert "Ich möchte den Newsletter." in visitor.get(url(message)).content.decode()
    english = visitor.get(f"{url(message)}?lang=en").content.decode()
    assert "I want the newsletter." in english
    assert 'lang="en"' in english
    assert 'href="?lang=de"' in english
    assert 'lang="de"' in visitor.get(f"{url(message)}?lang=xx").content.decode()


def test_turning_a_switch_on_is_a_consent_to_the_words_shown(visitor, message, texts):
    page = visitor.get(f"{url(message)}?lang=en")
    answer = visitor.post(f"{url(message)}?lang=en", fields(page) | {"on.newsletter.email": "on"})
    assert answer.status_code == 302
    assert visitor.get(answer.url).status_code == 200
    [record] = records(message)
    assert (record.kind, record.purpose, record.channel, record.text) == ("granted", "newsletter", "email", texts["en"])
    assert (record.source, record.evidence) == ("preference centre", {"message": message.pk, "language": "en"})
    assert allowed(message, "newsletter")


def test_a_version_that_came_meanwhile_is_not_what_was_agreed_to(visitor, message, texts):
    page = visitor.get(url(message))
    add_consent_text(
        message.merchant, version="2", language="de", purposes=["newsletter"], channels=["email"], text="Mehr."
    )
    visitor.post(url(message), fields(page) | {"on.newsletter.email": "on"})
    assert records(message)[0].text == texts["de"]


def test_saving_without_a_change_records_nothing(visitor, message, texts):
    for _time in range(2):
        visitor.post(url(message), fields(visitor.get(url(message))))
    assert records(message) == []


def test_turning_off_withdraws_a_consent_and_objects_where_none_was_needed(visitor, message, texts):
    record_consent(message.customer, purpose="newsletter", channel="email", text=texts["de"], source="x", evidence={})
    sent = fields(visitor.get(url(message)))
    assert {"on.newsletter.email", "on.product_recommendations.email", "on.profiling."} <= sent.keys()
    visitor.post(url(message), {name: value for name, value in sent.items() if not name.startswith("on.")})
    assert {(record.kind, record.purpose) for record in records(message)[1:]} == {
        ("withdrawn", "newsletter"),
        ("objected", "product_recommendations"),
        ("objected", "profiling"),
    }
    for purpose in ("newsletter", "product_recommendations", "profiling"):
        assert not allowed(message, purpose)


def test_an_older_page_does_not_undo_what_came_after_it(visitor, message, texts):
    record_consent(message.customer, purpose="newsletter", channel="email", text=texts["de"], source="x", evidence={})
    older = fields(visitor.get(url(message)))
    visitor.post(url(message), {"nothing": "1"})
    visitor.post(url(message), older)
    assert not allowed(message, "newsletter")


def test_no_advertising_at_all_is_an_objection_on_every_channel(visitor, message, texts):
    for _time in range(2):
        visitor.post(url(message), {"nothing": "1"})
    [record] = records(message)
    assert (record.kind, record.purpose, record.channel) == ("objected", "", "")
    assert not allowed(message, "product_recommendations")
    assert not allowed(message, "profiling")
    assert Suppression.objects.for_merchant(message.merchant_id).of(message.address).exists()
    visitor.post(url(message), fields(visitor.get(url(message))) | {"on.newsletter.email": "on"})
    assert allowed(message, "newsletter"), "a later consent is a new decision"


@pytest.mark.parametrize("reason", ["bounce", "complaint"])
def test_where_messages_come_back_there_is_nothing_to_turn_on(visitor, message, texts, reason):
    suppress_addresses(message.merchant, [message.address], reason=Suppression.Reason(reason), channel="email")
    page = visitor.get(url(message))
    assert "was.newsletter.email" not in fields(page)
    forged = {"was.newsletter.email": "0", "on.newsletter.email": "on", "text.newsletter.email": texts["de"].pk}
    visitor.post(url(message), forged)
    assert records(message) == []


@pytest.mark.parametrize("text", ["", "0", "x", "9" * 30, "foreign"])
def test_a_consent_without_words_of_this_shop_is_not_recorded(visitor, message, texts, stranger, text):
    foreign = add_consent_text(
        stranger.merchant, version="1", language="de", purposes=["newsletter"], channels=["email"], text="Fremd."
    )
    forged = {"was.newsletter.email": "0", "on.newsletter.email": "on"}
    answer = visitor.post(
        url(message), forged | {"text.newsletter.email": str(foreign.pk) if text == "foreign" else text}
    )
    assert answer.status_code == 302
    assert records(message) == []


def test_a_reader_without_a_profile_can_object(visitor, message, texts):
    Message.objects.for_merchant(message.merchant_id).filter(pk=message.pk).update(customer=None)
    assert "was.newsletter.email" not in fields(visitor.get(url(message)))
    visitor.post(url(message), {"nothing": "1"})
    [row] = Suppression.objects.for_merchant(message.merchant_id).of(message.address)
    assert (row.reason, row.channel, row.purpose) == ("objection", "", "")


def test_a_question_opens_nobodys_preferences_until_it_is_confirmed(visitor, shop, message, texts):
    """Anybody may have typed the address."""
    request = request_consent(
        shop.merchant,
        customer=message.customer,
        address=message.address,
        text=texts["de"],
        purposes=["newsletter"],
        source="x",
    )
    drain()
    question = Message.objects.for_merchant(shop.merchant).get(kind="double_opt_in")
    assert fields(visitor.get(url(question))) == {}
    visitor.post(url(question), {"was.profiling.": "1"})
    assert allowed(message, "profiling")
    confirm_consent(request)
    assert "on.newsletter.email" in fields(visitor.get(url(question)))


@pytest.mark.parametrize("kind", ["access", "erasure"])
def test_a_person_asks_for_a_copy_or_for_erasure_and_staff_check_who_it_is(visitor, message, texts, kind):
    for _time in range(2):
        answer = visitor.post(url(message), {"ask": kind})
        assert "within a month" in visitor.get(f"{answer.url}&lang=en").content.decode()
    [request] = PrivacyRequest.objects.for_merchant(message.merchant_id)
    assert (request.kind, request.channel, request.state, request.contact) == (kind, "web", "received", message.address)
    assert request.customer == message.customer
    assert records(message) == []


@pytest.mark.parametrize("sent", [{"ask": "rectification"}, {"ask": ""}])
def test_nothing_else_can_be_asked_for(visitor, message, texts, sent):
    visitor.post(url(message), sent)
    assert not PrivacyRequest.objects.for_merchant(message.merchant_id).exists()


@pytest.mark.parametrize("token", ["unknown", "x" * 500, "%00", "ä"])
def test_an_unknown_token_gets_a_friendly_404(visitor, db, token):
    for method in (visitor.get, visitor.post):
        page = method(f"/p/{token}")
        assert page.status_code == 404
        assert "<h1>" in page.content.decode()


def test_only_looking_and_pressing_are_possible(visitor, message):
    assert visitor.put(url(message)).status_code == 405
    assert visitor.delete(url(message)).status_code == 405


def test_every_confirmation_leads_there_in_both_parts(shop, smtp_server):
    message = shop.queue()
    record_objection(message.customer, source="x")
    send_due()
    assert url(message) in smtp_server.text()
    assert url(message) in smtp_server.html()


def test_staff_make_a_link_for_a_customer_who_calls(
    shop: Shop, texts: dict[str, ConsentText], client: Client, visitor: Client, membership: Membership
) -> None:
    customer = CustomerFactory(merchant=shop.merchant, email="ada@example.org", locale="en")
    profile = client.get(f"/m/{shop.merchant.slug}/customers/{customer.pk}/").text
    issue = f"/m/{shop.merchant.slug}/customers/{customer.pk}/preference-link"
    assert issue in profile
    card = client.post(issue, headers={"HX-Request": "true"})
    assert "<html" not in card.text
    assert card["Cache-Control"] == "no-store"
    [address] = re.findall(r'value="https?://[^/"]+(/p/[^"]+)"', card.text)
    assert "/p/" in client.post(issue).text, "without scripts it is a page"
    entries = AuditEntry.objects.for_merchant(shop.merchant).filter(action="customer.preference_link")
    assert [entry.staff for entry in entries] == [membership.staff] * 2

    page = visitor.get(address)
    assert page.status_code == 200
    assert texts["en"].text in page.content.decode()
    assert visitor.post(address, fields(page) | {"on.newsletter.email": "on"}).status_code == 302
    given = ConsentRecord.objects.for_merchant(shop.merchant).get(customer=customer)
    assert (given.kind, given.text, given.evidence["link"]) == ("granted", texts["en"], "given out by staff")
    visitor.post(address, {"nothing": "1"})
    assert not may_we(
        customer, merchant=shop.merchant, purpose="newsletter", channel="email", address=customer.email
    ).allowed
    visitor.post(address, {"ask": "access"})
    assert PrivacyRequest.objects.for_merchant(shop.merchant).get().contact == "ada@example.org"


def test_a_link_of_staff_lapses_and_cannot_be_forged(shop: Shop, visitor: Client) -> None:
    customer = CustomerFactory(merchant=shop.merchant)
    address = urlsplit(preference_link(customer)).path
    assert visitor.get(f"{address}x").status_code == 404
    with time_machine.travel(timezone.now() + LINK_VALID + timedelta(seconds=2), tick=False):
        assert visitor.get(address).status_code == 404
    assert visitor.get(address).status_code == 200
    Customer.objects.for_merchant(shop.merchant).filter(pk=customer.pk).update(erased_at=timezone.now())
    assert visitor.get(address).status_code == 404


def test_an_analyst_makes_no_link(shop: Shop) -> None:
    customer = CustomerFactory(merchant=shop.merchant)
    browser = Client()
    browser.force_login(MembershipFactory(merchant=shop.merchant, role=Role.ANALYST).staff)
    issue = f"/m/{shop.merchant.slug}/customers/{customer.pk}/preference-link"
    assert browser.post(issue).status_code == 403
    assert issue not in browser.get(f"/m/{shop.merchant.slug}/customers/{customer.pk}/").text
