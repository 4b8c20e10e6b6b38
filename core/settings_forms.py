"""Forms of the settings screens."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm, KitModelForm
from merchants.models import ApiKey, Merchant, Role, Scope, Staff


class ShopForm(KitModelForm):
    """Who the shop is; the currency is fixed, since every stored amount is in it."""

    time_zone = forms.ChoiceField(
        label=_("time zone"), choices=lambda: [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
    )

    website = forms.URLField(label=_("website"), required=False, assume_scheme="https")

    class Meta:
        model = Merchant
        fields = ["name", "website", "language", "country", "time_zone"]


class LegalForm(KitModelForm):
    """The legal footer and the sender of every message. Half of it may be saved; until it is complete nothing leaves."""

    marks_optional = False
    groups: ClassVar[list[tuple[Any, list[str]]]] = [
        (_("Company"), ["legal_name", "street", "postal_code", "city", "directors"]),
        (_("Register and tax"), ["register_court", "register_number", "vat_id"]),
        (_("Contact"), ["contact_email", "contact_phone"]),
        (_("Sender"), ["sender_name", "sender_email"]),
    ]

    class Meta:
        model = Merchant
        fields = [
            "legal_name",
            "street",
            "postal_code",
            "city",
            "directors",
            "register_court",
            "register_number",
            "vat_id",
            "contact_email",
            "contact_phone",
            "sender_name",
            "sender_email",
        ]

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in self.groups]


class MarketingForm(KitModelForm):
    """The switches of the marketing law."""

    class Meta:
        model = Merchant
        fields = ["existing_customer_exception"]


class InviteForm(KitForm):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=int, initial=Role.SUPPORT)


class RoleForm(KitForm):
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=int)


class ApiKeyForm(KitForm):
    """A new key; a publishable one takes only the scopes that a browser may have."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Where the key is used, e.g. “Shopware, production”.")
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=ApiKey.Kind.choices,
        widget=forms.RadioSelect,
        initial=ApiKey.Kind.SECRET,
        help_text=_("Publishable keys stand in web pages, where everybody can read them; they may only ask."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        initial=list(Scope.values),
        help_text=_("For secret keys. A key should be able to do what it is used for, and no more."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") == ApiKey.Kind.PUBLISHABLE:
            cleaned["scopes"] = None
        elif "scopes" in cleaned and not cleaned["scopes"]:
            self.add_error("scopes", _("Choose at least one, or the key can do nothing."))
        return cleaned


class ProfileForm(KitModelForm):
    """A person's own name, language and appearance."""

    class Meta:
        model = Staff
        fields = ["first_name", "last_name", "language", "theme"]
