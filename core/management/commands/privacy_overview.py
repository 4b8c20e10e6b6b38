"""Write the tables of docs/privacy.md anew, from what the apps declare."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.privacy.overview import as_markdown

BEGIN = "<!-- made by `manage.py privacy_overview` -->\n"


class Command(BaseCommand):
    help = "Write the tables of docs/privacy.md anew, from what every app declares in its privacy.py."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "privacy.md"
        words = path.read_text().partition(BEGIN)[0]
        path.write_text(f"{words}{BEGIN}\n{as_markdown()}")
