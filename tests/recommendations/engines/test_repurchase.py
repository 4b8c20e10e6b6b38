"""Tents and tea: what is offered again, when, and what is not."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from recommendations.engines.anti_stalking import anti_stalking
from recommendations.engines.blend import Model
from recommendations.engines.forgetting import without_customers
from recommendations.engines.interactions import Interactions
from recommendations.engines.pipeline import explain, recommend
from recommendations.engines.refreshing import refreshed
from recommendations.engines.repurchase import Repurchase
from recommendations.engines.request import HOME, PRODUCT, REPLENISH, Request

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TENT, OTHER_TENT, THIRD_TENT, PEGS, TEA, COFFEE, MUG = range(7)
TENTS, CAMPING, DRINKS, KITCHEN = 1, 2, 3, 4
CATEGORIES = [TENTS, TENTS, TENTS, CAMPING, DRINKS, DRINKS, KITCHEN]
CAMPER, TEA_DRINKER = 0, 100


def purchases() -> list[tuple[int, int, int, float]]:
    """A hundred campers bought one tent and pegs with it, a hundred others buy tea every 30 days."""
    rows: list[tuple[int, int, int, float]] = []
    for camper in range(100):
        age = 90.0 + camper
        rows += [(camper, camper % 3, camper, age), (camper, PEGS, camper, age), (camper, MUG, 1000 + camper, age / 2)]
    for drinker in range(TEA_DRINKER, 200):
        last = 2.0 + drinker % 40
        rows += [(drinker, TEA, drinker * 10 + turn, last + 30 * turn + drinker % 3) for turn in range(5)]
        rows.append((drinker, COFFEE, drinker * 10, last + drinker % 3))
    return rows


@pytest.fixture(scope="module")
def world() -> Interactions:
    customer, product, basket, age = (list(column) for column in zip(*purchases(), strict=True))
    at = [datetime.fromtimestamp(NOON.timestamp() - days * 86_400, UTC).replace(tzinfo=None) for days in age]
    frame = pl.DataFrame({"customer": customer, "product": product, "basket": basket, "occurred_at": at})
    long_ago = [datetime(2025, 1, 1)] * len(CATEGORIES)  # noqa: DTZ001 - frames hold UTC without saying so
    products = pl.DataFrame({"product": list(range(7)), "category": CATEGORIES, "created_at": long_ago})
    return Interactions.from_frames(frame, products, NOON)


@pytest.fixture(scope="module")
def model(world: Interactions) -> Model:
    return Model.fit(world)


@pytest.fixture(scope="module")
def learnt(model: Model) -> Repurchase:
    engine = model.engines["repurchase"]
    assert isinstance(engine, Repurchase)
    return engine


def fate(model: Model, request: Request, product: int) -> list[tuple[str, str]]:
    return [(one.stage, one.code) for one in explain(model, request).dropped if one.product == product]


def shown(model: Model, request: Request) -> list[int]:
    return [ranked.product for ranked in recommend(model, request)]


def test_rates_and_gaps_are_those_of_the_product(learnt: Repurchase):
    assert learnt.rate[TEA] > 0.8
    assert (learnt.rate[[TENT, OTHER_TENT, THIRD_TENT, PEGS]] < 0.15).all()
    assert learnt.gap[TEA] == pytest.approx(30, abs=0.1)
    assert learnt.wait[TEA] == pytest.approx(21, abs=0.1)


def test_only_a_category_nobody_comes_back_to_is_settled(learnt: Repurchase):
    assert learnt.settled[[TENT, OTHER_TENT, THIRD_TENT]].all()
    assert not learnt.settled[[TEA, COFFEE]].any()


def test_who_has_a_tent_sees_no_tents_but_what_goes_with_one(model: Model):
    bought_tent = next(row for row in range(99) if row % 3 == TENT)
    request = Request(HOME, customer=bought_tent, limit=7)
    assert not {TENT, OTHER_TENT, THIRD_TENT} & set(shown(model, request))
    assert fate(model, request, TENT) == [("anti_stalking", "owned")]
    assert fate(model, request, OTHER_TENT) == [("anti_stalking", "substitute")]
    stranger = Request(HOME, limit=7)
    assert {TENT, OTHER_TENT, THIRD_TENT, PEGS} <= set(shown(model, stranger))


def test_a_tent_bought_after_the_training_counts_and_its_pegs_stay(model: Model):
    request = Request(HOME, recent=[TENT], limit=7)
    answer = shown(model, request)
    assert not {TENT, OTHER_TENT, THIRD_TENT} & set(answer)
    assert PEGS in answer


def test_accessories_of_the_same_category_are_kept(model: Model, learnt: Repurchase):
    one_category = replace(learnt, category=np.array([0, 0, 0, 0, 2, 2, 3], np.int32), settled=np.arange(7) < 4)
    outdoor = Model({**model.engines, "repurchase": one_category}, model.blends)
    answer = shown(outdoor, Request(HOME, recent=[TENT], limit=7))
    assert PEGS in answer
    assert THIRD_TENT not in answer


def test_tea_is_hidden_for_a_while_then_due(model: Model, learnt: Repurchase):
    products, ages = learnt.of(TEA_DRINKER + 2)
    age = float(ages[products == TEA][0])
    fresh = Request(HOME, customer=TEA_DRINKER + 2, limit=7, elapsed=10 - age)
    assert fate(model, fresh, TEA) == [("anti_stalking", "too_soon")]
    due = Request(REPLENISH, customer=TEA_DRINKER + 2, limit=7, elapsed=30 - age)
    answer = recommend(model, due)
    assert (answer[0].product, answer[0].code) == (TEA, "time_to_replenish")
    assert TEA in shown(model, Request(HOME, customer=TEA_DRINKER + 2, limit=7, elapsed=30 - age))


def test_nothing_is_due_of_who_bought_only_tents_nor_of_strangers(model: Model):
    bought = Request(REPLENISH, customer=CAMPER, limit=7, elapsed=100)
    assert not {TENT, OTHER_TENT, THIRD_TENT, PEGS} & set(shown(model, bought))
    assert shown(model, Request(REPLENISH, limit=7)) == []


def test_what_was_put_back_is_left_alone(model: Model):
    assert MUG not in shown(model, Request(PRODUCT, product=PEGS, put_back=[MUG], limit=7))


def test_merged_profiles_hide_what_either_has(model: Model):
    request = Request(HOME, customer=TEA_DRINKER, others=[CAMPER], limit=7)
    assert not {TENT, OTHER_TENT, THIRD_TENT} & set(shown(model, request))


def test_a_model_without_the_engine_hides_what_hardly_anybody_buys_twice(model: Model):
    older = Model({name: engine for name, engine in model.engines.items() if name != "repurchase"}, model.blends)
    drops = {code: where for _stage, code, where in anti_stalking(older, Request(HOME, customer=CAMPER))}
    assert TENT in drops["owned"]
    assert "too_soon" not in drops


def test_products_that_came_since_the_training_change_nothing_about_the_others(model: Model, world: Interactions):
    range_ = np.append(model.engines["range"].arrays()["order"], np.float32(0.1))
    bigger = refreshed(model, {"range.order": range_})
    request = Request(HOME, customer=CAMPER, limit=8)
    assert {TENT, OTHER_TENT, THIRD_TENT} & set(shown(bigger, request)) == set()
    assert shown(bigger, Request(HOME, recent=[7], limit=8)) != []
    assert 7 in shown(bigger, request)
    assert PEGS in shown(bigger, Request(HOME, recent=[TENT, 7], limit=8))


def test_survives_its_arrays(learnt: Repurchase):
    again = Repurchase.from_arrays(learnt.arrays())
    assert again.of(CAMPER)[0].tolist() == learnt.of(CAMPER)[0].tolist()


def test_a_forgotten_customer_leaves_no_purchases(model: Model, world: Interactions):
    arrays = model.arrays() | {
        "ids.customers": world.customer_ids,
        "ids.keys": np.empty(0, np.uint64),
        "ids.key_customers": np.empty(0, np.int64),
    }
    gone = without_customers(arrays, np.array([TEA_DRINKER], np.int64))
    assert gone is not None
    row = slice(*gone["repurchase.indptr"][TEA_DRINKER : TEA_DRINKER + 2])
    assert not gone["repurchase.products"][row].any()
    assert not gone["repurchase.ages"][row].any()
    assert arrays["repurchase.ages"][row].any()


def test_without_purchases_there_is_nothing_to_learn():
    empty = pl.DataFrame(
        schema={"customer": pl.Int64, "product": pl.Int64, "basket": pl.Int64, "occurred_at": pl.Datetime("us")}
    )
    products = pl.DataFrame(
        {"product": [1], "category": [None], "created_at": [datetime(2025, 1, 1)]},  # noqa: DTZ001
        schema={"product": pl.Int64, "category": pl.Int64, "created_at": pl.Datetime("us")},
    )
    learnt = Repurchase.fit(Interactions.from_frames(empty, products, NOON))
    assert learnt.repeatable.tolist() == [True]
    assert learnt.of(None)[0].tolist() == []
