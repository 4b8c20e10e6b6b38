"""What the recommender holds about people: nothing in tables, rows of numbers in trained models, a memory in Redis."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.privacy import Outcome, Person, nothing_personal, register_store
from recommendations import recent
from recommendations.actions import forget_customers
from recommendations.models import ModelVersion, SearchDocument, SearchTerm, SearchWord, Synonym, TrainingPlan
from recommendations.queries import customer_key

nothing_personal(
    ModelVersion,
    reason=_("Counts and measured quality of a training; whom it learnt from is in the artefact's files."),
    texts=["version", "metrics", "reason", "timings", "checks", "health", "refresh"],
)
nothing_personal(TrainingPlan, reason=_("When a shop trains and how far back it looks."))
_ASSORTMENT = _("What can be searched for is the assortment, and says nothing about who searches.")
nothing_personal(SearchDocument, reason=_ASSORTMENT, texts=["language", "sku_key", "title_key", "words"])
nothing_personal(SearchWord, reason=_ASSORTMENT, texts=["word"])
nothing_personal(Synonym, reason=_ASSORTMENT, texts=["words", "finds"])
nothing_personal(
    SearchTerm,
    reason=_(
        "How often a text was searched for on a day, by nobody in particular. What looks like an address or a telephone "
        "number is not counted."
    ),
    texts=["text"],
)


def _forget_purchases(person: Person) -> Outcome:
    keys = [*person.ids, *(customer_key(number) for number in person.numbers)]
    return Outcome(deleted=recent.forget(person.merchant_id, keys))


def _leave_models(person: Person) -> Outcome:
    return Outcome(blanked=forget_customers(person.merchant_id, person.ids))


register_store(
    "recommendations.recent",
    title=_("Recent purchases in Redis"),
    explanation=_("What was bought since the last training, for two weeks."),
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
