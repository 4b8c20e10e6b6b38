"""What recommendations store, one module per subject."""

from recommendations.models.measuring import (
    Arm,
    Click,
    Impression,
    OnlineReport,
    Placement,
    PlacementDay,
    PlacementSettings,
)
from recommendations.models.plans import TrainingPlan, training_plan
from recommendations.models.rules import Rule, RuleQuerySet
from recommendations.models.search import SearchDocument, SearchTerm, SearchWord, Synonym
from recommendations.models.versions import ModelVersion, ModelVersionQuerySet, artefact_directory

__all__ = [
    "Arm",
    "Click",
    "Impression",
    "ModelVersion",
    "ModelVersionQuerySet",
    "OnlineReport",
    "Placement",
    "PlacementDay",
    "PlacementSettings",
    "Rule",
    "RuleQuerySet",
    "SearchDocument",
    "SearchTerm",
    "SearchWord",
    "Synonym",
    "TrainingPlan",
    "artefact_directory",
    "training_plan",
]
