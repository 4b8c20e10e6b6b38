"""Every way a confirmation can go, against a real SMTP server."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection, transaction
from django.utils import timezone

from campaigns import composing, sending
from campaigns.actions import delivery
from campaigns.actions.queueing import queue_order_confirmation, release_completed_footers, retry_message
from campaigns.models import Message, MessageBlock
from campaigns.sending import send_due
from campaigns.tasks import send_due_messages
from core.errors import DomainError
from customers.actions.consent import record_objection
from customers.models import Suppression
from merchants.models import AuditEntry
from orders.models import Order
from tests.campaigns.conftest import HANG_UP, content

pytestmark = pytest.mark.django_db
SENT, QUEUED, BLOCKED = Message.State.SENT, Message.State.QUEUED, Message.State.BLOCKED


def reloaded(message: Message) -> Message:
    return Message.objects.for_merchant(message.merchant_id).get(pk=message.pk)


def make_due(message: Message) -> None:
    Message.objects.for_merchant(message.merchant_id).filter(pk=message.pk).update(due_at=timezone.now())


def states(message: Message) -> list[str]:
    return [entry["state"] for entry in reloaded(message).history]


def test_send_due_hands_over_exactly_the_bytes_it_keeps(shop, smtp_server):
    message = shop.queue()
    assert send_due() == 1
    message = reloaded(message)
    assert message.state == SENT
    assert message.sent_at is not None
    assert bytes(message.body).rstrip() == smtp_server.bodies[0].rstrip()
    assert smtp_server.only()["Message-ID"] == message.message_id
    assert smtp_server.only()["To"] == message.address
    assert states(message) == ["queued", "sending", "sent"]


def test_many_messages_share_a_connection(shop, smtp_server):
    for _number in range(30):
        shop.queue()
    send_due()
    assert len(smtp_server.messages) == 30
    assert len(smtp_server.connections) == 1


def test_a_second_round_sends_nothing_twice(shop, smtp_server):
    shop.queue()
    send_due_messages()
    send_due_messages()
    assert len(smtp_server.messages) == 1


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


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_message_once(shop, smtp_server):
    messages = [shop.queue() for _number in range(60)]

    def work(_number: int) -> int:
        try:
            return send_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == 60
    assert sorted(m["Message-ID"] for m in smtp_server.messages) == sorted(m.message_id for m in messages)


@pytest.mark.django_db(transaction=True)
def test_one_worker_writes_in_two_threads_and_sends_over_one_connection(shop, smtp_server):
    messages = [shop.queue() for _number in range(3 * delivery.BATCH)]
    assert send_due() == len(messages)
    assert len(smtp_server.connections) == 1
    assert sorted(m["Message-ID"] for m in smtp_server.messages) == sorted(m.message_id for m in messages)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [1, delivery.BATCH, delivery.BATCH + 5])
def test_a_round_ends_at_its_limit(shop, smtp_server, limit):
    for _number in range(2 * delivery.BATCH):
        shop.queue()
    assert send_due(limit=limit) == limit
    assert len(smtp_server.messages) == limit


def test_what_could_not_leave_in_time_is_decided_anew(shop, smtp_server, monkeypatch):
    monkeypatch.setattr(sending, "FRESH_SECONDS", 0.0)
    orders = [shop.order() for _number in range(3)]
    for order in orders:
        shop.queue(order)
    write_down = delivery.write_down

    def then_somebody_objects(drafts: list[composing.Draft]) -> list[composing.Draft]:
        kept = write_down(drafts)
        record_objection(orders[2].customer, source="telephone")
        return kept

    monkeypatch.setattr(delivery, "write_down", then_somebody_objects)
    send_due()
    blocks = MessageBlock.objects.for_merchant(shop.merchant).filter(kind="cross_sell")
    assert [blocks.get(message__order=order).shown for order in orders] == [True, True, False]
    assert ["List-Unsubscribe" in mail for mail in smtp_server.messages] == [True, True, False]


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


def test_an_international_domain_is_written_in_ascii(shop, smtp_server):
    shop.queue(shop.order(notice=False, email="ada@bücher.example"))
    send_due()
    assert smtp_server.only()["To"] == "ada@xn--bcher-kva.example"


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


def test_an_objection_between_two_attempts_takes_the_block_out(shop, smtp_server):
    smtp_server.data = ["451 4.7.1 come back later"]
    order = shop.order()
    message = shop.queue(order)
    send_due()
    assert b"List-Unsubscribe" in bytes(reloaded(message).body)
    record_objection(order.customer, source="telephone")
    make_due(message)
    send_due()
    block = MessageBlock.objects.for_merchant(shop.merchant).get(message=message, kind="cross_sell")
    assert (block.shown, block.code) == (False, "objected")
    assert "List-Unsubscribe" not in smtp_server.only()
    assert "Sleeping bag" not in smtp_server.html()
    assert smtp_server.only()["Message-ID"] == message.message_id


def test_queue_order_confirmation_once_per_order_and_only_for_orders_that_came_in(shop):
    order = shop.order()
    assert queue_order_confirmation(order) == queue_order_confirmation(order)
    assert Message.objects.for_merchant(shop.merchant).count() == 1
    for source in (Order.Source.IMPORT, Order.Source.DEMO):
        assert queue_order_confirmation(shop.order(source=source)) is None


@pytest.mark.parametrize(
    ("order_locale", "customer_locale", "shop_language", "expected"),
    [
        ("de-AT", "en", "en", "de-AT"),
        ("", "en-GB", "de", "en-GB"),
        ("fr", "", "de", "de"),
        ("pl", "fr", "en", "en"),
        ("nonsense!", "de_CH", "en", "de-CH"),
    ],
)
def test_the_language_is_the_orders_then_the_customers_then_the_shops(
    shop, order_locale, customer_locale, shop_language, expected
):
    shop.merchant.language = shop_language
    shop.merchant.save()
    message = shop.queue(shop.order(locale=order_locale, customer={"locale": customer_locale}))
    assert message.locale == expected


def test_the_message_id_stays_the_same_for_an_order_and_differs_between_orders(shop):
    order = shop.order()
    first = shop.queue(order)
    first.delete()
    assert shop.queue(order).message_id == first.message_id
    assert shop.queue().message_id != first.message_id
    assert first.message_id.endswith("@shop.example>")


class TestRecommenderInTrouble:
    """The confirmation leaves complete, without the block, and the reason is written down."""

    def reason(self, message: Message) -> str:
        block = MessageBlock.objects.for_merchant(message.merchant_id).get(message=message, kind="cross_sell")
        assert not block.shown
        assert block.basis == "existing_customer_exception"
        return block.code

    def test_it_fails(self, shop, smtp_server, monkeypatch):
        def fail(**_question: object) -> None:
            raise RuntimeError("no model")

        monkeypatch.setattr("recommendations.serving.recommend", fail)
        first, second = shop.queue(), shop.queue()
        send_due()
        assert self.reason(first) == "recommender_failed"
        assert self.reason(second) == "recommender_resting"
        assert len(smtp_server.messages) == 2
        assert "HRB 1" in content(smtp_server.messages[0], "html")

    @pytest.mark.django_db(transaction=True)
    def test_it_is_slow(self, shop, smtp_server, monkeypatch):
        release = threading.Event()

        def dawdle(**_question: object) -> None:
            release.wait(30)

        monkeypatch.setattr("recommendations.serving.recommend", dawdle)
        monkeypatch.setattr("campaigns.recommending.FIRST_BUDGET", 0.1)
        message = shop.queue()
        began = time.monotonic()
        send_due()
        release.set()
        assert time.monotonic() - began < 10
        assert self.reason(message) == "recommender_slow"
        assert reloaded(message).state == SENT

    def test_it_has_too_little_to_say(self, shop, smtp_server):
        for product in shop.others[2:]:
            product.active = False
            product.save()
        message = shop.queue()
        send_due()
        assert self.reason(message) == "too_few_products"


@pytest.mark.django_db(transaction=True)
def test_with_a_thread_of_its_own_the_recommender_sees_what_is_committed(shop, smtp_server):
    assert not transaction.get_connection().in_atomic_block
    message = shop.queue()
    send_due()
    assert MessageBlock.objects.for_merchant(shop.merchant).get(message=message, kind="cross_sell").shown
