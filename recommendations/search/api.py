"""``GET /api/v1/search`` and ``GET /api/v1/search/suggestions``."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Category, Product
from core.api.authentication import ApiCaller, caller
from core.api.cors import BrowserView
from core.api.serializers import StrictCharField, StrictSerializer
from core.errors import DomainError
from core.money import MAX_AMOUNT
from customers.tracking.bots import says_it_is_a_bot
from merchants.models import Scope
from recommendations.search import log
from recommendations.search.queries import ORDERS, RELEVANCE
from recommendations.search.searching import ANY_WORD, EVERY_WORD, Filters, Found, Searcher, search
from recommendations.search.suggesting import Suggestions, suggest

MOST_HITS, MOST_SKIPPED, MOST_SUGGESTED, MOST_CHOSEN = 100, 10_000, 20, 20


class TextQuery(StrictSerializer):
    """What is typed, and by whom."""

    q = StrictCharField(max_length=200, help_text="What was typed, as it was typed.")
    customer = StrictCharField(
        required=False, max_length=320, help_text="The shop's own id of the customer. Only with a secret key."
    )
    anonymous_id = StrictCharField(
        required=False,
        max_length=255,
        help_text="The visitor, as in tracking. What was done with this id counts, never what else is known of the person.",
    )


class SearchQuery(TextQuery):
    """What is asked. Unknown customers, categories and brands are no error: they find nothing, or take no part."""

    category = serializers.ListField(
        child=StrictCharField(max_length=500),
        required=False,
        default=list,
        max_length=MOST_CHOSEN,
        help_text=f"A category as a facet names it (`Outdoor{Category.SEPARATOR}Tents`), with what is below it. Repeat it "
        "for one of several.",
    )
    brand = serializers.ListField(
        child=StrictCharField(max_length=120),
        required=False,
        default=list,
        max_length=MOST_CHOSEN,
        help_text="A brand. Repeat it for one of several.",
    )
    min_price = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_AMOUNT, help_text="Gross, in minor units."
    )
    max_price = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_AMOUNT, help_text="Gross, in minor units."
    )
    reduced = serializers.BooleanField(
        required=False, default=False, help_text="Only what costs less than its list price."
    )
    sort = serializers.ChoiceField(choices=list(ORDERS), required=False, default=RELEVANCE)
    limit = serializers.IntegerField(required=False, default=24, min_value=1, max_value=MOST_HITS)
    offset = serializers.IntegerField(required=False, default=0, min_value=0, max_value=MOST_SKIPPED)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("min_price", 0) > attrs.get("max_price", MAX_AMOUNT):
            raise serializers.ValidationError(
                {"max_price": [_("This is less than `min_price`: nothing can cost that.")]}, code="empty_range"
            )
        return attrs


class SuggestionQuery(TextQuery):
    """What is asked while somebody types."""

    limit = serializers.IntegerField(
        required=False, default=6, min_value=1, max_value=MOST_SUGGESTED, help_text="At most so many of each kind."
    )


# Made once: a serializer per request copies every field.
SEARCH_QUERY, SUGGESTION_QUERY = SearchQuery(), SuggestionQuery()


class FoundProductOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    title = serializers.CharField()
    price = serializers.IntegerField(help_text="Gross, in minor units of the shop's currency.")
    list_price = serializers.IntegerField(allow_null=True)
    brand = serializers.CharField()
    category = serializers.ListField(child=serializers.CharField(), help_text="Names from the root; empty: none.")
    url = serializers.CharField()
    image_url = serializers.CharField()
    in_stock = serializers.BooleanField(help_text="false only for a product whose SKU or name was typed exactly.")


class CountedOut(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="What to send as filter.")
    count = serializers.IntegerField()


class PriceRangeOut(serializers.Serializer[Any]):
    min = serializers.IntegerField(allow_null=True)
    max = serializers.IntegerField(allow_null=True)


class FacetsOut(serializers.Serializer[Any]):
    """Each counted as if its own filter were not set, so that a second choice can be offered."""

    category = CountedOut(many=True)
    brand = CountedOut(many=True)
    price = PriceRangeOut()
    reduced = serializers.IntegerField(help_text="How many of the results are reduced.")


class SearchOut(serializers.Serializer[Any]):
    recommendation_id = serializers.CharField(
        help_text="Names this answer when you tell what became of it. Carries the answer itself, sealed."
    )
    query = serializers.CharField()
    corrected_to = serializers.CharField(
        allow_null=True, help_text="Nothing has the words that were typed; these were searched for instead."
    )
    matched = serializers.ChoiceField(
        choices=[EVERY_WORD, ANY_WORD],
        help_text="`any`: nothing has all words; the products have one of them at least.",
    )
    personal = serializers.BooleanField(help_text="Whether the person's taste took part; not for whoever is held back.")
    total = serializers.IntegerField()
    items = FoundProductOut(many=True)
    facets = FacetsOut()


class SuggestionsOut(serializers.Serializer[Any]):
    queries = serializers.ListField(child=serializers.CharField(), help_text="Texts to search for.")
    categories = serializers.ListField(child=serializers.CharField(), help_text="Categories, as a facet names them.")
    products = FoundProductOut(many=True)


class Search(BrowserView):
    """Products for what somebody typed."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}

    @extend_schema(operation_id="search", parameters=[SearchQuery], responses=SearchOut, tags=["search"])
    def get(self, request: Request) -> Response:
        """Products for what somebody typed, the best first, with facets.

        In the shop's language, with its synonyms. A slip of the pen is put right when nothing has the words as they stand.
        A product whose SKU or name was typed comes first; the others move by a few places at most for a known customer.
        """
        asked = SEARCH_QUERY.run_validation(request.query_params)
        filters = Filters(
            categories=tuple(asked["category"]),
            brands=tuple(asked["brand"]),
            min_price=asked.get("min_price"),
            max_price=asked.get("max_price"),
            reduced=asked["reduced"],
        )
        found = search(
            caller(request).merchant,
            asked["q"],
            searcher=_searcher(caller(request), asked),
            filters=filters,
            order=asked["sort"],
            limit=asked["limit"],
            offset=asked["offset"],
        )
        if not filters and not asked["offset"] and not _is_bot(request):
            log.note(caller(request).merchant, asked["q"], found=bool(found.total))
        return Response(_document(asked["q"], found, found.ticket(caller(request).merchant.pk)))


