"""Companies that people buy for (B2B)."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.models.profiles import SEARCHED, Customer
from merchants.models import Staff


class CompanyQuerySet(MerchantQuerySet["Company"]):
    def with_figures(self) -> Self:
        """Adds ``people_count``, ``orders_count``, ``revenue`` and ``last_order_at`` over the company's people.

        From the profiles at the time of asking: they are kept current with every order, so nothing here can be stale.
        """
        last = Max("customer__last_order_at")
        return self.annotate(
            people_count=_number(Count("pk")),
            orders_count=_number(Sum("customer__orders_count")),
            revenue=_number(Sum("customer__revenue")),
            last_order_at=_over_people(last, models.DateTimeField(null=True)),
        )

    def search(self, text: str) -> Self:
        """Companies whose name, place, VAT id or id at the shop holds every word; of more than a thousand the newest."""
        found = self
        for word in text.split():
            found = found.filter(search_text__contains=word.lower())
        return self.filter(pk__in=found.order_by("-pk").values("pk")[:SEARCHED])


def _over_people(figure: Any, field: models.Field[Any, Any]) -> Subquery:
    """A figure over the people of each company. Subqueries: joins would count a person once for every other join."""
    people = CompanyPerson.objects.all_merchants().filter(company=OuterRef("pk")).order_by().values("company")
    return Subquery(people.annotate(figure=figure).values("figure"), output_field=field)


def _number(figure: Any) -> Coalesce:
    field = models.BigIntegerField()
    return Coalesce(_over_people(figure, field), Value(0), output_field=field)


class Company(MerchantModel):
    """A company that several people buy for. ``external_id`` is the shop's own id of it, unique where there is one."""

    external_id = models.CharField(
        _("company number"), max_length=120, blank=True, help_text=_("The shop's own id of the company.")
    )
    name = models.CharField(_("name"), max_length=200)
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True, help_text=_("E.g. DE123456789."))
    domains = ArrayField(
        models.CharField(max_length=253),
        verbose_name=_("e-mail domains"),
        default=list,
        blank=True,
        help_text=_("People with an address at one of these are suggested."),
    )
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    price_group = models.CharField(
        _("price group"), max_length=40, blank=True, help_text=_("Which prices its people see, e.g. trade-10.")
    )
    notes = models.TextField(_("notes"), max_length=4000, blank=True)
    created_at = models.DateTimeField(_("known since"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    search_text = models.GeneratedField(
        expression=Lower(
            Concat(
                F("name"), Value(" "), F("external_id"), Value(" "), F("vat_id"), Value(" "), F("city"),
            )
        ),
        output_field=models.CharField(max_length=500),
        db_persist=True,
        verbose_name=_("text, for the search"),
    )  # fmt: skip

    objects: ClassVar = CompanyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "external_id"], condition=~Q(external_id=""), name="company_external_id_once"
            ),
            models.CheckConstraint(condition=Q(country__regex="^([A-Z]{2})?$"), name="company_country_code"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="company_newest"),
            models.Index(fields=["merchant", "name", "id"], name="company_by_name"),
            GinIndex(OpClass(F("search_text"), name="gin_trgm_ops"), name="company_text_trgm"),
            GinIndex(fields=["domains"], name="company_domains"),
        ]
        verbose_name = _("company")
        verbose_name_plural = _("companies")

    def __str__(self) -> str:
        return self.name


class CompanyPerson(MerchantModel):
    """Somebody who buys for a company, and in which role."""

    class Role(models.TextChoices):
        BUYER = "buyer", _("buyer")
        APPROVER = "approver", _("approver")
        OTHER = "other", _("other")

    class Source(models.TextChoices):
        STAFF = "staff", _("a colleague")
        API = "api", _("API")
        GROUP = "group", _("group call")
        DOMAIN = "domain", _("e-mail domain")
        IMPORT = "import", _("import")

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="people", verbose_name=_("company"))
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="companies", verbose_name=_("customer")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.BUYER)
    is_primary = models.BooleanField(_("primary contact"), default=False)
    source = models.CharField(_("linked by"), max_length=8, choices=Source.choices, default=Source.STAFF)
    created_at = models.DateTimeField(_("linked"), default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "customer"], name="company_person_once"),
            models.UniqueConstraint(fields=["company"], condition=Q(is_primary=True), name="company_primary_once"),
        ]
        verbose_name = _("person of a company")
        verbose_name_plural = _("people of companies")

    def __str__(self) -> str:
        return f"{self.customer_id} @ {self.company_id}"


class DismissedSuggestion(MerchantModel):
    """A colleague said that this person does not belong to the company, whatever the address."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="dismissed", verbose_name=_("company"))
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer"))
    staff = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("dismissed by")
    )
    created_at = models.DateTimeField(_("dismissed"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "customer"], name="dismissed_suggestion_once")]
        verbose_name = _("dismissed suggestion")
        verbose_name_plural = _("dismissed suggestions")

    def __str__(self) -> str:
        return f"{self.customer_id} @ {self.company_id}"
