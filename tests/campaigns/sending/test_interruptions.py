"""A line that breaks, or a worker that dies, halfway: at most one duplicate, and nothing lost."""

from __future__ import annotations

import pytest
import time_machine
from django.utils import timezone

from campaigns import composing, sending
from campaigns.actions import delivery
from campaigns.actions.queueing import retry_message
from campaigns.models import Message
from campaigns.sending import send_due
from tests.campaigns.conftest import HANG_UP
from tests.campaigns.sending.messages import SENT, make_due, reloaded

pytestmark = pytest.mark.django_db


def test_a_connection_lost_after_handing_over_leaves_it_in_doubt_and_sends_once_more_under_the_same_id(
    shop, smtp_server
):
    smtp_server.data = [HANG_UP]
    message = shop.queue()
    send_due()
    doubtful = reloaded(message)
    assert (doubtful.state, doubtful.code) == (Message.State.SENDING, "interrupted")
    make_due(message)
    send_due()
    assert reloaded(message).state == SENT
    assert [m["Message-ID"] for m in smtp_server.messages] == [message.message_id] * 2
    assert smtp_server.bodies[0] == smtp_server.bodies[1]


def test_in_doubt_twice_it_is_not_sent_again_by_itself(shop, smtp_server, membership):
    smtp_server.data = [HANG_UP, HANG_UP]
    message = shop.queue()
    for _round in range(4):
        send_due()
        make_due(message)
    assert reloaded(message).state == Message.State.UNKNOWN
    assert len(smtp_server.messages) == 2
    retry_message(message, staff=membership.staff)
    send_due()
    assert reloaded(message).state == SENT
    assert {m["Message-ID"] for m in smtp_server.messages} == {message.message_id}


class WorkerKilledError(BaseException):
    """Stands for SIGKILL: nothing below may handle it, and nothing after it runs."""


def test_a_worker_killed_between_acceptance_and_commit_costs_one_duplicate_with_the_same_id(
    shop, smtp_server, monkeypatch
):
    def die(*_args: object) -> None:
        raise WorkerKilledError

    message = shop.queue()
    with monkeypatch.context() as crash:
        crash.setattr(delivery, "settle_sent", die)
        with pytest.raises(WorkerKilledError):
            send_due()
    assert reloaded(message).state == Message.State.SENDING
    assert send_due() == 0, "its lease protects it"
    with time_machine.travel(timezone.now() + delivery.HANDOVER_LEASE, tick=True):
        send_due()
        send_due()
    assert reloaded(message).state == SENT
    assert [m["Message-ID"] for m in smtp_server.messages] == [message.message_id] * 2


def test_a_worker_killed_before_handing_over_costs_nothing(shop, smtp_server, monkeypatch):
    def die(*_args: object, **_fields: object) -> None:
        raise WorkerKilledError

    messages = [shop.queue() for _number in range(3)]
    with monkeypatch.context() as crash:
        crash.setattr(sending, "compose", die)
        with pytest.raises(WorkerKilledError):
            send_due()
    with time_machine.travel(timezone.now() + delivery.CLAIM_LEASE, tick=True):
        send_due()
    assert {reloaded(m).state for m in messages} == {SENT}
    assert len(smtp_server.messages) == 3


def test_a_worker_that_lost_its_lease_does_not_send(shop, smtp_server):
    message = shop.queue()
    [slow] = delivery.claim_due()
    make_due(message)
    send_due()
    late = composing.Draft(slow, "a@shop.example", slow.address, "late", b"late", [])
    assert delivery.write_down([late]) == []
    assert not delivery.hand_over(slow)
    delivery.settle_stuck(slow, Message.State.FAILED, composing.StateCode.GAVE_UP)
    assert reloaded(message).state == SENT
    assert len(smtp_server.messages) == 1
