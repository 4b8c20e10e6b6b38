"""Forms of privacy requests and retention."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.forms import KitForm
from core.listing import day_input
from core.privacy.retention import retentions
from customers.models import Customer, Identity, PrivacyRequest
from customers.rules.addresses import normalise_address
from customers.rules.deadlines import GDPR_APPLIES
from merchants.models import Merchant, Staff

LONGEST = 36_525
# By which ways staff learn of a request; those through the API write themselves down.
BY_STAFF = [choice for choice in PrivacyRequest.Channel.choices if choice[0] != PrivacyRequest.Channel.SHOP]
# What staff type before something that cannot be undone.
ERASE = pgettext_lazy("typed to confirm", "ERASE")


class RequestForm(KitForm):
    """What somebody asked for, and how it came."""

    kind = forms.ChoiceField(label=_("What is asked for"), choices=PrivacyRequest.Kind.choices)
    channel = forms.ChoiceField(label=_("How it came"), choices=BY_STAFF)
    received_on = forms.DateField(
        label=_("Received on"), widget=day_input(), help_text=_("The month for the answer begins on this day.")
    )
    contact = forms.CharField(
        label=_("Contact"), max_length=320, required=False, help_text=_("Where the answer goes: e-mail or address.")
    )
    statement = forms.CharField(
        label=_("What was said"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def clean_received_on(self) -> datetime:
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("A request cannot have been received in the future."))
        if day < GDPR_APPLIES:
            raise forms.ValidationError(_("The GDPR applies since 25 May 2018: check the year."))
        moment = timezone.make_aware(datetime.combine(day, time(12)))
        return min(moment, timezone.now())


class IdentityForm(KitForm):
    """Which profile it is about, and how it is known that this person asks."""

    customer = forms.CharField(
        label=_("Profile"), max_length=320, help_text=_("E-mail, phone, or customer number as it is on the profile.")
    )
    evidence = forms.CharField(
        label=_("How the identity was checked"),
        max_length=300,
        help_text=_("For example: answered from the address on file. Do not keep copies of identity cards."),
    )

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._merchant = merchant

    def clean_customer(self) -> Customer:
        asked = self.cleaned_data["customer"].strip()
        rows = Customer.objects.for_merchant(self._merchant).present()
        known = Identity.objects.for_merchant(self._merchant).filter(value__in=[asked, normalise_address(asked)])
        found: Customer | None = rows.filter(pk__in=known.values("customer")).first()
        if found is None and asked.startswith("#") and asked[1:].isdecimal() and len(asked) < 18:
            found = rows.filter(pk=int(asked[1:])).first()
        if found is None:
            raise forms.ValidationError(_("No profile is known by this."))
        return found


class ReasonForm(KitForm):
    reason = forms.CharField(label=_("Reason, as the person is told it"), max_length=300)


class OutcomeForm(KitForm):
    outcome = forms.CharField(
        label=_("What was done"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class CareForm(KitForm):
    """Who looks after a request, and what the next one needs to know."""

    assignee = forms.ModelChoiceField(
        label=_("Assigned to"), queryset=Staff.objects.none(), required=False, empty_label=_("Nobody yet")
    )
    notes = forms.CharField(label=_("Notes"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Staff.objects.filter(memberships__merchant=merchant).order_by("email")
        self.fields["assignee"].queryset = members  # type: ignore[attr-defined]


class EraseForm(KitForm):
    """The word that nobody types by accident."""

    word = forms.CharField(
        label=_("Type it to confirm"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"]
        if word.strip() != str(ERASE):
            raise forms.ValidationError(_("Type %(word)s, in capitals.") % {"word": ERASE})
        return word


class RetentionForm(KitForm):
    """Days for every kind of data."""

    marks_optional = False

    def __init__(self, *args: Any, days: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for retention in retentions:
            self.fields[retention.kind] = forms.IntegerField(
                label=retention.title,
                help_text=retention.explanation,
                initial=days[retention.kind],
                min_value=retention.shortest,
                max_value=LONGEST,
            )
