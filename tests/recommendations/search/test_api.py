"""The search as storefronts ask for it."""

from typing import Any

import pytest
from django.utils import timezone

from core.redis import redis_client
from customers.actions.consent import record_objection
from customers.models import Customer
from merchants.models import Membership, Merchant
from recommendations import loading
from recommendations.actions import train_models
from recommendations.models import SearchTerm
from recommendations.search import log
from recommendations.search.actions import index_stale
from tests.recommendations.shops import PER_GROUP, sku, stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import Storefront, storefront

URL, SUGGESTIONS = "/api/v1/search", "/api/v1/search/suggestions"


def skus(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["sku"] for item in answer.json()["items"]]


@pytest.mark.usefixtures("range_of_goods")
class TestSearch:
    def test_the_answer_is_complete(self, api: Storefront):
        answer = api.get(URL, {"q": "kuppelzelt"}).json()
        assert answer["items"] == [
            {
                "sku": "Z-1",
                "title": "Kuppelzelt Fjord rot",
                "price": 19900,
                "list_price": 24900,
                "brand": "Nordlicht",
                "category": ["Outdoor", "Zelte"],
                "url": "",
                "image_url": "",
                "in_stock": True,
            }
        ]
        assert answer["facets"] == {
            "category": [{"value": "Outdoor", "count": 1}, {"value": "Outdoor › Zelte", "count": 1}],
            "brand": [{"value": "Nordlicht", "count": 1}],
            "price": {"min": 19900, "max": 19900},
            "reduced": 1,
        }
        assert (answer["total"], answer["matched"], answer["personal"]) == (1, "all", False)
        assert answer["recommendation_id"].startswith("search-")
        assert answer["corrected_to"] is None

    def test_filters_are_repeated_for_one_of_several(self, api: Storefront):
        answer = api.get(
            URL, {"q": "zelt", "brand": ["Bunt", "Polaris"], "category": "Outdoor › Zelte", "sort": "price"}
        )
        assert skus(answer) == ["Z-3", "Z-2"]

    def test_pages(self, api: Storefront):
        whole = skus(api.get(URL, {"q": "zelt"}))
        assert skus(api.get(URL, {"q": "zelt", "limit": 2})) + skus(api.get(URL, {"q": "zelt", "offset": 2})) == whole

    def test_a_slip_is_told(self, api: Storefront):
        assert api.get(URL, {"q": "zlet"}).json()["corrected_to"] == "zelt"

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"q": ""},
            {"q": "x" * 201},
            {"q": "a\0b"},
            {"q": "zelt", "limit": 0},
            {"q": "zelt", "offset": -1},
            {"q": "zelt", "sort": "up"},
            {"q": "zelt", "min_price": "cheap"},
            {"q": "zelt", "min_price": 10, "max_price": 9},
            {"q": "zelt", "colour": "red"},
            {"q": "zelt", "brand": ["a"] * 21},
        ],
    )
    def test_bad_questions_are_told_what_is_wrong(self, api: Storefront, query: dict[str, Any]):
        answer = api.get(URL, query)
        assert answer.status_code == 400
        assert answer.json()["errors"]

    def test_searches_are_counted_once_and_without_filters_only(self, api: Storefront, merchant: Merchant):
        for query in ({"q": "Zelt"}, {"q": "zelt", "brand": "Bunt"}, {"q": "zelt", "offset": 2}, {"q": "fahrrad"}):
            api.get(URL, query)
        api.get(SUGGESTIONS, {"q": "zel"})
        log.write_down()
        stored = SearchTerm.objects.for_merchant(merchant).values_list("text", "searches", "without_result")
        assert sorted(stored) == [("fahrrad", 1, 1), ("zelt", 1, 0)]

    def test_crawlers_with_the_shops_public_key_are_not_counted(self, merchant: Merchant):
        browser = storefront(merchant, kind="pk")
        browser.get(URL, {"q": "zelt"}, headers={"User-Agent": "Googlebot/2.1"})
        assert not redis_client().exists(log.COUNTS)
        browser.get(URL, {"q": "zelt"}, headers={"User-Agent": "Mozilla/5.0"})
        assert redis_client().exists(log.COUNTS)

    def test_browsers_may_search_but_not_as_a_customer(self, merchant: Merchant):
        browser = storefront(merchant, kind="pk")
        answer = browser.get(URL, {"q": "zelt"}, headers={"Origin": "https://shop.example"})
        assert answer["Access-Control-Allow-Origin"] == "*"
        for url in (URL, SUGGESTIONS):
            refused = browser.get(url, {"q": "zelt", "customer": "c-1"})
            assert (refused.status_code, refused.json()["code"]) == (403, "secret_key_needed")

    def test_a_key_without_the_scope_may_not(self, merchant: Merchant):
        assert storefront(merchant, scopes=["orders:read"]).get(URL, {"q": "zelt"}).status_code == 403

    def test_each_shop_finds_its_own(self, stranger: Membership):
        assert skus(storefront(stranger.merchant).get(URL, {"q": "zelt"})) == []

    def test_a_page_costs_three_statements_for_one_hit_and_for_many(
        self, api: Storefront, django_assert_max_num_queries: Any
    ):
        api.get(URL, {"q": "polar"})
        for text in ("kuppelzelt", "zelt"):
            with django_assert_max_num_queries(3):
                api.get(URL, {"q": text})


