"""Trainings as people see them: figures beside each other, what the gate looked at, why a model stays out, how the data is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from recommendations.actions.training import STEPS
from recommendations.models import ModelVersion


@dataclass(frozen=True)
class Method:
    """One way to recommend, and its figures: shares of customers, and NDCG, both between 0 and 1."""

    label: str
    short: str
    figures: Mapping[str, float]
    is_live: bool

    @property
    def bar(self) -> int:
        """The hit rate in whole percent."""
        return round(100 * self.figures["all_hr"])


def methods(version: ModelVersion) -> list[Method]:
    """The simple answers first, then the model; empty when nothing was measured."""
    measured = version.metrics.get("methods", {})
    labels = {
        "popularity": (_("Popular in the last four weeks"), _("Popularity")),
        "history": (_("What the person bought before"), _("History")),
        "blend": (_("Live model") if version.status == ModelVersion.Status.LIVE else _("This model"), _("Model")),
    }
    return [Method(*labels[name], measured[name], name == "blend") for name in labels if name in measured]


@dataclass(frozen=True)
class Verdict:
    """What the interval of a difference says, in words."""

    tone: str
    text: str


def verdicts(version: ModelVersion) -> list[Verdict]:
    """How the model ranks against each simple answer: better, worse, or not to be told apart."""
    against = {"popularity": _("popularity"), "history": _("the person's own history")}
    gains = version.metrics.get("gain", {})
    return [_verdict(other, *gains[name]) for name, other in against.items() if name in gains]


def _verdict(other: str, low: float, high: float) -> Verdict:
    if low > 0:
        return Verdict("success", _("Ranks better than %(other)s.") % {"other": other})
    if high < 0:
        return Verdict("warning", _("Ranks worse than %(other)s.") % {"other": other})
    return Verdict("neutral", _("Cannot be told apart from %(other)s.") % {"other": other})


@dataclass(frozen=True)
class Outcome:
    """A training in the list: its measured hit rate (None: not measured), and why it stayed out, if it did."""

    version: ModelVersion
    hit_rate: float | None
    why: str


def outcome(version: ModelVersion) -> Outcome:
    return Outcome(version, _blend(version).get("all_hr"), outcome_text(version))


def _blend(version: ModelVersion) -> Mapping[str, float]:
    found: Mapping[str, float] = version.metrics.get("methods", {}).get("blend", {})
    return found


def outcome_text(version: ModelVersion) -> str:
    """Why a version was refused or failed; empty for one that went live."""
    reason: dict[str, Any] = version.reason
    sentences = {
        "not_finite": _("The model holds values that are no numbers (%(array)s)."),
        "rows_halved": _(
            "It learnt from %(rows)s purchases, the live model from %(live_rows)s. When more than half is "
            "missing, something is wrong with the data."
        ),
        "worse_than_popularity": _(
            "On the newest weeks it ranked worse than plain popularity (NDCG@10 lower by %(low)s to %(high)s)."
        ),
        "worse_than_history": _(
            "On the newest weeks it ranked worse than what people had bought before (NDCG@10 lower by %(low)s to %(high)s)."
        ),
        "worse_than_live": _(
            "Asked for the newest orders of %(customers)s customers, which were kept from both, this training ranked worse "
            "than the live model (NDCG@10 lower by %(low)s to %(high)s)."
        ),
        "coverage_collapsed": _(
            "A sample of customers would see %(products)s different products, the live model shows them %(live_products)s."
        ),
        "too_slow": _("An answer takes up to %(p95_ms)s ms of computing; %(budget_ms)s ms are allowed."),
        "rolled_back": _("Somebody went back to an earlier model while it learnt, so it stays out."),
        "out_of_memory": _(
            "The training needed more memory than it may take. Learn from fewer days, or allow more (TRAINING_MEMORY_MB)."
        ),
        "failed": _("The training broke off: %(error)s."),
    }
    sentence = sentences.get(reason.get("code", ""), "")
    return sentence % {name: _spoken(value) for name, value in reason.items()} if sentence else ""


def _spoken(value: Any) -> str:
    """Differences are said without their sign, counts with separators."""
    if isinstance(value, float):
        return _rounded(abs(value), 3 if abs(value) < 1 else 1)
    return number_format(value, force_grouping=True) if isinstance(value, int) else str(value)


def _rounded(value: float, digits: int) -> str:
    """``number_format`` alone cuts off."""
    return str(number_format(round(value, digits), digits))


@dataclass(frozen=True)
class Checked:
    """One thing that the gate looked at, as the health list shows it: ``state`` is ok, danger or unknown."""

    state: str
    label: str
    detail: str


def checked(version: ModelVersion) -> list[Checked]:
    """What the gate looked at, in order; empty for a training that broke off before."""
    labels = {
        "not_finite": (_("All values are numbers"), ""),
        "rows_halved": (_("The data is complete"), _("%(rows)s purchases, the live model had %(live_rows)s")),
        "worse_than_popularity": (_("No worse than popularity"), _difference()),
        "worse_than_history": (_("No worse than people's own history"), _difference()),
        "worse_than_live": (_("No worse than the live model"), _difference()),
        "coverage_collapsed": (
            _("Shows a variety"),
            _("%(products)s different products to a sample of customers, the live model %(live_products)s"),
        ),
        "too_slow": (_("Answers in time"), _("%(p95_ms)s ms of computing, %(budget_ms)s ms are allowed")),
    }
    return [_checked(check, *labels[check["code"]]) for check in version.checks if check["code"] in labels]


def _difference() -> str:
    return _("NDCG@10 differs by %(low)s to %(high)s")


def _checked(check: dict[str, Any], label: str, detail: str) -> Checked:
    if check["passed"] is None:
        return Checked("unknown", label, _("too little to judge by"))
    figures = {name: _signed(value) if name in ("low", "high") else _spoken(value) for name, value in check.items()}
    return Checked("ok" if check["passed"] else "danger", label, detail % figures if detail else "")


def _signed(value: float) -> str:
    return ("−" if value < 0 else "+") + _rounded(abs(value), 3)


@dataclass(frozen=True)
class Ailment:
    """One figure about the data: what it is a share of, and, where somebody could mend it, how."""

    label: str
    count: int
    share: float
    tone: str
    advice: str


def ailments(version: ModelVersion) -> list[Ailment]:
    """How the data is that a training read; empty where it was not looked at."""
    health = version.health
    if not health:
        return []
    tracked = health["events"] + health["bot_events"]
    baskets, products = health["baskets"], health["products"]
    return [
        _ailment(
            _("Orders by guests"),
            health["guest_baskets"],
            baskets,
            0.6,
            _("Nobody can be recognised who orders as a guest."),
        ),
        _ailment(
            _("Events of bots, left out"),
            health["bot_events"],
            tracked,
            0.5,
            _("Most of what is tracked comes from machines."),
        ),
        _ailment(
            _("Events about products that are not in the catalogue"),
            health["unknown_product_events"],
            tracked,
            0.05,
            _("The shop tracks other SKUs than it sends in the catalogue."),
        ),
        _ailment(
            _("Products without a category"),
            health["products_without_category"],
            products,
            0.2,
            _("New products without a category cannot be placed beside others."),
        ),
        _ailment(_("Products never sold"), health["products_never_sold"], products, 1.0, ""),
    ]


def _ailment(label: str, count: int, total: int, most: float, advice: str) -> Ailment:
    share = count / total if total else 0.0
    is_ill = share > most
    return Ailment(label, count, share, "warning" if is_ill else "neutral", advice if is_ill else "")


def stages(version: ModelVersion) -> list[tuple[str, float]]:
    """How long each step took, in the order in which they came."""
    return [(_(text), version.timings[step]) for step, text in STEPS.items() if step in version.timings]


@dataclass(frozen=True)
class Compared:
    """One line of two versions beside each other; ``better`` is "left" or "right" where that means something."""

    label: str
    left: str
    right: str
    change: str = ""
    better: str = ""


DASH = "–"


def compare(left: ModelVersion, right: ModelVersion) -> list[tuple[str, list[Compared]]]:
    """Quality, data and effort of two versions under their headings."""
    return [
        (_("Measured quality"), list(_quality(left, right))),
        (_("Data"), list(_data(left, right))),
        (_("What it took"), list(_cost(left, right))),
    ]


def _quality(left: ModelVersion, right: ModelVersion) -> Iterator[Compared]:
    figures = {
        "all_hr": _("Hit rate"),
        "all_ndcg": "NDCG@10",
        "new_hr": _("New: hit rate"),
        "new_ndcg": _("New: NDCG@10"),
        "all_coverage": _("Coverage"),
        "new_coverage": _("New: coverage"),
    }
    ours, theirs = _blend(left), _blend(right)
    for name, label in figures.items():
        one, other = ours.get(name), theirs.get(name)
        yield Compared(label, _figure(one), _figure(other), _change(one, other), _better(one, other))


def _figure(value: float | None) -> str:
    return DASH if value is None else _rounded(value, 3)


def _change(left: float | None, right: float | None) -> str:
    return "" if left is None or right is None else _signed(right - left) if right != left else "0"


def _better(left: float | None, right: float | None) -> str:
    if left is None or right is None or left == right:
        return ""
    return "right" if right > left else "left"


def _data(left: ModelVersion, right: ModelVersion) -> Iterator[Compared]:
    counts = {"rows": _("Purchases"), "events": _("Events"), "customers": _("Customers"), "products": _("Products")}
    for name, label in counts.items():
        one, other = getattr(left, name), getattr(right, name)
        change = other - one
        sign = "+" if change > 0 else "−" if change < 0 else ""
        yield Compared(label, _count(one), _count(other), sign + _count(abs(change)))


def _count(value: int) -> str:
    return str(number_format(value, force_grouping=True))


def _cost(left: ModelVersion, right: ModelVersion) -> Iterator[Compared]:
    yield Compared(_("Duration"), _seconds(left.duration), _seconds(right.duration))
    yield Compared(_("Size"), _bytes(left.size), _bytes(right.size))
    yield Compared(_("Most memory used"), _bytes(left.peak_memory), _bytes(right.peak_memory))


def _seconds(duration: timedelta) -> str:
    return _("%(seconds)s s") % {"seconds": _rounded(duration.total_seconds(), 1)}


def _bytes(size: int) -> str:
    """As the page of a version says it."""
    return filesizeformat(size) if size else DASH
