"""Alike by title, category and price: what nobody has bought yet."""

import time
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from recommendations.engines.blend import Model
from recommendations.engines.blends import BLENDS
from recommendations.engines.content import LENGTH, Content, folded, terms, tfidf
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Context
from recommendations.engines.pipeline import recommend
from recommendations.engines.refreshing import SOLD, refit, refreshed
from recommendations.engines.request import DISCOVER, SIMILAR, Request
from tests.recommendations.worlds import NOON, PER_GROUP, frame, tastes

KINDS = ("Gartenschere", "Teekanne", "Wanderschuh", "Kopfhörer", "Kerze")


def goods(
    titles: list[str], categories: list[int | None] | None = None, prices: list[int | None] | None = None
) -> Interactions:
    """A range of which only the first product ever sold: in ten baskets."""
    size = len(titles)
    products = pl.DataFrame(
        {
            "product": list(range(size)),
            "category": categories or [None] * size,
            "title": titles,
            "price": prices or [None] * size,
            "created_at": [(NOON - timedelta(days=5)).replace(tzinfo=None)] * size,
        },
        schema_overrides={"category": pl.Int64, "price": pl.Int64},
    )
    return Interactions.from_frames(frame([(1, 0, basket, 1.0) for basket in range(10)]), products, NOON)


def alike(world: Interactions, product: int = 0) -> list[int]:
    """What resembles a product, the nearest first."""
    anchors = np.array([product], np.int32)
    scores = Content.fit(world).scores(Context(None, anchors, np.ones(1, np.float32)))
    assert scores is not None
    order = np.argsort(-scores, kind="stable")
    return order[scores[order] > 0].tolist()


def shop(new_titles: list[str]) -> Interactions:
    """The shop of :func:`tastes`, each group of its own kind of thing, with new products that nobody has bought."""
    world, new = tastes(), len(new_titles)
    titles = [f"{KINDS[product // PER_GROUP]} Modell {product}" for product in range(world.shape[1])]
    return replace(
        world,
        product_ids=np.arange(world.shape[1] + new),
        category=np.concatenate([world.category, np.full(new, -1, np.int32)]),
        product_age=np.concatenate([world.product_age, np.zeros(new, np.float32)]),
        titles=(*titles, *new_titles),
        prices=np.full(world.shape[1] + new, 1000, np.float32),
    )


# --- for people


