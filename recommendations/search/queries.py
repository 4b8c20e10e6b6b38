"""What the search asks PostgreSQL. Each function is one statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from catalog.models import Category

# PostgreSQL's text search configuration for each language that a shop can have.
CONFIGURATIONS = {"de": "german", "en": "english"}
# Stop words of PostgreSQL that it does not recognise once they are folded.
_FOLDED = "fur fuer konnen koennen konnte koennte uber ueber wahrend waehrend wurde wuerde wurden wuerden"
COMMON = {"de": frozenset(_FOLDED.split())}
# What a word is worth in the description, (nothing has the second weight,) in brand, category and tags, and in the title.
WEIGHTS = [0.05, 0.1, 0.3, 1.0]
# How much it counts that a product is found by other words than those that were typed.
BY_OTHER_WORDS = 0.4
MOST_BRANDS = 50
# German joins words: who looks for a tent means the children's tent as well. The first part is no syllable by chance.
JOINS_WORDS = {"de"}
SHORTEST_JOINED, SHORTEST_FIRST_PART, MOST_JOINED = 4, 3, 12
# Lower than PostgreSQL's own .3, at which a word of four letters must not have a slip at all.
SIMILARITY = 0.2


def configuration(language: str) -> str:
    return CONFIGURATIONS.get(language, "simple")


@dataclass(frozen=True, slots=True)
class Looked:
    """A word as the index knows it: its lexemes (none: it is too common to search for), the lexemes of words that end with
    it, and how the shop spells it (empty: the shop does not have it)."""

    word: str
    lexemes: tuple[str, ...]
    joined: tuple[str, ...] = ()
    spelling: str = ""

    @property
    def text(self) -> str:
        return self.spelling or self.word


_LOOK_UP = """
SELECT word, lexemes, (
        SELECT coalesce(array_agg((tsvector_to_array(to_tsvector(%(configuration)s::regconfig, w.word)))[1]), '{}')
        FROM (
            SELECT w.word FROM recommendations_searchword w
            WHERE %(joins)s AND w.merchant_id = %(merchant)s AND length(lexemes[1]) >= %(shortest)s
                AND w.word LIKE '%%' || lexemes[1] || '%%'
                AND w.word ~ ('^.{' || %(first)s || ',}' || lexemes[1] || '.{0,2}$')
            ORDER BY w.products DESC, w.word LIMIT %(most)s
        ) w
    ) AS joined,
    coalesce((SELECT w.spelling FROM recommendations_searchword w
        WHERE w.merchant_id = %(merchant)s AND w.word = asked.word), '')
FROM unnest(%(words)s::text[]) WITH ORDINALITY AS asked (word, place),
    LATERAL (SELECT tsvector_to_array(to_tsvector(%(configuration)s::regconfig, word)) AS lexemes) AS lexed
ORDER BY place
"""


def look_up(merchant_id: int, language: str, words: Sequence[str]) -> list[Looked]:
    """Each of ``words`` (folded), in their order."""
    asked: dict[str, Any] = {
        "merchant": merchant_id,
        "configuration": configuration(language),
        "words": list(words),
        "joins": language in JOINS_WORDS,
        "shortest": SHORTEST_JOINED,
        "first": SHORTEST_FIRST_PART,
        "most": MOST_JOINED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_UP, asked)
        rows = cursor.fetchall()
    common = COMMON.get(language, frozenset())
    return [
        Looked(word, () if word in common else tuple(lexemes), tuple(joined), spelling)
        for word, lexemes, joined, spelling in rows
    ]


def unknown_lexemes(merchant_id: int, lexemes: Sequence[str]) -> set[str]:
    """Those of ``lexemes`` that no product has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lexeme FROM unnest(%s::text[]) AS asked (lexeme) WHERE NOT EXISTS (SELECT FROM"
            " recommendations_searchdocument WHERE merchant_id = %s AND vector @@ quote_literal(lexeme)::tsquery)",
            [list(lexemes), merchant_id],
        )
        return {lexeme for (lexeme,) in cursor.fetchall()}


