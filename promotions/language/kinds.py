"""One registry for every kind of condition and benefit: what it is called, what has to be filled in, how it reads.

The forms are built from the fields named here (``promotions.forms.offers``), and the sentences from ``say``; so a new
kind of the engine needs one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from promotions.language.words import Words


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something to fill in. ``what`` says how it is typed and stored; ``default`` is not written down.

    ``what``: money, percent, times, count (from 1), share (per cent of people), whole (from 0), number, text, texts, values, choice, choices, flag,
    either (yes, no or no matter), moment, clock, selector, steps.
    ``source``: where names to choose from come from (product, category, segment …).
    """

    name: str
    label: Any
    what: str
    required: bool = False
    hint: Any = ""
    default: Any = None
    source: str = ""
    choices: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None


# Which products; "except" is the same once more.
SELECTOR = (
    Field(name="products", label=_("Products"), what="texts", source="product"),
    Field(name="categories", label=_("Categories"), what="texts", source="category"),
    Field(name="brands", label=_("Brands"), what="texts", source="brand"),
    Field(name="tags", label=_("Tags"), what="texts", source="tag"),
    Field(name="price_from", label=_("Price from"), what="money"),
    Field(name="price_until", label=_("Price up to"), what="money"),
    Field(name="reduced", label=_("Reduced already"), what="either"),
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of condition or benefit.

    ``say(value, words)`` is its phrase. ``is_bare``: the value is that of its only field, not an object.
    ``needs_one``: of several optional fields one has to be filled in. ``lacks``: what a cart lacks, of a condition.
    """

    key: str
    label: Any
    fields: tuple[Field, ...]
    say: Callable[[Any, Words], str]
    hint: Any = ""
    is_bare: bool = False
    needs_one: bool = False
    lacks: Callable[[Mapping[str, Any], Words], str] | None = None


def by_key(*kinds: Kind) -> dict[str, Kind]:
    return {kind.key: kind for kind in kinds}
