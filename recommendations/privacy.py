"""What the recommender holds about people: nothing in tables, rows of numbers in trained models, a memory in Redis."""

from django.utils.translation import gettext_lazy as _

from core.privacy import nothing_personal
from recommendations.models import ModelVersion

nothing_personal(
    ModelVersion,
    reason=_("Counts and measured quality of a training; whom it learnt from is in the artefact's files."),
    texts=["version", "metrics", "reason"],
)
