"""Forms of coupon batches."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm
from merchants.models import Merchant
from promotions.actions.coupons import MOST_CODES, BatchData
from promotions.forms.offers.fields import LocalMomentField
from promotions.models import CouponBatch
from promotions.pricing import codes
from promotions.queries.naming import segment_choices

MOST_USES = 1_000_000


class BatchForm(KitForm):
    """A new batch: random codes for everybody, one for each member of a segment, or one code that many share."""

    KINDS = [
        ("random", _("Many different codes, for whoever has one")),
        ("segment", _("A code of their own for everybody in a segment")),
        ("shared", _("One code that many people use")),
        ("minted", _("None yet: programs make them one by one")),
    ]
    groups = (
        (_("What it is called"), ("name", "key")),
        (_("Which codes"), ("kind", "count", "segment", "shared_code")),
        (_("How they look"), ("begins_with", "alphabet", "length")),
        (_("How long and how often"), ("uses_per_code", "valid_from", "valid_until")),
    )

    name = forms.CharField(label=_("Name"), max_length=200)
    key = forms.RegexField(
        r"^[A-Z0-9][A-Z0-9-]{0,39}\Z",
        label=_("Key"),
        max_length=40,
        help_text=_("Promotions ask for any of its codes by it. Capitals, digits and hyphens; e.g. SUMMER-26."),
        error_messages={"invalid": _("Only letters, digits and hyphens.")},
    )
    kind = forms.ChoiceField(label=_("Codes"), choices=KINDS, initial="random", widget=forms.RadioSelect)
    count = forms.IntegerField(label=_("How many"), min_value=1, max_value=MOST_CODES, required=False, initial=1000)
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    shared_code = forms.CharField(
        label=_("The shared code"), max_length=64, required=False, help_text=_("Letters, digits and hyphens.")
    )
    begins_with = forms.CharField(
        label=_("Begins with"), max_length=12, required=False, help_text=_("Letters, digits and hyphens; e.g. SUN-.")
    )
    alphabet = forms.ChoiceField(label=_("Characters"), choices=CouponBatch.Alphabet.choices, required=False)
    length = forms.IntegerField(
        label=_("Random characters"),
        min_value=codes.SHORTEST,
        max_value=codes.LONGEST,
        initial=codes.SAFE_LENGTH,
        required=False,
        help_text=_("The more, the harder to guess: ten letters and digits are safe, of digits alone sixteen."),
    )
    uses_per_code = forms.IntegerField(
        label=_("Uses per code"), min_value=1, max_value=MOST_USES, initial=1, help_text=_("Over all customers.")
    )
    valid_from = LocalMomentField(label=_("Valid from"), required=False, help_text=_("Empty: at once."))
    valid_until = LocalMomentField(
        label=_("Valid until"), required=False, help_text=_("Empty: as long as a promotion asks for it.")
    )
    marks_optional = False

    def __init__(self, data: Any, *, merchant: Merchant) -> None:
        if data is not None:
            data = data.copy()
            for name in ("key", "begins_with", "shared_code"):
                data[name] = re.sub(r"\s", "", data.get(name, "")).upper()
        super().__init__(data)
        self.fields["segment"].choices = [("", _("Choose…")), *segment_choices(merchant)]  # type: ignore[attr-defined]

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in self.groups]

    def clean(self) -> dict[str, Any]:
        valid: dict[str, Any] = super().clean() or {}
        needed = {"random": "count", "segment": "segment", "shared": "shared_code"}.get(valid.get("kind", ""))
        if needed and needed not in self.errors and not valid.get(needed):
            self.add_error(needed, forms.ValidationError(_("Say this as well."), code="required"))
        for name in ("begins_with", "shared_code"):
            if not re.fullmatch(r"[A-Z0-9-]*", valid.get(name) or ""):
                self.add_error(name, forms.ValidationError(_("Only letters, digits and hyphens."), code="invalid"))
        start, end = valid.get("valid_from"), valid.get("valid_until")
        if start and end and start >= end:
            self.add_error("valid_until", forms.ValidationError(_("It must end after it starts."), code="order"))
        elif end and end <= timezone.now():
            self.add_error("valid_until", forms.ValidationError(_("This is over already."), code="over"))
        return valid

    def data_of_batch(self) -> BatchData:
        """The validated batch."""
        valid, kind = self.cleaned_data, self.cleaned_data["kind"]
        return BatchData(
            key=valid["key"],
            name=valid["name"],
            count=valid["count"] if kind == "random" else 0,
            segment=valid["segment"] if kind == "segment" else "",
            shared_code=valid["shared_code"] if kind == "shared" else "",
            prefix=valid["begins_with"],
            alphabet=valid["alphabet"] or CouponBatch.Alphabet.MIXED,
            length=valid["length"] or codes.SAFE_LENGTH,
            uses_per_code=valid["uses_per_code"],
            valid_from=valid["valid_from"],
            valid_until=valid["valid_until"],
        )


class LookupForm(KitForm):
    """One code, as a customer reads it out."""

    code = forms.CharField(
        label=_("Code"), max_length=64, widget=forms.SearchInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
