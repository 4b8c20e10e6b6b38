"""Who the tenant is, who may act for it, with which keys, and what they did."""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SUPPORTED_CURRENCIES = ["EUR", "GBP", "CHF", "USD", "SEK", "DKK", "NOK", "PLN", "CZK"]


def validate_time_zone(value: str) -> None:
    """Raises ValidationError unless ``value`` is an IANA time zone name."""
    if value not in available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone, e.g. Europe/Berlin."), params={"value": value})


class Merchant(models.Model):
    """The tenant: one shop with its staff."""

    slug = models.SlugField(_("short name"), max_length=40, unique=True, help_text=_("Part of every address."))
    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(
        _("currency"), max_length=3, default="EUR", choices=[(c, c) for c in SUPPORTED_CURRENCIES]
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        default="DE",
        validators=[RegexValidator(r"^[A-Z]{2}\Z", _("Two letters, e.g. DE."))],
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Berlin", validators=[validate_time_zone]
    )
    language = models.CharField(
        _("language of the shop"), max_length=5, default="de", choices=[("de", _("German")), ("en", _("English"))]
    )
    website = models.URLField(_("website"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    # The legal footer of every message (GmbHG § 35a, HGB § 37a).
    legal_name = models.CharField(_("legal name with legal form"), max_length=200, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    register_court = models.CharField(_("register court"), max_length=100, blank=True)
    register_number = models.CharField(_("register number"), max_length=50, blank=True)
    directors = models.CharField(_("managing directors"), max_length=300, blank=True)
    vat_id = models.CharField(_("VAT ID"), max_length=20, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=40, blank=True)
    sender_name = models.CharField(_("sender name"), max_length=120, blank=True)
    sender_email = models.EmailField(_("sender address"), blank=True)

    # LAW.md rule 2: each rule is a switch with a safe default.
    existing_customer_exception = models.BooleanField(
        _("recommend similar products to existing customers"),
        default=True,
        help_text=_(
            "Uses UWG § 7(3): only to buyers who saw the notice when they ordered and did not object. Off: only with consent."
        ),
    )

    # The fields without which no message may leave (LAW.md rule 11).
    LEGAL_FOOTER: ClassVar[tuple[str, ...]] = (
        "legal_name",
        "street",
        "postal_code",
        "city",
        "directors",
        "contact_email",
        "sender_email",
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def missing_legal_fields(self) -> list[str]:
        """Labels of what the legal footer still lacks; empty when messages may leave."""
        fields = {field.name: field.verbose_name for field in self._meta.fields}
        return [str(fields[name]) for name in self.LEGAL_FOOTER if not getattr(self, name)]


M = TypeVar("M", bound=models.Model)


class MerchantQuerySet(models.QuerySet[M]):
    """The one way in to a merchant's rows: ``Model.objects.for_merchant(merchant)``."""

    def for_merchant(self, merchant: Merchant | int) -> Self:
        """Only rows of ``merchant`` (the object or its id)."""
        return self.filter(merchant=merchant)

    def all_merchants(self) -> Self:
        """Deliberately across merchants: only for the machinery that serves all of them."""
        return self.all()


class MerchantModel(models.Model):
    """A row that belongs to one merchant. Every table of ours is one of these."""

    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="+", editable=False, verbose_name=_("merchant")
    )

    objects: ClassVar = MerchantQuerySet.as_manager()

    class Meta:
        abstract = True


class StaffManager(BaseUserManager["Staff"]):
    """Staff are known by their e-mail address; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Staff:
        if not email:
            raise ValueError("Staff need an e-mail address.")
        staff = self.model(email=self.normalize_email(email).lower(), **fields)
        staff.set_password(password)
        staff.save(using=self._db)
        return staff

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Staff:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Theme(models.TextChoices):
    AUTO = "auto", _("as the device")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class Staff(AbstractUser):
    """A person who works for one or more merchants; the only kind of login there is."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    language = models.CharField(
        _("language"), max_length=5, blank=True, choices=[("en", _("English")), ("de", _("German"))]
    )
    theme = models.CharField(_("appearance"), max_length=5, choices=Theme.choices, default=Theme.AUTO)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = StaffManager()  # type: ignore[assignment,misc]

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def merchants(self) -> models.QuerySet[Merchant]:
        """The merchants this person may act for, by name; an administrator's are all."""
        if self.is_superuser:
            return Merchant.objects.all()
        return Merchant.objects.filter(memberships__staff=self)


class Role(models.IntegerChoices):
    """What a member may do; each includes those below it."""

    ANALYST = 10, _("Analyst")  # reads
    SUPPORT = 20, _("Support")  # also looks after customers and orders
    EDITOR = 30, _("Editor")  # also changes what is sent, shown and trained
    OWNER = 40, _("Owner")  # also changes settings, team and keys


class Membership(MerchantModel):
    """One person's role at one merchant."""

    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("merchant")
    )
    staff = models.ForeignKey(
        Staff, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("staff member")
    )
    role = models.PositiveSmallIntegerField(_("role"), choices=Role.choices, default=Role.SUPPORT)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "staff"], name="membership_once")]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")

    def __str__(self) -> str:
        return f"{self.staff} @ {self.merchant}"


class Scope(models.TextChoices):
    """What an API key may do."""

    CATALOG_READ = "catalog:read", _("read products")
    CATALOG_WRITE = "catalog:write", _("write products")
    ORDERS_READ = "orders:read", _("read orders")
    ORDERS_WRITE = "orders:write", _("write orders, shipments, returns")
    CUSTOMERS_READ = "customers:read", _("read customers")
    CUSTOMERS_LOOKUP = "customers:lookup", _("look a customer up at the till")
    CUSTOMERS_WRITE = "customers:write", _("write customers")
    CONSENTS_READ = "consents:read", _("read consents")
    CONSENTS_WRITE = "consents:write", _("write consents")
    EVENTS_WRITE = "events:write", _("send events")
    RECOMMENDATIONS_READ = "recommendations:read", _("ask for recommendations")
    PROMOTIONS_READ = "promotions:read", _("read promotions and coupons, try carts")
    PROMOTIONS_WRITE = "promotions:write", _("write promotions and coupons")
    REDEMPTIONS_WRITE = "redemptions:write", _("reserve and redeem promotions")
    LOYALTY_READ = "loyalty:read", _("read points and tiers")
    LOYALTY_WRITE = "loyalty:write", _("give and spend points")


class ApiKeyQuerySet(MerchantQuerySet["ApiKey"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None)


class ApiKey(MerchantModel):
    """A storefront's key. Only its prefix and an HMAC are kept; the key itself is shown once."""

    class Kind(models.TextChoices):
        SECRET = "sk", _("secret (servers)")
        PUBLISHABLE = "pk", _("publishable (browsers)")

    kind = models.CharField(_("kind"), max_length=2, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, editable=False)
    digest = models.CharField(_("digest"), max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope.choices), verbose_name=_("scopes"))
    created_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects: ClassVar = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class AuditEntry(MerchantModel):
    """Who changed what, written in the transaction of the change. Append-only."""

    staff = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("staff member")
    )
    action = models.CharField(_("action"), max_length=60, help_text=_("noun.verb, e.g. settings.updated"))
    subject_type = models.CharField(_("kind"), max_length=60, blank=True)
    subject_id = models.CharField(_("id"), max_length=64, blank=True)
    subject_label = models.CharField(_("what"), max_length=200, blank=True)
    changes = models.JSONField(_("changes"), default=dict)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["merchant", "-id"], name="audit_newest")]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")

    def __str__(self) -> str:
        return f"{self.action} {self.subject_label}"
