"""A mail server that is busy, away, or does not want it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone

from campaigns.actions.queueing import retry_message
from campaigns.models import Message
from campaigns.sending import send_due
from customers.models import Suppression
from merchants.models import AuditEntry
from tests.campaigns.sending.messages import BLOCKED, QUEUED, SENT, make_due, reloaded

pytestmark = pytest.mark.django_db


def test_a_busy_server_is_asked_again_later_with_the_same_message(shop, smtp_server):
    smtp_server.data = ["451 4.7.1 come back later"]
    message = shop.queue()
    send_due()
    waiting = reloaded(message)
    assert (waiting.state, waiting.code) == (QUEUED, "server_busy")
    assert "come back later" in waiting.error
    assert waiting.due_at > timezone.now() + timedelta(seconds=10)
    assert send_due() == 0, "not before its time"
    make_due(message)
    send_due()
    assert reloaded(message).state == SENT
    assert smtp_server.only()["Message-ID"] == message.message_id
    assert smtp_server.bodies[0].rstrip() == bytes(waiting.body).rstrip()


def test_a_server_that_is_away_is_asked_once_a_round(shop, settings, monkeypatch):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    knocks = []
    knock = EmailBackend.open
    monkeypatch.setattr(EmailBackend, "open", lambda backend: knocks.append(1) or knock(backend))
    messages = [shop.queue() for _number in range(3)]
    send_due()
    assert len(knocks) == 1
    assert {(reloaded(m).state, reloaded(m).code) for m in messages} == {(QUEUED, "server_unreachable")}


def test_after_three_days_it_fails_and_staff_see_it(shop, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    message = shop.queue()
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1), tick=True):
        send_due()
    failed = reloaded(message)
    assert (failed.state, failed.code) == (Message.State.FAILED, "gave_up")
    assert failed in Message.objects.for_merchant(shop.merchant).needing_staff()


@pytest.mark.parametrize(
    "reply", ["550 5.1.1 no such user", "550 mailbox unavailable", "553 5.1.3 bad address syntax", "551 user not local"]
)
def test_an_address_that_does_not_exist_is_suppressed_and_becomes_a_task_for_staff(shop, smtp_server, reply):
    smtp_server.rcpt = [reply]
    message = shop.queue()
    send_due()
    blocked = reloaded(message)
    assert (blocked.state, blocked.code) == (BLOCKED, "recipient_refused")
    assert reply in blocked.error
    suppressed = Suppression.objects.for_merchant(shop.merchant).of(message.address)
    assert suppressed.get().reason == Suppression.Reason.BOUNCE


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_refusal_for_another_reason_says_nothing_about_the_address(shop, smtp_server, step):
    setattr(smtp_server, step, ["554 5.7.1 your network is not welcome"])
    message = shop.queue()
    send_due()
    assert (reloaded(message).state, reloaded(message).code) == (BLOCKED, "message_refused")
    assert not Suppression.objects.for_merchant(shop.merchant).exists()


def test_one_refusal_does_not_hold_up_the_others(shop, smtp_server):
    smtp_server.rcpt = ["550 5.1.1 no such user"]
    shop.queue()
    good = shop.queue()
    send_due()
    assert reloaded(good).state == SENT
    assert smtp_server.only()["Message-ID"] == good.message_id


def test_a_bounced_address_gets_nothing_until_staff_say_it_works_again(shop, smtp_server, membership):
    order = shop.order()
    smtp_server.rcpt = ["550 5.1.1 no such user"]
    shop.queue(order)
    send_due()
    second = shop.queue(shop.order(customer={"email": None}, email=order.email))
    send_due()
    assert (reloaded(second).state, reloaded(second).code) == (BLOCKED, "address_bounced")
    retry_message(second, staff=membership.staff)
    send_due()
    assert reloaded(second).state == SENT
    actions = AuditEntry.objects.for_merchant(shop.merchant).values_list("action", flat=True)
    assert set(actions) == {"bounce.lifted", "message.retried"}
