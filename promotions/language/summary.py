"""A whole promotion in plain words: one sentence for the list and the editor, part by part for the overview and diffs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from promotions.language.benefits import BENEFITS, say_benefit
from promotions.language.conditions import duration, say_condition
from promotions.language.terms import BASES, COMBINATIONS, LANES, RETURNS, TAXES
from promotions.language.words import Words, sentence

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What a promotion says and how often it may be had, whether it is stored or just being written.

    ``limits`` by their names in ``promotions.actions.offers.LIMITS``.
    """

    definition: Json
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    limits: Json = field(default_factory=dict)


def summary(offered: Offered, words: Words) -> str:
    """One sentence: what is taken off what, for whom, when, how often."""
    said = offered.definition
    parts = [
        _benefit(said, words),
        say_condition(said["when"], words) if "when" in said else "",
        duration(offered.starts_at, offered.ends_at, words),
        *_restrictions(said, words),
        *say_limits(offered.limits, words),
    ]
    return sentence(parts) + "."


def _benefit(said: Json, words: Words) -> str:
    given = say_benefit(said["benefit"], said.get("target", {}), words)
    times = said.get("times")
    if times is None:
        return given
    often = _often(times, _("at most once per cart"), _("at most %(count)s times per cart"))
    return f"{given} ({often})"


def _often(count: int, once: str, often: str) -> str:
    return once if count == 1 else often % {"count": localize(count)}


def _restrictions(said: Json, words: Words) -> list[str]:
    """What bears on the amount, where it is not as usual."""
    parts = []
    if said.get("basis") == "original":
        parts.append(_("reckoned on the original price"))
    if said.get("tax") == "net":
        parts.append(_("amounts without tax"))
    if said.get("tax") == "gross":
        parts.append(_("amounts with tax"))
    if floor := said.get("floor"):
        parts.append(_("no unit below %(price)s") % {"price": words.money(floor)})
    if holdout := said.get("holdout"):
        parts.append(_("%(percent)s %% of people held out to measure it") % {"percent": holdout})
    combination = said.get("combination", "stack")
    if combination != "stack":
        parts.append(_("applies %(how)s") % {"how": COMBINATIONS[combination]})
    return parts


def say_limits(limits: Json, words: Words) -> list[str]:
    """How often it may be had: a phrase for each limit that there is."""
    parts = []
    if (uses := limits.get("uses_limit")) is not None:
        parts.append(_often(uses, _("at most once"), _("at most %(count)s times")))
    if (mine := limits.get("uses_per_customer")) is not None:
        parts.append(_often(mine, _("at most once per person"), _("at most %(count)s times per person")))
    if (in_window := limits.get("uses_per_window")) is not None:
        parts.append(_often(in_window, *_window(limits.get("window", "day"))))
    if (budget := limits.get("budget")) is not None:
        parts.append(_("at most %(budget)s in all") % {"budget": words.money(budget)})
    return parts


def _window(window: str) -> tuple[str, str]:
    if window == "week":
        return _("at most once a week"), _("at most %(count)s times a week")
    if window == "month":
        return _("at most once a month"), _("at most %(count)s times a month")
    return _("at most once a day"), _("at most %(count)s times a day")


def _held_out(percent: int) -> str:
    return _("%(percent)s %% of people, to measure it") % {"percent": percent} if percent else _("nobody")


@dataclass(frozen=True)
class Part:
    """One thing that a version says; ``key`` is stable, so that versions can be laid beside each other."""

    key: str
    label: str
    text: str


def parts(offered: Offered, words: Words) -> list[Part]:
    """Everything a version says, each thing under its name; what is as usual says so."""
    said = offered.definition
    [kind] = said["benefit"]
    when = say_condition(said["when"], words) if "when" in said else ""
    rows = [
        ("name", _("Name"), said.get("name", "")),
        ("benefit", _("What it gives"), f"{BENEFITS[kind].label}: {_benefit(said, words)}"),
        ("when", _("For whom and when"), capfirst(when) or _("Everyone, always")),
        ("period", _("Period"), capfirst(duration(offered.starts_at, offered.ends_at, words)) or _("Always")),
        ("lane", _("Stage"), LANES.get(said.get("lane", "order"), said.get("lane"))),
        ("priority", _("Priority"), str(said.get("priority", 100))),
        ("combination", _("Combination"), COMBINATIONS[said.get("combination", "stack")]),
        ("basis", _("Reckoned on"), BASES[said.get("basis", "remaining")]),
        ("floor", _("Lowest price of a unit"), words.money(said.get("floor", 0))),
        ("tax", _("Amounts are"), TAXES[said.get("tax", "cart")]),
        ("holdout", _("Held out"), _held_out(said.get("holdout", 0))),
        ("returns", _("When goods come back"), RETURNS[said.get("returns", "keep")]),
    ]
    return [Part(key, str(label), capfirst(str(text))) for key, label, text in rows]


@dataclass(frozen=True)
class Difference:
    """What two versions say differently."""

    label: str
    before: str
    after: str


def differences(before: Offered, after: Offered, words: Words) -> list[Difference]:
    """In words, thing by thing; nothing where two versions say the same."""
    old = {part.key: part for part in parts(before, words)}
    return [
        Difference(part.label, old[part.key].text, part.text)
        for part in parts(after, words)
        if part.text != old[part.key].text
    ]
