"""What a shop may send about an order, key by key."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.api.serializers import (
    AmountField,
    DayField,
    EmailAddressField,
    MomentField,
    StrictCharField,
    StrictSerializer,
    TaxRateField,
    WebAddressField,
    WholeNumberField,
)
from customers.actions.profiles import Person
from orders.actions.cancellation import CancellationData
from orders.actions.incoming import MAX_LINES, LineData, Notice, OrderData
from orders.actions.payments import PaymentData
from orders.actions.returns import ReturnData, ReturnUnits
from orders.actions.shipments import ShipmentData, TrackingData
from orders.actions.units import Units
from orders.models import Order, TrackingEvent

MAX_UNITS = 1_000_000
MAX_VERSION = 2**31 - 1
MAX_EVENTS = 100
MAX_NOTICE = 2000


class BuyerInput(StrictSerializer):
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
    postal_code = StrictCharField(max_length=20, allow_blank=True, default="")
    city = StrictCharField(max_length=100, allow_blank=True, default="")


class NoticeInput(StrictSerializer):
    """The advertising notice that the checkout showed beside the e-mail field."""

    version = StrictCharField(max_length=40)
    shown_at = MomentField()
    text = StrictCharField(
        max_length=MAX_NOTICE, multiline=True, allow_blank=True, default="", help_text="Its words, kept as evidence."
    )


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
    customer = BuyerInput(allow_null=True, default=None)
    marketing_notice = NoticeInput(allow_null=True, default=None)
    lines = serializers.ListField(child=LineInput(), min_length=1, max_length=MAX_LINES)
    shipping = AmountField(default=0)
    discount = AmountField(default=0, help_text="On the whole order, beside the lines' own.")
    total = AmountField(help_text="Σ (quantity × unit_price − discount) + shipping − discount; checked.")
    payment_method = StrictCharField(max_length=40, allow_blank=True, default="")
    channel = serializers.ChoiceField(
        choices=Order.Channel.choices, default=Order.Channel.WEB, help_text="Where the person bought."
    )
    coupon_codes = serializers.ListField(child=StrictCharField(max_length=64), max_length=50, default=list)
    reservation = serializers.UUIDField(
        allow_null=True, default=None, help_text="The id of the reservation that holds the order's promotions."
    )
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


class UnitsInput(StrictSerializer):
    """Units of one line, named by `sku`, or by `position` where the SKU is on several lines."""

    sku = StrictCharField(max_length=64, default="")
    position = WholeNumberField(min_value=1, max_value=MAX_LINES, allow_null=True, default=None)
    quantity = WholeNumberField(min_value=1, max_value=MAX_UNITS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["sku"] and attrs["position"] is None:
            raise serializers.ValidationError("Name the line by sku or position.", code="unnamed_line")
        return attrs


class TrackingInput(StrictSerializer):
    """What the carrier said."""

    code = serializers.ChoiceField(choices=TrackingEvent.Code.choices)
    text = StrictCharField(max_length=300, allow_blank=True, default="")
    occurred_at = MomentField()


class ShipmentInput(StrictSerializer):
    """A parcel, new or with news: only `reference` is needed, what is left out stays as stored."""

    reference = StrictCharField(max_length=64, help_text="The shop's own id of the parcel.")
    carrier = StrictCharField(max_length=60, allow_blank=True, default="")
    tracking_number = StrictCharField(max_length=80, allow_blank=True, default="")
    tracking_url = WebAddressField(allow_blank=True, default="")
    shipped_at = MomentField(allow_null=True, default=None, help_text="Now, where left out of a new parcel.")
    expected_on = DayField(allow_null=True, default=None)
    lines = serializers.ListField(
        child=UnitsInput(),
        min_length=1,
        max_length=MAX_LINES,
        allow_null=True,
        default=None,
        help_text="What the parcel holds; left out: everything that is not shipped yet.",
    )
    events = serializers.ListField(child=TrackingInput(), max_length=MAX_EVENTS, default=list)

    def shipment(self) -> ShipmentData:
        """The validated parcel."""
        valid = dict(self.validated_data)
        lines, events = valid.pop("lines"), valid.pop("events")
        return ShipmentData(
            **valid,
            lines=[Units(**line) for line in lines] if lines else None,
            events=[TrackingData(**event) for event in events],
        )


class ReturnUnitsInput(UnitsInput):
    """Units that came back."""

    refund = AmountField(
        allow_null=True, default=None, help_text="For all these units; left out: exactly what they cost."
    )
    reason = StrictCharField(max_length=200, allow_blank=True, default="")


class ReturnInput(StrictSerializer):
    """Units that came back together."""

    reference = StrictCharField(max_length=64, help_text="The shop's own id of the return.")
    received_at = MomentField(allow_null=True, default=None, help_text="Now, where left out.")
    reason = StrictCharField(max_length=200, allow_blank=True, default="")
    lines = serializers.ListField(child=ReturnUnitsInput(), min_length=1, max_length=MAX_LINES)
    shipping_refund = AmountField(default=0, help_text="What is paid back of the shipping.")

    def returned(self) -> ReturnData:
        """The validated return."""
        valid = dict(self.validated_data)
        return ReturnData(**valid | {"lines": [ReturnUnits(**line) for line in valid["lines"]]})


class PaymentInput(StrictSerializer):
    """Money that came in."""

    reference = StrictCharField(max_length=64, help_text="The shop's own id of the payment.")
    amount = AmountField(min_value=1, help_text="Gross, in minor units; all payments together never exceed the total.")
    method = StrictCharField(max_length=40, allow_blank=True, default="", help_text="Left out: the order's own.")
    paid_at = MomentField(allow_null=True, default=None, help_text="Now, where left out.")
    due_on = DayField(allow_null=True, default=None, help_text="The last day on which it was to be paid.")

    def payment(self) -> PaymentData:
        """The validated payment."""
        return PaymentData(**self.validated_data)


class CancellationInput(StrictSerializer):
    """Without `lines` the whole order is cancelled."""

    reason = StrictCharField(max_length=200, allow_blank=True, default="")
    cancelled_at = MomentField(allow_null=True, default=None, help_text="Now, where left out.")
    lines = serializers.ListField(child=UnitsInput(), min_length=1, max_length=MAX_LINES, allow_null=True, default=None)

    def cancellation(self) -> CancellationData:
        """The validated cancellation."""
        valid = dict(self.validated_data)
        lines = valid.pop("lines")
        return CancellationData(**valid, lines=[Units(**line) for line in lines] if lines else None)