def similar_words(merchant_id: int, word: str, slips: Sequence[str]) -> list[tuple[str, int]]:
    """Words of the shop that share trigrams with ``word``, or are one of ``slips``; each with its number of products."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(SIMILARITY)])
        cursor.execute(
            "SELECT word, products FROM recommendations_searchword"
            " WHERE merchant_id = %s AND (word %% %s OR word = ANY(%s))",
            [merchant_id, word, list(slips)],
        )
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Filters:
    """What the results are narrowed to: category paths with everything below them, brands, a price band, reductions."""

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    min_price: int | None = None
    max_price: int | None = None
    reduced: bool = False

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, slots=True)
class Match:
    """A product that was found. ``exact``: 2 for its SKU, 1 for its name; ``score``: how well its text fits."""

    product_id: int
    exact: int
    score: float


@dataclass(frozen=True, slots=True)
class Facets:
    """What the results can be narrowed by, each counted without its own filter, so that a second choice can be added."""

    categories: tuple[tuple[str, int], ...] = ()
    brands: tuple[tuple[str, int], ...] = ()
    lowest: int | None = None
    highest: int | None = None
    reduced: int = 0


@dataclass(frozen=True, slots=True)
class Matches:
    """The best of what was found, how many there are in all, and the facets."""

    best: list[Match]
    total: int
    facets: Facets


RELEVANCE = "relevance"
ORDERS = {
    RELEVANCE: "exact DESC, score DESC, id",
    "price": "price, id",
    "-price": "price DESC, id",
    "newest": "created_at DESC, id DESC",
}
# An exact match is shown sold out as well: whoever types the name of a product wants to see that one.
_FIND = """
WITH matched AS MATERIALIZED (
    SELECT p.id, p.category_id, p.brand, p.price, p.created_at,
        CASE WHEN d.sku_key = %(key)s THEN 2 WHEN d.title_key = %(key)s THEN 1 ELSE 0 END AS exact,
        ts_rank(%(weights)s::float4[], d.vector, %(typed)s::tsquery)
            + %(by_other_words)s * ts_rank(%(weights)s::float4[], d.vector, %(wanted)s::tsquery) AS score,
        coalesce(p.list_price > p.price, false) AS reduced,
        %(any_category)s OR coalesce(c.path = ANY(%(categories)s) OR c.path LIKE ANY(%(below)s), false) AS in_category,
        %(any_brand)s OR p.brand = ANY(%(brands)s) AS of_brand,
        p.price BETWEEN coalesce(%(min_price)s::bigint, p.price) AND coalesce(%(max_price)s::bigint, p.price) AS priced
    FROM recommendations_searchdocument d
    JOIN catalog_product p ON p.id = d.product_id
    LEFT JOIN catalog_category c ON c.id = p.category_id
    WHERE d.merchant_id = %(merchant)s
        AND (d.vector @@ %(wanted)s::tsquery OR d.sku_key = %(key)s OR d.title_key = %(key)s)
        AND p.active AND (p.stock IS NULL OR p.stock > 0 OR d.sku_key = %(key)s OR d.title_key = %(key)s)
), offered AS (
    SELECT * FROM matched WHERE in_category AND of_brand AND priced AND (reduced OR NOT %(reduced)s)
)
SELECT json_build_array(
    (SELECT json_agg(json_build_array(id, exact, score)) FROM (
        SELECT id, exact, score FROM offered ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s) best),
    (SELECT count(*) FROM offered),
    (SELECT json_agg(json_build_array(path, products) ORDER BY path) FROM (
        SELECT category_id, count(*) AS products FROM matched
        WHERE of_brand AND priced AND (reduced OR NOT %(reduced)s) GROUP BY category_id
    ) counted JOIN catalog_category c ON c.id = category_id),
    (SELECT json_agg(json_build_array(brand, products) ORDER BY products DESC, brand) FROM (
        SELECT brand, count(*) AS products FROM matched
        WHERE brand <> '' AND in_category AND priced AND (reduced OR NOT %(reduced)s)
        GROUP BY brand ORDER BY products DESC, brand LIMIT %(most_brands)s
    ) counted),
    (SELECT json_build_array(min(price), max(price)) FROM matched
        WHERE in_category AND of_brand AND (reduced OR NOT %(reduced)s)),
    (SELECT count(*) FROM matched WHERE in_category AND of_brand AND priced AND reduced)
)::text
"""


def find(
    merchant_id: int,
    *,
    wanted: str,
    typed: str,
    key: str,
    filters: Filters,
    order: str,
    limit: int,
    offset: int,
) -> Matches:
    """Products that fit the ``wanted`` query, or whose SKU or name is ``key``; ``typed`` is the query of what was typed."""
    below = [_escaped(path + Category.SEPARATOR) + "%" for path in filters.categories]
    asked: dict[str, Any] = {
        "merchant": merchant_id,
        "wanted": wanted,
        "typed": typed,
        "key": key,
        "weights": WEIGHTS,
        "by_other_words": BY_OTHER_WORDS,
        "any_category": not filters.categories,
        "categories": list(filters.categories),
        "below": below,
        "any_brand": not filters.brands,
        "brands": list(filters.brands),
        "min_price": filters.min_price,
        "max_price": filters.max_price,
        "reduced": filters.reduced,
        "most_brands": MOST_BRANDS,
        "limit": limit,
        "offset": offset,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIND.format(order=ORDERS[order]), asked)
        row = cursor.fetchone()
    assert row is not None  # there is always one
    return _matches(*json.loads(row[0]))


def _matches(best: Any, total: int, categories: Any, brands: Any, prices: Any, reduced: int) -> Matches:
    facets = Facets(
        categories=_with_parents(categories or []),
        brands=tuple((brand, count) for brand, count in brands or []),
        lowest=prices[0],
        highest=prices[1],
        reduced=reduced,
    )
    return Matches([Match(*found) for found in best or []], total, facets)


def _with_parents(counted: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Every category also counts for those above it."""
    sums: dict[str, int] = {}
    for path, products in counted:
        names = path.split(Category.SEPARATOR)
        for depth in range(1, len(names) + 1):
            above = Category.SEPARATOR.join(names[:depth])
            sums[above] = sums.get(above, 0) + products
    return tuple(sorted(sums.items()))


def _escaped(text: str) -> str:
    """As it stands in a LIKE pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
