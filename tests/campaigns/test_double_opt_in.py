"""From a request for a consent to the click in the mailbox, over a real mail server on loopback."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Message, MessageBlock
from campaigns.sending import send_due
from campaigns.tasks import forget_unconfirmed_questions
from core.events import drain
from core.models import Delivery
from customers.actions.consent import suppress_addresses
from customers.actions.consent_texts import add_consent_text
from customers.actions.double_opt_in import request_consent
from customers.actions.privacy import open_request
from customers.actions.privacy.requests import complete_request
from customers.models import ConsentRecord, ConsentRequest, ConsentText, Customer, Suppression
from customers.queries.consent import may_we
from merchants.models import Merchant
from tests.campaigns.conftest import Mailbox, Shop, content
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db
ADDRESS = "ada@example.org"
TEXTS = {"de": "Ich möchte den Newsletter von Muster per E-Mail.", "en": "I want Muster's newsletter by e-mail."}


@pytest.fixture
def visitor() -> Client:
    """A stranger's browser that checks CSRF as a real one would."""
    return Client(enforce_csrf_checks=True)


def text(merchant: Merchant, language: str = "en") -> ConsentText:
    return add_consent_text(
        merchant,
        version="2026-01",
        language=language,
        purposes=["newsletter"],
        channels=["email"],
        text=TEXTS[language],
    )


def ask(merchant: Merchant, language: str = "en", **fields: Any) -> ConsentRequest:
    given = {"address": ADDRESS, "purposes": ["newsletter"], "source": "footer form"}
    return request_consent(merchant, text=text(merchant, language), **given | fields)


def deliver(count: int = 1) -> None:
    drain()
    assert send_due() == count


def link(mailbox: Mailbox, number: int = -1) -> str:
    found = re.search(r"https?://[^/\s]+(/c/[0-9a-f]+)", content(mailbox.messages[number], "plain"))
    assert found
    return found[1]


def records(merchant: Merchant) -> list[ConsentRecord]:
    return list(ConsentRecord.objects.for_merchant(merchant))


def expire(merchant: Merchant, days: int = 8) -> None:
    ConsentRequest.objects.for_merchant(merchant).update(expires_at=timezone.now() - timedelta(days=days - 7))


def test_the_message_asks_and_the_button_confirms(merchant, smtp_server, visitor):
    ask(merchant)
    deliver()
    page = visitor.get(link(smtp_server))
    assert page.status_code == 200
    assert TEXTS["en"].replace("'", "&#x27;") in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex"
    assert page["Referrer-Policy"] == "no-referrer"
    assert records(merchant) == []
    answer = visitor.post(link(smtp_server))
    assert "Thank you" in answer.content.decode()
    [record] = records(merchant)
    assert (record.kind, record.purpose, record.channel, record.address) == (
        "granted",
        "newsletter",
        "email",
        ADDRESS,
    )
    assert {"requested_at", "confirmed_at"} <= record.evidence.keys()
    asked = {"purpose": "newsletter", "channel": "email", "address": ADDRESS}
    assert may_we(record.customer, merchant=merchant, **asked).allowed


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_message_carries_the_text_and_nothing_else(merchant, smtp_server, language):
    ask(merchant, language)
    deliver()
    mail = smtp_server.only()
    html = smtp_server.html()
    assert f'lang="{language}"' in html
    for part in (smtp_server.text(), html.replace("&#x27;", "'")):
        assert TEXTS[language] in part
        assert merchant.legal_name in part
    assert "<img" not in html
    links = set(re.findall(r'href="([^"]+)"', html))
    assert len(links) == 1, "one link, and it confirms"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in mail
    assert mail["Content-Language"] == language
    message = Message.objects.for_merchant(merchant).get()
    assert (message.state, message.legal_class, message.order) == ("sent", "T", None)
    [block] = MessageBlock.objects.for_merchant(merchant)
    assert (block.kind, block.legal_class, block.shown) == ("opt_in", "T", True)


def test_machines_that_open_the_link_confirm_nothing(merchant, smtp_server, visitor):
    ask(merchant)
    deliver()
    for method in ("get", "head", "get"):
        assert getattr(visitor, method)(link(smtp_server)).status_code == 200
    assert visitor.put(link(smtp_server)).status_code == 405
    assert records(merchant) == []


