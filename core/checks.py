"""Bad settings are reported at start, each with its remedy."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register


@register()
def check_installation(**kwargs: Any) -> list[CheckMessage]:
    """What the environment lacks or contradicts."""
    found: list[CheckMessage] = []
    if settings.DATABASE_URL is None:
        found.append(
            Error(
                "No database.",
                hint="Start the embedded one with `make run`, or set DATABASE_URL=postgresql://…",
                id="core.E001",
            )
        )
    elif settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        found.append(
            Error(
                "The database must be PostgreSQL.",
                hint="Set DATABASE_URL=postgresql://user:password@host/name",
                id="core.E002",
            )
        )
    if settings.REDIS_URL is None:
        found.append(
            checks.Warning(
                "No Redis.", hint="Start the embedded one with `make run`, or set REDIS_URL=redis://…", id="core.W003"
            )
        )
    if settings.EMAIL.problem:
        found.append(
            Error(settings.EMAIL.problem, hint="Mend EMAIL_URL in the environment or in .env.", id="core.E004")
        )
    return found


@register(deploy=True)
def check_public_address(**kwargs: Any) -> list[CheckMessage]:
    """Links in messages must be reachable for the people who get them."""
    if settings.PUBLIC_URL.startswith("https://"):
        return []
    return [checks.Warning("Links in messages are not https.", hint="Set PUBLIC_URL=https://your.host", id="core.W005")]
