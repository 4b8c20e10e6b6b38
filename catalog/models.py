"""What is sold: products, their category tree, and what they cost when."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet


class Category(MerchantModel):
    """A node of the category tree; ``path`` is the names from the root, e.g. ``Outdoor › Tents``."""

    SEPARATOR = " › "

    parent = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent category"),
    )
    name = models.CharField(_("name"), max_length=100)
    path = models.CharField(_("path"), max_length=500)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["merchant", "path"], name="category_path_once")]
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.path


class ProductQuerySet(MerchantQuerySet["Product"]):
    def available(self) -> Self:
        """What a customer could buy now: active and, where stock is counted, in stock."""
        return self.filter(active=True).filter(Q(stock=None) | Q(stock__gt=0))

    def search(self, text: str) -> Self:
        """Products whose title or SKU contains every word of ``text``."""
        found = self
        for word in text.split():
            found = found.filter(Q(title__icontains=word) | Q(sku__icontains=word))
        return found


class Product(MerchantModel):
    """What is sold; known outside by its SKU. Amounts are gross, in minor units of the merchant's currency."""

    class Source(models.TextChoices):
        CATALOG = "catalog", _("catalog")
        ORDERS = "orders", _("only known from orders")

    sku = models.CharField(_("SKU"), max_length=64)
    title = models.CharField(_("title"), max_length=300)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="products", verbose_name=_("category")
    )
    brand = models.CharField(_("brand"), max_length=120, blank=True)
    price = models.BigIntegerField(_("price"), validators=[MinValueValidator(0)])
    list_price = models.BigIntegerField(
        _("list price"), null=True, blank=True, help_text=_("The price it is reduced from, if it is.")
    )
    cost = models.BigIntegerField(
        _("cost"), null=True, blank=True, help_text=_("What one unit costs the merchant, net.")
    )
    tax_rate = models.DecimalField(
        _("tax rate"),
        max_digits=5,
        decimal_places=4,
        default=Decimal("0.19"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    stock = models.IntegerField(_("stock"), null=True, blank=True, help_text=_("Empty: not counted."))
    url = models.URLField(_("address in the shop"), max_length=500, blank=True)
    image_url = models.URLField(_("image address"), max_length=500, blank=True)
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    active = models.BooleanField(_("active"), default=True)
    source = models.CharField(_("source"), max_length=8, choices=Source.choices, default=Source.CATALOG)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects: ClassVar = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "sku"], name="product_sku_once"),
            models.CheckConstraint(condition=Q(price__gte=0), name="product_price_not_negative"),
        ]
        indexes = [
            models.Index(fields=["merchant", "title", "id"], name="product_by_title"),
            models.Index(fields=["merchant", "-updated_at"], name="product_changed"),
            # A search judges thousands of products by these; from the table it would read their descriptions as well.
            models.Index(
                fields=["id"],
                include=["active", "stock", "price", "list_price", "category", "brand", "created_at"],
                name="product_facts",
            ),
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="product_title_trgm"),
            GinIndex(OpClass(Upper("sku"), name="gin_trgm_ops"), name="product_sku_trgm"),
        ]
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return f"{self.title} ({self.sku})"

    @property
    def is_available(self) -> bool:
        return self.active and (self.stock is None or self.stock > 0)

    @property
    def is_reduced(self) -> bool:
        return self.list_price is not None and self.list_price > self.price


class PriceChange(MerchantModel):
    """The price history: what a product cost from ``valid_from`` until the next row (PAngV § 11 asks for 30 days).

    Prices of the catalogue, and what promotions for everybody make of them while they hold.
    """

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="price_changes", verbose_name=_("product")
    )
    price = models.BigIntegerField(_("price"))
    list_price = models.BigIntegerField(_("list price"), null=True)
    is_promotion = models.BooleanField(
        _("by promotions"),
        default=False,
        help_text=_("Lowered for everybody by promotions; the catalogue's is higher."),
    )
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)

    class Meta:
        ordering = [F("valid_from").desc()]
        indexes = [models.Index(fields=["product", "-valid_from"], name="price_history")]
        verbose_name = _("price change")
        verbose_name_plural = _("price history")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.price}"
