"""Texts as they are compared: folded, in words, with the slips people make. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

WORD = re.compile(r"[^\W_]+")
# What belongs together though something stands between: T-Shirt, 84029/E, don’t.
JOINED = re.compile(r"[^\W_]+(?:[-/.’'+][^\W_]+)+")
LETTERS_AND_DIGITS = re.compile(r"\d+|[^\W\d_]+")
# A word of three letters has too many neighbours to guess which was meant.
SHORTEST_CORRECTED = 4
# Often the shop has a word in another form only: a category is called Jacken.
ENDINGS = ("e", "n", "s", "en", "er", "es")


def fold(text: str) -> str:
    """Without case, accents and ligatures: ``Stühle`` and ``STUHLE`` are one."""
    # Twice: a letter may show its case only when it is taken apart, as 𝕬 does, and come apart only in lower case.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    return WORD.findall(fold(text))


def key_of(text: str) -> str:
    """Equal for texts that differ in case, accents and signs only."""
    return " ".join(words_of(text))


def indexed(text: str) -> list[str]:
    """The words of a text, and behind them the other ways to write them: ``tshirt`` for T-Shirt, ``200 ml`` for 200ml."""
    folded = fold(text)
    found = WORD.findall(folded)
    together = ["".join(WORD.findall(run)) for run in JOINED.findall(folded)]
    apart = [part for word in found for part in parts_of(word)]
    return [*found, *together, *apart]


def parts_of(word: str) -> list[str]:
    """``200`` and ``ml`` for 200ml; nothing for a word that is letters or digits throughout."""
    parts = LETTERS_AND_DIGITS.findall(word)
    return parts if len(parts) > 1 else []


def vocabulary(*texts: str) -> list[str]:
    """Every word worth knowing for corrections, once, as it is spelled: no numbers, nothing shorter than three letters."""
    found = {word for text in texts for word in WORD.findall(unicodedata.normalize("NFC", text.casefold()))}
    return sorted(word for word in found if len(word) >= 3 and not any(map(str.isdigit, word)) and is_word(fold(word)))


def is_word(text: str) -> bool:
    """Whether ``text`` is one word throughout."""
    return bool(WORD.fullmatch(text))


def slips(word: str) -> Iterator[str]:
    """What ``word`` may have been before a letter was doubled or two were swapped: trigrams see these badly."""
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]
    for place in range(len(word) - 1):
        if word[place] != word[place + 1]:
            yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def in_other_forms(words: Iterable[str]) -> list[str]:
    """Each of ``words``, and each with the usual endings."""
    return [word + ending for word in words for ending in ("", *ENDINGS)]


def slips_between(typed: str, word: str) -> int:
    """How many slips lead from ``word``, with its ending or without it, to what was typed."""
    stems = [word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending)]
    return min(distance(typed, form) for form in [word, *stems] if form == word or len(form) >= SHORTEST_CORRECTED)


def most_slips(word: str) -> int:
    """How many slips in a word of this length still leave it recognisable."""
    if len(word) < SHORTEST_CORRECTED:
        return 0
    return 1 if len(word) < 8 else 2


def distance(one: str, other: str) -> int:
    """How many letters were left out, added, replaced, or swapped with their neighbour."""
    before: Sequence[int] = ()
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, against in enumerate(other, 1):
            cost = min(above[column] + 1, current[-1] + 1, above[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, above = above, current
    return above[-1]
