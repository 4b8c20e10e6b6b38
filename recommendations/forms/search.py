"""What staff ask of the search: a report, synonyms, a try."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm
from core.listing import ListFilter, SearchField, SearchFilter
from customers.models import Customer
from merchants.models import Merchant
from recommendations.models import Synonym
from recommendations.models.search import LONGEST_TERM, MOST_WORDS
from recommendations.search.actions import SynonymData
from recommendations.search.words import key_of, words_of

PERIODS = [("7", _("last 7 days")), ("30", _("last 30 days")), ("90", _("last 90 days"))]
SAME, ONE_WAY = "same", "one_way"


class ReportForm(KitForm):
    """Which searches the report is about. What the address gets wrong falls back to the default."""

    q = SearchField(label=_("Search term"), required=False)
    days = forms.TypedChoiceField(label=_("Period"), choices=PERIODS, coerce=int, required=False)
    show = forms.ChoiceField(choices=[("missed", ""), ("all", "")], required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.attrs["placeholder"] = _("Search term")

    def asked(self, name: str, default: Any) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name) or default


class SynonymFilter(ListFilter):
    q = SearchFilter(placeholder=_("Word"))

    sorts = {"words": ["words", "id"]}
    default_sort = "words"


class TermsField(forms.CharField):
    """Terms, separated by commas or lines, each once."""

    default_error_messages = {
        "too_long": _("“%(term)s” is longer than %(most)s characters."),
        "no_word": _("“%(term)s” holds no word that can be searched for."),
        "too_many": _("At most %(most)s words."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 2}), max_length=MOST_WORDS * (LONGEST_TERM + 2), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").replace("\n", ",").split(",")
        terms = {key_of(term): " ".join(term.split()) for term in lines if term.strip()}
        return list(terms.values())

    def validate(self, value: Any) -> None:
        super().validate(value)
        if len(value) > MOST_WORDS:
            raise forms.ValidationError(self.error_messages["too_many"], "too_many", {"most": MOST_WORDS})
        for term in value:
            if len(term) > LONGEST_TERM:
                raise forms.ValidationError(
                    self.error_messages["too_long"], "too_long", {"term": f"{term[:20]}…", "most": LONGEST_TERM}
                )
            if not words_of(term):
                raise forms.ValidationError(self.error_messages["no_word"], "no_word", {"term": term})

    def run_validators(self, value: Any) -> None:
        """Those of texts do not fit a list; ``validate`` says what does."""


class SynonymForm(KitForm):
    """A synonym. ``seen`` carries when it had last changed as the page was shown, so that a stale edit is noticed."""

    words = TermsField(
        label=_("Words"),
        help_text=_("What people type, separated by commas. A term may have several words: couch, sofa, day bed."),
    )
    direction = forms.ChoiceField(
        label=_("Meaning"),
        choices=[
            (SAME, _("They mean the same: each finds what the others find")),
            (ONE_WAY, _("They also find something else, which does not find them")),
        ],
        initial=SAME,
        widget=forms.RadioSelect,
    )
    finds = TermsField(
        label=_("Also finds"),
        required=False,
        help_text=_("Only for the second choice: under which words your products stand in the catalog."),
    )
    seen = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, synonym: Synonym) -> SynonymForm:
        direction = ONE_WAY if synonym.is_one_way else SAME
        return cls(
            initial={
                "words": synonym.words,
                "finds": synonym.finds,
                "direction": direction,
                "seen": synonym.changed_at.isoformat(),
            }
        )

    def clean(self) -> dict[str, Any]:
        valid: dict[str, Any] = super().clean() or {}
        words, finds = valid.get("words"), valid.get("finds")
        if valid.get("direction") == SAME and words is not None:
            if len(words) < 2:
                self.add_error("words", _("Two words at least, or choose what they also find."))
            valid["finds"] = []
        elif valid.get("direction") == ONE_WAY and finds == []:
            self.add_error("finds", _("Say which words they also find."))
        return valid

    @property
    def data_given(self) -> SynonymData:
        return SynonymData(words=self.cleaned_data["words"], finds=self.cleaned_data["finds"])


class TryForm(KitForm):
    """A search to try, for whom."""

    q = forms.CharField(label=_("Search for"), max_length=200, widget=forms.SearchInput(attrs={"autocomplete": "off"}))
    customer = forms.CharField(
        label=_("Customer"),
        required=False,
        max_length=320,
        help_text=_("Customer number or e-mail address. Empty: a visitor nobody knows."),
    )

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._merchant = merchant

    def clean_customer(self) -> Customer | None:
        given = self.cleaned_data["customer"].strip()
        if not given:
            return None
        named = {"identities__value__in": {given, given.lower()}, "identities__kind__in": ["external_id", "email"]}
        known = Customer.objects.for_merchant(self._merchant).with_identities().filter(**named)
        if customer := known.order_by("pk").first():
            return customer
        raise forms.ValidationError(_("There is no customer with this number or address."), code="unknown")
