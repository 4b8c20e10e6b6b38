"""Carts as a storefront sends them, and decisions as it gets them."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from core.api.serializers import (
    AmountField,
    MomentField,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
    WholeNumberField,
)
from core.errors import InvalidInput
from merchants.models import Merchant
from orders.models import Order
from promotions.deciding import Basket
from promotions.pricing.cart import MOST_UNITS

MAX_LINES, MAX_CODES = 500, 50
_PERCENT = re.compile(r"(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)\Z")


class PercentField(StrictCharField):
    """A percentage as a decimal string of two places at most: ``"19"``, ``"12.5"``."""

    default_error_messages = {"no_percent": "A percentage is a text such as “19” or “12.5”, of 100 at most."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _PERCENT.match(text):
            self.fail("no_percent")
        return text


class ShopperInput(StrictSerializer):
    """Whose cart it is; what a promotion asks about them comes from their profile."""

    id = StrictCharField(max_length=200, default="", allow_blank=True, help_text="The shop's own id of the customer.")
    email = StrictCharField(max_length=320, default="", allow_blank=True, help_text="Where there is no id.")
    ip = serializers.IPAddressField(
        default="",
        allow_blank=True,
        help_text="Their address in the network: who guesses codes is stopped by it. A digest is kept for a day.",
    )


class CartLineInput(StrictSerializer):
    """Some units of one product. What is left out is as in the catalogue."""

    id = StrictCharField(max_length=200, required=False, help_text="Left out: the line's number, from 1.")
    sku = StrictCharField(max_length=64)
    quantity = WholeNumberField(min_value=1, max_value=MOST_UNITS)
    unit_price = AmountField(required=False)
    list_price = AmountField(required=False, help_text="The price it is reduced from.")
    tax_rate = PercentField(required=False)
    categories = serializers.ListField(
        child=StrictCharField(max_length=200), max_length=20, required=False, help_text="Paths: “Outdoor › Tents”."
    )
    brand = StrictCharField(max_length=200, allow_blank=True, required=False)
    tags = serializers.ListField(child=StrictCharField(max_length=200), max_length=50, required=False)


class CartInput(StrictSerializer):
    """A cart; amounts are minor units."""

    lines = serializers.ListField(child=CartLineInput(), max_length=MAX_LINES)
    codes = serializers.ListField(child=StrictCharField(max_length=64), max_length=MAX_CODES, default=list)
    shopper = ShopperInput(required=False)
    currency = StrictCharField(min_length=3, max_length=3, required=False, help_text="The shop's.")
    shipping = AmountField(required=False)
    shipping_method = StrictCharField(max_length=200, allow_blank=True, required=False)
    shipping_tax_rate = PercentField(required=False)
    channel = StrictCharField(max_length=200, allow_blank=True, required=False, help_text=f"E.g. {Order.Channel.WEB}.")
    payment_method = StrictCharField(max_length=200, allow_blank=True, required=False)
    country = serializers.RegexField(r"^[A-Z]{2}\Z", allow_blank=True, required=False)
    prices_include_tax = StrictBooleanField(required=False)

    def basket(self, merchant: Merchant) -> Basket:
        """The validated cart."""
        return basket_of(dict(self.validated_data), merchant)


def basket_of(valid: dict[str, Any], merchant: Merchant) -> Basket:
    """A validated cart. Raises InvalidInput for another currency than the shop's."""
    lines, codes = [dict(line) for line in valid.pop("lines")], valid.pop("codes")
    shopper = valid.pop("shopper", None) or {"id": "", "email": "", "ip": ""}
    if valid.setdefault("currency", merchant.currency) != merchant.currency:
        raise InvalidInput("currency_not_supported", f"This shop sells in {merchant.currency}.", field="currency")
    return Basket(
        lines=lines, codes=codes, facts=valid, external_id=shopper["id"], email=shopper["email"], ip=shopper["ip"]
    )


class EvaluateInput(CartInput):
    """A cart, and when it is decided on."""

    at = MomentField(required=False, help_text="Now, where left out; another moment tries what will hold then.")


# --- decisions -------------------------------------------------------------------------------------------------------


