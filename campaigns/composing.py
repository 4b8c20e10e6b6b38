"""From queued messages to the drafts that leave: which blocks they have, and their bytes."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone, translation

from campaigns.cross_sell import Answer, CrossSell, Shelf, ask_recommender, choose_cross_sell, may_advertise
from campaigns.models import LegalClass, Message, MessageBlock
from campaigns.reasons import BlockCode, StateCode
from campaigns.recommending import Recommender
from campaigns.rendering.confirmation import Letter, render_confirmation
from campaigns.rendering.double_opt_in import Question, render_question
from campaigns.rendering.letterhead import Rendered
from campaigns.rendering.mime import Envelope, build_message, mail_address, one_line
from customers.models import ConsentRequest
from customers.queries.consent import BasisDecision
from customers.rules.legal_basis import Basis, Code
from merchants.models import Merchant
from orders.models import Order

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """A message as it will leave. ``blocks`` are unsaved; None: those of an earlier attempt still hold."""

    message: Message
    sender: str
    recipient: str
    subject: str
    body: bytes
    blocks: Sequence[MessageBlock] | None


@dataclass(frozen=True)
class Stuck:
    """A message that must not or cannot be sent as things stand."""

    message: Message
    state: Message.State
    code: StateCode
    detail: str = ""


def compose(messages: Sequence[Message], recommender: Recommender) -> list[Draft | Stuck]:
    """What to do with each of ``messages``, in their order; as many queries for twenty as for one.

    An earlier attempt's bytes are used again, unless they advertise and the reader has objected meanwhile.
    """
    decisions = may_advertise(messages)
    stuck = {message.pk: _obstacle(message, decisions[message.pk]) for message in messages}
    unwritten = [
        message for message in messages if not stuck[message.pk] and not _still_holds(message, decisions[message.pk])
    ]
    confirmations = [message for message in unwritten if message.order]
    answers = {message.pk: ask_recommender(message, decisions[message.pk], recommender) for message in confirmations}
    shelves = _shelves(confirmations, answers)

    def outcome(message: Message) -> Draft | Stuck:
        if obstacle := stuck[message.pk]:
            return obstacle
        if message not in unwritten:
            return _again(message)
        if message.order is None:
            return _written(message, lambda: _write_question(message))
        decision, answer, shelf = decisions[message.pk], answers[message.pk], shelves[message.merchant_id]
        return _written(message, lambda: _write(message, choose_cross_sell(message, decision, answer, shelf)))

    return [outcome(message) for message in messages]


def _obstacle(message: Message, decision: BasisDecision) -> Stuck | None:
    blocked = Message.State.BLOCKED
    with translation.override(message.merchant.language):
        missing = ", ".join(message.merchant.missing_legal_fields())
    if missing:
        return Stuck(message, blocked, StateCode.FOOTER_INCOMPLETE, missing)
    if needless := _no_longer_needed(message, decision):
        return Stuck(message, Message.State.CANCELLED, needless)
    if not message.address:
        return Stuck(message, blocked, StateCode.NO_ADDRESS)
    if mail_address(message.address) is None:
        return Stuck(message, blocked, StateCode.ADDRESS_INVALID)
    return Stuck(message, blocked, StateCode.ADDRESS_BOUNCED) if decision.code == Code.ADDRESS_BOUNCED else None


def _no_longer_needed(message: Message, decision: BasisDecision) -> StateCode | None:
    """Why nobody waits for it any more. A question is owed to nobody: where it may not be asked, it is dropped."""
    if message.order:
        is_cancelled = message.order.state == Order.State.CANCELLED and message.body is None
        return StateCode.ORDER_CANCELLED if is_cancelled else None
    if message.consent_request is None or not message.consent_request.is_open():
        return StateCode.REQUEST_SETTLED
    return {
        Code.ADDRESS_BOUNCED: StateCode.ADDRESS_BOUNCED,
        Code.ADDRESS_COMPLAINED: StateCode.ADDRESS_COMPLAINED,
        Code.RESTRICTED: StateCode.RESTRICTED,
    }.get(decision.code)


def _still_holds(message: Message, decision: BasisDecision) -> bool:
    """Whether an earlier attempt wrote what may leave now."""
    if message.body is None or decision.allowed:
        return message.body is not None
    blocks = MessageBlock.objects.for_merchant(message.merchant_id).filter(message=message)
    return not blocks.filter(legal_class=LegalClass.ADVERTISING, shown=True).exists()


def _shelves(messages: Sequence[Message], answers: Mapping[int, Answer]) -> dict[int, Shelf]:
    """By merchant."""
    given: dict[Merchant, list[Answer]] = defaultdict(list)
    for message in messages:
        given[message.merchant].append(answers[message.pk])
    return {merchant.pk: Shelf.of(merchant, asked) for merchant, asked in given.items()}


def _again(message: Message) -> Draft:
    return Draft(message, *_addresses(message), message.subject, bytes(message.body or b""), None)


def _addresses(message: Message) -> tuple[str, str]:
    """Sender and recipient as SMTP takes them."""
    return mail_address(message.merchant.sender_email) or "", mail_address(message.address) or ""


def _written(message: Message, write: Callable[[], Draft]) -> Draft | Stuck:
    """The written message. Whatever one order makes a template raise must not hold up the others."""
    try:
        return write()
    except DatabaseError:
        raise  # says nothing about the message
    except Exception as error:  # noqa: BLE001  # see above; it is kept and shown to staff
        logger.error("message %s could not be written: %s", message.pk, type(error).__name__)
        detail = f"{type(error).__name__}: {error}"[:2000]
        return Stuck(message, Message.State.FAILED, StateCode.RENDERING_FAILED, detail)


def _write(message: Message, cross_sell: CrossSell) -> Draft:
    order = _order(message)
    letter = Letter(
        message=message,
        order=order,
        lines=list(order.lines.all()),
        merchant=message.merchant,
        objection_url=objection_url(message),
        preferences_url=preferences_url(message),
        offers=cross_sell.offers,
        basis=cross_sell.basis,
    )
    return _packed(message, render_confirmation(letter), _blocks(message, cross_sell), bool(cross_sell.offers))


def _order(message: Message) -> Order:
    assert message.order is not None  # a check of the database
    return message.order


def _write_question(message: Message) -> Draft:
    request = message.consent_request
    assert request is not None  # without one it is dropped before
    rendered = render_question(Question(message, request, confirmation_url(request)))
    block = _contract_block(message, MessageBlock.Kind.OPT_IN, BlockCode.ASKED_FOR)
    return _packed(message, rendered, [block], advertises=False)


def _packed(message: Message, rendered: Rendered, blocks: Sequence[MessageBlock], advertises: bool) -> Draft:
    sender, recipient = _addresses(message)
    body = build_message(
        _envelope(message, sender, recipient, advertises=advertises),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
    )
    return Draft(message, sender, recipient, one_line(rendered.subject)[:300], body, blocks)


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


def preferences_url(message: Message) -> str:
    """The public page on which this message's reader decides about each purpose and channel."""
    return urljoin(settings.PUBLIC_URL, reverse("preferences", args=[message.unsubscribe_token]))


def confirmation_url(request: ConsentRequest) -> str:
    """The public page on which a consent is confirmed."""
    return urljoin(settings.PUBLIC_URL, reverse("consent_confirmation", args=[request.token]))


def _blocks(message: Message, cross_sell: CrossSell) -> list[MessageBlock]:
    kinds = MessageBlock.Kind.ORDER, MessageBlock.Kind.WITHDRAWAL
    contract = [_contract_block(message, kind, BlockCode.CONTRACT) for kind in kinds]
    return [contract[0], cross_sell.block, contract[1]]


def _contract_block(message: Message, kind: MessageBlock.Kind, code: BlockCode) -> MessageBlock:
    return MessageBlock(
        merchant_id=message.merchant_id,
        message=message,
        kind=kind,
        legal_class=LegalClass.CONTRACT,
        shown=True,
        basis=Basis.CONTRACT.value,
        code=code.value,
    )
