"""What is not sent, or not yet, and what staff can do about it."""

from __future__ import annotations

import pytest

from campaigns import composing
from campaigns.actions.queueing import queue_order_confirmation, release_completed_footers, retry_message
from campaigns.models import Message
from campaigns.sending import send_due
from campaigns.tasks import send_due_messages
from core.errors import DomainError
from orders.models import Order
from tests.campaigns.sending.messages import BLOCKED, SENT, reloaded, states

pytestmark = pytest.mark.django_db


def test_an_incomplete_legal_footer_blocks_by_name_and_completing_it_sends(shop, smtp_server):
    shop.merchant.language = "en"
    shop.merchant.directors = shop.merchant.city = ""
    shop.merchant.save()
    message = shop.queue()
    send_due_messages()
    blocked = reloaded(message)
    assert (blocked.state, blocked.code) == (BLOCKED, "legal_footer_incomplete")
    assert blocked.error == "city, managing directors"
    assert release_completed_footers() == 0
    shop.merchant.directors, shop.merchant.city = "Grace Muster", "Berlin"
    shop.merchant.save()
    send_due_messages()
    assert reloaded(message).state == SENT
    assert states(message) == ["queued", "blocked", "queued", "sending", "sent"]


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("", "no_address"),
        ("ada@", "address_invalid"),
        ("a@b@c.example", "address_invalid"),
        ("ädä@x.de", "address_invalid"),
    ],
)
def test_an_order_without_a_usable_address_becomes_a_task_for_staff(shop, smtp_server, email, code):
    message = shop.queue(shop.order(notice=False, email=email))
    send_due()
    assert (reloaded(message).state, reloaded(message).code) == (BLOCKED, code)


def test_retry_message_writes_to_the_orders_new_address(shop, smtp_server, membership):
    order = shop.order(notice=False, email="ada@")
    message = shop.queue(order)
    send_due()
    Order.objects.for_merchant(shop.merchant).filter(pk=order.pk).update(email="ada@example.org")
    retry_message(message, staff=membership.staff)
    send_due()
    assert reloaded(message).state == SENT
    assert smtp_server.only()["To"] == "ada@example.org"


def test_retry_message_refuses_what_is_not_stuck(shop, smtp_server, membership):
    message = shop.queue()
    send_due()
    with pytest.raises(DomainError) as refused:
        retry_message(message, staff=membership.staff)
    assert refused.value.code == "message_not_stuck"


def test_an_order_that_was_cancelled_before_it_left_is_not_confirmed(shop, smtp_server):
    message = shop.queue(shop.order(state=Order.State.CANCELLED))
    send_due()
    assert reloaded(message).state == Message.State.CANCELLED
    assert not smtp_server.messages


def test_without_a_mail_server_it_is_kept_here_and_says_so(shop, settings):
    settings.EMAIL_HOST = ""
    message = shop.queue()
    send_due()
    kept = reloaded(message)
    assert (kept.state, kept.code, kept.sent_at) == (Message.State.KEPT, "no_mail_server", None)
    assert b"Message-ID" in bytes(kept.body)
    assert "was not sent" in kept.reason


def test_a_message_that_cannot_be_written_fails_alone(shop, smtp_server, monkeypatch):
    bad, good = shop.queue(), shop.queue()
    write = composing.render_confirmation

    def render(letter: composing.Letter) -> object:
        if letter.message.pk == bad.pk:
            raise ValueError("a fact that no template foresaw")
        return write(letter)

    monkeypatch.setattr(composing, "render_confirmation", render)
    send_due()
    assert (reloaded(bad).state, reloaded(bad).code) == (Message.State.FAILED, "rendering_failed")
    assert reloaded(good).state == SENT


def test_queue_order_confirmation_once_per_order_and_only_for_orders_that_came_in(shop):
    order = shop.order()
    assert queue_order_confirmation(order) == queue_order_confirmation(order)
    assert Message.objects.for_merchant(shop.merchant).count() == 1
    for source in (Order.Source.IMPORT, Order.Source.DEMO):
        assert queue_order_confirmation(shop.order(source=source)) is None
