"""What a promotion says beside its condition and benefit, as fields of the editor."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from promotions.language.kinds import Field, Kind
from promotions.language.terms import BASES, COMBINATIONS, LANES, RETURNS, TAXES

TARGET = Kind(
    key="target",
    label=_("What it is taken off"),
    fields=(Field(name="target", label=_("On which products"), what="selector"),),
    say=lambda value, words: words.selection(value.get("target", {})),
)
SETTINGS = Kind(
    key="settings",
    label=_("How it is reckoned"),
    fields=(
        Field(
            name="lane",
            label=_("Stage"),
            what="choice",
            default="order",
            choices=LANES,
            hint=_("Stages run one after the other, each on what the ones before left."),
        ),
        Field(
            name="priority",
            label=_("Priority"),
            what="integer",
            default=100,
            hint=_("At its stage the lower number comes first."),
        ),
        Field(
            name="combination", label=_("With other promotions"), what="choice", default="stack", choices=COMBINATIONS
        ),
        Field(name="basis", label=_("Reckoned on"), what="choice", default="remaining", choices=BASES),
        Field(
            name="times",
            label=_("Times per cart"),
            what="count",
            hint=_("How often a deal of several units applies at most. Empty: as often as it fits."),
        ),
        Field(
            name="floor",
            label=_("Lowest price of a unit"),
            what="money",
            default=0,
            hint=_("No unit is reduced below this price."),
        ),
        Field(name="tax", label=_("Amounts are"), what="choice", default="cart", choices=TAXES),
        Field(
            name="holdout",
            label=_("Held out, in per cent of people"),
            what="share",
            hint=_("They do not get it, so that its effect can be measured. Empty: nobody. Not with a code."),
        ),
        Field(name="returns", label=_("When goods come back"), what="choice", default="keep", choices=RETURNS),
    ),
    say=lambda value, words: "",
)