@pytest.mark.usefixtures("range_of_goods")
class TestSuggestions:
    def test_words_categories_and_products(self, api: Storefront):
        answer = api.get(SUGGESTIONS, {"q": "schl"}).json()
        assert answer["queries"] == ["schlafsäcke", "schlafsack"]
        assert answer["categories"] == ["Outdoor › Schlafsäcke"]
        assert {product["sku"] for product in answer["products"]} == {"B-1", "B-2"}

    def test_what_others_searched_for_comes_first_once_enough_did(self, api: Storefront, merchant: Merchant):
        today = timezone.localdate(timezone=merchant.tz)
        for text, searches, missed in [("zelt rot", 9, 0), ("zelt geheim", 2, 0), ("zelt aus gold", 9, 9)]:
            SearchTerm.objects.create(merchant=merchant, day=today, text=text, searches=searches, without_result=missed)
        assert api.get(SUGGESTIONS, {"q": "Zel"}).json()["queries"] == ["zelt rot", "zelte", "zelt"]

    def test_the_last_word_is_completed(self, api: Storefront):
        assert "rotes kuppelzelt" in api.get(SUGGESTIONS, {"q": "rotes kup"}).json()["queries"]

    @pytest.mark.parametrize("text", ["z", "%", "_", "'", "xyzxyz", "a@b.c"])
    def test_little_or_nothing_is_no_error(self, api: Storefront, text: str):
        assert api.get(SUGGESTIONS, {"q": text}).json().keys() == {"queries", "categories", "products"}


class TestPersons:
    @pytest.fixture
    def people(self, merchant: Merchant) -> list[Customer]:
        people = stocked_shop(merchant)
        train_models(merchant, progress=Quiet())
        index_stale(merchant)
        loading.forget()
        return people

    def groups(self, answer: Any) -> list[int]:
        return [int(found[1]) for found in skus(answer)]

    def test_what_a_person_likes_comes_up_a_few_places(self, api: Storefront, people: list[Customer]):
        """“Thing” is in every title: the text says nothing, so the person decides as far as it may."""
        plain = api.get(URL, {"q": "thing", "limit": 100})
        own = api.get(URL, {"q": "thing", "limit": 100, "customer": "c-1"})
        assert (plain.json()["personal"], own.json()["personal"]) == (False, True)
        assert sorted(skus(plain)) == sorted(skus(own))
        places = {sku: place for place, sku in enumerate(skus(plain))}
        moves = [places[found] - now for now, found in enumerate(skus(own))]
        assert max(map(abs, moves)) <= 5
        mine = [places[found] - now for now, found in enumerate(skus(own)) if found.startswith("G1")]
        assert len(mine) == PER_GROUP
        assert sum(mine) > 0

    def test_an_exact_name_stays_first_for_everybody(self, api: Storefront, people: list[Customer]):
        for customer in ("c-1", "c-2", "nobody"):
            assert skus(api.get(URL, {"q": "Thing 3-0", "customer": customer}))[0] == sku(3, 0)
            assert skus(api.get(URL, {"q": sku(3, 0), "customer": customer}))[0] == sku(3, 0)

    def test_who_objects_to_profiling_gets_what_strangers_get(self, api: Storefront, people: list[Customer]):
        record_objection(people[1], purpose="profiling", source="test")
        loading.forget()
        plain, own = api.get(URL, {"q": "thing"}), api.get(URL, {"q": "thing", "customer": "c-1"})
        assert own.json()["personal"] is False
        assert skus(plain) == skus(own)

    def test_what_a_stranger_looked_at_counts_at_once(
        self, api: Storefront, merchant: Merchant, people: list[Customer]
    ):
        """With the shop's public key as well: it is this device's own doing."""
        browser = storefront(merchant, kind="pk")
        question = {"q": "thing", "limit": 100, "anonymous_id": "visitor-1"}
        plain = browser.get(URL, question)
        assert plain.json()["personal"] is False
        viewed = {"event": "Product Viewed", "anonymousId": "visitor-1", "properties": {"sku": sku(2, 0)}}
        assert api.post("/api/v1/track", viewed | {"messageId": "m-1"}).status_code == 200
        own = browser.get(URL, question)
        assert own.json()["personal"] is True
        places = {found: place for place, found in enumerate(skus(plain))}
        moves = {found: places[found] - now for now, found in enumerate(skus(own))}
        assert sum(moved for found, moved in moves.items() if found.startswith("G2")) > 0
