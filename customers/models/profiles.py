"""People: their profile, what is known about them, and how they are recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.rules.identities import RANK, phone_prefix

if TYPE_CHECKING:
    from customers.models.kpis import CustomerKpis

SEARCHED = 1000
SHOWN_IDENTITIES = 12


class CustomerQuerySet(MerchantQuerySet["Customer"]):
    def present(self) -> Self:
        """People: without the figures that erased ones left behind."""
        return self.filter(erased_at=None)

    def with_identities(self) -> Self:
        """Loads every identity with one further query."""
        return self.prefetch_related("identities")

    def search(self, text: str, *, region: str = "") -> Self:
        """Customers whose name holds every word of ``text``, or an identity that begins with it.

        Telephone numbers are found however they are written, those of ``region`` without its prefix. Of more than a
        thousand the newest thousand: whoever finds that many, searches on. Narrow before searching.
        """
        text, by_name = text.strip(), self
        for word in text.split():
            by_name = by_name.filter(search_name__contains=word.lower())
        begins = models.Q()
        for written in {text, text.lower(), phone_prefix(text, region)} - {""}:
            begins |= models.Q(identities__value__startswith=written)
        # A union, because an "or" over two tables would read every customer.
        found = [rows.order_by("-pk").values("pk")[:SEARCHED] for rows in (by_name, self.filter(begins))]
        return self.filter(pk__in=found[0].union(found[1]))


class Customer(MerchantModel):
    """A person who buys, or may; one row after identity resolution."""

    first_name = models.CharField(_("first name"), max_length=120, blank=True)
    last_name = models.CharField(_("last name"), max_length=120, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True, help_text=_("BCP 47, e.g. de or en-GB."))
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    # So that the newest statement about each detail wins, in whatever order statements arrive.
    details_at: models.JSONField[dict[str, str]] = models.JSONField(
        _("when each detail was given"), default=dict, editable=False
    )
    created_at = models.DateTimeField(_("known since"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    # Facts of the orders, kept by the orders app on every order, return and cancellation.
    orders_count = models.PositiveIntegerField(_("orders"), default=0)
    revenue = models.BigIntegerField(_("revenue"), default=0, help_text=_("Gross, net of refunds and cancellations."))
    first_order_at = models.DateTimeField(_("first order"), null=True)
    last_order_at = models.DateTimeField(_("last order"), null=True)
    # The person left: a row of figures stays, so that reports of the past stay true. It leads to nobody.
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)
    search_name = models.GeneratedField(
        expression=Lower(Concat(F("first_name"), Value(" "), F("last_name"))),
        output_field=models.CharField(max_length=241),
        db_persist=True,
        verbose_name=_("name, for the search"),
    )

    objects: ClassVar = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(country__regex="^([A-Z]{2})?$"), name="customer_country_code")
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="customer_newest"),
            models.Index(
                F("merchant"), F("last_order_at").desc(nulls_last=True), F("id").desc(), name="customer_by_last_order"
            ),
            models.Index(fields=["merchant", "last_order_at", "id"], name="customer_longest_away"),
            models.Index(fields=["merchant", "-revenue", "-id"], name="customer_by_revenue"),
            models.Index(fields=["merchant", "-orders_count", "-id"], name="customer_by_orders"),
            models.Index(fields=["merchant", "first_order_at"], name="customer_by_first_order"),
            GinIndex(OpClass(F("search_name"), name="gin_trgm_ops"), name="customer_name_trgm"),
            # Same name and postcode: a possible duplicate.
            models.Index(
                fields=["merchant", "search_name", "postal_code"],
                condition=~models.Q(postal_code=""),
                name="customer_name_and_postcode",
            ),
        ]
        verbose_name = _("customer")
        verbose_name_plural = _("customers")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The person's name, else the e-mail address, else the external id: never empty."""
        if self.erased_at:
            return str(_("Erased customer"))
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.email or self.external_id or str(_("Customer %(id)s") % {"id": self.pk})

    def identity(self, kind: str) -> str:
        """The newest identity of ``kind``, or an empty string; uses prefetched identities."""
        values = [(identity.pk, identity.value) for identity in self.identities.all() if identity.kind == kind]
        return max(values)[1] if values else ""

    @property
    def shown_identities(self) -> list[Identity]:
        """The strongest kinds first, of each the newest, as many as a screen holds; uses prefetched identities."""
        ranked = sorted(self.identities.all(), key=lambda one: (RANK[one.kind], -one.pk))
        return ranked[:SHOWN_IDENTITIES]

    @property
    def hidden_identities(self) -> int:
        return max(0, len(self.identities.all()) - SHOWN_IDENTITIES)

    @property
    def figures(self) -> CustomerKpis | None:
        """What the orders come to; None for somebody who was never counted."""
        return getattr(self, "kpis", None)

    def statement(self, name: str) -> list[str]:
        """A detail and when it was given (ISO); of before moments were kept: when the newest order came."""
        value, moment = getattr(self, name), self.details_at.get(name, "")
        if value and not moment and self.last_order_at:
            moment = self.last_order_at.isoformat()
        return [value, moment]

    @property
    def email(self) -> str:
        return self.identity(Identity.Kind.EMAIL)

    @property
    def phone(self) -> str:
        return self.identity(Identity.Kind.PHONE)

    @property
    def external_id(self) -> str:
        return self.identity(Identity.Kind.EXTERNAL_ID)


def email_domain() -> Func:
    """What stands behind the @ of an identity's value; indexed for e-mail addresses."""
    return Func(F("value"), Value("@"), Value(2), function="split_part", output_field=models.CharField(max_length=320))


class Identity(MerchantModel):
    """One identifier of a profile, normalised; unique at its merchant."""

    class Kind(models.TextChoices):
        """In order of priority: of several in one call the first says who it is."""

        EXTERNAL_ID = "external_id", _("customer number")
        LOYALTY_CARD = "loyalty_card", _("loyalty card")
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        SOCIAL = "social", _("social media")
        DEVICE_ID = "device_id", _("device")
        ANONYMOUS_ID = "anonymous_id", _("device visit")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="identities", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    value = models.CharField(_("value"), max_length=320)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    blocked_at = models.DateTimeField(
        _("blocked"),
        null=True,
        blank=True,
        help_text=_("Since then too many people share it: it joins nobody any more."),
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "kind", "value"], name="identity_once")]
        indexes = [
            models.Index(OpClass(F("value"), name="text_pattern_ops"), name="identity_prefix"),
            models.Index(F("merchant"), email_domain(), condition=models.Q(kind="email"), name="identity_email_domain"),
            models.Index(
                fields=["merchant", "-blocked_at"], condition=~models.Q(blocked_at=None), name="identity_blocked"
            ),
        ]
        verbose_name = _("identity")
        verbose_name_plural = _("identities")

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class Trait(MerchantModel):
    """A declared fact about a profile, with its source and moment: of two statements the newer one counts.

    A withdrawn fact stays as null, so that an older statement that arrives late does not bring it back.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="traits", verbose_name=_("customer"))
    name = models.CharField(_("name"), max_length=120)
    value: models.JSONField[Any] = models.JSONField(_("value"), null=True)
    source = models.CharField(_("source"), max_length=80, blank=True)
    set_at = models.DateTimeField(_("set"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="trait_once")]
        verbose_name = _("trait")
        verbose_name_plural = _("traits")

    def __str__(self) -> str:
        return self.name
