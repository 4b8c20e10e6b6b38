"""Form fields that are typed as people write and cleaned to what a definition holds, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from core.money import MAX_AMOUNT, to_major, to_minor
from customers.importing.rows import country_code
from promotions.pricing.reading import UNWANTED

MOST_TEXTS, LONGEST_TEXT = 10_000, 200
# More chosen values than this are shown as lines of text.
MOST_CHIPS = 100
MOST_DIGITS = 20
FIRST_YEAR, LAST_YEAR = 1970, 2999
_PLAIN = re.compile(r"\d+")


def read_decimal(text: str) -> Decimal:
    """``1,50``, ``1.234,50`` in German, ``1.50``, ``1,234.50`` in English; the other sign is taken for the decimal one
    where it cannot be anything else. Raises ValidationError."""
    mark = str(get_format("DECIMAL_SEPARATOR"))
    group = "." if mark == "," else ","
    text = re.sub(r"[\s\u00a0\u202f]", "", text)
    sign, digits = ("-", text[1:]) if text[:1] in "-−" and text else ("", text)
    if re.fullmatch(rf"[1-9]\d{{0,2}}(\{group}\d{{3}})+(\{mark}\d+)?", digits):
        digits = digits.replace(group, "")
    elif re.fullmatch(rf"\d+\{group}\d{{1,2}}", digits):
        digits = digits.replace(group, mark)
    if not re.fullmatch(rf"\d+(\{mark}\d+)?", digits) or len(digits) > MOST_DIGITS:
        raise forms.ValidationError(_("This is no number, e.g. %(example)s."), params={"example": f"12{mark}50"})
    return Decimal(sign + digits.replace(mark, "."))


def write_decimal(number: Decimal) -> str:
    """As the reader types it, without thousands."""
    return f"{number:f}".replace(".", str(get_format("DECIMAL_SEPARATOR")))


class OfProject(forms.Widget):
    """A widget whose template lies with the project's, not with Django's."""

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        attributes = flatatt(context["widget"]["attrs"])
        return mark_safe(render_to_string(template_name, context | {"attributes": attributes}))  # noqa: S308


class WithUnit(OfProject, forms.TextInput):
    """A number with its unit behind it."""

    template_name = "promotions/widgets/unit.html"

    def __init__(self, unit: str) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off"})
        self.unit = unit

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"unit": self.unit}


class MoneyField(forms.Field):
    """Typed in the currency, held in minor units."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        super().__init__(**{"widget": WithUnit(currency)} | kwargs)
        self.currency = currency

    def clean(self, value: Any) -> int | None:
        text = super().clean(value.strip() if isinstance(value, str) else value)
        if text in self.empty_values:
            return None
        amount = read_decimal(text)
        if amount < 0:
            raise forms.ValidationError(_("An amount is not negative."))
        precision = get_currency_precision(self.currency)
        if amount != round(amount, precision):
            raise forms.ValidationError(_("At most %(places)s decimal places."), params={"places": precision})
        if (minor := to_minor(amount, self.currency)) > MAX_AMOUNT:
            raise forms.ValidationError(_("This amount is too large."))
        return minor

    def prepare_value(self, value: Any) -> Any:
        return write_decimal(to_major(value, self.currency)) if isinstance(value, int) else value


class PercentField(forms.Field):
    """A percentage of at most two places, held as a text such as ``12.5``."""

    unit, lowest, highest = "%", Decimal(0), Decimal(100)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": WithUnit(self.unit)} | kwargs)

    def clean(self, value: Any) -> str | None:
        text = super().clean(value.strip() if isinstance(value, str) else value)
        if text in self.empty_values:
            return None
        number = read_decimal(text.rstrip("% "))
        if not self.lowest <= number <= self.highest:
            bounds = {"low": self.lowest, "high": self.highest}
            raise forms.ValidationError(_("Between %(low)s and %(high)s."), params=bounds)
        if number != round(number, 2):
            raise forms.ValidationError(_("At most %(places)s decimal places."), params={"places": 2})
        plain = f"{number:f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain

    def prepare_value(self, value: Any) -> Any:
        return value.replace(".", str(get_format("DECIMAL_SEPARATOR"))) if isinstance(value, str) else value


class TimesField(PercentField):
    """So many times: 1 to 99.99."""

    unit, lowest, highest = "×", Decimal(1), Decimal("99.99")


class NumberField(forms.Field):
    """Any number; a whole one stays whole."""

    widget = forms.TextInput

    def clean(self, value: Any) -> float | int | None:
        text = super().clean(value.strip() if isinstance(value, str) else value)
        if text in self.empty_values:
            return None
        number = read_decimal(text)
        return int(number) if number == int(number) else float(number)

    def prepare_value(self, value: Any) -> Any:
        return write_decimal(Decimal(str(value))) if isinstance(value, int | float) else value


class Suggested(OfProject, forms.TextInput):
    """One value with suggestions."""

    template_name = "promotions/widgets/suggest.html"

    def __init__(self, source: str) -> None:
        super().__init__({"autocomplete": "off"})
        self.source, self.url = source, ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["attrs"]
        shown |= suggesting(self.url, self.source, name, shown.get("id", name))
        return context


def suggesting(url: str, source: str, name: str, identifier: str) -> dict[str, str]:
    """Attributes of a text field that is offered values while somebody types."""
    return {
        "list": f"{identifier}_list",
        "hx-get": url,
        "hx-vals": json.dumps({"source": source, "field": name}),
        "hx-trigger": "focus once, input changed delay:200ms",
        "hx-target": f"#{identifier}_list",
        "hx-swap": "innerHTML",
        "hx-sync": "this:replace",
    }


