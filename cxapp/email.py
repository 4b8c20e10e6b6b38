"""``EMAIL_URL`` to SMTP settings.

``smtp://user:password@host:587/?starttls=1``, ``smtps://host:465``, or ``demo:``, which keeps messages in the
installation: they are rendered, stored and shown in the back office, and leave it nowhere.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class EmailSettings:
    """SMTP as Django's e-mail backend wants it; ``demo`` installations have no host."""

    backend: str
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    ssl: bool = False
    problem: str = ""


SMTP = "django.core.mail.backends.smtp.EmailBackend"
KEPT_HERE = "django.core.mail.backends.dummy.EmailBackend"


def email_settings(url: str) -> EmailSettings:
    """Parse ``EMAIL_URL``; a malformed one is reported in ``problem`` and by the system check core.E004."""
    parts = urlsplit(url)
    if parts.scheme == "demo":
        return EmailSettings(KEPT_HERE)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        return EmailSettings(
            KEPT_HERE, problem="EMAIL_URL must look like smtp://user:password@host:587/?starttls=1, smtps://… or demo:"
        )
    ssl = parts.scheme == "smtps"
    return EmailSettings(
        SMTP,
        host=parts.hostname,
        port=port or (465 if ssl else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parse_qs(parts.query).get("starttls", ["0"])[-1] in {"1", "true", "yes"},
        ssl=ssl,
    )
