"""What is alike by title, category and price: for products that nobody, or hardly anybody, has bought yet.

Titles are compared by words and by the letters in them (TF-IDF, cosine; Salton, Buckley 1988): "Gartenscheren" is near "Gartenschere",
and scripts without spaces between words are compared by pairs of characters. A product that sells is given its nearest
among those that hardly do; all others the engines of people know better. One that hardly sells is given its nearest of all.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Arrays, Bools, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.neighbours import Neighbours, strongest_entries
from recommendations.engines.recipe import USUAL, Recipe

LENGTH = 20
# In fewer baskets than this, who bought it says less than what it is.
FEW_SALES = 5
# How much of being alike is the title, how much the category, and how much a near price.
TITLE, CATEGORY, PRICE = 0.6, 0.25, 0.15
# Less is not alike: one common word of very many. Of one category, what costs up to three times as much.
LEAST_TITLE, NEAR_PRICE, UNKNOWN_PRICE = 0.12, 0.33, 0.5
# What has been there for long and never sold is wanted less than what could not sell yet.
NEW_DAYS, OLD_COUNTS = 90.0, 0.6
# Letters say less than the words they are in; of scripts without spaces pairs of characters are the words.
GRAM, GRAM_COUNTS, PAIR = 4, 0.4, 2
IDEOGRAPHIC = "\u2e80"
# What stands in more titles than this, in a big range, tells hardly anything and costs most.
MOST_TITLES, COMMON_SHARE = 50, 0.02
# What stands in one title alone (a model's name or number) makes it unlike others, but not by as much as it is rare.
UNIQUE_COUNTS = 0.3
ROWS = 256
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Content:
    """Neighbour lists by what products are; ``sold`` (products,): in how many baskets each one lay."""

    name: ClassVar[str] = "content"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    neighbours: Neighbours
    sold: Floats

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        """``earlier`` may know of sales that ``interactions`` do not go back to."""
        tick()
        sold = np.bincount(interactions.product, minlength=interactions.shape[1]).astype(np.float32)
        if earlier is not None:
            sold[: len(earlier.sold)] = np.maximum(sold[: len(earlier.sold)], earlier.sold)
        if not len(interactions.titles):
            return cls(Neighbours.none(len(sold)), sold)
        return cls(_nearest(interactions, sold), sold)

    @classmethod
    def blank(cls, sold: Floats) -> Self:
        """What a refresh has to know of the training."""
        return cls(Neighbours.none(0), sold)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(Neighbours.from_arrays(arrays), arrays["sold"])

    def arrays(self) -> Arrays:
        return {**self.neighbours.arrays(), "sold": self.sold}

    def entries(self, context: Context) -> tuple[Ints, Floats]:
        """What is added up: products and scores."""
        return self.neighbours.entries(context)

    def scores(self, context: Context) -> Floats | None:
        return self.neighbours.add_up(context)

    def because(self, context: Context, products: Ints) -> Ints:
        return self.neighbours.strongest_anchors(context, products)


def _nearest(interactions: Interactions, sold: Floats) -> Neighbours:
    """Lists of the nearest: of those that hardly sell for products that do, of all for the others."""
    goods = _Goods.of(interactions)
    size, hardly = len(sold), sold < FEW_SALES
    ids, scores = np.zeros((size, LENGTH), np.int32), np.zeros((size, LENGTH), np.float32)
    wanted = np.where(interactions.product_age <= NEW_DAYS, 1, OLD_COUNTS).astype(np.float32) / (1 + sold / 2)
    for rows, columns, counts in (
        (_places(~hardly), _places(hardly), wanted),
        (_places(hardly), np.arange(size, dtype=np.int32), np.ones(size, np.float32)),
    ):
        for begin in range(0, len(rows) if len(columns) else 0, ROWS):
            block = rows[begin : begin + ROWS]
            alike = goods.alike(block, columns)
            alike *= counts[columns]
            for row, values in zip(block, alike, strict=True):
                told = np.flatnonzero(values)
                others, strengths = strongest_entries(columns[told], values[told], int(row), LENGTH)
                ids[row, : len(others)], scores[row, : len(others)] = others, strengths
    return Neighbours(ids, scores)


def _places(mask: Bools) -> Ints:
    return np.flatnonzero(mask).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _Goods:
    """What is known of products: titles as rows of length 1, categories, and the logarithm of prices (NaN: unknown)."""

    titles: sp.csr_array
    category: Ints
    price: Floats

    @classmethod
    def of(cls, interactions: Interactions) -> Self:
        prices = interactions.prices if len(interactions.prices) else np.zeros(interactions.shape[1], np.float32)
        known = np.where(prices > 0, prices, np.nan)
        return cls(tfidf(interactions.titles), interactions.category, np.log(known).astype(np.float32))

    def alike(self, rows: Ints, columns: Ints) -> Floats:
        """(rows, columns), 0 to 1, and 0 where it is too little to be called alike."""
        found: Floats = (self.titles[rows] @ self.titles[columns].T).toarray()
        kind = self.category[rows][:, None]
        same: Bools = (kind == self.category[columns]) & (kind >= 0)
        # Few pairs have anything in common: only these are looked at.
        row, column = np.nonzero(same | (found >= LEAST_TITLE))
        title, kindred = found[row, column], same[row, column]
        apart = np.abs(self.price[rows[row]] - self.price[columns[column]])
        near = np.nan_to_num(np.exp(-apart), nan=UNKNOWN_PRICE)
        alike = np.float32(TITLE) * title + np.float32(PRICE) * near + np.float32(CATEGORY) * kindred
        found[:] = 0
        found[row, column] = alike * ((title >= LEAST_TITLE) | (kindred & (near >= NEAR_PRICE)))
        return found


@lru_cache(maxsize=1)  # a training learns twice from the same titles
def tfidf(titles: tuple[str, ...]) -> sp.csr_array:
    """Titles × terms, each row of length 1 (or empty): how often a term is in it, times the logarithm of how few have it."""
    counted = [terms(title) for title in titles]
    number = {term: place for place, term in enumerate(dict.fromkeys(term for found in counted for term in found))}
    lengths = np.array([len(found) for found in counted], np.int64)
    columns = np.fromiter((number[term] for found in counted for term in found), np.int32, int(lengths.sum()))
    values = np.fromiter((value for found in counted for value in found.values()), np.float32, len(columns))
    shape = len(counted), max(len(number), 1)
    matrix = sp.csr_array((values, columns, np.concatenate([[0], lengths.cumsum()])), shape=shape)
    having = np.bincount(columns, minlength=shape[1])
    rarity = np.log(max(shape[0], 1) / np.maximum(having, 1)).astype(np.float32)
    rarity[having == 1] *= UNIQUE_COUNTS
    rarity[having > max(MOST_TITLES, COMMON_SHARE * shape[0])] = 0
    matrix.data *= rarity[matrix.indices]
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(length, np.float32(1e-9)), lengths)
    matrix.eliminate_zeros()
    return matrix.astype(np.float32)


def terms(title: str) -> Counter[str]:
    """Words, and the runs of letters in them, with how much each says."""
    found: Counter[str] = Counter()
    for word in WORD.findall(folded(title)):
        if word >= IDEOGRAPHIC:
            found.update(word[place : place + PAIR] for place in range(max(len(word) - PAIR + 1, 1)))
            continue
        found[word] += 1
        for gram in _grams(f"<{word}>"):
            found[gram] += GRAM_COUNTS  # type: ignore[assignment]  # a Counter counts parts as well
    return found


def _grams(word: str) -> Iterator[str]:
    """The angles mark where a word begins and ends, so that no run of letters is taken for a word."""
    if len(word) > GRAM:
        yield from (f"{word[place : place + GRAM]}~" for place in range(len(word) - GRAM + 1))


def folded(title: str) -> str:
    """Without case, and Latin letters without marks: "ÄPFEL" and "apfel" are the same."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    if plain.isascii():
        return plain
    return "".join(unicodedata.normalize("NFD", sign)[0] if sign < "\u0250" else sign for sign in plain)
