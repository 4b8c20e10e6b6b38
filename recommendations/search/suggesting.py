"""What somebody who has begun to type may want: what others searched for, categories, products."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from catalog.models import Category, Product
from merchants.models import Merchant
from recommendations.models import SearchTerm, SearchWord
from recommendations.search.log import term
from recommendations.search.searching import NOBODY, Searcher, search
from recommendations.search.words import fold, is_word, words_of

# What few people searched for may say something about one of them.
ASKED_AT_LEAST = 5
REMEMBERED = timedelta(days=30)
# A longer text is completed by nobody's words but its own.
MOST_WORDS_COMPLETED, SHORTEST_COMPLETED = 5, 2


@dataclass(frozen=True, slots=True)
class Suggestions:
    """``queries`` to search for, ``categories`` to go to (paths), ``products`` to look at; the most promising first."""

    queries: list[str]
    categories: list[str]
    products: list[Product]


def suggest(merchant: Merchant, text: str, *, searcher: Searcher = NOBODY, limit: int = 6) -> Suggestions:
    """At most ``limit`` of each kind for what was typed so far."""
    found = search(merchant, text, searcher=searcher, limit=limit)
    typed = term(found.corrected_to or text)
    return Suggestions(
        queries=_queries(merchant, typed, limit) if typed else [],
        categories=_categories(found.facets.categories, typed)[:limit],
        products=[hit.product for hit in found.hits],
    )


def _queries(merchant: Merchant, typed: str, limit: int) -> list[str]:
    """What people searched for lately, with results, that begins so; then the last word completed from the assortment."""
    since = timezone.localdate(timezone=merchant.tz) - REMEMBERED
    begun = SearchTerm.objects.for_merchant(merchant).filter(text__startswith=typed, day__gte=since)
    often = begun.by_text().filter(total__gte=ASKED_AT_LEAST, missed__lt=F("total")).order_by("-total", "text")
    queries = [row["text"] for row in often[:limit]]
    known = {fold(query) for query in queries}
    if len(queries) < limit:
        queries += [query for query in _completed(merchant, typed, limit) if fold(query) not in known]
    return queries[:limit]


def _completed(merchant: Merchant, typed: str, limit: int) -> list[str]:
    *before, last = typed.split(" ")
    beginning = fold(last)
    if len(before) >= MOST_WORDS_COMPLETED or len(beginning) < SHORTEST_COMPLETED or not is_word(beginning):
        return []
    words = SearchWord.objects.for_merchant(merchant).filter(word__startswith=beginning)
    return [" ".join([*before, word.spelling]) for word in words.order_by("-products", "word")[:limit]]


def _categories(counted: Iterable[tuple[str, int]], typed: str) -> list[str]:
    """Of the categories of what was found: those whose own name has a word that begins like the last one typed."""
    beginning = (words_of(typed) or [""])[-1]
    named = [
        (-products, path)
        for path, products in counted
        if any(word.startswith(beginning) for word in words_of(path.split(Category.SEPARATOR)[-1]))
    ]
    return [path for _products, path in sorted(named)] if beginning else []
