"""Facts of commerce: what was bought, shipped, cancelled, returned, refunded.

Amounts are integers in minor units of the order's currency, prices are gross (tax included).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.models import MerchantModel, MerchantQuerySet
from customers.models import SEARCHED, Customer
from orders.payments import payment_name


class OrderQuerySet(MerchantQuerySet["Order"]):
    def counted(self) -> Self:
        """Orders that count as bought: all but wholly cancelled ones."""
        return self.exclude(state=Order.State.CANCELLED)

    def late(self, today: date) -> Self:
        """Promised for a day of the last 60 that is over, and neither delivered nor cancelled."""
        undone = self.filter(state__in=[Order.State.PLACED, Order.State.SHIPPED])
        return undone.filter(promised_delivery_on__lt=today, promised_delivery_on__gte=today - timedelta(days=60))

    def search(self, text: str) -> Self:
        """Orders whose number or e-mail address begins with ``text``, or whose customer's name holds its every word.

        Of more than a thousand the newest thousand: whoever finds that many, searches on. Narrow before searching.
        """
        text, by_name = text.strip(), self
        for word in text.split():
            by_name = by_name.filter(customer__search_name__contains=word.lower())
        by_key = self.filter(Q(number__istartswith=text) | Q(email__istartswith=text))
        # Numbers grow with time: walking back from the newest order would pass nearly all before the old ones that
        # begin alike. What no index sorts by leaves PostgreSQL only the indexes of numbers and addresses.
        newest_keys = by_key.order_by((F("placed_at") + timedelta(0)).desc()).values("pk")[:SEARCHED]
        newest_named = by_name.order_by("-placed_at", "-pk").values("pk")[:SEARCHED]
        # A union, because an "or" over two tables would read every order.
        return self.filter(pk__in=newest_keys.union(newest_named))


class Order(MerchantModel):
    """One order. ``version`` is the shop's own; an older one never overwrites a newer."""

    class State(models.TextChoices):
        PLACED = "placed", _("placed")
        SHIPPED = "shipped", _("shipped")
        DELIVERED = "delivered", _("delivered")
        CANCELLED = "cancelled", _("cancelled")

    class Source(models.TextChoices):
        API = "api", _("API")
        IMPORT = "import", _("import")
        DEMO = "demo", _("demo")

    class Channel(models.TextChoices):
        """Where the person bought."""

        WEB = "web", _("online shop")
        APP = "app", _("app")
        POS = "pos", _("till")
        CLIENTELING = "clienteling", _("sales person")
        SUPPORT = "support", _("customer service")
        SOCIAL = "social", _("social network")
        MARKETPLACE = "marketplace", _("marketplace")

    number = models.CharField(_("number"), max_length=64)
    version = models.PositiveIntegerField(_("version"), default=1)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        related_name="orders",
        verbose_name=_("customer"),
        help_text=_("Empty: a guest."),
    )
    # The address the order came with; a later change of the profile does not change it.
    email = models.CharField(_("e-mail"), max_length=320, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    placed_at = models.DateTimeField(_("placed"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    currency = models.CharField(_("currency"), max_length=3)
    shipping = models.BigIntegerField(_("shipping"), default=0)
    discount = models.BigIntegerField(
        _("discount"), default=0, help_text=_("On the whole order, beside the lines' own.")
    )
    total = models.BigIntegerField(_("total"))
    tax = models.BigIntegerField(_("tax included"), default=0)
    refunded = models.BigIntegerField(_("refunded"), default=0)
    payment_method = models.CharField(_("payment method"), max_length=40, blank=True)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel.choices, default=Channel.WEB)
    coupon_codes = ArrayField(models.CharField(max_length=64), verbose_name=_("coupon codes"), default=list, blank=True)
    promised_delivery_on = models.DateField(_("promised delivery"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLACED)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancellation_reason = models.CharField(_("reason of cancellation"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=6, choices=Source.choices, default=Source.API)

    objects: ClassVar = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="order_number_once"),
            models.CheckConstraint(
                condition=Q(total__gte=0, shipping__gte=0, discount__gte=0), name="order_amounts_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("total")), name="order_refund_within_total"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["merchant", "state", "-placed_at", "-id"], name="order_by_state"),
            models.Index(fields=["customer", "-placed_at"], name="order_of_customer"),
            models.Index(fields=["merchant", "-total", "-id"], name="order_by_total"),
            models.Index(F("merchant"), OpClass(Upper("number"), name="text_pattern_ops"), name="order_number_prefix"),
            models.Index(F("merchant"), OpClass(Upper("email"), name="text_pattern_ops"), name="order_email_prefix"),
        ]
        verbose_name = _("order")
        verbose_name_plural = _("orders")

    def __str__(self) -> str:
        return self.number

    @property
    def payment_name(self) -> str:
        """The payment method in words, e.g. “credit card”; empty when unknown."""
        return payment_name(self.payment_method)

    def is_late(self, today: date) -> bool:
        """Promised for a day that is over, and neither delivered nor cancelled."""
        undone = self.state in (Order.State.PLACED, Order.State.SHIPPED)
        return undone and self.promised_delivery_on is not None and self.promised_delivery_on < today


class OrderLine(MerchantModel):
    """Some units of one product in an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("position"))
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="order_lines", verbose_name=_("product")
    )
    title = models.CharField(_("title"), max_length=300)
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_price = models.BigIntegerField(_("unit price"))
    discount = models.BigIntegerField(_("discount"), default=0, help_text=_("On the whole line."))
    total = models.BigIntegerField(_("total"), help_text=_("quantity × unit price − discount"))
    tax_rate = models.DecimalField(_("tax rate"), max_digits=5, decimal_places=4, default=0)
    unit_cost = models.BigIntegerField(
        _("cost of a unit"),
        null=True,
        help_text=_(
            "What one unit cost the merchant when it was sold, net. Empty: not known then; the nightly "
            "round fills it in once the catalogue knows."
        ),
    )
    cancelled = models.PositiveIntegerField(_("units cancelled"), default=0)
    returned = models.PositiveIntegerField(_("units returned"), default=0)
    refunded = models.BigIntegerField(_("refunded"), default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_has_units"),
            models.CheckConstraint(
                condition=Q(total=F("quantity") * F("unit_price") - F("discount")), name="order_line_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0, discount__gte=0, total__gte=0), name="order_line_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("cancelled") + F("returned")), name="order_line_units_once"
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("total")), name="order_line_refund_within_total"
            ),
        ]
        indexes = [models.Index(fields=["product", "order"], name="order_line_of_product")]
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"


class Shipment(MerchantModel):
    """A parcel of an order; without lines it holds everything that was open."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments", verbose_name=_("order"))
    reference = models.CharField(_("reference"), max_length=64, help_text=_("The shop's own id of the parcel."))
    carrier = models.CharField(_("carrier"), max_length=60, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=80, blank=True)
    tracking_url = models.URLField(_("tracking address"), max_length=500, blank=True)
    shipped_at = models.DateTimeField(_("shipped"))
    expected_on = models.DateField(_("expected"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    class Meta:
        ordering = ["shipped_at", "id"]
        constraints = [models.UniqueConstraint(fields=["order", "reference"], name="shipment_reference_once")]
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")

    def __str__(self) -> str:
        return self.reference


class ShipmentLine(MerchantModel):
    """How many units of an order line a parcel holds."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines", verbose_name=_("shipment"))
    order_line = models.ForeignKey(
        OrderLine, on_delete=models.CASCADE, related_name="shipment_lines", verbose_name=_("order line")
    )
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shipment", "order_line"], name="shipment_line_once")]
        verbose_name = _("shipment line")
        verbose_name_plural = _("shipment lines")

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line_id}"


class TrackingEvent(MerchantModel):
    """What the carrier said about a parcel."""

    class Code(models.TextChoices):
        IN_TRANSIT = "in_transit", _("in transit")
        OUT_FOR_DELIVERY = "out_for_delivery", _("out for delivery")
        DELIVERED = "delivered", _("delivered")
        DELAYED = "delayed", _("delayed")
        FAILED = "failed", _("delivery failed")

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="events", verbose_name=_("shipment"))
    code = models.CharField(_("what"), max_length=16, choices=Code.choices)
    text = models.CharField(_("text"), max_length=300, blank=True)
    occurred_at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["occurred_at", "id"]
        constraints = [models.UniqueConstraint(fields=["shipment", "code", "occurred_at"], name="tracking_event_once")]
        verbose_name = _("tracking event")
        verbose_name_plural = _("tracking events")

    def __str__(self) -> str:
        return f"{self.code} {self.occurred_at:%Y-%m-%d}"


class Return(MerchantModel):
    """Units that came back."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="returns", verbose_name=_("order"))
    reference = models.CharField(_("reference"), max_length=64, help_text=_("The shop's own id of the return."))
    received_at = models.DateTimeField(_("received"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["received_at", "id"]
        constraints = [models.UniqueConstraint(fields=["order", "reference"], name="return_reference_once")]
        verbose_name = _("return")
        verbose_name_plural = _("returns")

    def __str__(self) -> str:
        return self.reference


class ReturnLine(MerchantModel):
    """How many units of an order line came back, and what was paid back for them."""

    parcel = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="lines", verbose_name=_("return"))
    order_line = models.ForeignKey(
        OrderLine, on_delete=models.CASCADE, related_name="return_lines", verbose_name=_("order line")
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    refund = models.BigIntegerField(_("refund"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel", "order_line"], name="return_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0, refund__gte=0), name="return_line_has_units"),
        ]
        verbose_name = _("return line")
        verbose_name_plural = _("return lines")

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line_id}"


class Refund(MerchantModel):
    """Money paid back on an order: for a return, a cancellation, or as goodwill."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds", verbose_name=_("order"))
    parcel = models.OneToOneField(
        Return, on_delete=models.CASCADE, null=True, related_name="payment", verbose_name=_("return")
    )
    amount = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    refunded_at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["refunded_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="refund_not_negative")]
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")

    def __str__(self) -> str:
        return f"{self.amount}"
