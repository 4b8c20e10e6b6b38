"""The people of a demo shop: who they are, how often they come, and what they like. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxapp.demo import names
from cxapp.demo.assortment import Assortment
from cxapp.demo.chance import Lot
from cxapp.demo.products import STYLES
from cxapp.demo.seasons import Floats, at_open_hours

# Named tastes of a person: one strong, one or two that matter, the rest weak.
STRONG, MEDIUM = 2.3, 1.3
NEVER_ORDERED = 0.04
_TRANSLITERATION = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ş": "s"})


@dataclass(frozen=True, slots=True)
class Person:
    """One customer or guest. ``joined`` and ``leaves`` are days since the start of the records.

    ``pace`` is visits per day, ``tastes`` (tastes + styles,), ``thrift`` how much dearness puts them off,
    ``habit`` how likely consumables are bought again, ``fuss`` how much more or less they send back.
    """

    first_name: str
    last_name: str
    email: str
    locale: str
    country: str
    gender: str
    is_guest: bool
    joined: float
    leaves: float
    pace: float
    tastes: Floats
    thrift: float
    habit: float
    fuss: float
    payment: str


def make_people(assortment: Assortment, rng: np.random.Generator, customers: int, days: float) -> list[Person]:
    """``customers`` people in the order in which they joined, and the guests behind them."""
    guests = round(customers * assortment.trade.orders_per_customer * assortment.trade.guests)
    taken: Counter[str] = Counter()
    people = [_person(assortment, rng, taken, float(day)) for day in _joined(rng, customers, days)]
    visits = _until(days, at_open_hours(rng, rng.uniform(0, days, guests)))
    return people + [_person(assortment, rng, taken, float(day), is_guest=True) for day in visits]


def _joined(rng: np.random.Generator, customers: int, days: float) -> Floats:
    """Four of ten were customers before the records begin; more and more join."""
    early = rng.random(customers) < 0.4
    joined = np.where(early, rng.uniform(-500, 0, customers), days * rng.random(customers) ** 0.8)
    return np.sort(_until(days, at_open_hours(rng, joined)))


def _until(days: float, moments: Floats) -> Floats:
    """What would still lie ahead today happened yesterday."""
    return np.where(moments < days, moments, moments - 1)


def _person(
    assortment: Assortment, rng: np.random.Generator, taken: Counter[str], joined: float, *, is_guest: bool = False
) -> Person:
    trade = assortment.trade
    country = Lot(trade.countries).draw(rng)
    english = rng.random() < trade.english
    gender = "f" if rng.random() < 0.56 else "m"
    first, last = _name(rng, "en" if english else country, gender)
    lazy = rng.random() < NEVER_ORDERED
    return Person(
        first_name=first,
        last_name=last,
        email=_address(rng, first, last, taken),
        locale="en" if english else "de",
        country=country,
        gender=gender,
        is_guest=is_guest,
        joined=joined,
        leaves=max(joined, 0) + (1.0 if is_guest else float(rng.exponential(430))),
        pace=0.0 if lazy and not is_guest else float(rng.gamma(0.8, trade.orders_per_customer / 340)),
        tastes=_tastes(rng, len(assortment.tastes)),
        thrift=float(rng.normal(0.3, 0.35)),
        habit=float(rng.beta(3, 2)),
        fuss=float(rng.gamma(2, 0.5)),
        payment=Lot(trade.payments).draw(rng),
    )


def _name(rng: np.random.Generator, people: str, gender: str) -> tuple[str, str]:
    people = people if people in names.FAMILY else "DE"
    first = (names.WOMEN if gender == "f" else names.MEN)[people]
    return _early(rng, first), _early(rng, names.FAMILY[people])


def _early(rng: np.random.Generator, values: Sequence[str]) -> str:
    """One of them, the earlier the likelier."""
    return values[int(len(values) * rng.random() ** 1.6)]


def _address(rng: np.random.Generator, first: str, last: str, taken: Counter[str]) -> str:
    """Unique among ``taken``; an address of ordinary make at a domain where nobody receives mail."""
    local = [f"{first}.{last}", f"{first[0]}.{last}", f"{first}{last[0]}", f"{last}.{first}"][int(rng.integers(4))]
    base = f"{ascii_local(local)}@{names.MAIL_DOMAINS[int(rng.integers(3))]}"
    taken[base] += 1
    return base if taken[base] == 1 else base.replace("@", f"{taken[base]}@")


def ascii_local(text: str) -> str:
    """The part of an address before the @, as people make it of their name."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_TRANSLITERATION))
    return re.sub(r"[^a-z.-]", "", plain)


def _tastes(rng: np.random.Generator, named: int) -> Floats:
    tastes = rng.normal(0, 0.25, named + STYLES)
    first, second, third = rng.permutation(named)[:3]
    tastes[first] += STRONG
    tastes[second] += MEDIUM
    tastes[third] += MEDIUM * (rng.random() < 0.4)
    tastes[named:] = rng.normal(0, 0.9, STYLES)
    return tastes
