"""What is found, in which order, for what people type."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog.models import Product
from merchants.models import Membership, Merchant
from recommendations.models import Synonym
from recommendations.search import searching
from recommendations.search.actions import index_stale
from recommendations.search.searching import Filters, Found, search
from tests.factories import CategoryFactory, ProductFactory


def skus(found: Found) -> list[str]:
    return [hit.product.sku for hit in found.hits]


@pytest.mark.usefixtures("range_of_goods")
class TestWords:
    @pytest.mark.parametrize(
        ("typed", "first"),
        [
            ("Zelt", "Z-2"),
            ("zelte polar", "Z-2"),
            ("ZELT  POLAR!", "Z-2"),
            ("schlafsaecke stuehle", "B-2"),
            ("Wanderschuh", "S-1"),
            ("wander schuhe", "S-1"),
            ("tshirt", "T-1"),
            ("t shirt", "T-1"),
            ("Baumwolle", "T-1"),
            ("nordlicht schuhe", "S-1"),
            ("schuhe gip", "S-1"),
            ("z-1", "Z-1"),
        ],
    )
    def test_people_find_what_they_type(self, merchant: Merchant, typed: str, first: str):
        found = search(merchant, typed)
        assert skus(found)[:1] == [first]
        assert found.matched == "all"
        assert found.corrected_to == ""

    def test_every_word_must_be_there(self, merchant: Merchant):
        assert skus(search(merchant, "zelt rot")) == ["Z-1"]

    def test_joined_words_are_found_by_their_last_part(self, merchant: Merchant):
        assert set(skus(search(merchant, "zelt"))) == {"Z-1", "Z-2", "Z-3", "B-1"}

    def test_a_syllable_is_no_part(self, merchant: Merchant):
        """“Brand” stands behind “Wald” in Waldbrand, “rand” behind “Waldb” only by chance; so does “and” in Strand."""
        assert skus(search(merchant, "brand")) == ["T-1"]
        assert "S-2" not in skus(search(merchant, "and"))

    def test_titles_count_more_than_descriptions(self, merchant: Merchant):
        assert skus(search(merchant, "zelt"))[-1] == "B-1"

    def test_what_cannot_be_bought_is_not_found(self, merchant: Merchant):
        assert not {"Z-8", "Z-9"} & set(skus(search(merchant, "zelt")))

    def test_the_exact_name_is_found_sold_out_but_never_inactive(self, merchant: Merchant):
        found = search(merchant, "zelt ausverkauft")
        assert skus(found)[0] == "Z-8"
        assert not found.hits[0].product.is_available
        assert "Z-9" not in skus(search(merchant, "Zelt eingestellt"))

    @pytest.mark.parametrize(
        "typed", ["", "   ", "!?", "und", "der die das", "'", "a & b | !c:*", "\\", "𝒵 ½ ﬁ", "x" * 200]
    )
    def test_nothing_typed_breaks_anything(self, merchant: Merchant, typed: str):
        assert search(merchant, typed).total >= 0

    def test_common_words_do_not_get_in_the_way(self, merchant: Merchant):
        assert skus(search(merchant, "der Schlafsack für die Stühle")) == ["B-2"]

    def test_another_shop_has_its_own_range(self, merchant: Merchant, stranger: Membership):
        assert search(stranger.merchant, "zelt").total == 0


@pytest.mark.usefixtures("range_of_goods")
class TestSlips:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("zlet", "zelt"),
            ("zellt", "zelt"),
            ("selt", "zelt"),
            ("sandallen", "sandalen"),
            ("wandershcuhe", "wanderschuhe"),
            ("Shclafsack", "schlafsack"),
            ("kuppelzlet rot", "kuppelzelt rot"),
        ],
    )
    def test_a_slip_finds_what_was_meant_and_says_so(self, merchant: Merchant, typed: str, meant: str):
        found = search(merchant, typed)
        assert found.corrected_to == meant
        assert found.total > 0

    def test_the_shop_may_have_the_word_in_another_form(self, merchant: Merchant):
        jackets = CategoryFactory(merchant=merchant, name="Jacken", path="Jacken")
        ProductFactory(merchant=merchant, sku="J-1", title="Regenjacke Wolke", category=jackets)
        index_stale(merchant)
        found = search(merchant, "jakce")
        assert (found.corrected_to, skus(found)) == ("jacken", ["J-1"])

    def test_the_shops_spelling_is_used(self, merchant: Merchant):
        assert search(merchant, "schlafsakce").corrected_to in ("schlafsack", "schlafsäcke")
        assert search(merchant, "stühlr").corrected_to == "stühle"

    def test_what_is_found_as_it_stands_is_not_changed(self, merchant: Merchant):
        ProductFactory(merchant=merchant, title="Zelk, das Spiel")
        index_stale(merchant)
        found = search(merchant, "zelk")
        assert found.corrected_to == ""
        assert [hit.product.title for hit in found.hits] == ["Zelk, das Spiel"]

    @pytest.mark.parametrize("typed", ["fahrrad", "rto", "z-7777", "4711"])
    def test_other_words_are_not_bent(self, merchant: Merchant, typed: str):
        found = search(merchant, typed)
        assert (found.total, found.corrected_to) == (0, "")

    def test_too_much_at_once_finds_what_has_one_of_the_words(self, merchant: Merchant):
        found = search(merchant, "sandalen mit motor")
        assert found.matched == "any"
        assert skus(found) == ["S-2"]
        assert found.corrected_to == ""

    def test_a_filter_that_leaves_nothing_changes_no_words(self, merchant: Merchant):
        found = search(merchant, "zelt", filters=Filters(brands=("Nobody",)))
        assert (found.total, found.matched, found.corrected_to) == (0, "all", "")
        assert found.facets.brands


@pytest.mark.usefixtures("range_of_goods")
class TestSynonyms:
    def test_words_that_mean_the_same_find_each_other(self, merchant: Merchant):
        Synonym.objects.create(merchant=merchant, words=["Treter", "Schuhe", "Fußbekleidung"])
        assert set(skus(search(merchant, "treter"))) == {"S-1", "S-2"}
        assert set(skus(search(merchant, "Fussbekleidung nordlicht"))) == {"S-1"}

    def test_one_way_words_do_not_find_back(self, merchant: Merchant):
        Synonym.objects.create(merchant=merchant, words=["Behausung"], finds=["Kinderzelt"])
        assert skus(search(merchant, "behausungen")) == ["Z-3"]
        assert skus(search(merchant, "kinderzelt")) == ["Z-3"]

    def test_terms_may_have_several_words(self, merchant: Merchant):
        Synonym.objects.create(merchant=merchant, words=["Bett für unterwegs"], finds=["Schlafsack Daune"])
        assert skus(search(merchant, "bett unterwegs")) == ["B-1"]

    def test_the_own_word_ranks_first(self, merchant: Merchant):
        Synonym.objects.create(merchant=merchant, words=["Sandalen", "Wanderschuhe"])
        assert skus(search(merchant, "sandalen")) == ["S-2", "S-1"]

    def test_those_of_another_shop_do_not_count(self, merchant: Merchant, stranger: Membership):
        Synonym.objects.create(merchant=stranger.merchant, words=["Treter", "Schuhe"])
        assert search(merchant, "treter").total == 0


@pytest.mark.usefixtures("range_of_goods")
class TestOrderAndFacets:
    def test_a_name_or_sku_that_was_typed_comes_first(self, merchant: Merchant):
        tents = CategoryFactory(merchant=merchant, name="Zelt", path="Zelt")
        for number in range(30):
            ProductFactory(merchant=merchant, title=f"Zelt Zelt Zelt {number}", category=tents, tags=["zelt"])
        plain = ProductFactory(merchant=merchant, sku="zelt-polar", title="Etwas anderes")
        index_stale(merchant)
        assert skus(search(merchant, "Zelt Polar"))[:2] == [plain.sku, "Z-2"]

    def test_facets_count_without_their_own_filter(self, merchant: Merchant):
        found = search(merchant, "zelt", filters=Filters(brands=("Polaris",)))
        assert set(skus(found)) == {"Z-2", "B-1"}
        assert dict(found.facets.brands) == {"Polaris": 2, "Nordlicht": 1, "Bunt": 1}
        assert dict(found.facets.categories) == {"Outdoor": 2, "Outdoor › Zelte": 1, "Outdoor › Schlafsäcke": 1}
        assert (found.facets.lowest, found.facets.highest) == (24900, 29900)

    def test_a_category_holds_those_below_it_and_no_namesake(self, merchant: Merchant):
        other = CategoryFactory(merchant=merchant, name="Outdoor_", path="Outdoor_ › Zelte")
        ProductFactory(merchant=merchant, title="Zelt anderswo", category=other)
        index_stale(merchant)
        assert set(skus(search(merchant, "zelt", filters=Filters(categories=("Outdoor",))))) == {
            "Z-1",
            "Z-2",
            "Z-3",
            "B-1",
        }
        assert skus(search(merchant, "zelt", filters=Filters(categories=("Outdoor_",)))) != []

    def test_prices_and_reductions(self, merchant: Merchant):
        assert skus(search(merchant, "zelt", filters=Filters(max_price=5000))) == ["Z-3"]
        assert set(skus(search(merchant, "zelt", filters=Filters(min_price=24900)))) == {"Z-2", "B-1"}
        found = search(merchant, "zelt", filters=Filters(reduced=True))
        assert (skus(found), found.facets.reduced) == (["Z-1"], 1)

    def test_other_orders(self, merchant: Merchant):
        assert skus(search(merchant, "zelt", order="price")) == ["Z-3", "Z-1", "B-1", "Z-2"]
        assert skus(search(merchant, "zelt", order="-price")) == ["Z-2", "B-1", "Z-1", "Z-3"]
        Product.objects.filter(sku="Z-3").update(created_at=timezone.now() + timedelta(days=1))
        assert skus(search(merchant, "zelt", order="newest"))[0] == "Z-3"

    def test_pages_join_without_gap_or_overlap(self, merchant: Merchant):
        for number in range(300):
            ProductFactory(merchant=merchant, title=f"Hering {number}")
        index_stale(merchant)
        pages = [skus(search(merchant, "hering", limit=50, offset=start)) for start in range(0, 300, 50)]
        assert [len(page) for page in pages] == [50] * 6
        assert len({sku for page in pages[:4] for sku in page}) == 200


class TestRemembering:
    """What many ask is answered from memory for five seconds, but never with what cannot be bought any more."""

    @pytest.fixture(autouse=True)
    def _remember(self, monkeypatch: pytest.MonkeyPatch, range_of_goods: Merchant) -> None:
        monkeypatch.setattr(searching, "KEPT_SECONDS", 60.0)

    def test_the_same_question_asks_postgresql_for_products_alone(
        self, merchant: Merchant, django_assert_num_queries: DjangoAssertNumQueries
    ):
        first = search(merchant, "zelt")
        with django_assert_num_queries(1):
            again = search(merchant, "zelt")
        assert (skus(again), again.total, again.facets) == (skus(first), first.total, first.facets)

    def test_price_and_stock_are_fresh_all_the_same(self, merchant: Merchant):
        assert skus(search(merchant, "kinderzelt")) == ["Z-3"]
        Product.objects.filter(sku="Z-3").update(price=1)
        assert search(merchant, "kinderzelt").hits[0].product.price == 1
        Product.objects.filter(sku="Z-3").update(stock=0)
        assert skus(search(merchant, "kinderzelt")) == []

    def test_another_filter_or_shop_is_another_question(self, merchant: Merchant, stranger: Membership):
        assert search(merchant, "zelt").total == 4
        assert search(merchant, "zelt", filters=Filters(brands=("Bunt",))).total == 1
        stranger.merchant.language = merchant.language
        assert search(stranger.merchant, "zelt").total == 0
