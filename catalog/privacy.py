"""The catalogue says nothing about people."""

from django.utils.translation import gettext_lazy as _

from catalog.models import Category, PriceChange, Product
from core.privacy import nothing_personal

SOLD = _("What is sold says nothing about who buys.")

nothing_personal(Category, reason=SOLD, texts=["name", "path"])
nothing_personal(Product, reason=SOLD, texts=["sku", "title", "description", "brand", "url", "image_url", "tags"])
nothing_personal(PriceChange, reason=SOLD)
