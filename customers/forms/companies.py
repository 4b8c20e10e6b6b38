"""Companies, and who buys for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.forms import KitForm, KitModelForm
from customers.actions.companies import DETAILS, clean_domains
from customers.forms.details import choices_of
from customers.models import Company, CompanyPerson, Customer, Identity
from customers.rules.identities import clean_identity
from merchants.models import Merchant


class CompanyForm(KitModelForm):
    """``seen`` carries when the company had last changed as the page was shown, so that a stale edit is noticed."""

    domains = SimpleArrayField(
        forms.CharField(max_length=253),
        label=_("E-mail domains"),
        required=False,
        max_length=20,
        help_text=_("With commas between them. People with an address at one of these are suggested."),
    )
    country = forms.ChoiceField(label=_("Country"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    class Meta:
        model = Company
        fields = ["name", "external_id", "vat_id", "price_group", "domains", "street", "postal_code", "city", "country",
                  "notes"]  # fmt: skip
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)
        country.choices = [("", _("unknown")), *choices_of("territories", get_language() or "en")]
        if self.instance.pk:
            self.fields["seen"].initial = self.instance.updated_at.isoformat()
            self.fields["external_id"].disabled = True  # the shop's systems know the company by it

    def clean_domains(self) -> list[str]:
        try:
            return clean_domains(self.cleaned_data["domains"])
        except DomainError as error:
            raise forms.ValidationError(str(error.message)) from error

    @property
    def seen_at(self) -> datetime | None:
        try:
            return parse_datetime(self.cleaned_data.get("seen", ""))
        except ValueError:
            return None

    @property
    def details(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in DETAILS}


class PersonForm(KitForm):
    """Somebody who is known already, by what identifies them."""

    who = forms.CharField(label=_("E-mail address or customer number"), max_length=320)
    role = forms.ChoiceField(label=_("Role"), choices=CompanyPerson.Role.choices)

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._merchant = merchant

    def clean_who(self) -> Customer:
        text = self.cleaned_data["who"]
        region = self._merchant.country
        kinds = [Identity.Kind.EXTERNAL_ID, Identity.Kind.EMAIL, Identity.Kind.PHONE]
        for kind in kinds:
            value = clean_identity(kind, text, region=region)
            known = Identity.objects.for_merchant(self._merchant).filter(kind=kind, value=value)
            if value and (identity := known.select_related("customer").first()):
                return identity.customer
        raise forms.ValidationError(_("Nobody is known by this. Write the whole address or number."))


class CompanyChoiceForm(KitForm):
    """A company that is known already, for a person's page."""

    company = forms.CharField(label=_("Name or number of the company"), max_length=200)
    role = forms.ChoiceField(label=_("Role"), choices=CompanyPerson.Role.choices)

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._merchant = merchant

    def clean_company(self) -> Company:
        text = self.cleaned_data["company"]
        rows = Company.objects.for_merchant(self._merchant)
        by_number = list(rows.filter(external_id=text)[:1])
        found = by_number or list(rows.filter(name__iexact=text)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise forms.ValidationError(_("Several companies have this name. Write the number."))
        raise forms.ValidationError(_("There is no company of this name or number."))
