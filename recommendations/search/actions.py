"""Writes of the search: documents and words follow the catalogue, synonyms their merchant, counts what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product
from core.errors import DomainError, InvalidInput
from core.locks import lock_name
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from recommendations.models.search import LONGEST_KEY, LONGEST_WORD, SearchDocument, SearchWord, Synonym
from recommendations.search.queries import configuration
from recommendations.search.words import fold, indexed, key_of, vocabulary

BATCH = 1000
# Of a description the beginning says what a product is; ranking would have to read all of it.
DESCRIBED = 200
# Words are counted anew when something was indexed in the meantime: a little longer than between two rounds.
COUNTED_AGAIN = timedelta(minutes=15)
# A process reads all of them every few seconds.
MOST_SYNONYMS = 1000


def index_products(merchant: Merchant, product_ids: Sequence[int]) -> int:
    """Write the documents of these products, take out what is not sold any more; returns how many were written."""
    sold = Product.objects.for_merchant(merchant).filter(pk__in=product_ids, active=True)
    products = list(sold.select_related("category").order_by("pk"))
    gone = set(product_ids) - {product.pk for product in products}
    with transaction.atomic():
        SearchDocument.objects.for_merchant(merchant).filter(product__in=gone).delete()
        words = _write_documents(merchant, products)
        fresh = [SearchWord(merchant=merchant, word=fold(word), spelling=word) for word in sorted(words)]
        SearchWord.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(products)


def index_stale(merchant: Merchant) -> int:
    """Bring documents that differ from their product up to date, and the words; returns how many were written."""
    stale = stale_products(merchant)
    written = sum(index_products(merchant, stale[start : start + BATCH]) for start in range(0, len(stale), BATCH))
    recent = SearchDocument.objects.for_merchant(merchant).filter(indexed_at__gt=timezone.now() - COUNTED_AGAIN)
    if stale or recent.exists():
        count_words(merchant)
    return written


# Products whose document is missing, of another state or language, or of something that is not sold any more.
_STALE = """
SELECT p.id FROM catalog_product p
LEFT JOIN recommendations_searchdocument d ON d.product_id = p.id AND d.merchant_id = p.merchant_id
WHERE p.merchant_id = %(merchant)s AND CASE WHEN p.active
    THEN d.product_updated_at IS DISTINCT FROM p.updated_at OR d.language <> %(language)s
    ELSE d.id IS NOT NULL END
ORDER BY p.id
"""


def stale_products(merchant: Merchant) -> list[int]:
    """Ids of the products whose document is not what it should be."""
    with connection.cursor() as cursor:
        cursor.execute(_STALE, {"merchant": merchant.pk, "language": merchant.language})
        return [pk for (pk,) in cursor.fetchall()]


# One statement for many documents: PostgreSQL makes the vectors. The SKU is no word of any language.
_WRITE = """
INSERT INTO recommendations_searchdocument AS stored
    (merchant_id, product_id, language, sku_key, title_key, words, vector, product_updated_at, indexed_at)
SELECT %(merchant)s, product, %(language)s, sku_key, title_key, string_to_array(words, ' '),
    setweight(to_tsvector('simple', sku), 'A') || setweight(to_tsvector(%(configuration)s::regconfig, title), 'A')
    || setweight(to_tsvector(%(configuration)s::regconfig, sorted_as), 'B')
    || setweight(to_tsvector(%(configuration)s::regconfig, described_as), 'D'),
    updated_at, now()
FROM unnest(%(product)s::bigint[], %(sku_key)s::text[], %(title_key)s::text[], %(words)s::text[], %(sku)s::text[],
    %(title)s::text[], %(sorted_as)s::text[], %(described_as)s::text[], %(updated_at)s::timestamptz[])
    AS given (product, sku_key, title_key, words, sku, title, sorted_as, described_as, updated_at)
ON CONFLICT (product_id) DO UPDATE SET language = excluded.language, sku_key = excluded.sku_key,
    title_key = excluded.title_key, words = excluded.words, vector = excluded.vector,
    product_updated_at = excluded.product_updated_at, indexed_at = excluded.indexed_at
