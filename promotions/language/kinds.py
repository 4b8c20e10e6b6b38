"""One registry for every kind of condition and benefit: what it is called, what has to be filled in, how it reads.

The forms are built from the fields named here (``promotions.forms.offers``), and the sentences from ``say``; so a new
kind of the engine needs one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from promotions.language.words import Words


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something to fill in. ``what`` says how it is typed and stored; ``default`` is not written down.

    ``what``: money, percent, count, amount (a whole number), number, text, texts, values, choice, choices, flag, moment,
    clock, selector, steps.
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
