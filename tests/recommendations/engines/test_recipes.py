"""The recipe of a shop: found on earlier weeks, kept where nothing is clearly better."""

from dataclasses import replace

import numpy as np
import pytest

from recommendations.engines import recipes
from recommendations.engines.blend import EXTRAS
from recommendations.engines.recipe import USUAL, Recipe
from recommendations.engines.recipes import TRIALS, found, is_better, sample
from tests.recommendations.worlds import tastes


def test_a_recipe_survives_the_manifest_and_older_ones_are_as_usual_elsewhere():
    recipe = replace(USUAL, factors=32, extras=("bpr",))
    assert Recipe.from_dict(recipe.as_dict()) == recipe
    assert Recipe.from_dict({"factors": 128, "long_gone": 1}) == replace(USUAL, factors=128)


def test_what_people_buy_after_is_never_looked_at():
    """The newest window tunes the weights: were it different, the recipe would be the same."""
    world = tastes(customers=400)
    shuffled = np.random.default_rng(1).permutation(world.product)
    other = replace(world, product=np.where(world.age <= 28, shuffled, world.product))
    assert found(world, 28) == found(other, 28)


def test_every_trial_ticks_also_when_nobody_can_be_asked():
    ticks: list[int] = []
    assert found(tastes(customers=20), 28, lambda: ticks.append(1)) == USUAL
    assert len(ticks) == TRIALS


def test_without_time_nothing_is_tried():
    ticks: list[int] = []
    assert found(tastes(customers=400), 28, lambda: ticks.append(1), seconds=0.0) == USUAL
    assert len(ticks) == TRIALS


def test_a_change_stays_only_if_it_is_better_by_more_than_chance():
    random = np.random.default_rng(3)
    base = {"home": random.random(500), "discover": random.random(500)}
    lucky = {name: values + random.normal(0.003, 0.3, 500) for name, values in base.items()}
    surely = {name: values + random.normal(0.02, 0.05, 500) for name, values in base.items()}
    assert not is_better(base, base)
    assert not is_better(lucky, base)
    assert is_better(surely, base)
    assert is_better({**base, "home": surely["home"]}, base)  # where it changes nothing it takes nothing away


def test_a_better_number_is_found(monkeypatch: pytest.MonkeyPatch):
    """From a season so short that it is noise, the way leads back."""
    monkeypatch.setattr(recipes, "EXTRAS", ())
    monkeypatch.setattr(recipes, "GRID", {"factors": (16,)})
    monkeypatch.setattr(recipes, "USUAL", replace(USUAL, factors=1))
    monkeypatch.setattr(recipes, "is_better", lambda gains, others: True)
    assert found(tastes(customers=400), 28).factors == 16


def test_of_a_big_shop_a_sample_of_people_is_asked():
    world = tastes(customers=150)
    part = sample(world, at_most=40)
    assert len(np.unique(part.customer)) == 40
    assert np.array_equal(part.product, sample(world, at_most=40).product)
    assert len(sample(world)) == len(world)


def test_additional_engines_are_tried_once_each():
    changes = list(recipes._changes())
    assert len(changes) == TRIALS
    assert [value for name, value in changes if name == "extras"] == list(EXTRAS)
