"""What a mail server is handed, and in which language."""

from __future__ import annotations

import pytest

from campaigns.sending import send_due
from campaigns.tasks import send_due_messages
from tests.campaigns.sending.messages import SENT, reloaded, states

pytestmark = pytest.mark.django_db


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


def test_an_international_domain_is_written_in_ascii(shop, smtp_server):
    shop.queue(shop.order(notice=False, email="ada@bücher.example"))
    send_due()
    assert smtp_server.only()["To"] == "ada@xn--bcher-kva.example"


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
