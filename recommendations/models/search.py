"""What is searched: products as documents, the words in them, synonyms of the merchant, and what people asked for."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q, Sum, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.models import MerchantModel, MerchantQuerySet

LONGEST_KEY, LONGEST_WORD, LONGEST_TERM = 300, 60, 80
MOST_WORDS = 20


class SearchDocument(MerchantModel):
    """An active product as it is searched. It lags behind the product by a moment; price and stock are read fresh."""

    product = models.OneToOneField(Product, on_delete=models.CASCADE, related_name="+", verbose_name=_("product"))
    language = models.CharField(_("language"), max_length=5)
    # Folded: whoever types exactly this gets the product first.
    sku_key = models.CharField(_("SKU as it is compared"), max_length=LONGEST_KEY)
    title_key = models.CharField(_("title as it is compared"), max_length=LONGEST_KEY)
    words = ArrayField(
        models.CharField(max_length=LONGEST_WORD),
        verbose_name=_("words"),
        default=list,
        help_text=_("Of title, brand, category and tags, each once."),
    )
    vector = SearchVectorField(_("search vector"))
    product_updated_at = models.DateTimeField(_("state of the product"))
    indexed_at = models.DateTimeField(_("indexed"), default=timezone.now)

    class Meta:
        indexes = [
            GinIndex(fields=["merchant", "vector"], name="search_document_vector"),
            models.Index(fields=["merchant", "sku_key"], name="search_document_sku"),
            models.Index(fields=["merchant", "title_key"], name="search_document_title"),
            models.Index(fields=["merchant", "indexed_at"], name="search_document_indexed"),
        ]
        verbose_name = _("search document")
        verbose_name_plural = _("search documents")

    def __str__(self) -> str:
        return self.title_key


class SearchWord(MerchantModel):
    """A word of the shop's products, so that a slip finds the word that was meant."""

    word = models.CharField(_("word"), max_length=LONGEST_WORD, help_text=_("As it is compared."))
    spelling = models.CharField(
        _("spelling"), max_length=LONGEST_WORD, default="", help_text=_("As most products have it.")
    )
    products = models.PositiveIntegerField(_("products"), default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "word"], name="search_word_once")]
        indexes = [
            GinIndex(fields=["merchant", "word"], opclasses=["int8_ops", "gin_trgm_ops"], name="search_word_trgm"),
            models.Index(
                fields=["merchant", "word"], opclasses=["int8_ops", "varchar_pattern_ops"], name="search_word_prefix"
            ),
        ]
        verbose_name = _("search word")
        verbose_name_plural = _("search words")

    def __str__(self) -> str:
        return self.word


class SynonymQuerySet(MerchantQuerySet["Synonym"]):
    def search(self, text: str) -> Self:
        """Those with a term, on either side, that contains ``text``."""
        both = Func(F("words"), F("finds"), function="array_cat")
        terms = Func(both, Value("\n"), function="array_to_string", output_field=models.TextField())
        return self.annotate(terms=terms).filter(terms__icontains=text)


class Synonym(MerchantModel):
    """Words that mean the same, or words that also find what is called otherwise."""

    words = ArrayField(models.CharField(max_length=LONGEST_TERM), verbose_name=_("words"))
    finds = ArrayField(
        models.CharField(max_length=LONGEST_TERM),
        verbose_name=_("also finds"),
        default=list,
        blank=True,
        help_text=_("Empty: the words mean the same, each finds what the others find."),
    )
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar = SynonymQuerySet.as_manager()

    class Meta:
        ordering = ["words"]
        indexes = [models.Index(fields=["merchant", "words", "id"], name="synonym_by_words")]
        verbose_name = _("synonym")
        verbose_name_plural = _("synonyms")

    def __str__(self) -> str:
        return ", ".join(self.words)

    @property
    def is_one_way(self) -> bool:
        return bool(self.finds)


class SearchTermQuerySet(MerchantQuerySet["SearchTerm"]):
    def since(self, day: date) -> Self:
        return self.filter(day__gte=day)

    def by_text(self) -> Any:
        """Dictionaries, one per ``text``: ``total`` searches, how many ``missed`` (found nothing), the ``last`` day."""
        return self.values("text").annotate(total=Sum("searches"), missed=Sum("without_result"), last=models.Max("day"))


class SearchTerm(MerchantModel):
    """What was searched for on one day, and how often; never by whom."""

    day = models.DateField(_("day"))
    text = models.CharField(_("searched for"), max_length=LONGEST_TERM)
    searches = models.PositiveIntegerField(_("searches"), default=0)
    without_result = models.PositiveIntegerField(_("without result"), default=0)

    objects: ClassVar = SearchTermQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "day", "text"], name="search_term_once"),
            models.CheckConstraint(
                condition=Q(without_result__lte=F("searches")), name="search_term_missed_at_most_all"
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "text"], opclasses=["int8_ops", "varchar_pattern_ops"], name="search_term_prefix"
            )
        ]
        verbose_name = _("search term")
        verbose_name_plural = _("search terms")

    def __str__(self) -> str:
        return f"{self.day}: {self.text}"
