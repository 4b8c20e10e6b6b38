"""How amounts, selections and lists are said. Everything here depends on its arguments and the reader's language alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_time
from django.utils import translation
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.cx import money
from promotions.pricing.definitions import SEPARATOR

# Of a long list so many are named.
NAMED = 3
Json = Mapping[str, Any]


def locale() -> str:
    return translation.to_locale(translation.get_language() or "en")


@dataclass(frozen=True)
class Words:
    """What turns a definition into sentences: the shop's currency and time zone.

    ``labels`` are names for what a definition knows by a key: ``("product", "L-1")`` → ``"Lotion"``.
    """

    currency: str
    zone: tzinfo
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def money(self, amount: int) -> str:
        return money(amount, self.currency)

    def percent(self, percentage: str) -> str:
        """``"12.5"`` → ``12.5%`` or ``12,5 %``."""
        number = localize(Decimal(percentage).normalize() + 0)
        if Decimal(percentage) == int(Decimal(percentage)):
            number = str(int(Decimal(percentage)))
        return f"{number}\N{NO-BREAK SPACE}%" if locale().startswith("de") else f"{number}%"

    def moment(self, at: datetime | str) -> str:
        """Day and time in the shop's zone."""
        moment = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(self.zone)
        day = format_date(moment, "medium", locale=locale())
        return f"{day}, {format_time(moment, 'short', locale=locale())}"

    def label(self, source: str, value: str) -> str:
        return str(self.labels.get((source, value), value))

    def one_of(self, source: str, values: Iterable[str]) -> str:
        """``A, B or C``; of many the first and how many more there are."""
        return either([self.label(source, value) for value in values])

    def selection(self, said: Json, everything: str = "") -> str:
        """The products of a selector: ``Sun care, brand Lumo, from €10.00``; of an empty one ``everything``."""
        parts = [part for part in (*self._named(said), *self._bounds(said)) if part]
        if not parts:
            return everything or _("everything")
        if not any(name in said for name in ("products", "categories", "brands", "tags")):
            parts[0] = _("products %(which)s") % {"which": parts[0]}
        return ", ".join(parts)

    def _named(self, said: Json) -> list[str]:
        return [
            self.one_of("product", said["products"]) if "products" in said else "",
            either([path.split(SEPARATOR)[-1] for path in said["categories"]]) if "categories" in said else "",
            _("brand %(names)s") % {"names": either(said["brands"])} if "brands" in said else "",
            _("tagged %(names)s") % {"names": either(said["tags"])} if "tags" in said else "",
        ]

    def _bounds(self, said: Json) -> list[str]:
        reduced = {True: _("that are reduced"), False: _("that are not reduced")}
        bounds = between(said.get("price_from"), said.get("price_until"), self.money)
        excluded = said.get("except")
        return [
            bounds,
            reduced[said["reduced"]] if "reduced" in said else "",
            _("except %(what)s") % {"what": self.selection(excluded)} if excluded else "",
        ]


def between(low: Any, high: Any, say: Any = str) -> str:
    """``from 5``, ``up to 9``, ``from 5 to 9``; nothing without bounds."""
    if low is None:
        return "" if high is None else _("up to %(high)s") % {"high": say(high)}
    if high is None:
        return _("from %(low)s") % {"low": say(low)}
    return _("from %(low)s to %(high)s") % {"low": say(low), "high": say(high)}


def either(values: Iterable[str]) -> str:
    """``A``, ``A or B``, ``A, B or C``; of more the first three and how many are left."""
    named = [str(value) for value in values]
    if len(named) > NAMED + 1:
        more = len(named) - NAMED
        further = ngettext("%(count)s more", "%(count)s more", more) % {"count": more}
        named = [*named[:NAMED], further]
    if len(named) < 2:
        return "".join(named)
    return _("%(first)s or %(last)s") % {"first": ", ".join(named[:-1]), "last": named[-1]}


def both(parts: Iterable[str]) -> str:
    """``A and B``."""
    said = [part for part in parts if part]
    if len(said) < 2:
        return "".join(said)
    return _("%(first)s and %(last)s") % {"first": ", ".join(said[:-1]), "last": said[-1]}


def ordinal(number: int) -> str:
    """``3rd`` or ``3.``."""
    if locale().startswith("de"):
        return f"{number}."
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def plain_number(value: float) -> str:
    """As the reader writes it."""
    return str(localize(int(value) if value == int(value) else value))


def sentence(parts: Iterable[str]) -> str:
    """Parts with commas between them, beginning with a capital."""
    text = ", ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]
