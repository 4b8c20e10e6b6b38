"""A measured difference in words, and in no bigger ones than it bears: what every screen of results says alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from core.measuring.uplift import LEAST_BUYERS, LEAST_PEOPLE
from core.templatetags.cx import money, percent

TONES = {"gain": "success", "loss": "danger"}


@dataclass(frozen=True)
class Comparison:
    """What may be said of an amount: ``tone`` for the badge and a sentence; ``detail`` says what it rests on."""

    tone: str
    text: str
    detail: str = ""


def per_person(found: Mapping[str, Any], currency: str) -> Comparison:
    """Of an :class:`~core.measuring.uplift.Uplift` as it is stored, with its ``verdict``: the difference of a person."""
    text = signed_money(found["difference"], currency)
    if found["relative"] is not None:
        text = f"{text} ({signed_percent(found['relative'])})"
    interval = _("95 %% certain: between %(low)s and %(high)s per person.") % _bounds(found, 1, currency)
    return _judged(found, text, interval)


def of_all(found: Mapping[str, Any], people: int, currency: str) -> Comparison:
    """The same for so many people together."""
    interval = _("95 %% certain: between %(low)s and %(high)s.") % _bounds(found, people, currency)
    return _judged(found, signed_money(found["difference"] * people, currency), interval)


def needed() -> str:
    """How many it takes before anything is said."""
    return _("At least %(people)s people and %(buyers)s buyers are needed on each side.") % {
        "people": number_format(LEAST_PEOPLE, force_grouping=True),
        "buyers": number_format(LEAST_BUYERS, force_grouping=True),
    }


def signed_money(amount: float, currency: str) -> str:
    """With a plus above 0; ``amount`` in minor units, rounded."""
    text = money(round(amount), currency)
    return f"+{text}" if round(amount) > 0 else text


def signed_percent(share: float) -> str:
    """With a plus above 0."""
    text = percent(share, 1)
    return f"+{text}" if share > 0 else text


def _bounds(found: Mapping[str, Any], people: int, currency: str) -> dict[str, str]:
    return {name: signed_money(found[name] * people, currency) for name in ("low", "high")}


def _judged(found: Mapping[str, Any], text: str, interval: str) -> Comparison:
    chance = " " + _("It may be chance.") if found["verdict"] == "unclear" else ""
    return Comparison(TONES.get(found["verdict"], "neutral"), text, f"{interval}{chance}")
