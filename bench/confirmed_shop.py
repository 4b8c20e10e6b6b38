"""A trained shop whose orders are confirmed: what the confirmation bench sends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from random import Random
from typing import Self

from django.test import override_settings
from django.utils import timezone

from bench import retail_shop
from bench.recommendations import Quiet
from campaigns.actions.queueing import queue_order_confirmation
from campaigns.models import Message, MessageBlock, MessageQuerySet
from campaigns.rendering.confirmation import Letter, render_confirmation
from campaigns.rendering.mime import read_message
from campaigns.sending import send_due
from catalog.models import Product
from customers.actions.consent import record_notice
from customers.models import Channel, Customer
from merchants.models import Merchant
from orders.models import Order, OrderLine
from recommendations.actions import train_models

MESSAGES, LINES, SECONDS = 300, 3, 2.0
LEGAL = {
    "legal_name": "Bench Ltd",
    "street": "1 Example Lane",
    "postal_code": "ZZ1 1ZZ",
    "city": "Exampleton",
    "directors": "Jane Sample",
    "contact_email": "help@shop.example",
    "sender_email": "orders@shop.example",
    "language": "en",
}


@dataclass
class ConfirmedShop:
    """Orders of known customers who saw the notice, so that every confirmation asks for recommendations."""

    merchant: Merchant
    customers: list[Customer]
    products: list[Product]
    random: Random = field(default_factory=lambda: Random(1))

    @classmethod
    def of_sample_data(cls) -> Self:
        """Online Retail as a shop of its own, trained."""
        merchant = retail_shop.create()
        Merchant.objects.filter(pk=merchant.pk).update(**LEGAL)
        merchant.refresh_from_db()
        train_models(merchant, progress=Quiet())
        return cls(
            merchant,
            list(Customer.objects.for_merchant(merchant)),
            list(Product.objects.for_merchant(merchant)),
        )

    def send(self, port: int) -> float:
        """Queue a round of confirmations, then send them; messages per second of the sending."""
        for number in range(MESSAGES):
            queue_order_confirmation(self._order(number))
        with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
            begin = time.perf_counter()
            tried = send_due(limit=MESSAGES)
            taken = time.perf_counter() - begin
        if tried != MESSAGES or self._messages().exclude(state=Message.State.SENT).exists():
            raise RuntimeError("Not every confirmation was sent.")
        return MESSAGES / taken

    def _order(self, number: int) -> Order:
        customer, name = self.random.choice(self.customers), f"{time.time_ns()}-{number}"
        order = Order.objects.create(
            merchant=self.merchant,
            customer=customer,
            number=name,
            email=f"{name}@example.org",
            locale=self.random.choice(["de", "en"]),
            country="GB",
            placed_at=timezone.now(),
            currency="GBP",
            total=LINES * 100,
            payment_method="card",
        )
        OrderLine.objects.bulk_create(self._line(order, position) for position in range(LINES))
        record_notice(
            customer,
            channel=Channel.EMAIL,
            address=order.email,
            text_version="bench",
            shown_at=order.placed_at,
            source="order",
            evidence={"order": order.number},
        )
        return order

    def _line(self, order: Order, position: int) -> OrderLine:
        product = self.random.choice(self.products)
        return OrderLine(
            merchant=self.merchant,
            order=order,
            position=position,
            product=product,
            title=product.title,
            quantity=1,
            unit_price=100,
            total=100,
        )

    def share_with_block(self) -> float:
        """The share of the confirmations so far that carry a cross-sell block."""
        blocks = MessageBlock.objects.for_merchant(self.merchant).filter(kind=MessageBlock.Kind.CROSS_SELL)
        return blocks.filter(shown=True).count() / blocks.count()

    def written(self) -> float:
        """Confirmations written per second, without database, recommender and mail server."""
        message = self._newest()
        assert message.order is not None
        lines = list(message.order.lines.select_related("product"))
        links = "https://cx.example/u/token", "https://cx.example/p/token"
        letter = Letter(message, message.order, lines, message.merchant, *links)
        return _per_second(lambda: render_confirmation(letter))

    def bare(self) -> float:
        """Mails per second from finished texts, with the standard library's own message class."""
        parts = read_message(bytes(self._newest().body or b""))

        def build() -> bytes:
            mail = EmailMessage(policy=SMTP)
            mail["From"], mail["To"], mail["Subject"] = "a@shop.example", "b@example.org", "Your order"
            mail.set_content(parts.text)
            mail.add_alternative(parts.html, subtype="html")
            return mail.as_bytes()

        return _per_second(build)

    def _messages(self) -> MessageQuerySet:
        return Message.objects.for_merchant(self.merchant)

    def _newest(self) -> Message:
        return self._messages().select_related("order", "merchant", "customer").latest("pk")


def _per_second(work: Callable[[], object]) -> float:
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < SECONDS:
        work()
        done += 1
    return done / (time.perf_counter() - begin)
