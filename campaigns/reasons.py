"""Why a message is in its state and why a block was shown or left out: stable codes and their sentences."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns.offers import LeftOut
from customers.queries.consent import REASONS as BASIS_REASONS


class StateCode(StrEnum):
    """Why a message waits, was blocked, failed or is in doubt."""

    FOOTER_INCOMPLETE = "legal_footer_incomplete"
    NO_ADDRESS = "no_address"
    ADDRESS_INVALID = "address_invalid"
    ADDRESS_BOUNCED = "address_bounced"
    RECIPIENT_REFUSED = "recipient_refused"
    MESSAGE_REFUSED = "message_refused"
    SERVER_UNREACHABLE = "server_unreachable"
    SERVER_BUSY = "server_busy"
    GAVE_UP = "gave_up"
    INTERRUPTED = "interrupted"
    RENDERING_FAILED = "rendering_failed"
    ORDER_CANCELLED = "order_cancelled"
    REQUEST_SETTLED = "request_settled"
    ADDRESS_COMPLAINED = "address_complained"
    RESTRICTED = "restricted"
    NO_MAIL_SERVER = "no_mail_server"


class BlockCode(StrEnum):
    """Why a block is there or not, beside the codes of the legal gate."""

    CONTRACT = "contract"
    ASKED_FOR = "asked_for"
    TOO_FEW_PRODUCTS = "too_few_products"
    RECOMMENDER_FAILED = "recommender_failed"
    RECOMMENDER_SLOW = "recommender_slow"
    RECOMMENDER_RESTING = "recommender_resting"


_STATES: dict[str, Any] = {
    StateCode.FOOTER_INCOMPLETE: _("The legal footer is incomplete. Complete it in the settings, and this leaves."),
    StateCode.NO_ADDRESS: _("The order came without an e-mail address."),
    StateCode.ADDRESS_INVALID: _("This is not an e-mail address that a message can be sent to."),
    StateCode.ADDRESS_BOUNCED: _("Messages to this address come back. Ask the customer for another address."),
    StateCode.RECIPIENT_REFUSED: _("The recipient's mail server says that this address does not exist."),
    StateCode.MESSAGE_REFUSED: _("A mail server refused the message."),
    StateCode.SERVER_UNREACHABLE: _("The mail server cannot be reached; it is tried again."),
    StateCode.SERVER_BUSY: _("The mail server asks to try again later."),
    StateCode.GAVE_UP: _("The mail server did not take the message for three days."),
    StateCode.INTERRUPTED: _("The worker was stopped twice while handing it over; it may have arrived."),
    StateCode.RENDERING_FAILED: _("The message could not be written."),
    StateCode.ORDER_CANCELLED: _("The order was cancelled before the message left."),
    StateCode.REQUEST_SETTLED: _("The link had expired or was no longer needed before the message left."),
    StateCode.ADDRESS_COMPLAINED: _("Somebody with this address complained about a message: it is not asked."),
    StateCode.RESTRICTED: _("Its owner had the use of their data restricted (GDPR Art. 18): it is not asked."),
    StateCode.NO_MAIL_SERVER: _("No mail server is set up (EMAIL_URL): the message is shown here and was not sent."),
}

_BLOCKS: dict[str, Any] = BASIS_REASONS | {
    BlockCode.CONTRACT: _("Belongs to the contract: no advertising."),
    BlockCode.ASKED_FOR: _("Asks for a confirmation that the reader began: no advertising (BGH I ZR 164/09)."),
    BlockCode.TOO_FEW_PRODUCTS: _("Allowed, but fewer than three products were suitable."),
    BlockCode.RECOMMENDER_FAILED: _("Allowed, but the recommender could not answer."),
    BlockCode.RECOMMENDER_SLOW: _("Allowed, but the recommender did not answer in time."),
    BlockCode.RECOMMENDER_RESTING: _("Allowed, but the recommender had just failed and was not asked."),
}


_LEFT_OUT: dict[str, Any] = {
    LeftOut.IN_ORDER: _("Is in the order."),
    LeftOut.UNAVAILABLE: _("Cannot be bought now."),
    LeftOut.NOT_SIMILAR: _("Not similar to what was bought: needs a consent (UWG § 7(3) no. 2)."),
    LeftOut.NO_PRICE: _("Has no price."),
    LeftOut.LOWEST_PRICE_UNKNOWN: _("Is reduced, and the lowest price of the last 30 days is unknown (PAngV § 11)."),
}


def state_reason(code: str) -> str:
    """The sentence for a message's code; empty for none."""
    return str(_STATES.get(code, code))


def block_reason(code: str) -> str:
    """The sentence for a block's code."""
    return str(_BLOCKS.get(code, code))


def left_out_reason(code: str) -> str:
    """The sentence for a product that a block left out."""
    return str(_LEFT_OUT.get(code, code))