class TaxedOutput(serializers.Serializer[Any]):
    """An amount before and after; `total` is in the cart's price basis."""

    original = serializers.IntegerField()
    discount = serializers.IntegerField()
    total = serializers.IntegerField()
    net = serializers.IntegerField()
    tax = serializers.IntegerField()
    gross = serializers.IntegerField()


class DecidedLineOutput(TaxedOutput):
    """What a line costs in the end, and each of its units."""

    id = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    units = serializers.ListField(child=serializers.IntegerField())


class GiftOutput(serializers.Serializer[Any]):
    """A product that comes along."""

    sku = serializers.CharField()
    quantity = serializers.IntegerField()


class EvaluatedLineOutput(DecidedLineOutput):
    """Likewise, with what a reduction of the product's price has to be measured by."""

    lowest_price_30_days = serializers.IntegerField(
        allow_null=True,
        help_text="Of one unit, where its price is reduced for everybody: the lowest of the 30 days before.",
    )


class ApplicationOutput(serializers.Serializer[Any]):
    """What one promotion took off; `lines` by line id."""

    promotion = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    lane = serializers.CharField()
    amount = serializers.IntegerField()
    lines = serializers.DictField(child=serializers.IntegerField())
    shipping = serializers.IntegerField()
    gifts = GiftOutput(many=True)
    points = serializers.IntegerField()
    returns = serializers.ChoiceField(choices=["keep", "prorate", "clawback"])


class RefusedCodeOutput(serializers.Serializer[Any]):
    """A code that cannot be used, and why."""

    code = serializers.CharField()
    reason = serializers.ChoiceField(
        choices=["unknown", "used", "not_yet", "expired", "revoked", "one_of_a_batch", "used_up", "not_active"],
        help_text="`used_up`: its promotion has nothing left; `not_active`: none of its promotions runs now.",
    )


class CodesOutput(serializers.Serializer[Any]):
    """`pending`: it stays on the cart and applies as soon as the cart qualifies."""

    applied = serializers.ListField(child=serializers.CharField())
    pending = serializers.ListField(child=serializers.CharField())
    unknown = serializers.ListField(child=serializers.CharField())
    refused = RefusedCodeOutput(many=True)


class MissingOutput(serializers.Serializer[Any]):
    """A condition that is not met: so much more (`missing`) of a selection (`of`), or another value."""

    kind = serializers.CharField()
    missing = serializers.IntegerField(allow_null=True)
    of = serializers.JSONField(allow_null=True)
    wanted = serializers.JSONField(allow_null=True)


class ExplanationOutput(serializers.Serializer[Any]):
    """What became of a promotion that could have applied."""

    promotion = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=["applied", "not_met", "nothing_to_give", "outbid"])
    missing = MissingOutput(many=True)
    would_save = serializers.IntegerField(allow_null=True)
    outbid_by = serializers.ListField(child=serializers.CharField())


class UsedUpOutput(serializers.Serializer[Any]):
    """A promotion that could have applied, but for its limit."""

    promotion = serializers.CharField()
    status = serializers.ChoiceField(choices=["used_up"])
    limit = serializers.ChoiceField(choices=["uses", "budget", "period", "customer", "customer_unknown"])


@extend_schema_serializer(component_name="Decision")
class DecisionOutput(serializers.Serializer[Any]):
    """One object for shopper, support and auditor."""

    currency = serializers.CharField()
    total = serializers.IntegerField(help_text="To pay for lines and shipping.")
    discount = serializers.IntegerField()
    lines = DecidedLineOutput(many=True)
    shipping = TaxedOutput()
    applications = ApplicationOutput(many=True)
    gifts = GiftOutput(many=True)
    points = serializers.IntegerField()
    codes = CodesOutput()
    explanations = ExplanationOutput(many=True)
    used_up = UsedUpOutput(many=True)
    held_out = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Promotions that this person does not get, so that their effect can be measured. For staff.",
    )
    search_was_bounded = serializers.BooleanField()


@extend_schema_serializer(component_name="Evaluation")
class EvaluationOutput(DecisionOutput):
    """A decision as it is shown to the shopper."""

    lines = EvaluatedLineOutput(many=True)
