from django.apps import AppConfig

from cxapp.celery import app as celery_app

__all__ = ["CxappConfig", "celery_app"]


class CxappConfig(AppConfig):
    """Importing the Celery app here binds every ``shared_task`` to it, in web processes too."""

    name = "cxapp"
