"""Bring the translation catalogues up to date with the sources."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cxapp.catalogues import bring_up_to_date, source_strings, untranslated


class Command(BaseCommand):
    help = (
        "Read new strings out of templates and code into locale/*/LC_MESSAGES/django.po, and drop those that are gone."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        strings = source_strings(settings.BASE_DIR)
        for folder in settings.LOCALE_PATHS:
            for path in sorted(folder.glob("*/LC_MESSAGES/django.po")):
                missing = untranslated(bring_up_to_date(path, strings))
                self.stdout.write(
                    f"{path.relative_to(settings.BASE_DIR)}: {len(missing)} of {len(strings)} to translate"
                )
                for text in missing:
                    self.stdout.write(f"  {text}")
