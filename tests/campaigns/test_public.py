"""The objection page: what people and machines do with the link in a message."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.cross_sell import may_advertise
from campaigns.models import Message
from campaigns.sending import send_due
from customers.models import ConsentRecord, Suppression
from tests.campaigns.conftest import Shop

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def visitor() -> Client:
    """A stranger's browser that checks CSRF as a real one would."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def message(shop: Shop) -> Message:
    return shop.queue()


def url(message: Message) -> str:
    return f"/u/{message.unsubscribe_token}"


def objections(message: Message) -> list[ConsentRecord]:
    return list(ConsentRecord.objects.for_merchant(message.merchant_id).filter(kind="objected"))


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing(visitor, message, method):
    for _visit in range(3):
        assert getattr(visitor, method)(url(message)).status_code == 200
    assert objections(message) == []
    assert may_advertise([message])[message.pk].allowed


def test_the_page_is_in_the_messages_language_and_asks_with_a_button(visitor, shop):
    german, english = shop.queue(), shop.queue(shop.order(locale="en"))
    page = visitor.get(url(english), HTTP_ACCEPT_LANGUAGE="de")
    assert 'lang="en"' in page.content.decode()
    assert 'lang="de"' in visitor.get(url(german), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert '<form method="post">' in page.content.decode()
    assert shop.merchant.legal_name in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert not page.cookies


def test_a_mailboxs_one_click_works_without_cookie_login_or_redirect(visitor, message):
    answer = visitor.post(url(message), ONE_CLICK)
    assert answer.status_code == 200
    [record] = objections(message)
    assert (record.purpose, record.channel, record.address) == ("", "email", message.address)
    assert record.source == "one-click unsubscribe"
    assert record.evidence == {"message": message.pk}
    assert may_advertise([message])[message.pk].code == "objected"


def test_the_button_says_that_it_is_done_and_pressing_again_adds_nothing(visitor, message):
    first = visitor.post(url(message))
    assert "<form" not in first.content.decode()
    visitor.post(url(message), ONE_CLICK)
    [record] = objections(message)
    assert record.source == "objection page"
    assert "<form" not in visitor.get(url(message)).content.decode()


def test_after_the_objection_the_next_confirmation_comes_without_the_block(visitor, shop, smtp_server):
    order = shop.order()
    shop.queue(order)
    send_due()
    link = smtp_server.only()["List-Unsubscribe"].strip("<>")
    visitor.post(link.partition("//")[2].partition("/")[1] + link.partition("//")[2].partition("/")[2], ONE_CLICK)
    again = shop.order(customer={"email": None}, email=order.email)
    shop.queue(again)
    send_due()
    assert "List-Unsubscribe" in smtp_server.messages[0]
    assert "List-Unsubscribe" not in smtp_server.messages[1]


def test_a_reader_without_a_profile_is_suppressed_by_address_once(visitor, message):
    Message.objects.for_merchant(message.merchant_id).filter(pk=message.pk).update(customer=None)
    for _click in range(2):
        assert visitor.post(url(message), ONE_CLICK).status_code == 200
    [row] = Suppression.objects.for_merchant(message.merchant_id).of(message.address)
    assert (row.reason, row.channel) == ("objection", "email")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("token", ["unknown", "x" * 500, "%00", "ä"])
def test_an_unknown_token_gets_a_friendly_404(visitor, db, method, token):
    page = getattr(visitor, method)(f"/u/{token}")
    assert page.status_code == 404
    assert "<h1>" in page.content.decode()


def test_only_looking_and_pressing_are_possible(visitor, message):
    assert visitor.put(url(message)).status_code == 405
    assert visitor.delete(url(message)).status_code == 405
    assert objections(message) == []