class Tokens(OfProject):
    """Several values: the chosen ones as boxes to untick, and a field for one more with suggestions.

    ``labels``: what chosen values are called; one that is in ``checked`` sources and has no label is unknown.
    """

    template_name = "promotions/widgets/tokens.html"

    def __init__(self, source: str = "") -> None:
        super().__init__()
        self.source, self.url = source, ""
        self.labels: Mapping[str, str] | None = None

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        lines = [UNWANTED.sub("", line).strip() for text in given for line in text.splitlines()]
        return list(dict.fromkeys(line for line in lines if line))

    def format_value(self, value: Any) -> Any:
        return value or []

    def id_for_label(self, id_: str | None) -> str:
        return id_ or ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["attrs"]
        if self.source:
            shown |= suggesting(self.url, self.source, name, shown.get("id", name))
        chosen = list(value or [])
        chips = [
            {"value": entry, "label": (self.labels or {}).get(entry, entry), "is_unknown": self._is_unknown(entry)}
            for entry in chosen
        ]
        return context | {
            "chips": chips if len(chips) <= MOST_CHIPS else [],
            "lines": "\n".join(map(str, chosen)) if len(chips) > MOST_CHIPS else "",
            "source": self.source,
        }

    def _is_unknown(self, value: str) -> bool:
        return self.labels is not None and value not in self.labels


class TextsField(forms.Field):
    """Texts, each once."""

    def __init__(self, *, source: str = "", **kwargs: Any) -> None:
        super().__init__(**{"widget": Tokens(source)} | kwargs)
        self.source = source

    def clean(self, value: Any) -> list[str]:
        texts: list[str] = super().clean(value) or []
        if self.source == "code":
            texts = list(dict.fromkeys("".join(text.split()).upper() for text in texts))
        if self.source == "country":
            texts = list(dict.fromkeys(map(_country, texts)))
        if len(texts) > MOST_TEXTS:
            raise forms.ValidationError(_("%(most)s at most."), params={"most": MOST_TEXTS})
        if too_long := [text for text in texts if len(text) > LONGEST_TEXT]:
            raise forms.ValidationError(_("“%(text)s…” is too long."), params={"text": too_long[0][:40]})
        return texts


def _country(text: str) -> str:
    """The code that orders hold, of a name or a code. Raises ValidationError."""
    if code := country_code(text):
        return code
    raise forms.ValidationError(_("“%(text)s” is no country that we know."), params={"text": text[:40]})


class ValuesField(TextsField):
    """Texts, numbers, yes and no: what is written in quotation marks is a text in any case."""

    def clean(self, value: Any) -> list[Any]:
        return [_read_value(text) for text in super().clean(value)]

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list) or all(isinstance(entry, str) and not _is_ambiguous(entry) for entry in value):
            return value
        return [_write_value(entry) for entry in value]


def _read_value(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,10})?", text):
        return float(text) if "." in text else int(text)
    return text


def _is_ambiguous(text: str) -> bool:
    return not isinstance(_read_value(text), str) or _read_value(text) != text


def _write_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if _is_ambiguous(value) else value
    return str(value)


def moment_input() -> forms.DateTimeInput:
    """The browser's own picker of day and time."""
    return forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")


class LocalMomentField(forms.DateTimeField):
    """A moment in the shop's time zone (that of the request), within the years that zones can be applied to."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": moment_input()} | kwargs)

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment = super().to_python(value)
        except OverflowError:
            moment = datetime.min  # noqa: DTZ901  # only its year is looked at
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return moment


class MomentField(LocalMomentField):
    """Held as ISO text."""

    def clean(self, value: Any) -> Any:
        moment = super().clean(value)
        return timezone.localtime(moment).isoformat() if moment else None

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return value
        return super().prepare_value(value)


class ClockField(forms.RegexField):
    """A time of day, ``09:30``."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TimeInput({"type": "time"}, "%H:%M")
        super().__init__(r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", **{"widget": widget} | kwargs)

    def clean(self, value: Any) -> str | None:
        return super().clean(value) or None


class Steps(OfProject):
    """Rows of a threshold and a percentage; there is always room for two more."""

    template_name = "promotions/widgets/steps.html"
    spare = 2

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str]]:
        rows, number = [], 0
        while f"{name}-{number}-from" in data or f"{name}-{number}-percent" in data:
            row = [str(data.get(f"{name}-{number}-{part}", "")).strip() for part in ("from", "percent")]
            rows.append((row[0], row[1]))
            number += 1
        return [row for row in rows if any(row)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-0-from" not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        rows = [*(value or []), *[("", "")] * self.spare]
        return super().get_context(name, value, attrs) | {"rows": rows}


class StepsField(forms.Field):
    """Texts as typed; what the thresholds are depends on another field, so the form reads them (``read_steps``)."""

    widget = Steps

    def clean(self, value: Any) -> list[tuple[str, str]]:
        return super().clean(value) or []


def read_steps(rows: list[tuple[str, str]], *, currency: str, is_money: bool) -> list[dict[str, Any]]:
    """Steps of a definition, ascending. Raises ValidationError."""
    least: forms.Field = MoneyField(currency=currency) if is_money else forms.IntegerField(min_value=0)
    steps = [{"from": least.clean(start), "percent": PercentField().clean(percent)} for start, percent in rows]
    return sorted(steps, key=lambda step: step["from"])


def write_steps(steps: list[Mapping[str, Any]], *, currency: str, is_money: bool) -> list[tuple[str, str]]:
    """As they are typed."""
    write = MoneyField(currency=currency).prepare_value if is_money else str
    return [(write(step["from"]), PercentField().prepare_value(step["percent"])) for step in steps]
