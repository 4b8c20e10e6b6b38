"""A condition, a benefit or the settings as a form: fields as the registry declares them, values as JSON holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from core.forms import KitForm
from core.measuring.holdout import MOST_PERCENT
from core.money import to_major, to_minor
from merchants.models import Merchant
from orders.models import Order
from promotions.forms.offers import fields as f
from promotions.language.conditions import in_money
from promotions.language.kinds import SELECTOR, Field, Kind
from promotions.language.problems import demanded
from promotions.language.terms import segment_label
from promotions.language.words import Words
from promotions.pricing.sense import part_flaws
from promotions.queries.naming import segment_choices

# Between the names of a value inside a value: "of__except__tags".
INSIDE = "__"
EXCEPT = "except"
COUNT, WHOLE, INTEGER = (1, 20_000), (0, 10**13), (-(10**9), 10**9)
Json = Mapping[str, Any]


class Shop:
    """What forms need to know of the merchant; each list is read once."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant, self.currency = merchant, merchant.currency
        self.words = Words(merchant.currency, merchant.tz)

    def suggest(self, form: forms.Form) -> None:
        """Tell the fields of a form where suggestions come from."""
        url = reverse("promotion_suggest", args=[self.merchant.slug])
        for made in form.fields.values():
            if isinstance(made.widget, f.Tokens | f.Suggested):
                made.widget.url = url

    @cached_property
    def segments(self) -> list[tuple[str, str]]:
        return segment_choices(self.merchant)


def _ticks(choices: list[tuple[str, Any]], **how: Any) -> forms.Field:
    return OpenChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **how)


class OpenChoiceField(forms.MultipleChoiceField):
    """Choices to tick; a value from elsewhere that is ticked already stays among them."""

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def offer(self, values: Any, called: Callable[[str], str] = str) -> None:
        choices: list[tuple[str, Any]] = list(self.choices)  # type: ignore[arg-type]  # ours are plain lists
        known = {value for value, _label in choices}
        self.choices = [*choices, *((value, called(value)) for value in values or () if value not in known)]


def gone_segment(name: str) -> str:
    """What a segment is called that a promotion asks for and that there is not."""
    return _("%(name)s (does not exist)") % {"name": segment_label(name)}


def _texts(spec: Field, shop: Shop, how: dict[str, Any]) -> forms.Field:
    if spec.source == "segment":
        return _ticks(shop.segments, **how)
    if spec.source == "channel":
        return _ticks(list(Order.Channel.choices), **how)
    return f.TextsField(source=spec.source, **how)


def _choice(spec: Field, how: dict[str, Any]) -> forms.Field:
    assert isinstance(spec.choices, Mapping)
    return forms.ChoiceField(choices=list(spec.choices.items()), **how | {"required": True})


def _either(how: dict[str, Any]) -> forms.Field:
    choices = [("", _("no matter")), ("yes", _("yes")), ("no", _("no"))]
    return forms.TypedChoiceField(choices=choices, coerce=lambda text: text == "yes", empty_value=None, **how)


def _text(spec: Field, how: dict[str, Any]) -> forms.Field:
    attrs = {"list": f"suggest-{spec.source}", "autocomplete": "off"} if spec.source else {}
    return forms.CharField(
        max_length=f.LONGEST_TEXT, widget=forms.TextInput(attrs | {"data-suggest": spec.source}), **how
    )


