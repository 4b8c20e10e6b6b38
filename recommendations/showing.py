"""Answers and outcomes as people see them: products with titles and reasons, figures beside each other, why a model stays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from catalog.models import Product
from recommendations.models import ModelVersion
from recommendations.reasons import reason_text
from recommendations.serving import Recommendation


@dataclass(frozen=True)
class Shown:
    """A recommended product with its reason in words; ``share`` is its score beside the best one's, 0 to 1."""

    product: Product
    reason: str
    share: float


def with_products(merchant_id: int, answer: Recommendation) -> list[Shown]:
    """The answer's products as the catalogue knows them, in the answer's order; one query."""
    skus = {item.sku for item in answer.items} | {item.reason.because for item in answer.items if item.reason.because}
    found = {product.sku: product for product in Product.objects.for_merchant(merchant_id).filter(sku__in=skus)}
    titles = {sku: product.title for sku, product in found.items()}
    best = max((item.score for item in answer.items), default=1.0)
    return [
        Shown(found[item.sku], reason_text(item.reason, titles), item.score / best)
        for item in answer.items
        if item.sku in found
    ]


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
    """The simple answers first, then what is live; empty when nothing was measured."""
    measured = version.metrics.get("methods", {})
    labels = {
        "popularity": (_("Popular in the last four weeks"), _("Popularity")),
        "history": (_("What the person bought before"), _("History")),
        "blend": (_("Live model"), _("Model")),
    }
    return [Method(*labels[name], measured[name], name == "blend") for name in labels if name in measured]


@dataclass(frozen=True)
class Verdict:
    """What the interval of a difference says, in words."""

    tone: str
    text: str


def verdicts(version: ModelVersion) -> list[Verdict]:
    """How the live model ranks against each simple answer: better, worse, or not to be told apart."""
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
    measured = version.metrics.get("methods", {}).get("blend", {})
    return Outcome(version, measured.get("all_hr"), outcome_text(version))


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
        "failed": _("The training broke off: %(error)s."),
    }
    sentence = sentences.get(reason.get("code", ""), "")
    return sentence % {name: _spoken(value) for name, value in reason.items()} if sentence else ""


def _spoken(value: Any) -> str:
    """Differences are said without their sign, counts with separators."""
    if isinstance(value, float):
        return number_format(abs(value), 3)
    return number_format(value, force_grouping=True) if isinstance(value, int) else str(value)
