"""What the search asks PostgreSQL."""

from __future__ import annotations

# PostgreSQL's text search configuration for each language that a shop can have.
CONFIGURATIONS = {"de": "german", "en": "english"}


def configuration(language: str) -> str:
    return CONFIGURATIONS.get(language, "simple")
