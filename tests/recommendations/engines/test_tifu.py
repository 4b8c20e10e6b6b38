"""The next basket: frequencies by the paper's formula, and what people who buy alike add."""

import numpy as np
import pytest

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Context
from recommendations.engines.tifu import BASKET_DECAY, GROUP, GROUP_DECAY, OWN_SHARE, Tifu, vectors
from tests.recommendations.worlds import GROUPS, PER_GROUP, interactions, tastes


def buys(customer: int, baskets: list[list[int]]) -> list[tuple[int | None, int, int, float]]:
    """Rows of one customer, the oldest basket first, one a day."""
    return [
        (customer, product, customer * 100 + number, float(len(baskets) - number))
        for number, basket in enumerate(baskets)
        for product in basket
    ]


def row_of(world: Interactions, customer: int) -> list[float]:
    return vectors(world).toarray()[customer].tolist()


def test_a_frequency_decays_by_basket_and_by_group_of_baskets():
    count = GROUP + 2
    world = interactions(buys(1, [[10]] + [[20]] * (count - 2) + [[10, 20]]), [10, 20])
    # Two groups; the oldest basket is the second of the older one.
    newest, oldest = 1.0, GROUP_DECAY * BASKET_DECAY
    between = sum(BASKET_DECAY**place for place in range(1, GROUP)) + GROUP_DECAY
    assert row_of(world, 0) == pytest.approx([(newest + oldest) / 2 / GROUP, (newest + between) / 2 / GROUP])


def test_baskets_of_the_same_moment_and_guests_do_not_confuse_the_count():
    rows = [(1, 10, 1, 5.0), (1, 20, 1, 5.0), (1, 10, 2, 5.0), (None, 10, 3, 1.0)]
    assert row_of(interactions(rows), 0) == pytest.approx([(1 + BASKET_DECAY) / GROUP, BASKET_DECAY / GROUP])


def test_one_basket_is_no_frequency():
    world = interactions([*buys(1, [[10, 20]]), *buys(2, [[10], [10, 20]]), *buys(3, [[10], [20]])])
    engine = Tifu.fit(world)
    assert engine.scores(Context(customer=0)) is None
    assert engine.scores(Context(customer=1)) is not None
    assert engine.scores(Context()) is None


def test_the_nearest_customers_add_what_they_buy_besides():
    alike = [buys(customer, [[10, 20], [10, 20, 30]]) for customer in range(3)]
    world = interactions([row for rows in [*alike, buys(9, [[10], [10, 20]])] for row in rows])
    engine, context = Tifu.fit(world), Context(customer=3)
    scores = engine.scores(context)
    assert scores is not None
    own = vectors(world).toarray()
    assert scores == pytest.approx(OWN_SHARE * own[3] + (1 - OWN_SHARE) * own[:3].mean(axis=0), rel=1e-5)
    assert engine.because(context, np.array([0, 1, 2], np.int32)).tolist() == [0, 1, -1]


def test_planted_tastes_are_found_and_survive_the_artefact():
    world = tastes()
    engine = Tifu.fit(world)
    again = Tifu.from_arrays(engine.arrays())
    right = 0
    for customer in range(world.shape[0]):
        scores = engine.scores(Context(customer=customer))
        assert scores is not None
        assert np.array_equal(scores, again.scores(Context(customer=customer)))
        right += int((np.argsort(-scores)[:6] // PER_GROUP == customer % GROUPS).sum())
    assert right / (6 * world.shape[0]) > 0.95


@pytest.mark.parametrize(
    "rows",
    [
        [(None, 10, 1, 1.0), (None, 20, 2, 1.0)],
        [(1, 10, 1, 1.0), (2, 20, 2, 1.0)],
        [(1, 10, 1, 1.0), (1, 20, 2, 2.0)],
    ],
    ids=["guests", "nobody came back", "one customer"],
)
def test_a_shop_where_there_is_little_to_learn(rows: list[tuple[int | None, int, int, float]]):
    engine = Tifu.fit(interactions(rows))
    assert engine.scores(Context()) is None
    assert all(np.isfinite(array).all() for array in engine.arrays().values())
