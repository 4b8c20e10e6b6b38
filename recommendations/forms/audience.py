"""For which product an audience is wanted, and how it may be reached."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.forms import KitForm
from core.measuring.holdout import MOST_PERCENT
from customers.models import Channel
from merchants.models import Merchant
from recommendations.audiences import CHANNELS, MOST_PEOPLE


class AudienceForm(KitForm):
    """Of the merchant's products only."""

    marks_optional = False

    product = forms.CharField(label=_("Product"), max_length=64, help_text=_("The SKU."))
    channel = forms.ChoiceField(
        label=_("Channel"), choices=[(channel, Channel(channel).label) for channel in CHANNELS], initial=Channel.EMAIL
    )
    limit = forms.IntegerField(label=_("People at most"), min_value=1, max_value=MOST_PEOPLE, initial=500)
    control = forms.IntegerField(
        label=_("Left out, in per cent"),
        min_value=0,
        max_value=MOST_PERCENT,
        initial=10,
        help_text=_("By chance, so that you learn what writing to the others earns."),
    )

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._merchant = merchant

    def clean_product(self) -> Product:
        products = Product.objects.for_merchant(self._merchant).select_related("merchant")
        product: Product | None = products.filter(sku=self.cleaned_data["product"].strip()).first()
        if product is None:
            raise forms.ValidationError(_("There is no product with this SKU."), code="unknown")
        return product
