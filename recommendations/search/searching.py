"""The one way to search: the API and the screens call :func:`search`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalog.models import Product
from core.measuring.holdout import OPEN
from merchants.models import Merchant
from recommendations.engines.request import SEARCH
from recommendations.measuring import tickets
from recommendations.search.personal import Searcher, tastes
from recommendations.search.queries import RELEVANCE, Facets, Filters, Match, Matches, find
from recommendations.search.ranking import personal_order, text_order
from recommendations.search.understanding import Understood, corrected, understand

__all__ = ["NOBODY", "Filters", "Found", "Hit", "Searcher", "search"]

NOBODY = Searcher()
# So many of the best are put in order; whoever leafs further gets the order of the text alone.
WINDOW = 240
# How finely texts are told apart: what fits equally well is ordered by what people buy.
DIGITS = 2
EVERY_WORD, ANY_WORD = "all", "any"
# Many people ask the same. What is found is as old as what is available is to recommendations; products are read fresh.
KEPT_SECONDS, MOST_KEPT = 5.0, 500


@dataclass(frozen=True, slots=True)
class Hit:
    """A product that was found. ``text`` and ``personal`` reach from 0 to 1; ``moved``: places won by the person's taste."""

    product: Product
    exact: int
    text: float
    personal: float
    moved: int


@dataclass(frozen=True, slots=True)
class Found:
    """One answer. ``corrected_to``: what was searched for instead of what was typed, or empty. ``matched``: whether the
    products have all words, or only one of them at least. ``is_personal``: the person's taste took part. ``arm``: on which
    side of a measurement the person is whom it was made for, whose profile is ``customer_id``."""

    hits: list[Hit]
    total: int
    facets: Facets
    corrected_to: str
    matched: str
    is_personal: bool
    understood: Understood
    arm: str = OPEN
    customer_id: int | None = None

    def ticket(self, merchant_id: int) -> str:
        """The answer's id as it is given out, by which views and clicks are measured at the placement ``search``."""
        products = [hit.product.pk for hit in self.hits]
        return tickets.issue(
            merchant_id,
            tickets.new_id(),
            placement=SEARCH,
            arm=self.arm,
            customer_id=self.customer_id,
            products=products,
            sources=[tickets.source_code("search")] * len(products),
            is_search=True,
        )


def search(
    merchant: Merchant,
    text: str,
    *,
    searcher: Searcher = NOBODY,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    order: str = RELEVANCE,
    limit: int = 24,
    offset: int = 0,
) -> Found:
    """Products of the shop for what somebody typed, from ``offset`` on.

    Who slips gets what was meant, if nothing has the words as they stand; who asks for too much at once gets what has one
    of the words. A product whose SKU or name was typed comes first, always.
    """
    is_ranked = order == RELEVANCE and offset + limit <= WINDOW
    window = (WINDOW, 0) if is_ranked else (limit, offset)
    understood, matches, matched, was_corrected = _matches(merchant, understand(merchant, text), filters, order, window)
    ordered = _ordered(merchant.pk, matches.best, searcher, is_ranked=is_ranked)
    hits = ordered.hits[offset : offset + limit] if is_ranked else ordered.hits
    return Found(
        hits=_with_products(merchant.pk, hits),
        total=matches.total,
        facets=matches.facets,
        corrected_to=understood.text if was_corrected else "",
        matched=matched,
        is_personal=ordered.is_personal,
        understood=understood,
        arm=ordered.arm,
        customer_id=ordered.customer_id,
    )


