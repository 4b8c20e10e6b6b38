"""The order confirmation in words: subject, HTML part and text part, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from campaigns.models import Message
from campaigns.offers import Offer
from campaigns.rendering.formats import Formats
from campaigns.rendering.letterhead import Rendered, greeting, legal_footer, plain_template
from campaigns.rendering.skeleton import skeleton
from core.money import to_major
from customers.rules.legal_basis import Basis
from merchants.models import Merchant
from orders.models import Order, OrderLine
from orders.payments import payment_name
from orders.pricing import included_taxes


@dataclass(frozen=True)
class Letter:
    """What a confirmation tells: the order and, where the gate allows it, offers with the basis they rest on."""

    message: Message
    order: Order
    lines: Sequence[OrderLine]
    merchant: Merchant
    objection_url: str
    preferences_url: str
    offers: Sequence[Offer] = ()
    basis: Basis = Basis.NONE


def render_confirmation(letter: Letter) -> Rendered:
    """Write the confirmation in its message's language. Pure but for reading templates once per process."""
    with translation.override(letter.message.language):
        context = _context(letter)
        html = skeleton("order_confirmation").render(Context(context))
        text = _text_template().render(Context(context, autoescape=False))
    return Rendered(context["subject"], html, text)


@cache
def _text_template() -> Template:
    return plain_template("order_confirmation")


@cache
def _withdrawal_template(language: str) -> Template:
    """A legal text is no catalogue of strings: it is written out in each language."""
    return plain_template(f"withdrawal_{language}")


def _context(letter: Letter) -> dict[str, Any]:
    order, formats = letter.order, Formats.of(letter.message.locale, letter.order.currency)
    total = formats.money(order.total)
    return {
        "language": letter.message.language,
        "merchant": letter.merchant,
        "order": order,
        "subject": _("Your order %(number)s at %(shop)s") % {"number": order.number, "shop": letter.merchant.name},
        "preview": _("We have received your order. Total: %(total)s") % {"total": total},
        "greeting": greeting(letter.message),
        "facts": _facts(order, letter.merchant, formats),
        "lines": [_line(line, formats) for line in letter.lines],
        "sums": _sums(order, letter.lines, formats),
        "total": total,
        "taxes": _taxes(order, letter.lines, formats),
        "offers": [_offer(offer, formats) for offer in letter.offers],
        "notice": _notice(letter),
        "objection_url": letter.objection_url,
        "preferences_url": letter.preferences_url,
        "withdrawal_title": _("Right of withdrawal"),
        "withdrawal": _withdrawal(letter),
        "footer": legal_footer(letter.merchant),
        "structured_data": structured_data(order, letter.lines, letter.merchant),
    }


def _facts(order: Order, merchant: Merchant, formats: Formats) -> list[tuple[str, str]]:
    placed = timezone.localtime(order.placed_at, merchant.tz).date()
    promised = order.promised_delivery_on
    facts = [
        (_("Order number"), order.number),
        (_("Ordered on"), formats.day(placed)),
        (_("Payment"), capfirst(payment_name(order.payment_method))),
        (_("Promised delivery"), formats.day(promised) if promised else ""),
        (_("Delivery to"), formats.country(order.country) if order.country else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _line(line: OrderLine, formats: Formats) -> dict[str, str]:
    return {
        "title": line.title,
        "quantity": formats.number(line.quantity),
        "unit_price": formats.money(line.unit_price),
        "discount": formats.money(line.discount) if line.discount else "",
        "total": formats.money(line.total),
    }


def _sums(order: Order, lines: Sequence[OrderLine], formats: Formats) -> list[tuple[str, str]]:
    sums = [(_("Subtotal"), formats.money(sum(line.total for line in lines)))]
    if order.discount:
        label = _("Discount")
        if order.coupon_codes:
            label = _("Discount (%(codes)s)") % {"codes": ", ".join(order.coupon_codes)}
        sums.append((label, formats.money(-order.discount)))
    sums.append((_("Shipping"), formats.money(order.shipping) if order.shipping else _("free")))
    return sums


def _taxes(order: Order, lines: Sequence[OrderLine], formats: Formats) -> list[tuple[str, str]]:
    taxes = included_taxes(lines, shipping=order.shipping, discount=order.discount)
    return [
        (_("Includes %(rate)s VAT") % {"rate": formats.percent(rate)}, formats.money(tax))
        for rate, tax in taxes.items()
        if rate
    ]


def _offer(offer: Offer, formats: Formats) -> dict[str, Any]:
    return {
        "title": offer.title,
        "url": offer.url,
        "image_url": offer.image_url,
        "columns": 1 if offer.image_url else 2,
        "reason": offer.reason,
        "price": formats.money(offer.price),
        "lowest_price": formats.money(offer.lowest_price) if offer.reduction else "",
        "reduction": formats.percent(offer.reduction) if offer.reduction else "",
    }


def _notice(letter: Letter) -> str:
    """Notice and free way to object, in the message itself (UWG § 7(3) no. 4)."""
    shop = {"shop": letter.merchant.name}
    if letter.basis == Basis.CONSENT:
        return (
            _("%(shop)s shows you these products because you agreed to it. You can take that back at any time.") % shop
        )
    return (
        _(
            "%(shop)s shows you products similar to those you bought. You can object to this use of your e-mail "
            "address at any time, at no cost other than that of transmitting it at basic rates."
        )
        % shop
    )


def _withdrawal(letter: Letter) -> list[str]:
    merchant = letter.merchant
    contact = [merchant.legal_name, merchant.street, f"{merchant.postal_code} {merchant.city}".strip()]
    contact += [merchant.contact_email, merchant.contact_phone]
    context = {"contact": "\n".join(filter(None, contact)), "number": letter.order.number}
    text = _withdrawal_template(letter.message.language).render(Context(context, autoescape=False))
    return [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]


def structured_data(order: Order, lines: Sequence[OrderLine], merchant: Merchant) -> SafeString:
    """schema.org ``Order`` as JSON-LD that cannot end its script element: ``<``, ``>`` and ``&`` are escaped."""
    seller = {"@type": "Organization", "name": merchant.name}
    document = {
        "@context": "https://schema.org",
        "@type": "Order",
        "orderNumber": order.number,
        "orderDate": order.placed_at.isoformat(),
        "orderStatus": "https://schema.org/OrderProcessing",
        "seller": seller,
        "merchant": seller,
        "priceCurrency": order.currency,
        "price": _major(order.total, order.currency),
        "acceptedOffer": [_accepted(line, order.currency) for line in lines],
    }
    text = json.dumps(document, ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return mark_safe(text)  # noqa: S308  # escaped for a script element in the line above


def _accepted(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "itemOffered": {"@type": "Product", "name": line.title, "sku": line.product.sku},
        "price": _major(line.unit_price, currency),
        "priceCurrency": currency,
        "eligibleQuantity": {"@type": "QuantitativeValue", "value": line.quantity},
    }


def _major(amount: int, currency: str) -> str:
    return str(to_major(amount, currency))
