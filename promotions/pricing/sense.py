"""What a draft may not say although it can be read: it would give nothing, fit nothing, or speak against itself.

Asked when a version is written or published. A version that is stored already is read as it is, so that what it once
decided can be decided again (``reading.known_promotion``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from promotions.pricing.cart import normalise_code
from promotions.pricing.reading import Unreadable

Json = Mapping[str, Any]
Path = tuple[str | int, ...]
Flaw = tuple[Path, str]

PROBLEMS = {
    "above_zero": "This has to be more than 0; with 0 it takes nothing off.",
    "gives_nothing": "This would give nothing.",
    "range": "This is less than where the range begins.",
    "ends_first": "It must end after it starts.",
    "blank": "This may not be blank.",
    "step_twice": "Two steps begin at the same value.",
    "step_in_vain": "A later step has to give more than those before it.",
    "enum": "There is no such figure. One of: %(wanted)s.",
    "beyond_group": "Of a group no more units can be reduced than it has.",
}


def check_sense(document: Json, *, figures: Collection[str]) -> None:
    """Raises Unreadable with the first flaw of a promotion that can be read; ``figures``: those that people have."""
    for path, rule in flaws_of(document, figures):
        wanted = ", ".join(figures) if rule == "enum" else ""
        raise Unreadable(".".join(map(str, path)), PROBLEMS[rule] % {"wanted": wanted}, rule=rule, wanted=wanted)


def flaws_of(document: Json, figures: Collection[str]) -> Iterator[Flaw]:
    """Of a whole promotion: where it makes no sense, and against which of ``PROBLEMS``."""
    if "when" in document:
        yield from _below(_condition(document["when"], figures), "when")
    if "target" in document:
        yield from part_flaws("target", document)
    [(kind, value)] = document["benefit"].items()
    yield from _below(part_flaws(kind, value), "benefit", kind)


def part_flaws(kind: str, value: Any) -> Iterator[Flaw]:
    """Of one condition or benefit (or the ``target`` of a promotion), with paths below it."""
    look = _LOOKS.get(kind)
    return look(value) if look else iter(())


def _below(flaws: Iterator[Flaw], *path: str | int) -> Iterator[Flaw]:
    return (((*path, *inner), rule) for inner, rule in flaws)


def _condition(said: Json, figures: Collection[str]) -> Iterator[Flaw]:
    [(kind, value)] = said.items()
    match kind:
        case "all" | "any":
            for at, part in enumerate(value):
                yield from _below(_condition(part, figures), kind, at)
        case "not":
            yield from _below(_condition(value, figures), kind)
        case "kpi" if value["name"] not in figures:
            yield (kind, "name"), "enum"
        case _:
            yield from _below(part_flaws(kind, value), kind)


# --- what is looked for ------------------------------------------------------------------------------------------------


def _zeros(said: Json, *names: str) -> Iterator[Flaw]:
    yield from (((name,), "above_zero") for name in names if name in said and not Decimal(said[name]))


def _reductions(*names: str) -> Callable[[Json], Iterator[Flaw]]:
    return lambda said: _zeros(said, *names)


def _blanks(texts: Any) -> Iterator[Flaw]:
    """Blank is what nothing is left of when codes are compared, and a batch without its key."""
    yield from (
        ((at,), "blank") for at, text in enumerate(texts) if isinstance(text, str) and normalise_code(text) in ("", "@")
    )


def _crossed(said: Json, low: str, high: str) -> Iterator[Flaw]:
    if said.get(low) is not None and said.get(high) is not None and said[low] > said[high]:
        yield (high,), "range"


def _selector(said: Json) -> Iterator[Flaw]:
    for name in ("products", "categories", "brands", "tags"):
        yield from _below(_blanks(said.get(name, ())), name)
    yield from _crossed(said, "price_from", "price_until")
    if "except" in said:
        yield from _below(_selector(said["except"]), "except")


def _selectors(*names: str) -> Callable[[Json], Iterator[Flaw]]:
    def look(said: Json) -> Iterator[Flaw]:
        for name in names:
            yield from _below(_selector(said.get(name, {})), name)

    return look


def _known(said: Json) -> Iterator[Flaw]:
    if not said["name"].strip():
        yield ("name",), "blank"
    yield from _below(_blanks(said.get("values", ())), "values")
    yield from _crossed(said, "at_least", "at_most")


def _period(said: Json) -> Iterator[Flaw]:
    if "from" in said and "until" in said:
        start, end = (datetime.fromisoformat(said[name]) for name in ("from", "until"))
        if start >= end:
            yield ("until",), "ends_first"


def _group_deal(said: Json) -> Iterator[Flaw]:
    if said["units"] > said["size"]:
        yield ("units",), "beyond_group"
    yield from _zeros(said, "percent")


def _buy_get(said: Json) -> Iterator[Flaw]:
    yield from _selectors("buy_of", "get_of")(said)
    yield from _zeros(said, "percent")


def _tiered(said: Json) -> Iterator[Flaw]:
    """The best of the steps that are reached is given, so one that gives no more than an earlier one is never looked at."""
    steps = sorted(enumerate(said["steps"]), key=lambda numbered: int(numbered[1]["from"]))
    start, best = -1, Decimal(0)
    for at, step in steps:
        percent = Decimal(step["percent"])
        if not percent:
            yield ("steps", at, "percent"), "above_zero"
        elif step["from"] == start:
            yield ("steps", at, "from"), "step_twice"
        elif percent <= best:
            yield ("steps", at, "percent"), "step_in_vain"
        start, best = step["from"], max(best, percent)


def _gift(said: Json) -> Iterator[Flaw]:
    if not said["sku"].strip():
        yield ("sku",), "blank"


def _points(said: Json) -> Iterator[Flaw]:
    if not said.get("fixed") and not said.get("each") and Decimal(said.get("times", "1")) == 1:
        yield (next(name for name in ("fixed", "each", "times", "per") if name in said),), "gives_nothing"


_LOOKS: dict[str, Callable[[Any], Iterator[Flaw]]] = {
    "target": _selectors("target"),
    # conditions
    **dict.fromkeys(("spend", "quantity", "distinct_products"), _selectors("of")),
    **dict.fromkeys(
        ("segment", "customer", "channel", "payment_method", "country", "shipping_method", "code"), _blanks
    ),
    **dict.fromkeys(("trait", "kpi"), _known),
    "period": _period,
    # benefits
    "percent": _reductions("percent", "cap"),
    "amount": _reductions("amount"),
    "amount_per_unit": _reductions("amount"),
    "group_deal": _group_deal,
    "buy_get": _buy_get,
    "tiered": _tiered,
    "shipping_percent": _reductions("percent"),
    "gift": _gift,
    "points": _points,
}
