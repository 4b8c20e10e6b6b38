"""What is wrong with a definition, in the reader's language: where, and what may stand there."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from promotions.pricing.reading import Unreadable

# What each rule of the schema demands; ``%(wanted)s`` is what it names.
_DEMANDS: dict[str, Any] = {
    "required": gettext_lazy("“%(wanted)s” is missing here."),
    "additionalProperties": gettext_lazy("There is nothing called “%(wanted)s” here."),
    "type": gettext_lazy("Here belongs a value of the type %(wanted)s."),
    "pattern": gettext_lazy("This is not written as it has to be."),
    "minimum": gettext_lazy("At least %(wanted)s."),
    "maximum": gettext_lazy("At most %(wanted)s."),
    "minLength": gettext_lazy("This may not be empty."),
    "maxLength": gettext_lazy("At most %(wanted)s characters."),
    "minItems": gettext_lazy("At least %(wanted)s of them."),
    "maxItems": gettext_lazy("At most %(wanted)s of them."),
    "minProperties": gettext_lazy("Say at least one thing here."),
    "maxProperties": gettext_lazy("Say one thing only here."),
    "uniqueItems": gettext_lazy("Nothing may be named twice here."),
    "enum": gettext_lazy("One of: %(wanted)s."),
    "anyOf": gettext_lazy("Say at least one thing here."),
    "control_characters": gettext_lazy("Control characters are not allowed."),
    # What can be read and yet makes no sense: ``pricing.sense``.
    "above_zero": gettext_lazy("This has to be more than 0; with 0 it takes nothing off."),
    "gives_nothing": gettext_lazy("This would give nothing."),
    "range": gettext_lazy("This is less than where the range begins."),
    "ends_first": gettext_lazy("It must end after it starts."),
    "blank": gettext_lazy("This may not be blank."),
    "step_twice": gettext_lazy("Two steps begin at the same value."),
    "step_in_vain": gettext_lazy("A later step has to give more than those before it."),
    "beyond_group": gettext_lazy("Of a group no more units can be reduced than it has."),
}


def demanded(rule: str) -> str:
    """What a rule asks for that names nothing, as it stands at a field."""
    return str(_DEMANDS[rule])


def spoken_problem(error: Unreadable) -> str:
    """``benefit.percent: “percent” is missing here.``"""
    demand = _DEMANDS.get(error.rule)
    said = str(demand) % {"wanted": error.wanted} if demand else _("This cannot be read.")
    return f"{error.path or _('The definition')}: {said}"
