"""Names for invented people, read from ``names.toml``. Pure."""

import tomllib
from pathlib import Path

_TABLES = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
# How many of Germany's names people in Austria and Switzerland have as well, behind their own.
_SHARED = 30


def _by_country(table: dict[str, str]) -> dict[str, list[str]]:
    own = {country: words.split() for country, words in table.items()}
    return own | {country: own[country] + own["DE"][:_SHARED] for country in ("AT", "CH")}


WOMEN, MEN, FAMILY = (_by_country(_TABLES[kind]) for kind in ("women", "men", "family"))

# Reserved for examples (RFC 2606): nobody receives mail there.
MAIL_DOMAINS = ("example.org", "example.com", "example.net")
