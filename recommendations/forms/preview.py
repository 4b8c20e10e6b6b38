"""What staff ask the recommender."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product
from core.forms import KitForm
from customers.models import Customer
from merchants.models import Merchant
from recommendations.engines.request import BESIDE_PRODUCT
from recommendations.models import Placement


class PreviewForm(KitForm):
    """A placement, for a customer or a visitor, beside products or on a category's page."""

    placement = forms.ChoiceField(label=_("Where"), choices=Placement.choices, initial="home")
    customer = forms.CharField(
        label=_("Customer"),
        required=False,
        max_length=320,
        help_text=_("Customer number or e-mail address. Empty: a visitor nobody knows."),
    )
    skus = forms.CharField(
        label=_("Products"),
        required=False,
        max_length=2000,
        help_text=_("SKUs, separated by commas: the product that is looked at, or what lies in the basket."),
    )
    visitor = forms.CharField(
        label=_("Visitor"), required=False, max_length=255, help_text=_("The anonymous id that tracking sends.")
    )
    category = forms.ModelChoiceField(
        Category.objects.none(),
        label=_("Category"),
        required=False,
        empty_label=_("Every category"),
        to_field_name="path",
    )

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._merchant = merchant
        rows = Category.objects.for_merchant(merchant).order_by("path")
        self.fields["category"].queryset = rows  # type: ignore[attr-defined]  # a choice among rows has one

    def clean_customer(self) -> Customer | None:
        given = self.cleaned_data["customer"].strip()
        if not given:
            return None
        known = Customer.objects.for_merchant(self._merchant).with_identities()
        exact = known.filter(
            identities__value__in={given, given.lower()}, identities__kind__in=["external_id", "email"]
        )
        if customer := exact.order_by("pk").first():
            return customer
        raise forms.ValidationError(_("There is no customer with this number or address."), code="unknown")

    def clean_skus(self) -> list[str]:
        skus = [sku.strip() for sku in self.cleaned_data["skus"].split(",") if sku.strip()]
        known = set(Product.objects.for_merchant(self._merchant).filter(sku__in=skus).values_list("sku", flat=True))
        if unknown := [sku for sku in skus if sku not in known]:
            raise forms.ValidationError(
                _("There is no product with the SKU %(sku)s."), code="unknown", params={"sku": unknown[0]}
            )
        return skus

    def question(self) -> dict[str, Any]:
        """The validated form as arguments of ``explain``; without a basket it is what tracking knows of it."""
        valid = self.cleaned_data
        is_product_page = valid["placement"] in BESIDE_PRODUCT
        skus: list[str] = valid["skus"]
        return {
            "placement": valid["placement"],
            "customer_id": valid["customer"].pk if valid["customer"] else None,
            "anonymous_id": valid["visitor"],
            "product": skus[0] if is_product_page and skus else "",
            "basket": (skus[1:] if is_product_page else skus) or None,
            "category": valid["category"].path if valid["category"] else "",
        }
