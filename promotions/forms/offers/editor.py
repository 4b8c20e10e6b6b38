"""The whole editor: every form of it over one definition, or the definition itself as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import KitForm
from merchants.models import Merchant
from promotions.actions.offers import LIMITS, OWN_FIELDS
from promotions.forms.offers.fields import Steps, Tokens
from promotions.forms.offers.heads import AudienceForm, HeadForm, LimitsForm, take_audience
from promotions.forms.offers.parts import PartForm, Shop
from promotions.forms.offers.tree import MOST_ROWS, Node, group_json, is_beyond, read_tree, tree_of
from promotions.language.benefits import BENEFITS, WITHOUT_TARGET
from promotions.language.kinds import Kind
from promotions.language.naming import names_in
from promotions.language.problems import spoken_problem
from promotions.language.settings import SETTINGS, TARGET
from promotions.language.summary import Offered, summary
from promotions.language.terms import KPIS
from promotions.language.words import Words
from promotions.models import Promotion, PromotionVersion
from promotions.pricing import definitions as d
from promotions.pricing.reading import Unreadable, read_promotion
from promotions.pricing.sense import check_sense
from promotions.queries.naming import labels_of

FORM, JSON = "form", "json"
BENEFIT = "benefit"
MOST_JSON = 1_000_000
Json = Mapping[str, Any]


class JsonForm(KitForm):
    """The definition as experts write it, checked by the reader that checks everything else."""

    use_required_attribute = False
    definition = forms.CharField(
        label=gettext_lazy("Definition"),
        max_length=MOST_JSON,
        widget=forms.Textarea({"rows": 24, "spellcheck": "false", "class": "font-monospace"}),
        help_text=gettext_lazy("As the schema of promotions describes it, without id, version, age and name."),
    )

    def clean_definition(self) -> Json:
        try:
            said = json.loads(self.cleaned_data["definition"])
        except RecursionError as error:
            raise forms.ValidationError(_("This is nested too deeply.")) from error
        except ValueError as error:
            where = {"line": getattr(error, "lineno", 1), "column": getattr(error, "colno", 1)}
            raise forms.ValidationError(
                _("This is no JSON: line %(line)s, column %(column)s."), params=where
            ) from error
        if not isinstance(said, dict):
            raise forms.ValidationError(_("A definition is an object: {…}."))
        if own := sorted(set(said) & set(OWN_FIELDS)):
            raise forms.ValidationError(_("%(path)s: this is set by us."), params={"path": own[0]})
        if problem := problem_of(said):
            raise forms.ValidationError("%(problem)s", params={"problem": problem})
        return said


def problem_of(definition: Json) -> str:
    """Where a draft cannot be, and why; empty where it can."""
    try:
        read_promotion({**definition, "id": "draft"})
        check_sense(definition, figures=KPIS)
    except Unreadable as error:
        return spoken_problem(error)
    except RecursionError:
        return _("This is nested too deeply.")
    return ""


def written(definition: Json) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False)


def own_part(definition: Json) -> dict[str, Any]:
    """A stored definition without what we set ourselves."""
    return {name: value for name, value in definition.items() if name not in OWN_FIELDS}


def offered_by(version: PromotionVersion, promotion: Promotion | None = None) -> Offered:
    """What a stored version says; with the limits of its promotion, where that is given."""
    limits = {name: getattr(promotion, name) for name in LIMITS} if promotion else {}
    said = {name: value for name, value in version.definition.items() if name not in OWN_FIELDS or name == "name"}
    return Offered(definition=said, starts_at=version.starts_at, ends_at=version.ends_at, limits=limits)


@dataclass(frozen=True)
class Start:
    """What an editor begins with: nothing, or a version of a promotion."""

    name: str = ""
    number: int | None = None
    offered: Offered = field(default_factory=lambda: Offered(definition={"benefit": {"percent": {"percent": "10"}}}))

    @classmethod
    def of(cls, promotion: Promotion, version: PromotionVersion, *, seen: int) -> Start:
        return cls(promotion.name, seen, offered_by(version, promotion))


class PromotionEditor:
    """``data`` is what was sent; without it the editor shows what it starts with."""

    def __init__(self, merchant: Merchant, *, start: Start, data: QueryDict | None = None, is_new: bool = True) -> None:
        self.merchant, self.start, self.data, self.is_new = merchant, start, data, is_new
        self.shop = Shop(merchant)
        said = start.offered
        head = {"name": start.name, "starts_at": said.starts_at, "ends_at": said.ends_at, "seen": start.number}
        self.head = HeadForm(data, shop=self.shop, is_new=is_new, initial=head)
        self.limits = LimitsForm(data, shop=self.shop, initial=said.limits) if is_new else None
        self.problem, self.is_cut = "", False
        self._show(said.definition)
        if data is not None:
            self._read(data)

    def _show(self, definition: Json) -> None:
        """The forms of a definition; what they could not say is shown as JSON."""
        definition = own_part(definition)
        audience, left = take_audience(definition.get("when"))
        [(kind, value)] = definition["benefit"].items()
        self.kind = kind
        self.audience = AudienceForm(None, shop=self.shop, said=audience)
        self.tree = tree_of(left, self.shop)
        self.benefit = PartForm(None, kind=BENEFITS[kind], shop=self.shop, prefix=BENEFIT, value=value)
        target = {"target": definition.get("target", {})}
        self.target = PartForm(None, kind=TARGET, shop=self.shop, prefix="on", value=target)
        self.settings = PartForm(None, kind=SETTINGS, shop=self.shop, prefix="how", value=definition)
        self.json_form = JsonForm(initial={"definition": written(definition)})
        self.mode = FORM if self._says_the_same(definition) else JSON
        self.is_beyond_forms = self.mode == JSON

    def _read(self, data: QueryDict) -> None:
        self.mode = JSON if data.get("mode") == JSON else FORM
        self.is_beyond_forms = False
        if self.mode == JSON:
            self.json_form = JsonForm(data)
            return
        sent = data.get("benefit-kind", "")
        self.kind = sent if sent in BENEFITS else self.kind
        self.audience = AudienceForm(data, shop=self.shop, said={})
        self.tree = read_tree(data, self.shop)
        self.is_cut = is_beyond(data, self.tree)
        self.benefit = PartForm(data, kind=BENEFITS[self.kind], shop=self.shop, prefix=BENEFIT)
        self.target = PartForm(data, kind=TARGET, shop=self.shop, prefix="on")
        self.settings = PartForm(data, kind=SETTINGS, shop=self.shop, prefix="how")

    def _says_the_same(self, definition: Json) -> bool:
        """Whether the forms, sent as they are shown, would say what the definition says."""
        shown = QueryDict(mutable=True)
        for form in self._forms_of_definition():
            _send(form, shown)
        _send_tree(self.tree, shown)
        shown["benefit-kind"] = self.kind
        again = _Reader(self.shop, shown, self.kind)
        said = again.definition()
        try:
            return said is not None and meaning(said) == meaning(definition)
        except Unreadable:
            return False

    # --- whether it is complete

    def _forms_of_definition(self) -> list[Any]:
        return [self.audience, self.benefit, self.target, self.settings]

    def forms(self) -> list[Any]:
        """All that are shown in this mode."""
        inside = [self.json_form] if self.mode == JSON else [*self._forms_of_definition(), *self.tree.forms()]
        return [self.head, *([self.limits] if self.limits else []), *inside]

    def is_valid(self) -> bool:
        # Not all(): every form says what is wrong with it.
        if [form for form in self.forms() if not form.is_valid()]:
            return False
        self.problem = self._cut() if self.is_cut else problem_of(self.definition)
        return not self.problem

    def _cut(self) -> str:
        return _("A form has %(most)s conditions at most. What is beyond is not shown; write it as JSON.") % {
            "most": MOST_ROWS
        }

    def hush(self) -> None:
        """Find no fault with what is still being written."""
        for form in self.forms():
            if isinstance(form, PartForm):
                form.hush()
            else:
                form._errors = forms.utils.ErrorDict()

    @property
    def benefits(self) -> list[Kind]:
        return list(BENEFITS.values())

    @property
    def next_number(self) -> int:
        return (self.start.number or 0) + 1

    @property
    def is_unusual(self) -> bool:
        """Whether a setting is not as it is for most promotions."""
        return any(name in self.start.offered.definition for name in self.settings.fields)

    @property
    def has_target(self) -> bool:
        return self.kind not in WITHOUT_TARGET

    @cached_property
    def definition(self) -> dict[str, Any]:
        """Of a valid editor."""
        if self.mode == JSON:
            return dict(self.json_form.cleaned_data["definition"])
        return compose(self.audience, self.tree, self.benefit, self.target, self.settings)

    def offered(self) -> Offered:
        """Of a valid editor."""
        given = self.head.cleaned_data
        limits = self.limits.limits() if self.limits else self.start.offered.limits
        return Offered(
            definition=self.definition, starts_at=given["starts_at"], ends_at=given["ends_at"], limits=limits
        )

    def summary(self) -> str:
        """Of a valid editor: the whole promotion in one sentence."""
        return summary(self.offered(), words_for(self.merchant, self.definition))

    def started_with(self) -> str:
        """What the editor shows at first, in one sentence."""
        said = self.start.offered
        return summary(said, words_for(self.merchant, said.definition)) if not self.is_new else ""

    def flaws(self) -> list[tuple[str, str]]:
        """What is still missing or wrong, field by field, as the reader finds it."""
        found = [
            (str(form[name].label if name in form.fields else ""), str(error))
            for form in self.forms()
            for name, errors in form.errors.items()
            for error in errors
        ]
        return [*found, *([("", self.problem)] if self.problem else [])]

    # --- what the buttons do

    def act(self, what: str) -> None:
        """``add PLACE``, ``remove PLACE``, ``benefit``, ``as json``, ``as form``: the page changes, nothing is stored."""
        verb, _blank, place = what.partition(" ")
        if verb == "add" and self.data is not None:
            self.tree.add(place, self.data.get(f"{place}-add", ""))
        elif verb == "remove":
            self.tree.remove(place)
        elif verb == BENEFIT and self.data is not None and self.mode == FORM:
            self.benefit = self.benefit.afresh(self.data)
        elif verb == "as":
            self._turn(place)
            return
        self.hush()

    def _turn(self, mode: str) -> None:
        """Show the same definition the other way, if it can be read as it stands."""
        if mode == self.mode or [form for form in self.forms()[1:] if not form.is_valid()]:
            return
        definition = self.definition
        self._show(definition)
        if mode == JSON:
            self.mode, self.is_beyond_forms = JSON, False

    def name_choices(self) -> None:
        """Give what is chosen its names; one round of queries for all fields."""
        named: list[tuple[str, Tokens, list[str]]] = [
            *(entry for form in self.forms() if isinstance(form, PartForm) for entry in form.named()),
            *_named(self.audience),
        ]
        wanted = {_name(source, value) for source, _widget, values in named for value in values}
        labels = labels_of(self.merchant, wanted)
        self.shop.words = replace(self.shop.words, labels=labels)
        for source, widget, values in named:
            if source not in ("payment_method", "shipping_method", "trait"):
                widget.labels = {value: labels[name] for value in values if (name := _name(source, value)) in labels}
                widget.labels |= {value: value for value in values if _is_free(source, value)}


def _named(form: forms.Form) -> Iterator[tuple[str, Tokens, list[str]]]:
    for name, made in form.fields.items():
        if isinstance(made.widget, Tokens):
            yield made.widget.source, made.widget, list(form[name].value() or [])


def _name(source: str, value: str) -> tuple[str, str]:
    return ("batch", value[1:]) if source == "code" and value.startswith("@") else (source, value)


def _is_free(source: str, value: str) -> bool:
    """Whether there is no list that it could be missing from."""
    return source == "country" or (source == "code" and not value.startswith("@"))


def compose(
    audience: AudienceForm, tree: Node, benefit: PartForm, target: PartForm, settings: PartForm
) -> dict[str, Any]:
    """The definition that valid forms say."""
    root = tree.json()
    rows = [*audience.conditions()]
    if root is not None:
        rows += root.get("all", [root])
    kind = benefit.kind.key
    when = group_json("all", rows)
    said: dict[str, Any] = {"benefit": {kind: benefit.json()}}
    said |= {"when": when} if when else {}
    said |= target.json() if kind not in WITHOUT_TARGET else {}
    said |= settings.json()
    return said


class _Reader:
    """Reads the forms of a definition once more, as a browser would send them."""

    def __init__(self, shop: Shop, data: QueryDict, kind: str) -> None:
        self._audience = AudienceForm(data, shop=shop, said={})
        self._tree = read_tree(data, shop)
        self._parts = [
            PartForm(data, kind=part, shop=shop, prefix=prefix)
            for part, prefix in ((BENEFITS[kind], BENEFIT), (TARGET, "on"), (SETTINGS, "how"))
        ]

    def definition(self) -> dict[str, Any] | None:
        forms_read: list[Any] = [self._audience, *self._parts, *self._tree.forms()]
        for form in forms_read:
            form.asks_for_sense = False  # what is stored is shown, whatever it says
        if not all(form.is_valid() for form in forms_read):
            return None
        return compose(self._audience, self._tree, *self._parts)


def _send(form: Any, into: QueryDict) -> None:
    """What a browser would send of a form as it is shown."""
    for bound in form:
        value = bound.value()
        if isinstance(bound.field.widget, Tokens | forms.CheckboxSelectMultiple):
            into.setlist(bound.html_name, [str(entry) for entry in value or []])
        elif isinstance(bound.field.widget, Steps):
            for number, (start, percent) in enumerate(value or []):
                into[f"{bound.html_name}-{number}-from"] = start
                into[f"{bound.html_name}-{number}-percent"] = percent
        elif isinstance(bound.field, forms.BooleanField):
            if value:
                into[bound.html_name] = "on"
        else:
            shown = bound.field.widget.format_value(value)
            if isinstance(shown, list):
                shown = shown[0] if shown else ""
            into[bound.html_name] = "" if shown is None else str(shown)


def _send_tree(node: Node, into: QueryDict) -> None:
    into[f"{node.place}-kind"] = node.kind
    if not node.is_group:
        _send(node.form, into)
    for child in node.children:
        _send_tree(child, into)


def words_for(merchant: Merchant, *definitions: Json) -> Words:
    """What says these definitions with the names of what they speak of."""
    names = {name for definition in definitions for name in names_in(definition)}
    return Words(merchant.currency, merchant.tz, labels_of(merchant, names))


def meaning(definition: Json) -> d.Promotion:
    """A promotion in a form in which those that decide alike are equal."""
    promotion = read_promotion({**own_part(definition), "id": "draft"})
    return replace(promotion, condition=_plain(promotion.condition))


def _plain(condition: d.Condition) -> d.Condition:
    if isinstance(condition, d.Not):
        return d.Not(_plain(condition.of))
    if not isinstance(condition, d.AllOf | d.AnyOf):
        return condition
    parts = [_plain(part) for part in condition.of]
    same = type(condition)
    flat = [inner for part in parts for inner in (part.of if isinstance(part, same) else (part,))]
    return flat[0] if len(flat) == 1 else same(tuple(sorted(flat, key=repr)))
