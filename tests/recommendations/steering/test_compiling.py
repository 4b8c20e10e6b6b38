"""What a rule does to which products."""

from typing import Any

import numpy as np
import pytest

from recommendations.engines.steering import EXCLUDED, OUT_OF_STOCK, PRICE_BAND
from recommendations.models import Placement, Rule
from recommendations.steering.compiling import compile_rule, compile_rules, concerned
from recommendations.steering.shelf import UNCOUNTED, Shelf

TEA, GREEN_TEA, MUGS = 1, 2, 3


@pytest.fixture
def shelf() -> Shelf:
    """Ids 10–15: two teas, a green tea, two mugs, and something without a category."""
    return Shelf(
        ids=np.arange(10, 16),
        category=np.array([TEA, TEA, GREEN_TEA, MUGS, MUGS, 0]),
        price=np.array([500, 900, 1500, 2000, 2500, 100]),
        stock=np.array([0, 3, 50, UNCOUNTED, 9, 1]),
        margin=np.array([0.5, 0.5, 0.2, np.nan, 0.8, -0.1], np.float32),
        age_days=np.array([400, 3, 20, 31, 30, np.inf], np.float32),
        paths={TEA: "Tea", GREEN_TEA: "Tea › Green", MUGS: "Mugs"},
    )


def rule(**about: Any) -> Rule:
    return Rule(name="x", **about)


def ids(shelf: Shelf, mask: Any) -> list[int]:
    return [int(pk) for pk in shelf.ids[mask]]


@pytest.mark.parametrize(
    ("about", "named"),
    [
        ({"target": "products", "product_ids": [14, 11, 99]}, [11, 14]),
        ({"target": "category", "category_id": TEA}, [10, 11, 12]),
        ({"target": "category", "category_id": GREEN_TEA}, [12]),
        ({"target": "category", "category_id": 99}, []),
        ({"target": "price", "price_from": 900, "price_to": 2000}, [11, 12, 13]),
        ({"target": "price", "price_from": 2000}, [13, 14]),
        ({"target": "new", "days": 30}, [11, 12, 14]),
        ({"target": "margin"}, [10, 11, 12, 14, 15]),
        ({"target": ""}, []),
    ],
)
def test_a_target_names_its_products(shelf: Shelf, about: dict[str, Any], named: list[int]):
    assert ids(shelf, concerned(rule(**about), shelf)) == named


def test_a_category_does_not_take_in_one_that_only_begins_alike(shelf: Shelf):
    shelf.paths[MUGS] = "Teapots"
    assert ids(shelf, shelf.below(TEA)) == [10, 11, 12]


def test_pins_keep_the_order_in_which_they_were_named(shelf: Shelf):
    steering = compile_rule(rule(action="pin", product_ids=[14, 99, 11], slot=3), shelf)
    assert steering is not None
    assert [(slot, int(shelf.ids[place])) for slot, place in steering.pinned] == [(2, 14), (3, 11)]


def test_a_boost_multiplies_its_products_alone(shelf: Shelf):
    steering = compile_rule(rule(action="boost", target="category", category_id=MUGS, factor=2.5), shelf)
    assert steering is not None
    assert steering.factor is not None
    assert steering.factor.tolist() == [1, 1, 1, 2.5, 2.5, 1]


def test_a_boost_by_margin_grows_with_the_margin(shelf: Shelf):
    steering = compile_rule(rule(action="boost", target="margin", factor=4), shelf)
    assert steering is not None
    assert steering.factor is not None
    found = dict(zip(shelf.ids.tolist(), steering.factor.tolist(), strict=True))
    assert found[14] == 4  # the best margin
    assert found[13] == found[15] == 1  # unknown, and the worst
    assert found[10] == found[11]
    assert found[15] < found[12] < found[10] < found[14]


def test_bars_say_why(shelf: Shelf):
    barred = {
        code: ids(shelf, mask)
        for one in (
            rule(action="exclude", target="category", category_id=TEA),
            rule(action="in_stock", least_stock=5),
            rule(action="price_band", price_from=500, price_to=2000),
        )
        if (steering := compile_rule(one, shelf)) is not None
        for code, mask in steering.barred.items()
    }
    assert barred == {EXCLUDED: [10, 11, 12], OUT_OF_STOCK: [10, 11, 15], PRICE_BAND: [14, 15]}


def test_caps_are_for_one_category_or_for_each(shelf: Shelf):
    one = compile_rule(rule(action="category_cap", category_id=TEA, most=2), shelf)
    each = compile_rule(rule(action="category_cap", most=3), shelf)
    assert one is not None
    assert each is not None
    assert [(ids(shelf, mask), most) for mask, most in one.caps] == [([10, 11, 12], 2)]
    assert each.most_per_category == 3


@pytest.mark.parametrize("action", ["pin", "boost", "bury", "exclude"])
def test_a_rule_about_nothing_here_does_nothing(shelf: Shelf, action: str):
    assert compile_rule(rule(action=action, target="products", product_ids=[99]), shelf) is None


def test_rules_act_where_and_for_whom_they_are_meant(shelf: Shelf):
    everywhere = rule(action="bury", target="category", category_id=MUGS)
    at_home = rule(
        action="exclude",
        target="category",
        category_id=TEA,
        placements=["home"],
        segment_kind="lifecycle",
        segment_value="inactive",
    )
    asked: list[tuple[str, str]] = []

    def members(kind: str, value: str) -> Any:
        asked.append((kind, value))
        return np.array([5, 7])

    book = compile_rules([everywhere, at_home], shelf, members)
    assert set(book.by_placement) == set(Placement.values)
    assert asked == [("lifecycle", "inactive")]
    assert book.of("home", 7).barred.keys() == {EXCLUDED}
    for stranger in (book.of("home", 6), book.of("home", None), book.of("basket", 7)):
        assert stranger.barred == {}
        assert stranger.buried is not None
