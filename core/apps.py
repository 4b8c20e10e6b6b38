from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("Machinery")

    def ready(self) -> None:
        """Load the system checks, and every app's subscriptions, job runners, providers and declarations of data."""
        autodiscover_modules("checks", "handlers", "runners", "panels", "privacy", "retention")
        import_module("core.privacy.machinery")
