"""What a check found, in a sentence each: the cause, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from merchants.models import Merchant
from promotions.language.conditions import CONDITIONS, known_label
from promotions.language.terms import segment_label
from promotions.linting.world import Finding, Severity
from promotions.models import CouponBatch, Promotion

MOST_NAMED = 3
TONES = {Severity.ERROR: "danger", Severity.WARNING: "warning", Severity.INFO: "info"}
SEVERITIES = {
    Severity.ERROR: gettext_lazy("does not work"),
    Severity.WARNING: gettext_lazy("look at it"),
    Severity.INFO: gettext_lazy("good to know"),
}
SENTENCES = {
    "contradiction": gettext_lazy(
        "“%(first)s” can never apply: its conditions rule each other out (%(names)s). Change one of them."
    ),
    "over": gettext_lazy("“%(first)s” can no longer apply: the period in its conditions is over."),
    "batch_unknown": gettext_lazy(
        "“%(first)s” can never apply: it asks for codes of the batch %(names)s, which does not exist. Make the batch."
    ),
    "codes_over": gettext_lazy(
        "“%(first)s” can no longer apply: the codes it asks for (%(names)s) are expired or revoked."
    ),
    "products_unknown": gettext_lazy(
        "“%(first)s” can never apply: the assortment has none of %(names)s. Check the spelling, or import the products."
    ),
    "segment_unknown": gettext_lazy("“%(first)s” can never apply: there is no segment %(names)s, so nobody is in it."),
    "gift_unknown": gettext_lazy("“%(first)s” gives %(names)s, which the assortment does not have."),
    "ended": gettext_lazy("“%(first)s” is published, but its period is over. End it, or give it a new period."),
    "used_up_uses": gettext_lazy("“%(first)s” is published, but used up: its uses have reached the limit."),
    "used_up_budget": gettext_lazy("“%(first)s” is published, but used up: its budget is spent."),
    "names_unknown": gettext_lazy("“%(first)s” names what the assortment does not have: %(names)s."),
    "batch_idle": gettext_lazy(
        "No promotion asks for the codes of “%(name)s”, so they do nothing. Write a promotion with the code @%(key)s."
    ),
    "shadowed": gettext_lazy(
        "“%(first)s” never wins: wherever it applies, %(others)s applies too and saves at least as much, and only one "
        "of them can."
    ),
    "below_cost": gettext_lazy("“%(first)s” sells “%(product)s” below what it costs."),
    "stack_below_cost": gettext_lazy(
        "“%(first)s” and %(others)s together sell “%(product)s” below what it costs. Let them exclude each other, or "
        "give one a lowest price."
    ),
    "overlap": gettext_lazy("“%(first)s” and %(others)s take something off the same unit, one after the other."),
    "outbid": gettext_lazy("“%(first)s” gives way to %(others)s where both could apply, because that saves more."),
}


def say(finding: Finding, names: Mapping[str, str]) -> str:
    """In the reader's language; ``names`` of promotions by their keys."""
    called = [names.get(key, key) for key in finding.promotions]
    listed = finding.values.get("names", [])
    more = _(" and %(count)s more") % {"count": len(listed) - 5} if len(listed) > 5 else ""
    values = {
        **finding.values,
        "first": called[0] if called else "",
        "others": _listed(called[1:]),
        "names": ", ".join(_fact(finding, name) for name in listed[:5]) + more,
    }
    return str(SENTENCES[finding.code]) % values


def _fact(finding: Finding, name: str) -> str:
    """What conditions that rule each other out are about, and segments, as the editor calls them; other names as they are."""
    if finding.code == "segment_unknown":
        return _("“%(name)s”") % {"name": segment_label(name)}
    if finding.code != "contradiction":
        return name
    if name in CONDITIONS:
        return str(CONDITIONS[name].label)
    source, _colon, known = name.partition(":")
    return known_label(source, known)


def _listed(names: Sequence[str]) -> str:
    """Each in quotation marks, at most three of them."""
    quoted = [_("“%(name)s”") % {"name": name} for name in names[:MOST_NAMED]]
    more = _(" and %(count)s more") % {"count": len(names) - MOST_NAMED} if len(names) > MOST_NAMED else ""
    return ", ".join(quoted) + more


@dataclass(frozen=True)
class Told:
    """A finding as a screen shows it; ``promotions`` are (id, name) of those that are there."""

    finding: Finding
    sentence: str
    tone: str
    severity: str
    promotions: list[tuple[int, str]]
    taken: list[tuple[str, int]]
    batch_id: int | None


def told(merchant: Merchant, findings: Sequence[Finding]) -> list[Told]:
    """Two queries, however many there are."""
    keys = {key for one in findings for key in one.promotions}
    keys |= {key for one in findings if one.example for key, _amount in one.example.taken}
    rows = Promotion.objects.for_merchant(merchant).filter(key__in=keys).values_list("key", "pk", "name")
    known = {key: (pk, name) for key, pk, name in rows}
    names = {key: name for key, (_pk, name) in known.items()}
    batches = CouponBatch.objects.for_merchant(merchant).filter(key__in=[one.batch for one in findings if one.batch])
    ids = dict(batches.values_list("key", "pk"))
    return [
        Told(
            finding=one,
            sentence=say(one, names),
            tone=TONES[one.severity],
            severity=str(SEVERITIES[one.severity]),
            promotions=[known[key] for key in one.promotions if key in known],
            taken=[(names.get(key, key), amount) for key, amount in one.example.taken] if one.example else [],
            batch_id=ids.get(one.batch),
        )
        for one in findings
    ]
