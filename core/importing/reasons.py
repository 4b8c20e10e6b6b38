"""Why a row of a file could not be taken over: a stable code, a label, and a sentence for people.

``column`` and ``value`` are what the row holds. The sentence is stored in the language of the shop; the label is what
screens sum up by, in the reader's language. What an import of one kind can be wrong about stands in its app.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Reason(NamedTuple):
    label: Any
    sentence: Any


REASONS: dict[str, Reason] = {
    "missing_value": Reason(_("A value is missing"), _("%(column)s is empty.")),
    "too_long": Reason(_("A text is too long"), _("%(column)s is too long: “%(value)s”.")),
    "control_character": Reason(_("A character that no text has"), _("%(column)s holds a character that no text has.")),
    "bad_time": Reason(_("No time"), _("%(column)s is “%(value)s”, which is no time such as 2026-11-20T10:00:00Z.")),
    "bad_email": Reason(_("No e-mail address"), _("%(column)s is “%(value)s”, which is no e-mail address.")),
    "bad_country": Reason(_("No country code"), _("%(column)s is “%(value)s”, which is no country code such as DE.")),
    "in_future": Reason(_("In the future"), _("%(column)s is “%(value)s”, which lies in the future.")),
    "column_count": Reason(
        _("Too few or too many values"),
        _("The row does not have as many values as there are columns: %(value)s."),
    ),
}


def explain(reasons: Mapping[str, Reason], code: str, *, column: str, value: str) -> str:
    """The sentence for a rejected row, in the active language."""
    return str(reasons[code].sentence % {"column": column, "value": value})[:300]


def label(reasons: Mapping[str, Reason], code: str) -> str:
    """What a code is called; an unknown one stays itself."""
    reason = reasons.get(code)
    return str(reason.label) if reason else code