def _matches(
    merchant: Merchant, understood: Understood, filters: Filters, order: str, window: tuple[int, int]
) -> tuple[Understood, Matches, str, bool]:
    """What fits all words; else, unless filters are to blame, all words put right; else one of them."""

    def ask(query: Understood, wanted: str) -> Matches:
        return _find(_Question(merchant.pk, wanted, query.typed, query.key, filters, order, *window))

    matches = ask(understood, understood.wanted)
    if not _is_empty(matches) or not understood.wanted:
        return understood, matches, EVERY_WORD, False
    better = corrected(merchant, understood)
    if better is not None and not _is_empty(found := ask(better, better.wanted)):
        return better, found, EVERY_WORD, True
    query = better or understood
    if query.anything and query.wanted != query.anything:
        matches = ask(query, query.anything)
    was_corrected = better is not None and bool(matches.total)
    return (query if was_corrected else understood), matches, ANY_WORD if matches.total else EVERY_WORD, was_corrected


@dataclass(frozen=True, slots=True)
class _Question:
    """The arguments of ``find``."""

    merchant_id: int
    wanted: str
    typed: str
    key: str
    filters: Filters
    order: str
    limit: int
    offset: int


_found: dict[_Question, tuple[float, Matches]] = {}


def _find(asked: _Question) -> Matches:
    """What PostgreSQL finds; for five seconds what it found."""
    until, known = _found.get(asked, (0.0, None))
    if known is None or time.monotonic() >= until:
        known = find(
            asked.merchant_id,
            wanted=asked.wanted,
            typed=asked.typed,
            key=asked.key,
            filters=asked.filters,
            order=asked.order,
            limit=asked.limit,
            offset=asked.offset,
        )
        if len(_found) >= MOST_KEPT:
            _found.clear()
        _found[asked] = (time.monotonic() + KEPT_SECONDS, known)
    return known


def forget() -> None:
    """Drop what this process remembers."""
    _found.clear()


def _is_empty(matches: Matches) -> bool:
    """Whether there is nothing even without the filters: each facet is counted without its own."""
    facets = matches.facets
    return not (matches.total or facets.categories or facets.brands or facets.lowest is not None)


@dataclass(frozen=True, slots=True)
class _Placed:
    match: Match
    text: float
    personal: float
    moved: int


@dataclass(frozen=True, slots=True)
class _Ordered:
    """As they are shown, whether the person's taste took part in it, and what a measurement needs to know of them.

    Whoever sorts by price, or leafs far, takes no part: taste would have moved nothing there.
    """

    hits: list[_Placed]
    is_personal: bool = False
    arm: str = OPEN
    customer_id: int | None = None


def _ordered(merchant_id: int, matches: Sequence[Match], searcher: Searcher, *, is_ranked: bool) -> _Ordered:
    best = max((match.score for match in matches), default=0) or 1
    texts = [round(match.score / best, DIGITS) for match in matches]
    if not is_ranked:
        return _Ordered([_Placed(match, text, 0, 0) for match, text in zip(matches, texts, strict=True)])
    taste = tastes(merchant_id, searcher, [match.product_id for match in matches])
    plain = text_order([match.exact for match in matches], texts, taste.popular)
    if taste.personal is None:
        hits = [_Placed(matches[place], texts[place], 0, 0) for place in plain]
        return _Ordered(hits, arm=taste.arm, customer_id=taste.customer_id)
    exact = sum(match.exact > 0 for match in matches)
    personal = taste.personal[np.array(plain, np.intp)]
    order = personal_order([texts[place] for place in plain], personal, fixed=exact)
    hits = [
        _Placed(matches[plain[was]], texts[plain[was]], round(float(personal[was]), 4), was - now)
        for now, was in enumerate(order)
    ]
    return _Ordered(hits, True, taste.arm, taste.customer_id)


def _with_products(merchant_id: int, placed: Sequence[_Placed]) -> list[Hit]:
    """What was sold out since it was found is left out."""
    wanted = Product.objects.for_merchant(merchant_id).filter(pk__in=[hit.match.product_id for hit in placed])
    found = wanted.select_related("category").defer("description", "tags").in_bulk()
    return [
        Hit(product, hit.match.exact, hit.text, hit.personal, hit.moved)
        for hit in placed
        if (product := found.get(hit.match.product_id)) and product.active and (product.is_available or hit.match.exact)
    ]
