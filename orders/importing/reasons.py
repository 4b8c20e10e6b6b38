"""Why a row of a file could not become a fact: a stable code, a label, and a sentence for people.

``column`` and ``value`` are what the row holds. The sentence is stored in the language of the shop; the label is what
screens sum up by, in the reader's language.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.importing.reasons import REASONS as GENERAL
from core.importing.reasons import Reason, label
from core.importing.reasons import explain as explained

REASONS: dict[str, Reason] = {
    **GENERAL,
    # What a single value can be wrong about.
    "bad_amount": Reason(_("No amount"), _("%(column)s is “%(value)s”, which is no amount such as 19.99.")),
    "bad_number": Reason(_("No number"), _("%(column)s is “%(value)s”, which is no whole number within reason.")),
    "bad_rate": Reason(
        _("No tax rate"), _("%(column)s is “%(value)s”, which is no rate between 0 and 1, such as 0.19.")
    ),
    "bad_day": Reason(_("No day"), _("%(column)s is “%(value)s”, which is no day such as 2026-11-25.")),
    # What an order can be wrong about.
    "order_incomplete": Reason(
        _("Another row of the order was rejected"), _("Another row of this order could not be read: line %(value)s.")
    ),
    "order_contradicts": Reason(
        _("Rows of the order contradict each other"), _("The rows of this order differ in %(value)s.")
    ),
    "rows_apart": Reason(
        _("Rows of the order stand apart"),
        _("Rows of one order must follow each other; others of this order came earlier."),
    ),
    "too_many_lines": Reason(_("Too many lines"), _("The order has too many lines: %(value)s.")),
    "currency_not_supported": Reason(
        _("Another currency"), _("The order is in %(value)s, which is not the currency of this shop.")
    ),
    "discount_exceeds_line": Reason(
        _("The discount exceeds the line"), _("The discount is more than the line costs: %(value)s.")
    ),
    "discount_exceeds_order": Reason(
        _("The discount exceeds the order"), _("The discount is more than the order costs: %(value)s.")
    ),
    "absurd_amount": Reason(_("Beyond reason"), _("The amounts of this order are beyond reason.")),
    "total_mismatch": Reason(
        _("The total does not add up"), _("Lines, shipping and discount add up differently: %(value)s.")
    ),
    "notice_incomplete": Reason(
        _("Half a marketing notice"),
        _("A marketing notice needs its version, the time it was shown and an e-mail address."),
    ),
    "refund_exceeds_order": Reason(
        _("The refund exceeds the order"), _("More was refunded than the order cost: %(value)s.")
    ),
    "newer_version_refused": Reason(
        _("A newer version was refused"), _("The newer version could not replace the stored order: %(value)s")
    ),
    # What the bookkeeping of a shop holds besides sales.
    "unknown_invoice": Reason(
        _("Neither sale nor cancellation"), _("The invoice “%(value)s” is neither a sale nor a cancellation.")
    ),
    "adjustment": Reason(_("Correction in the books"), _("A correction in the books, not a sale.")),
    "manual_entry": Reason(_("Amount entered by hand"), _("An amount entered by hand, not a product.")),
    "fee": Reason(_("Fee"), _("A fee, not a product.")),
    "sample": Reason(_("Samples"), _("Samples, not a sale.")),
    "stock_movement": Reason(_("Movement of stock"), _("A movement of stock, not a sale.")),
    "no_price": Reason(_("No price"), _("No price: stock was moved, nothing was sold.")),
    "shipping_without_goods": Reason(_("Shipping without goods"), _("Shipping without any goods in the order.")),
    "shipping_credit": Reason(_("Credited shipping"), _("Shipping credited: no units came back.")),
    "discount_without_order": Reason(
        _("Discount without order"), _("A discount that belongs to no order of the day before.")
    ),
    "return_without_units": Reason(_("Cancellation without units"), _("A cancellation without units or price.")),
    "return_by_guest": Reason(
        _("Return by a guest"),
        _("A return by a guest: there is no customer whose order it could belong to."),
    ),
    "return_without_sale": Reason(
        _("Return without sale"),
        _("No earlier order of this customer has this product with units left to return."),
    ),
    "return_partly_matched": Reason(
        _("Return found in part"),
        _("Only part of the units belong to earlier orders of this customer: %(value)s."),
    ),
}


def explain(code: str, *, column: str, value: str) -> str:
    """The sentence for a rejected row, in the active language."""
    return explained(REASONS, code, column=column, value=value)


def reason_label(code: str) -> str:
    """What a code is called; an unknown one stays itself."""
    return label(REASONS, code)
