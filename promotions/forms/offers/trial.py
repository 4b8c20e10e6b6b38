"""What a promotion is tried on: a past order, somebody's open basket, or a cart put together by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Product
from core.forms import KitForm
from customers.models import Customer
from orders.models import Order
from promotions.deciding import Basket
from promotions.forms.offers.fields import LocalMomentField, MoneyField, Suggested
from promotions.forms.offers.parts import Shop
from promotions.pricing.reading import UNWANTED
from promotions.trying import open_basket, past_basket

SOURCES = {
    "order": (gettext_lazy("A past order"), "shopping-bag"),
    "basket": (gettext_lazy("An open basket"), "basket"),
    "cart": (gettext_lazy("A cart by hand"), "pencil"),
}
SPARE, MOST_LINES, MOST_QUANTITY, MOST_CODES = 2, 100, 10_000, 50
Line = Mapping[str, Any]


class TrialForm(KitForm):
    """The question lives in the address; which fields it has depends on ``source``."""

    use_required_attribute = False
    marks_optional = False

    order = forms.CharField(label=gettext_lazy("Order number"), max_length=64, widget=Suggested("order"))
    customer = forms.CharField(
        label=gettext_lazy("Customer"),
        max_length=320,
        widget=Suggested("customer"),
        help_text=gettext_lazy("Customer number or e-mail address."),
    )
    codes = forms.CharField(
        label=gettext_lazy("Codes"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("With blanks between them."),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=Order.Channel.choices, required=False)
    country = forms.CharField(label=gettext_lazy("Country"), required=False, max_length=2, widget=Suggested("country"))
    payment_method = forms.CharField(
        label=gettext_lazy("Payment method"), required=False, max_length=40, widget=Suggested("payment_method")
    )
    at = LocalMomentField(label=gettext_lazy("When"), required=False)

    FIELDS = {
        "order": ("order", "codes"),
        "basket": ("customer", "codes", "at"),
        "cart": ("customer", "codes", "channel", "country", "payment_method", "shipping", "at"),
    }

    def __init__(self, data: QueryDict, *, shop: Shop) -> None:
        self.shop, self.sent = shop, data
        self.source = data.get("source", "") if data.get("source") in SOURCES else "order"
        super().__init__(data if self._is_asked(data) else None)
        self.fields["shipping"] = MoneyField(currency=shop.currency, label=_("Shipping"), required=False)
        self.fields = {name: self.fields[name] for name in self.FIELDS[self.source]}
        if self.source == "cart":
            self.fields["customer"].required = False
            self.fields["customer"].help_text = _("Customer number or e-mail address. Empty: a visitor nobody knows.")
        if self.source == "order":
            self.fields["codes"].help_text = _("Beside those of the order, with blanks between them.")
        if "at" in self.fields:
            self.fields["at"].help_text = _("In the shop's time: %(zone)s.") % {"zone": shop.merchant.time_zone}
        shop.suggest(self)

    def _is_asked(self, data: QueryDict) -> bool:
        names = ("sku", "customer") if self.source == "cart" else ("order", "customer")
        return any(text for name in names for text in data.getlist(name))

    # --- what was sent

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        """SKU and quantity as they were typed, with room for more."""
        skus, counts = self.sent.getlist("sku")[:MOST_LINES], self.sent.getlist("quantity")
        typed = [
            (UNWANTED.sub("", sku).strip(), (counts[at] if at < len(counts) else "") or "1")
            for at, sku in enumerate(skus)
        ]
        return [*(row for row in typed if row[0]), *[("", "")] * SPARE]

    def clean_order(self) -> Order:
        number = self.cleaned_data["order"].strip()
        rows = Order.objects.for_merchant(self.shop.merchant).select_related("customer", "merchant")
        order = rows.filter(number=number).first()
        if order is None:
            raise forms.ValidationError(_("There is no order with this number."), code="unknown")
        if not order.lines.exists():
            raise forms.ValidationError(_("This order has no lines."), code="empty")
        return order

    def clean_customer(self) -> Customer | None:
        given = self.cleaned_data["customer"].strip()
        if not given:
            return None
        known = Customer.objects.for_merchant(self.shop.merchant).present().select_related("kpis").with_identities()
        found = known.filter(
            identities__value__in={given, given.lower()}, identities__kind__in=["external_id", "email"]
        )
        if customer := found.order_by("pk").first():
            return customer
        raise forms.ValidationError(_("There is no customer with this number or address."), code="unknown")

    def clean_codes(self) -> list[str]:
        codes: list[str] = self.cleaned_data["codes"].split()
        if len(codes) > MOST_CODES:
            raise forms.ValidationError(_("%(most)s at most."), params={"most": MOST_CODES})
        return codes

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.source != "order" and not self.errors:
            self._read_lines(cleaned)
        return cleaned

    def _read_lines(self, cleaned: dict[str, Any]) -> None:
        customer = cleaned.get("customer")
        lines = self._typed_lines() if self.source == "cart" else open_basket(customer) if customer else []
        skus = {line["sku"] for line in lines}
        known = set(Product.objects.for_merchant(self.shop.merchant).filter(sku__in=skus).values_list("sku", flat=True))
        if self.source == "cart" and (unknown := sorted(skus - known)):
            self.add_error(None, _("There is no product with the SKU %(sku)s.") % {"sku": unknown[0]})
        cleaned["lines"] = [line for line in lines if line["sku"] in known]
        if not self.errors and not cleaned["lines"]:
            empty = {"basket": _("Nothing lies in this person's basket."), "cart": _("Put a product into the cart.")}
            self.add_error(None, empty[self.source])

    def _typed_lines(self) -> list[Line]:
        lines: list[Line] = []
        for sku, count in self.rows:
            if not sku:
                continue
            if not (count.isascii() and count.isdigit() and len(count) < 7 and 0 < int(count) <= MOST_QUANTITY):
                self.add_error(None, _("“%(count)s” is no quantity.") % {"count": count})
                continue
            lines.append({"sku": sku, "quantity": int(count)})
        return lines

    # --- what it comes to, of a valid form

    @property
    def moment(self) -> datetime:
        if self.source == "order":
            return self.cleaned_data["order"].placed_at  # type: ignore[no-any-return]
        return self.cleaned_data.get("at") or timezone.now()

    def basket(self) -> Basket:
        given = self.cleaned_data
        if self.source == "order":
            past = past_basket(given["order"])
            return replace(past, codes=[*past.codes, *given["codes"]])
        facts: dict[str, Any] = {"currency": self.shop.currency}
        for name in ("channel", "country", "payment_method", "shipping"):
            if given.get(name):
                facts[name] = given[name].upper() if name == "country" else given[name]
        return Basket(lines=given["lines"], codes=given["codes"], facts=facts, customer=given["customer"])