_MAKERS: dict[str, Callable[[Field, Shop, dict[str, Any]], forms.Field]] = {
    "money": lambda _spec, shop, how: f.MoneyField(currency=shop.currency, **how),
    "percent": lambda _spec, _shop, how: f.PercentField(**how),
    "times": lambda _spec, _shop, how: f.TimesField(**how),
    "number": lambda _spec, _shop, how: f.NumberField(**how),
    "count": lambda _spec, _shop, how: forms.IntegerField(min_value=COUNT[0], max_value=COUNT[1], **how),
    "share": lambda _spec, _shop, how: forms.IntegerField(min_value=1, max_value=MOST_PERCENT, **how),
    "whole": lambda _spec, _shop, how: forms.IntegerField(min_value=WHOLE[0], max_value=WHOLE[1], **how),
    "integer": lambda _spec, _shop, how: forms.IntegerField(min_value=INTEGER[0], max_value=INTEGER[1], **how),
    "text": lambda spec, _shop, how: _text(spec, how),
    "texts": _texts,
    "values": lambda _spec, _shop, how: f.ValuesField(**how),
    "choice": lambda spec, _shop, how: _choice(spec, how),
    "choices": lambda spec, _shop, how: _ticks(list(spec.choices.items()), **how),  # type: ignore[union-attr]
    "flag": lambda _spec, _shop, how: forms.BooleanField(**how | {"required": False}),
    "either": lambda _spec, _shop, how: _either(how),
    "moment": lambda _spec, _shop, how: f.MomentField(**how),
    "clock": lambda _spec, _shop, how: f.ClockField(**how),
    "steps": lambda _spec, _shop, how: f.StepsField(**how),
}


# What keeps its sense when another kind of benefit is chosen.
_CARRIED = frozenset({"money", "percent", "count", "whole"})