def test_pressing_again_is_answered_alike_and_adds_nothing(merchant, smtp_server, visitor):
    ask(merchant)
    deliver()
    answers = [visitor.post(link(smtp_server)) for _click in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert all("Thank you" in answer.content.decode() for answer in answers)
    assert len(records(merchant)) == 1
    assert Customer.objects.for_merchant(merchant).count() == 1


def test_an_old_link_says_that_it_has_expired(merchant, smtp_server, visitor):
    ask(merchant)
    deliver()
    expire(merchant)
    for method in (visitor.get, visitor.post):
        answer = method(link(smtp_server))
        assert answer.status_code == 410
        assert "<form" not in answer.content.decode()
    assert records(merchant) == []


@pytest.mark.parametrize("token", ["unknown", "f" * 64, "x" * 500, "%00", "ä"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_link_gets_a_friendly_404(visitor, db, method, token):
    answer = getattr(visitor, method)(f"/c/{token}")
    assert answer.status_code == 404
    assert "<h1>" in answer.content.decode()


def test_each_request_has_a_message_and_the_event_twice_sends_one(merchant, smtp_server):
    first, second = ask(merchant), ask(merchant)
    deliver(2)
    Delivery.objects.for_merchant(merchant).update(state="waiting")
    deliver(0)
    assert len(smtp_server.messages) == 2
    assert link(smtp_server, 0) != link(smtp_server, 1)
    assert {message.consent_request for message in Message.objects.for_merchant(merchant)} == {first, second}


@pytest.mark.parametrize("reason", ["bounce", "complaint"])
def test_an_address_that_came_back_meanwhile_is_not_asked(merchant, smtp_server, reason):
    ask(merchant)
    suppress_addresses(merchant, [ADDRESS], reason=Suppression.Reason(reason), channel="email")
    deliver()
    assert smtp_server.messages == []
    message = Message.objects.for_merchant(merchant).get()
    assert message.state == "cancelled", "owed to nobody: no task for staff"


def test_who_had_their_data_restricted_meanwhile_is_not_asked(merchant, membership, smtp_server):
    ask(merchant)
    person = CustomerFactory(merchant=merchant, email=ADDRESS)
    asked = open_request(merchant, kind="restriction", channel="email", customer=person, identity_evidence="known")
    complete_request(asked, outcome="", staff=membership.staff)
    deliver()
    assert smtp_server.messages == []
    message = Message.objects.for_merchant(merchant).get()
    assert (message.state, message.code) == ("cancelled", "restricted")


def test_a_mistyped_address_is_suppressed_and_no_task(merchant, smtp_server):
    smtp_server.rcpt = ["550 5.1.1 no such user"]
    ask(merchant)
    deliver()
    assert Message.objects.for_merchant(merchant).get().state == "cancelled"
    assert Suppression.objects.for_merchant(merchant).of(ADDRESS).get().reason == "bounce"


def test_a_request_that_is_settled_before_the_message_leaves_needs_none(merchant, smtp_server):
    ask(merchant)
    expire(merchant)
    deliver()
    assert smtp_server.messages == []
    assert Message.objects.for_merchant(merchant).get().code == "request_settled"


def test_questions_and_confirmations_leave_in_one_batch(shop: Shop, smtp_server):
    shop.queue()
    ask(shop.merchant)
    deliver(2)
    kinds = {str(mail["Subject"]).split()[0] for mail in smtp_server.messages}
    assert len(kinds) == 2
    assert "/p/" in content(smtp_server.messages[0], "plain")


def test_what_nobody_confirmed_goes_with_its_message(merchant, smtp_server, visitor):
    ask(merchant)
    kept = ask(merchant, address="grace@example.org")
    deliver(2)
    visitor.post(link(smtp_server))
    expire(merchant, days=38)
    forget_unconfirmed_questions()
    assert [request.pk for request in ConsentRequest.objects.for_merchant(merchant)] == [kept.pk]
    assert [message.consent_request_id for message in Message.objects.for_merchant(merchant)] == [kept.pk]


def test_staff_read_the_question_without_the_secret_of_its_link(merchant, smtp_server, client):
    ask(merchant)
    deliver()
    secret = link(smtp_server).removeprefix("/c/")
    message = Message.objects.for_merchant(merchant).get()
    base = f"/m/{merchant.slug}/messages/{message.pk}/"
    assert client.get(f"/m/{merchant.slug}/messages/").status_code == 200
    for page in (base, f"{base}preview"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert secret not in answer.content.decode()
    assert client.get(f"{base}source").status_code == 404
    expire(merchant)
    assert client.get(f"{base}source").status_code == 200
