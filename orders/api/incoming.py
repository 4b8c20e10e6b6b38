"""What a shop may send about an order, key by key."""

from __future__ import annotations

from rest_framework import serializers

from core.api.serializers import (
    AmountField,
    DayField,
    EmailAddressField,
    MomentField,
    StrictCharField,
    StrictSerializer,
    TaxRateField,
    WholeNumberField,
)
from customers.actions.profiles import Person
from orders.actions.incoming import MAX_LINES, LineData, Notice, OrderData

MAX_UNITS = 1_000_000
MAX_VERSION = 2**31 - 1


class CustomerInput(StrictSerializer):
    """Who ordered. Without any of the three identities the order is a guest's."""

    external_id = StrictCharField(
        max_length=320, allow_blank=True, default="", help_text="The shop's own id; it decides who this is."
    )
    email = EmailAddressField(allow_blank=True, default="")
    phone = serializers.RegexField(
        r"^\+[0-9]([ ()/.-]?[0-9]){6,14}\Z",
        allow_blank=True,
        default="",
        help_text="In international form, e.g. +49 30 123456.",
    )
    first_name = StrictCharField(max_length=120, allow_blank=True, default="")
    last_name = StrictCharField(max_length=120, allow_blank=True, default="")
    locale = serializers.RegexField(
        r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z",
        max_length=10,
        allow_blank=True,
        default="",
        help_text="BCP 47: de, en-GB.",
    )
    country = serializers.RegexField(
        r"^[A-Z]{2}\Z", allow_blank=True, default="", help_text="ISO 3166-1 alpha-2: DE, AT."
    )


class NoticeInput(StrictSerializer):
    """The advertising notice that the checkout showed beside the e-mail field."""

    version = StrictCharField(max_length=40)
    shown_at = MomentField()


class LineInput(StrictSerializer):
    """Some units of one product."""

    sku = StrictCharField(max_length=64)
    quantity = WholeNumberField(min_value=1, max_value=MAX_UNITS)
    unit_price = AmountField(help_text="Gross.")
    discount = AmountField(default=0, help_text="On the whole line.")
    tax_rate = TaxRateField()
    title = StrictCharField(
        max_length=300, allow_blank=True, default="", help_text="Shown where the catalogue does not know the SKU."
    )


class OrderInput(StrictSerializer):
    """A whole order; amounts are gross minor units."""

    number = StrictCharField(max_length=64)
    version = WholeNumberField(
        min_value=1, max_value=MAX_VERSION, default=1, help_text="Count up with every change: an older one is ignored."
    )
    placed_at = MomentField()
    currency = StrictCharField(min_length=3, max_length=3, help_text="The shop's currency.")
    customer = CustomerInput(allow_null=True, default=None)
    marketing_notice = NoticeInput(allow_null=True, default=None)
    lines = serializers.ListField(child=LineInput(), min_length=1, max_length=MAX_LINES)
    shipping = AmountField(default=0)
    discount = AmountField(default=0, help_text="On the whole order, beside the lines' own.")
    total = AmountField(help_text="Σ (quantity × unit_price − discount) + shipping − discount; checked.")
    payment_method = StrictCharField(max_length=40, allow_blank=True, default="")
    coupon_codes = serializers.ListField(child=StrictCharField(max_length=64), max_length=50, default=list)
    promised_delivery_on = DayField(allow_null=True, default=None)

    def order(self) -> OrderData:
        """The validated order."""
        valid = dict(self.validated_data)
        customer, notice = valid.pop("customer"), valid.pop("marketing_notice")
        return OrderData(
            **valid | {"lines": [LineData(**line) for line in valid["lines"]]},
            customer=Person(**customer) if customer else None,
            marketing_notice=Notice(**notice) if notice else None,
        )


ORDER_EXAMPLE = {
    "number": "A-1001",
    "version": 1,
    "placed_at": "2026-11-20T10:00:00Z",
    "currency": "EUR",
    "customer": {
        "external_id": "c-1",
        "email": "ada@example.org",
        "first_name": "Ada",
        "last_name": "Muster",
        "locale": "de",
        "country": "DE",
    },
    "marketing_notice": {"version": "2026-01", "shown_at": "2026-11-20T09:58:00Z"},
    "lines": [{"sku": "84029E", "quantity": 2, "unit_price": 1999, "discount": 0, "tax_rate": "0.19"}],
    "shipping": 499,
    "discount": 0,
    "total": 4497,
    "payment_method": "invoice",
    "coupon_codes": [],
    "promised_delivery_on": "2026-11-25",
}
