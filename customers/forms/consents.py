"""Consents that staff write down, texts that owners write, and addresses that are looked up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm
from customers.actions.consent_texts import MAX_TEXT, MAX_VERSION
from customers.models import WITHOUT_CHANNEL, Channel, ConsentRecord, ConsentText, Language, Purpose
from merchants.models import Merchant

# Nobody living agreed earlier, and moments of the year 1 cannot be read back.
FIRST_YEAR = 1900
_KINDS = [
    (ConsentRecord.Kind.GRANTED.value, _("agreed")),
    (ConsentRecord.Kind.WITHDRAWN.value, _("took a consent back")),
    (ConsentRecord.Kind.OBJECTED.value, _("objected")),
]


class TextChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """One version of a text, named with what it is about."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=ConsentText.objects.none(), **kwargs)

    def narrow(self, merchant: Merchant) -> None:
        self.queryset = ConsentText.objects.for_merchant(merchant).newest_first()

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.version} ({obj.language}): {', '.join(obj.purpose_labels)}"


class ConsentForm(KitForm):
    """What a person told the staff, and what proves it."""

    kind = forms.ChoiceField(label=_("The person"), choices=_KINDS, widget=forms.RadioSelect, initial="withdrawn")
    purpose = forms.ChoiceField(
        label=_("Purpose"), choices=[("", _("Every purpose")), *Purpose.choices], required=False
    )
    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=[("", _("every channel")), *Channel.choices],
        required=False,
        help_text=_("Profiling and tracking have none."),
    )
    text = TextChoiceField(
        label=_("Text agreed to"),
        required=False,
        empty_label="–",
        help_text=_("Only for a consent: the words that were read out or signed."),
    )
    occurred_at = forms.DateTimeField(
        label=_("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Left empty: now."),
    )
    source = forms.CharField(
        label=_("Where"), max_length=80, help_text=_("E.g. on the telephone, on a form at the till.")
    )
    evidence = forms.CharField(
        label=_("What proves it"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed for a consent: e.g. where the signed form lies, who took the call."),
    )

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["text"]
        assert isinstance(field, TextChoiceField)
        field.narrow(merchant)

    def clean_occurred_at(self) -> datetime:
        at: datetime = self.cleaned_data["occurred_at"] or timezone.now()
        if at > timezone.now():
            raise forms.ValidationError(_("The date lies in the future."))
        if at.year < FIRST_YEAR:
            raise forms.ValidationError(self.fields["occurred_at"].error_messages["invalid"])
        return at

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        purpose, channel = cleaned.get("purpose", ""), cleaned.get("channel", "")
        if purpose in WITHOUT_CHANNEL and channel:
            self.add_error("channel", _("This purpose has no channel: choose “every channel”."))
        if cleaned.get("kind") == ConsentRecord.Kind.GRANTED:
            self._check_grant(cleaned, purpose, channel)
        return cleaned

    def _check_grant(self, cleaned: dict[str, Any], purpose: str, channel: str) -> None:
        text: ConsentText | None = cleaned.get("text")
        if not purpose:
            self.add_error("purpose", _("A consent names its purpose."))
        if not channel and purpose not in WITHOUT_CHANNEL:
            self.add_error("channel", _("A consent names its channel."))
        if text is None:
            self.add_error("text", _("A consent names the text that was agreed to."))
        elif purpose and not text.covers(purpose, channel):
            self.add_error("text", _("This text does not speak of the purpose and channel above."))
        if not cleaned.get("evidence", "").strip():
            self.add_error("evidence", _("Without evidence a consent proves nothing."))


class ConsentTextForm(KitForm):
    """A new version; what was agreed to before stays as it was."""

    version = forms.CharField(
        label=_("Version"), max_length=MAX_VERSION, help_text=_("A name for these words, e.g. 2026-1. Forms send it.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    purposes = forms.MultipleChoiceField(
        label=_("Purposes"), choices=Purpose.choices, widget=forms.CheckboxSelectMultiple
    )
    channels = forms.MultipleChoiceField(
        label=_("Channels"),
        choices=Channel.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Empty for profiling and tracking, which write to nobody."),
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Who asks, what for, on which channel, and that it can be taken back at any time."),
    )


class AddressForm(KitForm):
    """An address that may be suppressed."""

    address = forms.CharField(
        label=_("E-mail address or telephone number"), max_length=320, widget=forms.TextInput(attrs={"autofocus": True})
    )
