"""The person a request is about: everything by which rows of theirs can be found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

ERASED = "[erased]"
# Shorter words stand in too many texts that are not about this person.
SHORTEST = 4


@dataclass(frozen=True, kw_only=True)
class Person:
    """Held in memory while a request runs, never stored: an erasure must not keep what it erases."""

    merchant_id: int
    # The profile's id and those of profiles that were merged into it: events keep the id they came with.
    ids: tuple[int, ...]
    anonymous_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    # Customer numbers, cards and other identifiers that are no addresses.
    numbers: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> list[str]:
        """What names this person on its own, the longest first."""
        full = [f"{first} {last}" for first, last in self.names if first and last]
        turned = [f"{last}, {first}" for first, last in self.names if first and last]
        long_numbers = [number for number in self.numbers if len(number) >= 2 * SHORTEST]
        found = {*self.addresses, *self.anonymous_ids, *long_numbers, *full, *turned}
        return sorted((word for word in found if len(word) >= SHORTEST), key=len, reverse=True)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """First and last names, which name this person where both stand in one text."""
        return [(first, last) for first, last in self.names if len(first) > 1 and len(last) > 1]

    def scrub(self, value: Any) -> Any:
        """A text or JSON value without this person's words."""
        if isinstance(value, str):
            return self._scrub_text(value)
        if isinstance(value, list):
            return [self.scrub(entry) for entry in value]
        if isinstance(value, dict):
            return {self._scrub_text(str(key)): self.scrub(entry) for key, entry in value.items()}
        return value

    @property
    def pattern(self) -> str:
        """A regular expression, of Python and of PostgreSQL alike, that finds each of the person's words."""
        parts = {part for pair in self.pairs for part in pair}
        words = [*self.words, *sorted(parts, key=len, reverse=True)]
        return "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)

    def _scrub_text(self, text: str) -> str:
        return re.sub(self.pattern, ERASED, text, flags=re.IGNORECASE) if self.pattern else text
