"""From a queued message to the draft that leaves: which blocks it has, and its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from campaigns.cross_sell import CrossSell, choose_cross_sell, may_advertise
from campaigns.models import LegalClass, Message, MessageBlock
from campaigns.reasons import BlockCode, StateCode
from campaigns.recommending import Recommender
from campaigns.rendering.confirmation import Letter, render_confirmation
from campaigns.rendering.mime import Envelope, build_message, mail_address, one_line
from customers.queries import BasisDecision
from customers.rules.legal_basis import Basis, Code
from orders.models import Order


class Blocked(Exception):  # noqa: N818  # an outcome: a person must decide
    """This message must not or cannot be sent as things stand."""

    def __init__(self, code: StateCode, detail: str = "") -> None:
        super().__init__(code.value)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Draft:
    """A message as it will leave. ``blocks`` are unsaved; None: those of an earlier attempt still hold."""

    sender: str
    recipient: str
    subject: str
    body: bytes
    blocks: Sequence[MessageBlock] | None


def compose(message: Message, recommender: Recommender) -> Draft:
    """The draft to hand over now. Raises Blocked.

    An earlier attempt's bytes are used again, unless they advertise and the reader has objected meanwhile.
    """
    recipient = _check(message)
    decision = may_advertise(message)
    if decision.code == Code.ADDRESS_BOUNCED:
        raise Blocked(StateCode.ADDRESS_BOUNCED)
    sender = mail_address(message.merchant.sender_email) or ""
    if message.body is not None and (decision.allowed or not _advertises(message)):
        return Draft(sender, recipient, message.subject, bytes(message.body), None)
    return _write(message, sender, recipient, decision, recommender)


def _check(message: Message) -> str:
    """The recipient's address as SMTP takes it."""
    with translation.override(message.merchant.language):
        missing = ", ".join(message.merchant.missing_legal_fields())
    if missing:
        raise Blocked(StateCode.FOOTER_INCOMPLETE, missing)
    if message.order.state == Order.State.CANCELLED and message.body is None:
        raise Blocked(StateCode.ORDER_CANCELLED)
    if not message.address:
        raise Blocked(StateCode.NO_ADDRESS)
    recipient = mail_address(message.address)
    if recipient is None:
        raise Blocked(StateCode.ADDRESS_INVALID)
    return recipient


def _advertises(message: Message) -> bool:
    blocks = MessageBlock.objects.for_merchant(message.merchant_id).filter(message=message)
    return blocks.filter(legal_class=LegalClass.ADVERTISING, shown=True).exists()


def _write(message: Message, sender: str, recipient: str, decision: BasisDecision, recommender: Recommender) -> Draft:
    lines = list(message.order.lines.all())
    cross_sell = choose_cross_sell(message, lines, decision, recommender)
    letter = Letter(
        message=message,
        order=message.order,
        lines=lines,
        merchant=message.merchant,
        objection_url=objection_url(message),
        offers=cross_sell.offers,
        basis=cross_sell.basis,
    )
    rendered = render_confirmation(letter)
    body = build_message(
        _envelope(message, sender, recipient, advertises=bool(cross_sell.offers)),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
    )
    return Draft(sender, recipient, one_line(rendered.subject)[:300], body, _blocks(message, cross_sell))


def _envelope(message: Message, sender: str, recipient: str, *, advertises: bool) -> Envelope:
    """RFC 3834: we answer nobody's machine. RFC 8058: one click ends the advertising, never the contract's mail."""
    headers = {"Auto-Submitted": "auto-generated", "Content-Language": message.language}
    if advertises:
        headers["List-Unsubscribe"] = f"<{objection_url(message)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    contact = mail_address(message.merchant.contact_email) or ""
    return Envelope(
        sender_name=message.merchant.sender_name or message.merchant.name,
        sender=sender,
        recipient=recipient,
        message_id=message.message_id,
        date=timezone.now(),
        reply_to=contact if contact != sender else "",
        headers=headers,
    )


def objection_url(message: Message) -> str:
    """The public page on which this message's reader objects to advertising."""
    return urljoin(settings.PUBLIC_URL, reverse("objection", args=[message.unsubscribe_token]))


def _blocks(message: Message, cross_sell: CrossSell) -> list[MessageBlock]:
    contract = [
        MessageBlock(
            merchant_id=message.merchant_id,
            message=message,
            kind=kind,
            legal_class=LegalClass.CONTRACT,
            shown=True,
            basis=Basis.CONTRACT.value,
            code=BlockCode.CONTRACT.value,
        )
        for kind in (MessageBlock.Kind.ORDER, MessageBlock.Kind.WITHDRAWAL)
    ]
    return [contract[0], cross_sell.block, contract[1]]
