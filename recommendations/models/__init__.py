"""What recommendations store, one module per subject."""

from recommendations.models.plans import TrainingPlan, training_plan
from recommendations.models.versions import ModelVersion, artefact_directory

__all__ = ["ModelVersion", "TrainingPlan", "artefact_directory", "training_plan"]