class SearchSuggestions(BrowserView):
    """What to offer while somebody types."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}

    @extend_schema(
        operation_id="search_suggestions", parameters=[SuggestionQuery], responses=SuggestionsOut, tags=["search"]
    )
    def get(self, request: Request) -> Response:
        """Texts to search for, categories and products for what was typed so far.

        Texts are what others searched for, five times at least in the last 30 days, and words of the assortment.
        """
        asked = SUGGESTION_QUERY.run_validation(request.query_params)
        suggested = suggest(
            caller(request).merchant, asked["q"], searcher=_searcher(caller(request), asked), limit=asked["limit"]
        )
        return Response(_suggestions(suggested))


def _searcher(who: ApiCaller, asked: dict[str, Any]) -> Searcher:
    if "customer" in asked and not who.is_secret:
        # A publishable key is public and customer numbers can be guessed: nobody's taste may leak.
        raise DomainError(
            "secret_key_needed", _("“customer” may only be sent with a secret key."), status=403, field="customer"
        )
    return Searcher(external_id=asked.get("customer", ""), anonymous_id=asked.get("anonymous_id", ""))


def _is_bot(request: Request) -> bool:
    """A browser speaks for itself; a server is a program and speaks for people."""
    return not caller(request).is_secret and says_it_is_a_bot(request.headers.get("User-Agent", ""))


def _document(text: str, found: Found, ticket: str) -> dict[str, Any]:
    facets = found.facets
    return {
        "recommendation_id": ticket,
        "query": text,
        "corrected_to": found.corrected_to or None,
        "matched": found.matched,
        "personal": found.is_personal,
        "total": found.total,
        "items": [_product(hit.product) for hit in found.hits],
        "facets": {
            "category": [{"value": path, "count": count} for path, count in facets.categories],
            "brand": [{"value": brand, "count": count} for brand, count in facets.brands],
            "price": {"min": facets.lowest, "max": facets.highest},
            "reduced": facets.reduced,
        },
    }


def _suggestions(suggested: Suggestions) -> dict[str, Any]:
    return {
        "queries": suggested.queries,
        "categories": suggested.categories,
        "products": [_product(product) for product in suggested.products],
    }


def _product(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "title": product.title,
        "price": product.price,
        "list_price": product.list_price,
        "brand": product.brand,
        "category": product.category.path.split(Category.SEPARATOR) if product.category else [],
        "url": product.url,
        "image_url": product.image_url,
        "in_stock": product.is_available,
    }
