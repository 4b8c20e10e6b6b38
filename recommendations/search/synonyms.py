"""Synonyms as a search uses them: what else a run of lexemes finds, kept in the process for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from recommendations.models import Synonym
from recommendations.search.queries import look_up
from recommendations.search.words import words_of

KEPT_SECONDS = 5.0
MOST_KEPT = 1000

Lexemes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Synonyms:
    """By the lexemes of a term: those of the terms that it also finds."""

    others: Mapping[Lexemes, tuple[Lexemes, ...]]
    longest: int

    def at(self, lexemes: Sequence[Lexemes]) -> tuple[int, tuple[Lexemes, ...]]:
        """The longest term that ``lexemes`` (one entry per word) begin with: how many words it has, and what it finds."""
        for length in range(min(self.longest, len(lexemes)), 0, -1):
            term = tuple(lexeme for word in lexemes[:length] for lexeme in word)
            if term in self.others:
                return length, self.others[term]
        return 1, ()


_known: dict[int, tuple[float, Synonyms]] = {}


def synonyms_of(merchant_id: int, language: str) -> Synonyms:
    """The merchant's synonyms; a change is seen within five seconds."""
    until, known = _known.get(merchant_id, (0.0, None))
    if known is None or time.monotonic() >= until:
        if len(_known) >= MOST_KEPT:
            _known.clear()
        known = _read(merchant_id, language)
        _known[merchant_id] = (time.monotonic() + KEPT_SECONDS, known)
    return known


def forget() -> None:
    """Drop what this process remembers."""
    _known.clear()


def _read(merchant_id: int, language: str) -> Synonyms:
    pairs = [pair for synonym in Synonym.objects.for_merchant(merchant_id) for pair in _pairs(synonym)]
    words = {word for pair in pairs for term in pair for word in words_of(term)}
    looked = {found.word: found.lexemes for found in look_up(merchant_id, language, sorted(words))} if words else {}
    others: dict[Lexemes, dict[Lexemes, None]] = {}
    longest = 1
    for term, finds in pairs:
        lexemes, also = _lexemes(term, looked), _lexemes(finds, looked)
        if lexemes and also and lexemes != also:
            others.setdefault(lexemes, {})[also] = None
            longest = max(longest, len(words_of(term)))
    return Synonyms({term: tuple(finds) for term, finds in others.items()}, longest)


def _pairs(synonym: Synonym) -> Iterator[tuple[str, str]]:
    """Which term also finds which."""
    finds: Iterable[str] = synonym.finds or synonym.words
    return ((term, other) for term in synonym.words for other in finds if term != other)


def _lexemes(term: str, looked: Mapping[str, Lexemes]) -> Lexemes:
    return tuple(lexeme for word in words_of(term) for lexeme in looked.get(word, ()))
