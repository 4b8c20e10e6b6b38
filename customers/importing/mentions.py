"""Whether a file of customers holds a certain person, however it spells them: for an erasure. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.privacy import Person
from customers.importing.reading import open_people

# A shorter row of digits ends too many telephone numbers.
SHORTEST_NUMBER = 6


def holds(path: Path, person: Person) -> bool | None:
    """Whether a row is, or may be, about this person: an identity of theirs, or both their names.

    None: it cannot be known, because not all of the file can be read, or nothing is known to look for.
    """
    seeker = _Seeker(person)
    if not seeker.has_words:
        return None
    try:
        return _search(path, seeker)
    except (InvalidInput, OSError, ValueError):
        return None


def _search(path: Path, seeker: _Seeker) -> bool | None:
    is_whole = True
    for row in open_people(path).rows():
        if seeker.is_about(row.values):
            return True
        is_whole = is_whole and not row.code
    return False if is_whole else None


class _Seeker:
    """What a person is looked for by."""

    def __init__(self, person: Person) -> None:
        self._cells = {word.casefold() for word in (*person.addresses, *person.numbers)}
        self._phones = [_digits(address) for address in person.addresses if "@" not in address]
        self._words = [word.casefold() for word in person.words]
        self._pairs = [(first.casefold(), last.casefold()) for first, last in person.pairs]

    @property
    def has_words(self) -> bool:
        return bool(self._cells or self._words or self._pairs)

    def is_about(self, values: Mapping[str, Any]) -> bool:
        cells = [cell.strip().casefold() for cell in _texts(values)]
        text = "\n".join(cells)
        return (
            not self._cells.isdisjoint(cells)
            or any(word in text for word in self._words)
            or any(first in text and last in text for first, last in self._pairs)
            or any(self._is_phone(cell) for cell in cells)
        )

    def _is_phone(self, cell: str) -> bool:
        """Written with or without the country, and with any signs between the digits."""
        digits = _digits(cell)
        if len(digits) < SHORTEST_NUMBER or any(sign.isalpha() for sign in cell):
            return False
        return any(phone.endswith(digits) or digits.endswith(phone) for phone in self._phones)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text).lstrip("0")


def _texts(value: Any) -> Iterator[str]:
    """Every value in what a row holds, at whatever depth."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)