@pytest.mark.parametrize("group", range(5))
def test_a_product_without_any_sale_is_recommended_to_those_who_bought_alike(group: int):
    new = len(tastes().product_ids)
    model = Model.fit(shop([f"{KINDS[group]} Neuheit"]))
    for_them = recommend(model, Request(DISCOVER, customer=group, limit=16))
    assert new in [ranked.product for ranked in for_them]
    reason = next(ranked for ranked in for_them if ranked.product == new)
    assert (reason.source, reason.code) == ("content", "resembles")
    assert reason.because is not None
    assert reason.because // PER_GROUP == group
    owned = (model.engines["history"].of(customer)[0] // PER_GROUP for customer in range(model.customers))  # type: ignore[attr-defined]
    other = next(customer for customer, groups in enumerate(owned) if group not in groups)
    assert new not in [ranked.product for ranked in recommend(model, Request(DISCOVER, customer=other, limit=8))]


def test_a_stranger_who_looks_at_one_sees_the_new_one():
    new = len(tastes().product_ids)
    model = Model.fit(shop(["Wanderschuh Neuheit"]))
    answer = recommend(model, Request(SIMILAR, product=2 * PER_GROUP, limit=PER_GROUP))
    assert new in [ranked.product for ranked in answer]


def test_what_is_like_a_product_that_nobody_bought_are_products_of_its_kind():
    new = len(tastes().product_ids)
    model = Model.fit(shop(["Kerze Neuheit"]))
    answer = recommend(model, Request(SIMILAR, product=new, limit=6))
    assert {ranked.product // PER_GROUP for ranked in answer} == {4}
    assert {(ranked.code, ranked.because) for ranked in answer} == {("resembles", new)}


def test_what_sells_is_left_to_those_who_know_who_buys_it():
    world = shop([])
    scores = Content.fit(world).scores(Context(None, np.array([0], np.int32), np.ones(1, np.float32)))
    assert scores is not None
    assert not scores.any()


def test_a_shop_with_few_purchases_has_it_too():
    trained = Model.fit(goods(["Rote Kerze", "Blaue Kerze", "Teekanne", "Messer", "Gabel", "Löffel"]))
    assert [r.product for r in recommend(trained, Request(SIMILAR, product=1, limit=1))] == [0]


# --- titles


def test_empty_titles_are_alike_by_category_and_price():
    world = goods(["", "", "", ""], [1, 1, 1, 2], [1000, 1050, 90_000, 1000])
    assert alike(world) == [1]


def test_without_anything_known_nothing_is_alike():
    assert alike(goods(["", "", ""])) == []
    assert alike(goods(["Kerze", "Teekanne", "Messer"])) == []


def test_one_word_titles():
    assert alike(goods(["Kerze", "Kerzen", "Teekanne", "Messer"])) == [1]


def test_what_every_title_says_tells_nothing():
    assert alike(goods([f"Kollektion {name}" for name in ("Kerze", "Teekanne", "Messer", "Kerze")])) == [3]


@pytest.mark.parametrize(
    ("titles", "nearest"),
    [
        (["ÄPFEL rot", "apfel grün", "Birne gelb", "Quitte"], 1),
        (["Gartenschere", "Gärtnermesser", "Gartenscheren Set", "Kochtopf"], 2),
        (["Fußball", "FUSSBALL", "Federball", "Handball"], 1),
        (["Красная свеча", "Чайник", "Синяя свеча", "Нож"], 2),
        (["赤いキャンドル", "急須", "青いキャンドル", "包丁"], 2),
        (["شمعة حمراء", "إبريق", "شمعة زرقاء", "سكين"], 2),
        (["κόκκινο κερί", "τσαγιέρα", "μαχαίρι", "μπλε κερί"], 3),
    ],
)
def test_titles_of_any_script(titles: list[str], nearest: int):
    assert alike(goods(titles))[:1] == [nearest]


def test_letters_without_case_and_marks():
    assert folded("ÄPFEL Straße") == "apfel strasse"
    assert folded("が") == "が"
    assert terms("!!! – …") == {}


def test_rows_have_length_one_or_are_empty():
    matrix = tfidf(("Rote Kerze", "", "Blaue Teekanne", "🕯"))
    lengths = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    assert lengths == pytest.approx([1, 0, 1, 0], abs=1e-5)


# --- between trainings


def test_a_product_that_was_added_today_is_recommended_after_a_refresh():
    before, today = shop([]), shop(["Teekanne von heute"])
    new = before.shape[1]
    model = Model.fit(before)
    recent = today.where(today.age <= 28)
    arrays = refit(set(model.engines), model.arrays(), recent)
    grown = refreshed(model, arrays)
    assert new in [ranked.product for ranked in recommend(grown, Request(DISCOVER, customer=1, limit=8))]
    assert grown.products == new + 1


def test_a_refresh_knows_what_sold_before_its_window():
    """Only four weeks are read: what sold all year is not taken for new because it rests."""
    world = shop([])
    model = Model.fit(world)
    arrays = refit(set(model.engines), model.arrays(), world.where(world.age <= 1))
    assert np.array_equal(arrays[SOLD], model.arrays()[SOLD])
    assert not arrays["content.scores"].any()


def test_it_survives_its_arrays():
    model = Model.fit(shop(["Kerze Neuheit"]))
    again = Model.from_arrays(model.arrays(), BLENDS)
    request = Request(DISCOVER, customer=4)
    assert recommend(again, request) == recommend(model, request)


# --- size


def test_twenty_thousand_products_stay_small_and_fast():
    random = np.random.default_rng(1)
    colours = ("rot", "blau", "grün", "gelb", "weiß", "schwarz")
    materials = ("Holz", "Metall", "Glas", "Leinen", "Leder")
    nouns = [f"{one}{two}" for one in ("Garten", "Tee", "Wander", "Kopf", "Wand") for two in range(40)]
    titles = tuple(
        f"{random.choice(nouns)} {random.choice(colours)} aus {random.choice(materials)} {number}"
        for number in range(20_000)
    )
    world = replace(goods(list(titles)), product=random.integers(0, 2_000, 10).astype(np.int32))
    begin = time.process_time()
    engine = Content.fit(world)
    fitted = time.process_time() - begin
    size = sum(array.nbytes for array in engine.arrays().values())
    anchors = np.arange(0, 20_000, 200, dtype=np.int32)
    context = Context(None, anchors, np.ones(len(anchors), np.float32))
    begin = time.process_time()
    for _ in range(200):
        engine.scores(context)
    answered = (time.process_time() - begin) / 200
    assert engine.neighbours.ids.shape == (20_000, LENGTH)
    assert size < 4_000_000
    assert answered < 0.002
    assert fitted < 30
