"""What was typed, as a query: words in their basic form, with what else they may be called, and slips put right."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from merchants.models import Merchant
from recommendations.search.queries import Looked, look_up, similar_words, unknown_lexemes
from recommendations.search.synonyms import Synonyms, synonyms_of
from recommendations.search.words import (
    distance,
    in_other_forms,
    key_of,
    most_slips,
    parts_of,
    slips,
    slips_between,
    words_of,
)

MOST_WORDS, LONGEST_WORD = 12, 60
# The last word may not be typed to its end.
SHORTEST_BEGINNING = 3
KEPT_SECONDS, MOST_KEPT = 60.0, 5000


@dataclass(frozen=True, slots=True)
class Understood:
    """A query: ``wanted`` asks for every word or what stands for it, ``anything`` for one of them, ``typed`` for the words
    alone, without what else they may be called."""

    words: tuple[Looked, ...]
    key: str
    wanted: str
    anything: str
    typed: str

    @property
    def text(self) -> str:
        """The words as the shop spells them."""
        return " ".join(found.text for found in self.words)


def understand(merchant: Merchant, text: str) -> Understood:
    """The query for what somebody typed; it finds nothing when no word can be searched for."""
    return _query(merchant, [word[:LONGEST_WORD] for word in words_of(text)][:MOST_WORDS], key_of(text))


def corrected(merchant: Merchant, understood: Understood) -> Understood | None:
    """The same with each word that no product has replaced by the most similar one; None when that changes nothing."""
    searched = [found for found in understood.words if found.lexemes]
    unknown = unknown_lexemes(merchant.pk, [lexeme for found in searched for lexeme in found.lexemes])
    words = [
        _meant(merchant.pk, found.word) if unknown & set(found.lexemes) else found.word for found in understood.words
    ]
    if words == [found.word for found in understood.words]:
        return None
    return _query(merchant, words, " ".join(words))


def _meant(merchant_id: int, word: str) -> str:
    """The word of the shop that was probably meant; the word itself when none is near."""
    most = most_slips(word)
    if not most or any(map(str.isdigit, word)):
        return word
    candidates = similar_words(merchant_id, word, in_other_forms(slips(word)))
    near = [
        (slips_between(word, other), distance(word, other), other[0] != word[0], -products, other)
        for other, products in candidates
    ]
    best = min((found for found in near if found[0] <= most), default=None)
    return best[-1] if best else word


def _query(merchant: Merchant, words: Sequence[str], key: str) -> Understood:
    looked = _looked_up(merchant, tuple(words))
    apart, together = looked[: len(words)], looked[len(words) :]
    groups = list(_groups(apart, together, synonyms_of(merchant.pk, merchant.language)))
    telling = [condition for condition, is_telling in groups if is_telling]
    lexemes = dict.fromkeys(lexeme for found in apart for lexeme in found.lexemes)
    return Understood(
        words=tuple(apart),
        key=key,
        wanted=" & ".join(condition for condition, _is_telling in groups),
        anything=" | ".join(telling),
        typed=" | ".join(map(_quoted, lexemes)),
    )


_looked: dict[tuple[int, str, tuple[str, ...]], tuple[float, list[Looked]]] = {}


def _looked_up(merchant: Merchant, words: tuple[str, ...]) -> list[Looked]:
    """The words, then each written together with the next one; remembered for a minute, since many ask the same."""
    asked = (merchant.pk, merchant.language, words)
    until, known = _looked.get(asked, (0.0, []))
    if time.monotonic() < until:
        return known
    if len(_looked) >= MOST_KEPT:
        _looked.clear()
    together = [one + other for one, other in pairwise(words)]
    known = look_up(merchant.pk, merchant.language, [*words, *together]) if words else []
    _looked[asked] = (time.monotonic() + KEPT_SECONDS, known)
    return known


def forget() -> None:
    """Drop what this process remembers."""
    _looked.clear()


def _groups(apart: Sequence[Looked], together: Sequence[Looked], synonyms: Synonyms) -> Iterable[tuple[str, bool]]:
    """One condition for each word, or run of words, that can be searched for, and whether it tells something alone."""
    place = 0
    while place < len(apart):
        length, others = synonyms.at([found.lexemes for found in apart[place:]])
        alternatives = [_all(other) for other in others]
        if place < len(together) and together[place].spelling and length < 3:
            alternatives.append(_all(together[place].lexemes))
            length = 2
        own = [_alternatives(found, is_last=found is apart[-1]) for found in apart[place : place + length]]
        if own := [condition for condition in own if condition]:
            is_telling = any(_is_telling(found.word) for found in apart[place : place + length])
            yield _any([_every(own), *alternatives]), is_telling
        place += length


def _is_telling(word: str) -> bool:
    """Half of a SKU or a size says nothing without the rest."""
    return len(word) >= SHORTEST_BEGINNING and not any(map(str.isdigit, word))


def _alternatives(found: Looked, *, is_last: bool) -> str:
    """What stands for one word; empty when it is too common to search for."""
    if not found.lexemes:
        return ""
    conditions = [_all(found.lexemes)]
    if is_last and len(found.word) >= SHORTEST_BEGINNING and len(found.lexemes) == 1:
        conditions.append(f"{_quoted(found.lexemes[0])}:*")
    if parts := parts_of(found.word):
        conditions.append(_all(parts))
    return _any([*conditions, *map(_quoted, found.joined)])


def _every(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else f"({' & '.join(conditions)})"


def _any(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else f"({' | '.join(conditions)})"


def _all(lexemes: Sequence[str]) -> str:
    return _every([_quoted(lexeme) for lexeme in lexemes])


def _quoted(lexeme: str) -> str:
    """A lexeme as a tsquery has it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
