"""What the recommender holds about people: what they were shown, rows of numbers in trained models, a memory in Redis."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.privacy import Outcome, Person, Rows, declare, facts, nothing_personal, personal, register_store, technical
from core.privacy.retention import Retention, keep_for
from recommendations import recent
from recommendations.actions import forget_customers
from recommendations.models import (
    Click,
    Impression,
    ModelVersion,
    OnlineReport,
    PlacementDay,
    PlacementSettings,
    Rule,
    SearchDocument,
    SearchTerm,
    SearchWord,
    Synonym,
    TrainingPlan,
)
from recommendations.queries import customer_key

nothing_personal(
    ModelVersion,
    reason=_("Counts and measured quality of a training; whom it learnt from is in the artefact's files."),
    texts=["version", "metrics", "reason", "timings", "checks", "health", "refresh"],
)
nothing_personal(TrainingPlan, reason=_("When a shop trains and how far back it looks."))
_ASSORTMENT = _("What can be searched for is the assortment, and says nothing about who searches.")
nothing_personal(SearchDocument, reason=_ASSORTMENT, texts=["language", "sku_key", "title_key", "words"])
nothing_personal(SearchWord, reason=_ASSORTMENT, texts=["word", "spelling"])
nothing_personal(Synonym, reason=_ASSORTMENT, texts=["words", "finds"])
nothing_personal(
    SearchTerm,
    reason=_(
        "How often a text was searched for on a day, by nobody in particular. What looks like an address or a telephone "
        "number is not counted."
    ),
    texts=["text"],
)

SETTINGS = _("A setting of the shop.")
nothing_personal(PlacementSettings, reason=SETTINGS)
nothing_personal(Rule, reason=SETTINGS, texts=["name", "segment_value"])
nothing_personal(PlacementDay, reason=_("Sums of a day over everybody."))
nothing_personal(OnlineReport, reason=_("Sums over everybody; no row leads to a person."), texts=["report"])
SHOWN = _("How often something was shown and clicked stays for the shop's figures, without the person.")


def _saw(person: Person) -> Q:
    """What the profile saw, and its visitors before anybody knew them."""
    visitors = [visitor for visitor in person.anonymous_ids if visitor]
    return Q(customer_id__in=person.ids) | Q(customer_id=None, visitor__in=visitors)


declare(
    Impression,
    title=_("Recommendations you saw"),
    find=_saw,
    rows=Rows.KEPT,
    reason=SHOWN,
    columns=[
        facts("occurred_at", "placement", "products", reason=SHOWN),
        personal("customer_id", "visitor"),
        technical("id", "merchant", "answer", "arm", "sources"),
    ],
)
declare(
    Click,
    title=_("Recommendations you clicked"),
    find=_saw,
    rows=Rows.KEPT,
    reason=SHOWN,
    columns=[
        facts("occurred_at", "placement", "product", "position", reason=SHOWN),
        personal("customer_id", "visitor"),
        technical("id", "merchant", "answer", "arm", "source"),
    ],
)


def _old_impressions(merchant_id: int, before: datetime) -> QuerySet[Impression]:
    return Impression.objects.for_merchant(merchant_id).filter(occurred_at__lt=before)


def _old_clicks(merchant_id: int, before: datetime) -> QuerySet[Click]:
    return Click.objects.for_merchant(merchant_id).filter(occurred_at__lt=before)


MEASURED = _("The comparison with people held back looks at 90 days; sums per day stay.")
keep_for(
    Retention(
        "impressions", _("Which recommendations people saw"), MEASURED, days=180, shortest=100, model=Impression,
        old=_old_impressions,
    ),
    rank=12,
)  # fmt: skip
keep_for(
    Retention(
        "clicks", _("Which recommendations people clicked"), MEASURED, days=180, shortest=100, model=Click,
        old=_old_clicks,
    ),
    rank=13,
)  # fmt: skip


def _forget_purchases(person: Person) -> Outcome:
    keys = [*person.ids, *(customer_key(number) for number in person.numbers)]
    return Outcome(deleted=recent.forget(person.merchant_id, keys))


def _leave_models(person: Person) -> Outcome:
    return Outcome(blanked=forget_customers(person.merchant_id, person.ids))


register_store(
    "recommendations.recent",
    title=_("Recent purchases in Redis"),
    explanation=_("What was bought and sent back since the last training, for two weeks."),
    erase=_forget_purchases,
    rank=10,
)
register_store(
    "recommendations.models",
    title=_("Trained models"),
    explanation=_("The person's row is blanked in every stored model, and nothing leads to it any more."),
    erase=_leave_models,
    rank=20,
)
