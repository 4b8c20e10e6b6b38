"""Use cases of the recommender, one module per subject."""

from recommendations.actions.plans import TRAINING, pause, resume, save_plan
from recommendations.actions.publishing import KEPT_ARTEFACTS, forget_customers, publish, roll_back, tidy
from recommendations.actions.refreshing import is_refresh_due, refresh_model
from recommendations.actions.training import (
    Progress,
    request_training,
    start_scheduled_training,
    train_models,
    training_lock,
)

__all__ = [
    "KEPT_ARTEFACTS",
    "TRAINING",
    "Progress",
    "forget_customers",
    "is_refresh_due",
    "pause",
    "publish",
    "refresh_model",
    "request_training",
    "resume",
    "roll_back",
    "save_plan",
    "start_scheduled_training",
    "tidy",
    "train_models",
    "training_lock",
]
