"""What the columns of our own CSV mean: for the upload page, and checked against docs/importing.md."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Described(NamedTuple):
    name: str
    meaning: Any
    example: str


COLUMNS = [
    Described("order_number", _("The shop's number of the order; rows of one order follow each other."), "A-1001"),
    Described("placed_at", _("When it was placed; without an offset in the shop's time zone."), "2026-11-20T10:00:00Z"),
    Described("currency", _("The shop's currency."), "EUR"),
    Described("total", _("What was to pay: lines, plus shipping, less the discount."), "44.97"),
    Described("sku", _("The product's number."), "84029E"),
    Described("quantity", _("Units."), "2"),
    Described("unit_price", _("Price of one unit, tax included."), "19.99"),
    Described("tax_rate", _("The rate of the tax that the price includes."), "0.19"),
    Described("title", _("The product's title at the time."), "Bottle 0.5 l"),
    Described("line_discount", _("Discount on the whole line."), "0.00"),
    Described("order_version", _("A higher version replaces a stored order; 1 if left out."), "1"),
    Described("shipping", _("Shipping, tax included."), "4.99"),
    Described("order_discount", _("Discount on the whole order, besides those of its lines."), "0.00"),
    Described("refunded", _("What was paid back of the order."), "0.00"),
    Described("payment_method", _("How it was paid."), "invoice"),
    Described("coupon_codes", _("Codes that were used, with blanks or | between them."), "SPRING FRIEND"),
    Described("promised_delivery_on", _("The day the shop promised."), "2026-11-25"),
    Described("shipped_at", _("When the order left."), "2026-11-21T08:00:00Z"),
    Described("delivered_at", _("When it arrived."), "2026-11-23T14:00:00Z"),
    Described("cancelled_at", _("When the whole order was cancelled."), ""),
    Described("customer_id", _("The shop's number of the customer; empty for a guest."), "c-1"),
    Described("email", _("The e-mail address that came with the order."), "ada@example.org"),
    Described("first_name", _("First name."), "Ada"),
    Described("last_name", _("Last name."), "Lovelace"),
    Described("locale", _("The customer's language."), "de"),
    Described("country", _("The country of delivery, two letters."), "DE"),
    Described("notice_version", _("The version of the marketing notice that the checkout showed."), "2026-01"),
    Described(
        "notice_shown_at", _("When it was shown; both, or no advertising may rest on it."), "2026-11-20T09:59:00Z"
    ),
]
