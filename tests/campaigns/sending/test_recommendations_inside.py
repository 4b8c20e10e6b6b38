"""The block of recommendations: decided as late as can be, and never a reason to send nothing."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import transaction

from campaigns import composing, sending
from campaigns.actions import delivery
from campaigns.models import Message, MessageBlock
from campaigns.sending import send_due
from customers.actions.consent import record_objection
from tests.campaigns.conftest import content
from tests.campaigns.sending.messages import SENT, make_due, reloaded

pytestmark = pytest.mark.django_db


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
