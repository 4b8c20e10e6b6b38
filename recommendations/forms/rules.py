"""A rule: which fields it has depends on what it does."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product
from core.forms import KitForm, in_currency
from core.money import MAX_AMOUNT, to_major, to_minor
from merchants.models import Merchant
from recommendations.engines.steering import LEAST_FACTOR, MOST_FACTOR
from recommendations.models import Placement, Rule
from recommendations.models.rules import MOST_SLOTS
from recommendations.steering.segments import segment_choices

Action, Target = Rule.Action, Rule.Target
MOST_PRODUCTS = 100
# Of a price, cents included: what has more is no number that could be reckoned with.
DIGITS = 20
_TARGETED = ("target", "products", "category", "price_from", "price_to", "days")
FIELDS: dict[str, tuple[str, ...]] = {
    Action.PIN: ("products", "slot"),
    Action.BOOST: ("factor", *_TARGETED),
    Action.BURY: _TARGETED,
    Action.EXCLUDE: _TARGETED,
    Action.IN_STOCK: ("least_stock",),
    Action.PRICE_BAND: ("price_from", "price_to"),
    Action.CATEGORY_CAP: ("most", "category"),
}
COMMON_BEFORE, COMMON_AFTER = ("name",), ("placements", "segment", "starts_on", "ends_on", "is_active", "seen")
# Which fields each target needs.
OF_TARGET = {
    Target.PRODUCTS: ("products",),
    Target.CATEGORY: ("category",),
    Target.PRICE: ("price_from", "price_to"),
    Target.NEW: ("days",),
    Target.MARGIN: (),
}


class RuleForm(KitForm):
    """``seen`` carries when the rule had last changed as the page was shown, so that a stale edit is noticed."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("For your colleagues; nobody else sees it."))
    factor = forms.DecimalField(
        label=_("Factor"),
        min_value=Decimal(str(LEAST_FACTOR)),
        max_value=Decimal(str(MOST_FACTOR)),
        max_digits=3,
        decimal_places=2,
        initial=Decimal(2),
        help_text=_("From 0.2 to 5. Above 1 moves up, below 1 moves down."),
    )
    target = forms.ChoiceField(label=_("Which products"))
    products = forms.CharField(
        label=_("Products"), max_length=7000, required=False, help_text=_("SKUs, separated by commas.")
    )
    category = forms.ModelChoiceField(
        Category.objects.none(), label=_("Category"), required=False, help_text=_("With the categories inside it.")
    )
    price_from = forms.DecimalField(
        label=_("Price from"), min_value=0, max_digits=DIGITS, decimal_places=2, required=False
    )
    price_to = forms.DecimalField(label=_("Price to"), min_value=0, max_digits=DIGITS, decimal_places=2, required=False)
    days = forms.IntegerField(label=_("Added in the last days"), min_value=1, max_value=730, required=False)
    slot = forms.IntegerField(
        label=_("Place"), min_value=1, max_value=MOST_SLOTS, initial=1, help_text=_("1 is the first.")
    )
    most = forms.IntegerField(label=_("At most"), min_value=1, max_value=50, initial=2)
    least_stock = forms.IntegerField(
        label=_("Units in stock"),
        min_value=1,
        max_value=1_000_000,
        initial=5,
        help_text=_("Products whose stock is not counted stay."),
    )
    placements = forms.MultipleChoiceField(
        label=_("Where"),
        choices=Placement.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: everywhere."),
    )
    segment = forms.ChoiceField(label=_("For whom"), required=False)
    starts_on = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    ends_on = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    is_active = forms.BooleanField(label=_("Active"), required=False, initial=True)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, data: Any = None, *, merchant: Merchant, rule: Rule) -> None:
        self.merchant, self.rule = merchant, rule
        super().__init__(data, initial=self._initial() if rule.pk else None)
        wanted = [*COMMON_BEFORE, *FIELDS[rule.action], *COMMON_AFTER]
        self.fields = {name: self.fields[name] for name in wanted}
        self.fields["segment"].choices = [("", _("Everybody")), *segment_choices()]  # type: ignore[attr-defined]
        if "target" in self.fields:
            targets = [choice for choice in Target.choices if choice[0] != Target.MARGIN or rule.action == Action.BOOST]
            self.fields["target"].choices = targets  # type: ignore[attr-defined]
        if "category" in self.fields:
            rows = Category.objects.for_merchant(merchant).order_by("path")
            self.fields["category"].queryset = rows  # type: ignore[attr-defined]
            if rule.action == Action.CATEGORY_CAP:
                self.fields["category"].empty_label = _("Each category by itself")  # type: ignore[attr-defined]
        if rule.action == Action.PIN:
            self.fields["products"].required = True
        for name in {"price_from", "price_to"} & set(self.fields):
            in_currency(self.fields[name], merchant.currency)

    def _initial(self) -> dict[str, Any]:
        rule = self.rule
        skus = dict(
            Product.objects.for_merchant(self.merchant).filter(pk__in=rule.product_ids).values_list("pk", "sku")
        )
        return {
            "name": rule.name,
            "factor": rule.factor,
            "target": rule.target,
            "products": ", ".join(skus[pk] for pk in rule.product_ids if pk in skus),
            "category": rule.category_id,
            "price_from": self._major(rule.price_from),
            "price_to": self._major(rule.price_to),
            "days": rule.days,
            "slot": rule.slot,
            "most": rule.most,
            "least_stock": rule.least_stock,
            "placements": rule.placements,
            "segment": f"{rule.segment_kind}:{rule.segment_value}" if rule.segment_kind else "",
            "starts_on": rule.starts_on,
            "ends_on": rule.ends_on,
            "is_active": rule.is_active,
            "seen": rule.updated_at.isoformat(),
        }

    def _major(self, amount: int | None) -> Decimal | None:
        return None if amount is None else to_major(amount, self.merchant.currency)

    def clean_products(self) -> list[int]:
        skus = list(dict.fromkeys(sku for part in self.cleaned_data["products"].split(",") if (sku := part.strip())))
        if len(skus) > MOST_PRODUCTS:
            raise forms.ValidationError(
                _("A rule names %(most)s products at most."), code="too_many", params={"most": MOST_PRODUCTS}
            )
        known = dict(Product.objects.for_merchant(self.merchant).filter(sku__in=skus).values_list("sku", "pk"))
        if unknown := [sku for sku in skus if sku not in known]:
            raise forms.ValidationError(
                _("There is no product with the SKU %(sku)s."), code="unknown", params={"sku": unknown[0]}
            )
        return [known[sku] for sku in skus]

    def clean_price_from(self) -> int | None:
        return self._minor("price_from")

    def clean_price_to(self) -> int | None:
        return self._minor("price_to")

    def _minor(self, name: str) -> int | None:
        given = self.cleaned_data[name]
        if given is None:
            return None
        amount = to_minor(given, self.merchant.currency)
        if amount > MAX_AMOUNT:
            raise forms.ValidationError(_("This amount is too large."), code="too_large")
        return amount

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        self._require_target(given)
        low, high = given.get("price_from"), given.get("price_to")
        if low is not None and high is not None and low > high:
            self.add_error("price_to", _("This is less than where the range begins."))
        starts, ends = given.get("starts_on"), given.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("This is before the beginning."))
        return given

    def _require_target(self, given: dict[str, Any]) -> None:
        """What the chosen kind of products needs to be told."""
        needs_price = self.rule.action == Action.PRICE_BAND or given.get("target") == Target.PRICE
        if needs_price and not self.errors and given.get("price_from") is None and given.get("price_to") is None:
            self.add_error("price_from", _("Say where the range begins or ends."))
        required: dict[str, str] = {Target.PRODUCTS: "products", Target.CATEGORY: "category", Target.NEW: "days"}
        name = required.get(given.get("target", ""))
        if name and name not in self.errors and not given.get(name):
            self.add_error(name, _("This field is required."))

    @property
    def seen_at(self) -> datetime | None:
        try:
            return parse_datetime(self.cleaned_data.get("seen", ""))
        except ValueError:
            return None

    def filled(self) -> Rule:
        """The rule as the valid form says it; what does not belong to its kind is emptied."""
        given, rule = self.cleaned_data, self.rule
        target = given.get("target", "")
        own = set(FIELDS[rule.action]) - {"target"}
        if target:
            own -= {name for names in OF_TARGET.values() for name in names} - set(OF_TARGET[Target(target)])
        rule.name, rule.target = given["name"], target
        rule.product_ids = given.get("products", []) if "products" in own else []
        rule.category = given.get("category") if "category" in own else None
        rule.factor = float(given["factor"]) if "factor" in own else None
        for name in ("price_from", "price_to", "days", "slot", "most", "least_stock"):
            setattr(rule, name, given.get(name) if name in own else None)
        rule.placements = given["placements"] if len(given["placements"]) < len(Placement.values) else []
        rule.segment_kind, _colon, rule.segment_value = given["segment"].partition(":")
        rule.starts_on, rule.ends_on, rule.is_active = given["starts_on"], given["ends_on"], given["is_active"]
        return rule
