"""What recommendations store, one module per subject."""

from recommendations.models.plans import TrainingPlan, training_plan
from recommendations.models.search import SearchDocument, SearchTerm, SearchWord, Synonym
from recommendations.models.versions import ModelVersion, ModelVersionQuerySet, artefact_directory

__all__ = [
    "ModelVersion",
    "ModelVersionQuerySet",
    "SearchDocument",
    "SearchTerm",
    "SearchWord",
    "Synonym",
    "TrainingPlan",
    "artefact_directory",
    "training_plan",
]