"""


def _write_documents(merchant: Merchant, products: Sequence[Product]) -> set[str]:
    """Returns the words that occur in them."""
    rows = [_row(product) for product in products]
    if not rows:
        return set()
    given = {name: [row[name] for row in rows] for name in rows[0]}
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            given
            | {
                "merchant": merchant.pk,
                "language": merchant.language,
                "configuration": configuration(merchant.language),
            },
        )
    return {word for words in given["words"] for word in words.split()}


def _row(product: Product) -> dict[str, Any]:
    sorted_as = " ".join([product.category.path if product.category else "", product.brand, *product.tags])
    words = vocabulary(product.title, sorted_as)
    return {
        "product": product.pk,
        "sku_key": key_of(product.sku)[:LONGEST_KEY],
        "title_key": key_of(product.title)[:LONGEST_KEY],
        "words": " ".join(word for word in words if len(fold(word)) <= LONGEST_WORD),
        "sku": " ".join(indexed(product.sku)),
        "title": " ".join(indexed(product.title)),
        "sorted_as": " ".join(indexed(sorted_as)),
        "described_as": " ".join(indexed(product.description)[:DESCRIBED]),
        "updated_at": product.updated_at,
    }


@transaction.atomic
def count_words(merchant: Merchant) -> None:
    """How many products have each word, and how most of them spell it; words that no product has any more go."""
    lock_name(f"search words of {merchant.pk}")
    counted = _counted(merchant.pk)
    stored = SearchWord.objects.for_merchant(merchant)
    known = {
        word: (spelling, products) for word, spelling, products in stored.values_list("word", "spelling", "products")
    }
    stored.filter(word__in=known.keys() - counted.keys()).delete()
    SearchWord.objects.bulk_create(
        [
            SearchWord(merchant=merchant, word=word, spelling=spelling, products=products)
            for word, (spelling, products) in sorted(counted.items())
            if known.get(word) != (spelling, products)
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["merchant", "word"],
        update_fields=["spelling", "products"],
    )


def _counted(merchant_id: int) -> dict[str, tuple[str, int]]:
    """By folded word: the most frequent spelling, and the products of all spellings."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, count(*) FROM recommendations_searchdocument, unnest(words) AS word"
            " WHERE merchant_id = %s GROUP BY word ORDER BY count(*) DESC, word",
            [merchant_id],
        )
        counted: dict[str, tuple[str, int]] = {}
        for spelling, products in cursor.fetchall():
            often, so_far = counted.get(fold(spelling), (spelling, 0))
            counted[fold(spelling)] = often, so_far + products
    return counted


@dataclass(frozen=True)
class SynonymData:
    """Terms that find each other, or, with ``finds``, terms that also find those."""

    words: Sequence[str]
    finds: Sequence[str] = ()


@transaction.atomic
def add_synonym(merchant: Merchant, data: SynonymData, *, staff: Staff | None) -> Synonym:
    """Raises InvalidInput (``too_many_synonyms``) when the shop has as many as a search can look at."""
    lock_name(f"synonyms of {merchant.pk}")
    if Synonym.objects.for_merchant(merchant).count() >= MOST_SYNONYMS:
        raise InvalidInput(
            "too_many_synonyms", _("A shop has at most %(most)s synonyms.") % {"most": MOST_SYNONYMS}, field="words"
        )
    synonym = Synonym.objects.create(merchant=merchant, words=list(data.words), finds=list(data.finds))
    record_audit(merchant, "synonym.added", staff=staff, subject=synonym)
    return synonym


@transaction.atomic
def edit_synonym(synonym: Synonym, data: SynonymData, *, seen: datetime, staff: Staff | None) -> None:
    """``seen``: when the synonym had last changed as it was shown. Raises DomainError for a stale edit."""
    stored = Synonym.objects.for_merchant(synonym.merchant_id).select_for_update().get(pk=synonym.pk)
    if stored.changed_at != seen:
        raise DomainError("stale_edit", _("Somebody else changed this synonym meanwhile. Look at it and save again."))
    changes = {
        name: {"from": ", ".join(before), "to": ", ".join(after)}
        for name, before, after in (("words", stored.words, data.words), ("finds", stored.finds, data.finds))
        if list(before) != list(after)
    }
    if changes:
        stored.words, stored.finds = list(data.words), list(data.finds)
        stored.save()
        record_audit(synonym.merchant, "synonym.changed", staff=staff, subject=stored, changes=changes)


@transaction.atomic
def delete_synonym(synonym: Synonym, *, staff: Staff | None) -> None:
    record_audit(synonym.merchant, "synonym.deleted", staff=staff, subject=synonym)
    synonym.delete()