def _expand(specs: tuple[Field, ...], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Plain fields by their names in the form; a selector becomes its own, and those of its exceptions."""
    for spec in specs:
        name = f"{prefix}{spec.name}"
        if spec.what != "selector":
            yield name, spec
            continue
        yield from _expand(SELECTOR, f"{name}{INSIDE}")
        yield from _expand(SELECTOR, f"{name}{INSIDE}{EXCEPT}{INSIDE}")


@dataclass
class Group:
    """A selector in the form: its fields, those of its exceptions, and what it says now."""

    label: Any
    fields: list[forms.BoundField]
    exceptions: list[forms.BoundField]
    said: str
    has_errors: bool = field(default=False)

    @property
    def excludes(self) -> bool:
        return any(entry.value() for entry in self.exceptions)


class PartForm(KitForm):
    """Fields of one kind. ``value`` is what is stored, ``data`` what was typed."""

    use_required_attribute = False
    marks_optional = False
    asks_for_sense = True

    def __init__(self, data: Any, *, kind: Kind, shop: Shop, prefix: str, value: Any = None) -> None:
        self.kind, self.shop = kind, shop
        self._specs = dict(_expand(kind.fields))
        super().__init__(data, prefix=prefix, initial=self._initial(value))
        for name, spec in self._specs.items():
            how = {"label": spec.label, "required": spec.required, "help_text": spec.hint}
            made = _MAKERS[spec.what](spec, shop, how)
            made.initial = spec.default
            self.fields[name] = made
            if isinstance(made, OpenChoiceField):
                made.offer(self[name].value(), gone_segment if spec.source == "segment" else str)
        shop.suggest(self)

    def afresh(self, data: Any) -> PartForm:
        """Another kind was chosen: begin with its defaults, and with what was typed into plain fields of the same name."""
        form = PartForm(None, kind=self.kind, shop=self.shop, prefix=str(self.prefix))
        carried = [name for name, spec in self._specs.items() if spec.default is None and spec.what in _CARRIED]
        form.initial.update({name: data[self.add_prefix(name)] for name in carried if self.add_prefix(name) in data})
        return form

    def hush(self) -> None:
        """Show what was typed without finding fault."""
        self._errors = ErrorDict()

    # --- from JSON to what is shown

    def _initial(self, value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        said = {"values": value} if self.kind.is_bare else dict(value)
        shown = dict(_flat(said))
        if "steps" in said:
            shown["steps"] = f.write_steps(said["steps"], currency=self.shop.currency, is_money=said["by"] == "spend")
        for name in ("at_least", "at_most"):
            if self._is_amount(said) and name in said:
                shown[name] = float(to_major(int(said[name]), self.shop.currency))
        return {name: _shown(self._specs.get(name), entry) for name, entry in shown.items()}

    def _is_amount(self, said: Json) -> bool:
        return in_money(self.kind.key, said)

    # --- from what was typed to JSON

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "steps" in cleaned and "by" in cleaned:
            self._read_steps(cleaned)
        if self.kind.needs_one and not self.errors and not self._says_something(cleaned):
            optional = next(name for name, spec in self._specs.items() if not spec.required)
            self.add_error(optional, _("Fill in at least one of these."))
        if self.asks_for_sense and not self.errors:
            self._make_sense()
        return cleaned

    def _read_steps(self, cleaned: dict[str, Any]) -> None:
        try:
            is_money = cleaned["by"] == "spend"
            cleaned["steps"] = f.read_steps(cleaned["steps"], currency=self.shop.currency, is_money=is_money)
        except ValidationError as error:
            self.add_error("steps", error)

    def _says_something(self, cleaned: dict[str, Any]) -> bool:
        optional = [name for name, spec in self._specs.items() if not spec.required and spec.default is None]
        return any(cleaned.get(name) not in (None, "", []) for name in optional)

    def _make_sense(self) -> None:
        """Whether it would do anything: said at the field that has to change."""
        for path, rule in list(part_flaws(self.kind.key, self.json())):
            name = "values" if self.kind.is_bare else INSIDE.join(map(str, path))
            named = next((known for known in self.fields if name == known or name.startswith(f"{known}{INSIDE}")), None)
            if not self.has_error(named or ""):
                self.add_error(named, demanded(rule))

    def json(self) -> Any:
        """The value as a definition holds it; only of a valid form."""
        said: dict[str, Any] = {}
        for name, spec in self._specs.items():
            value = self.cleaned_data.get(name)
            if value in (None, "", []) or value == spec.default:
                continue
            *path, last = name.split(INSIDE)
            place = said
            for step in path:
                place = place.setdefault(step, {})
            place[last] = value
        if self.kind.is_bare:
            return said["values"]
        for name in ("at_least", "at_most"):
            if self._is_amount(said) and name in said:
                said[name] = to_minor(Decimal(str(said[name])), self.shop.currency)
        return said

    # --- for the template

    def rows(self) -> Iterator[Any]:
        """Bound fields, and groups for selectors, in the order of the registry."""
        for spec in self.kind.fields:
            if spec.what != "selector":
                yield self[spec.name]
                continue
            yield self._group(spec)

    def _group(self, spec: Field) -> Group:
        inside = f"{spec.name}{INSIDE}"
        outside = f"{inside}{EXCEPT}{INSIDE}"
        own = [self[f"{inside}{part.name}"] for part in SELECTOR]
        exceptions = [self[f"{outside}{part.name}"] for part in SELECTOR]
        errors = any(entry.errors for entry in (*own, *exceptions))
        return Group(spec.label, own, exceptions, self._said(spec), errors)

    def _said(self, spec: Field) -> str:
        """What a selector says now, as far as it can be read."""
        values: dict[str, Any] = {}
        for part in SELECTOR:
            bound = self[f"{spec.name}{INSIDE}{part.name}"]
            try:
                value = bound.field.clean(bound.value()) if self.is_bound else bound.initial
            except ValidationError:
                continue
            if value not in (None, "", []):
                values[part.name] = value in (True, "yes") if part.what == "either" else value
        return self.shop.words.selection(values, _("all products"))

    def named(self) -> Iterator[tuple[str, f.Tokens, list[str]]]:
        """Every field of chosen values that have names: its source, widget and values."""
        for name, made in self.fields.items():
            if isinstance(made, f.TextsField) and made.source:
                yield made.source, made.widget, list(self[name].value() or [])


def _flat(said: Json, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in said.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}{INSIDE}")
        else:
            yield f"{prefix}{name}", value


def _shown(spec: Field | None, value: Any) -> Any:
    return ("yes" if value else "no") if spec and spec.what == "either" else value


def typed(raw: Mapping[str, list[str]], prefix: str) -> MultiValueDict[str, str]:
    """What was typed into a part, at the place where it stands now."""
    return MultiValueDict({f"{prefix}-{name}": values for name, values in raw.items()})
