"""Documents and words follow the catalogue."""

from django.utils import timezone

from catalog.actions import ProductData, put_product, put_products
from catalog.events import ProductsChanged
from catalog.models import Product
from core import events
from merchants.models import Membership, Merchant
from recommendations.models import SearchDocument, SearchWord
from recommendations.search.actions import count_words, index_stale, stale_products
from recommendations.search.searching import search
from recommendations.search.tasks import index_all_stale
from tests.factories import ProductFactory


def titles(merchant: Merchant, text: str) -> list[str]:
    return [hit.product.title for hit in search(merchant, text).hits]


def test_a_product_is_found_as_soon_as_its_news_were_delivered(merchant: Merchant):
    put_product(merchant, ProductData(sku="a", title="Laterne", price=100))
    assert titles(merchant, "laterne") == []
    events.drain()
    assert titles(merchant, "laterne") == ["Laterne"]
    put_product(merchant, ProductData(sku="a", title="Lampion", price=100))
    events.drain()
    assert (titles(merchant, "laterne"), titles(merchant, "lampion")) == ([], ["Lampion"])
    put_product(merchant, ProductData(sku="a", title="Lampion", price=100, active=False))
    events.drain()
    assert not SearchDocument.objects.for_merchant(merchant).exists()


def test_nothing_is_told_of_a_product_that_stays_as_it_is(merchant: Merchant, listen):
    heard = listen(ProductsChanged)
    data = ProductData(sku="a", title="Laterne", price=100)
    put_product(merchant, data)
    put_products(merchant, [data])
    events.drain()
    assert len(heard) == 1


def test_price_and_stock_are_never_old(merchant: Merchant):
    product = ProductFactory(merchant=merchant, title="Laterne", price=100)
    index_stale(merchant)
    Product.objects.filter(pk=product.pk).update(price=50)
    assert search(merchant, "laterne").hits[0].product.price == 50
    Product.objects.filter(pk=product.pk).update(stock=0)
    assert titles(merchant, "laternen") == []


def test_the_round_finds_what_the_outbox_did_not_tell(merchant: Merchant, stranger: Membership):
    product = ProductFactory(merchant=merchant, title="Laterne")
    ProductFactory(merchant=stranger.merchant, title="Laterne des anderen")
    index_all_stale()
    assert titles(merchant, "laterne") == ["Laterne"]
    assert titles(stranger.merchant, "laterne") == ["Laterne des anderen"]
    Product.objects.filter(pk=product.pk).update(title="Fackel", updated_at=timezone.now())
    assert stale_products(merchant) == [product.pk]
    index_all_stale()
    assert titles(merchant, "fackel") == ["Fackel"]
    assert index_stale(merchant) == 0


def test_another_language_of_the_shop_makes_all_documents_anew(merchant: Merchant):
    ProductFactory(merchant=merchant, title="Red candles")
    index_stale(merchant)
    merchant.language = "en"
    merchant.save()
    assert index_stale(merchant) == 1
    assert titles(merchant, "candle") == ["Red candles"]


def test_words_are_counted_by_products_and_spelled_as_most_do(merchant: Merchant):
    for title in ("Café Stühle", "Stühle, rot", "STUHLE billig"):
        ProductFactory(merchant=merchant, title=title)
    index_stale(merchant)
    word = SearchWord.objects.for_merchant(merchant).get(word="stuhle")
    assert (word.spelling, word.products) == ("stühle", 3)
    Product.objects.for_merchant(merchant).update(active=False)
    index_stale(merchant)
    count_words(merchant)
    assert not SearchWord.objects.for_merchant(merchant).exists()


def test_long_and_strange_texts_are_indexed(merchant: Merchant):
    word = "donaudampfschifffahrt" * 12
    ProductFactory(merchant=merchant, title=f"ß{'ﬃ' * 200}", description=f"{word} " * 900, tags=["½", "🎈"])
    ProductFactory(merchant=merchant, title=word[:250])
    assert index_stale(merchant) == 2
    assert titles(merchant, word[:250])[0] == word[:250]
