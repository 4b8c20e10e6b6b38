"""A decision in words: what each promotion did on a cart, or what kept it from doing so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from promotions.language.conditions import say_gap
from promotions.language.words import Words, either

Json = Mapping[str, Any]
TITLES = {
    "applied": (gettext_lazy("applies"), "success"),
    "not_met": (gettext_lazy("does not apply"), "neutral"),
    "nothing_to_give": (gettext_lazy("gives nothing here"), "neutral"),
    "outbid": (gettext_lazy("outbid"), "warning"),
    "used_up": (gettext_lazy("used up"), "warning"),
}
_USED_UP = {
    "uses": gettext_lazy("It was used as often as it may be."),
    "budget": gettext_lazy("Its budget does not suffice."),
    "period": gettext_lazy("In this period it was used as often as it may be."),
    "customer": gettext_lazy("This person has had it as often as they may."),
    "customer_unknown": gettext_lazy("It has a limit per person, and nobody says who this is."),
    "held_out": gettext_lazy("This person is held back from it, so that its effect can be measured."),
}


@dataclass(frozen=True)
class Told:
    """What became of one promotion: ``reasons`` why or why not, ``saves`` what is near."""

    key: str
    name: str
    status: str
    label: str
    tone: str
    reasons: list[str] = field(default_factory=list)
    saves: str = ""


def tell(decision: Json, words: Words) -> list[Told]:
    """Every promotion that was looked at, those that apply first."""
    applied = {entry["promotion"]: entry for entry in decision["applications"]}
    names = {entry["promotion"]: entry["name"] or entry["promotion"] for entry in decision["explanations"]}
    told = [_told(entry, applied, names, words) for entry in decision["explanations"]]
    told += [
        _make(
            entry["promotion"],
            words.label("promotion", entry["promotion"]),
            "used_up",
            [str(_USED_UP.get(entry["limit"], ""))],
        )
        for entry in decision["used_up"]
    ]
    return sorted(told, key=lambda entry: list(TITLES).index(entry.status))


def _make(key: str, name: str, status: str, reasons: list[str], saves: str = "") -> Told:
    label, tone = TITLES[status]
    return Told(key, name, status, str(label), tone, reasons, saves)


def _told(entry: Json, applied: Mapping[str, Json], names: Mapping[str, str], words: Words) -> Told:
    key, status = entry["promotion"], entry["status"]
    reasons = {
        "applied": lambda: list(_gifts(applied[key], words)),
        "not_met": lambda: [say_gap(gap, words) for gap in entry["missing"]],
        "nothing_to_give": lambda: [_("Its conditions hold, but nothing in the cart is what it takes something off.")],
        "outbid": lambda: [_outbid(entry, names)],
    }[status]()
    return _make(key, names[key], status, reasons, _saves(entry, words))


def _gifts(application: Json, words: Words) -> Iterator[str]:
    """What it gives on this cart."""
    amount, shipping = application["amount"], application["shipping"]
    if amount > shipping:
        yield _("%(amount)s off") % {"amount": words.money(amount - shipping)}
    if shipping:
        yield _("%(amount)s off shipping") % {"amount": words.money(shipping)}
    for gift in application["gifts"]:
        about = {"count": gift["quantity"], "product": words.label("product", gift["sku"])}
        yield _("%(count)s × %(product)s as a gift") % about
    if points := application["points"]:
        yield ngettext("%(count)s point", "%(count)s points", points) % {"count": points}


def _outbid(entry: Json, names: Mapping[str, str]) -> str:
    winners = either([names.get(key, key) for key in entry["outbid_by"]])
    return _("Another deal saves more: %(names)s.") % {"names": winners}


def _saves(entry: Json, words: Words) -> str:
    """What the missing would bring: ``would save €4.20``."""
    if entry["would_save"] is None or entry["status"] == "applied":
        return ""
    amount = words.money(entry["would_save"])
    if entry["status"] == "outbid":
        return _("It would have saved %(amount)s.") % {"amount": amount}
    return _("That would save %(amount)s.") % {"amount": amount} if entry["would_save"] else ""


@dataclass(frozen=True)
class TriedLine:
    """A line before and after; ``shares``: what each promotion took off it."""

    sku: str
    title: str
    quantity: int
    original: int
    discount: int
    total: int
    shares: list[tuple[str, int]]


def lines_of(decision: Json, words: Words) -> list[TriedLine]:
    names = {entry["promotion"]: entry["name"] or entry["promotion"] for entry in decision["applications"]}
    return [
        TriedLine(
            line["sku"],
            words.label("product", line["sku"]),
            line["quantity"],
            line["original"],
            line["discount"],
            line["total"],
            [
                (names[entry["promotion"]], entry["lines"][line["id"]])
                for entry in decision["applications"]
                if entry["lines"].get(line["id"])
            ],
        )
        for line in decision["lines"]
    ]
