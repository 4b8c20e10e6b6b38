"""Why a row of a file could not become a fact: a stable code, and a sentence for people.

``column`` and ``value`` are what the row holds. The sentence is stored in the language of the shop.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    # What a single value can be wrong about.
    "missing_value": _("%(column)s is empty."),
    "too_long": _("%(column)s is too long: “%(value)s”."),
    "control_character": _("%(column)s holds a character that no text has."),
    "bad_amount": _("%(column)s is “%(value)s”, which is no amount such as 19.99."),
    "bad_number": _("%(column)s is “%(value)s”, which is no whole number within reason."),
    "bad_rate": _("%(column)s is “%(value)s”, which is no rate between 0 and 1, such as 0.19."),
    "bad_time": _("%(column)s is “%(value)s”, which is no time such as 2026-11-20T10:00:00Z."),
    "bad_day": _("%(column)s is “%(value)s”, which is no day such as 2026-11-25."),
    "bad_email": _("%(column)s is “%(value)s”, which is no e-mail address."),
    "bad_country": _("%(column)s is “%(value)s”, which is no country code such as DE."),
    "in_future": _("%(column)s is “%(value)s”, which lies in the future."),
    "column_count": _("The row does not have as many values as there are columns: %(value)s."),
    # What an order can be wrong about.
    "order_incomplete": _("Another row of this order could not be read: line %(value)s."),
    "order_contradicts": _("The rows of this order differ in %(value)s."),
    "rows_apart": _("Rows of one order must follow each other; others of this order came earlier."),
    "too_many_lines": _("The order has too many lines: %(value)s."),
    "currency_not_supported": _("The order is in %(value)s, which is not the currency of this shop."),
    "discount_exceeds_line": _("The discount is more than the line costs: %(value)s."),
    "discount_exceeds_order": _("The discount is more than the order costs: %(value)s."),
    "absurd_amount": _("The amounts of this order are beyond reason."),
    "total_mismatch": _("Lines, shipping and discount add up differently: %(value)s."),
    "notice_incomplete": _("A marketing notice needs its version, the time it was shown and an e-mail address."),
    "refund_exceeds_order": _("More was refunded than the order cost: %(value)s."),
    "newer_version_refused": _("The newer version could not replace the stored order: %(value)s"),
    # What the bookkeeping of a shop holds besides sales.
    "unknown_invoice": _("“%(value)s” is neither a sale nor a cancellation."),
    "adjustment": _("A correction in the books, not a sale."),
    "manual_entry": _("An amount entered by hand, not a product."),
    "fee": _("A fee, not a product."),
    "sample": _("Samples, not a sale."),
    "stock_movement": _("A movement of stock, not a sale."),
    "no_price": _("No price: stock was moved, nothing was sold."),
    "shipping_without_goods": _("Shipping without any goods in the order."),
    "shipping_credit": _("Shipping credited: no units came back."),
    "discount_without_order": _("A discount that belongs to no order of the day before."),
    "return_without_units": _("A cancellation without units or price."),
    "return_by_guest": _("A return by a guest: there is no customer whose order it could belong to."),
    "return_without_sale": _("No earlier order of this customer has this product with units left to return."),
    "return_partly_matched": _("Only part of the units belong to earlier orders of this customer: %(value)s."),
}


def explain(code: str, *, column: str, value: str) -> str:
    """The sentence for a rejected row, in the active language."""
    return str(REASONS[code] % {"column": column, "value": value})[:300]
