"""A real SMTP server on loopback that does what a test scripts, and a shop whose recommender has something to say."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone

from campaigns.actions.queueing import queue_order_confirmation
from campaigns.models import Message
from catalog.models import Product
from customers.actions.consent import record_notice
from merchants.models import Merchant
from orders.models import Order
from recommendations import loading
from tests.factories import CategoryFactory, CustomerFactory, OrderFactory, OrderLineFactory, ProductFactory

OK = "250 2.0.0 taken"
HANG_UP = "hang up"


@dataclass
class Mailbox:
    """The server's handler. ``rcpt`` and ``data`` are answers, used up one by one; when none is left, it is OK.

    ``HANG_UP`` as an answer to DATA takes the message and breaks the connection without a word.
    """

    messages: list[EmailMessage] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd names its hooks so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt.pop(0) if self.rcpt else OK
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else OK
        self.connections.add(id(session))
        if answer in (OK, HANG_UP):
            body = bytes(envelope.content or b"")
            self.bodies.append(body)
            self.messages.append(BytesParser(policy=default).parsebytes(body))  # type: ignore[arg-type]
        if answer == HANG_UP:
            server.transport.abort()
        return answer

    def only(self) -> EmailMessage:
        """The one message that came."""
        [message] = self.messages
        return message

    def html(self) -> str:
        return content(self.only(), "html")

    def text(self) -> str:
        return content(self.only(), "plain")


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class FreePortController(Controller):
    """Takes a free port; aiosmtpd itself would then knock at port 0."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox() -> Mailbox:
    """Who answers for the mail server; a test module may put another one in its place."""
    return Mailbox()


@pytest.fixture
def smtp_server(settings: Any, mailbox: Mailbox) -> Iterator[Mailbox]:
    """A mail server; the installation is told of it."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    controller = FreePortController(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield mailbox
    controller.stop()


@dataclass
class Shop:
    """A shop with one tent ordered, and things that go with it."""

    merchant: Merchant
    tent: Product
    others: list[Product]

    def order(self, *, notice: bool = True, customer: dict[str, Any] | None = None, **fields: Any) -> Order:
        """An order for the tent, as the API stores it; its buyer saw the notice unless ``notice`` is False."""
        buyer = CustomerFactory(merchant=self.merchant, **customer or {})
        order = OrderFactory(
            customer=buyer,
            **{"email": buyer.email, "locale": "de", "country": "DE", "payment_method": "invoice", "total": 8900}
            | fields,
        )
        OrderLineFactory(order=order, product=self.tent, position=1, unit_price=8900)
        if notice:
            record_notice(
                buyer,
                channel="email",
                address=order.email,
                text_version="2026-01",
                shown_at=timezone.now(),
                source="order",
                evidence={"order": order.number},
            )
        return order

    def queue(self, order: Order | None = None) -> Message:
        message = queue_order_confirmation(order or self.order())
        assert message is not None
        return message


@pytest.fixture
def shop(merchant: Merchant) -> Iterator[Shop]:
    """Nothing is trained: the recommender answers with what sells and the newest, as in a new shop."""
    camping = CategoryFactory(merchant=merchant, name="Tents", path="Outdoor › Tents")
    tent = ProductFactory(merchant=merchant, title="Tent for two", price=8900, category=camping)
    others = [
        ProductFactory(
            merchant=merchant,
            title=f"Sleeping bag {number}",
            category=camping,
            url=f"https://shop.example/bag-{number}",
            image_url=f"https://shop.example/bag-{number}.jpg",
        )
        for number in range(6)
    ]
    loading.forget()
    yield Shop(merchant, tent, others)
    loading.forget()
