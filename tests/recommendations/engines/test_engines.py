"""Each engine alone, and the pitfalls of implicit that they step around."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from recommendations.engines.als import ALPHA, FACTORS, REGULARIZATION, Als, factorise
from recommendations.engines.blend import Model
from recommendations.engines.copurchase import SHRINKAGE, CoPurchase, association
from recommendations.engines.ease import REGULARIZATION as EASE_REGULARIZATION
from recommendations.engines.ease import Ease, most_bought, weights
from recommendations.engines.history import History
from recommendations.engines.interface import Context
from recommendations.engines.item_knn import ItemKnn
from recommendations.engines.neighbours import Neighbours
from recommendations.engines.popularity import CategoryPopularity, Popularity, Range
from recommendations.engines.refreshing import grown
from recommendations.engines.repurchase import PRIOR_PAIRS, PRIOR_RATE, repeat_rate
from recommendations.engines.request import Request
from recommendations.engines.season import Season, rise
from tests.recommendations.worlds import GROUPS, PER_GROUP, interactions, tastes


def anchored(*anchors: int, customer: int | None = None) -> Context:
    products = np.array(anchors, np.int32)
    return Context(customer, products, np.ones(len(anchors), np.float32), products)


def group_share(scores: np.ndarray, group: int) -> float:
    """How many of the ten best are of the group."""
    best = np.argsort(-scores, kind="stable")[:10]
    return float((best // PER_GROUP == group).mean())


# --- own history


def test_history_decays_and_ranks_the_recent_first():
    history = History.fit(interactions([(1, 10, 1, 200.0), (1, 11, 2, 1.0), (2, 12, 3, 1.0)]))
    products, weights = history.of(0)
    assert products.tolist() == [1, 0]
    assert weights.tolist() == pytest.approx([np.exp(-1 / 120), np.exp(-200 / 120)], rel=1e-4)


def test_history_says_nothing_of_strangers():
    history = History.fit(interactions([(1, 10, 1, 1.0)]))
    assert history.scores(Context()) is None


def test_what_nobody_buys_twice_is_a_durable_and_hidden_from_its_owner():
    rows = [(customer, 1, customer, 100.0) for customer in range(300)]  # a tent each
    rows += [(customer, 2, 1000 + 2 * customer + again, 90.0 - again) for customer in range(300) for again in (0, 1)]
    history = History.fit(interactions(rows))
    assert history.repeatable.tolist() == [False, True]
    assert history.durables(0).tolist() == [0]
    assert history.scores(Context(0)).tolist()[0] == 0  # the tent


def test_without_evidence_products_count_as_bought_again():
    world = interactions([(1, 10, 1, 100.0), (2, 10, 2, 100.0)])
    assert repeat_rate(world).tolist() == pytest.approx([PRIOR_PAIRS * PRIOR_RATE / (PRIOR_PAIRS + 2)])
    assert History.fit(world).repeatable.all()


# --- ALS


@pytest.fixture(scope="module")
def als() -> Als:
    return Als.fit(tastes())


@pytest.mark.parametrize("customer", range(GROUPS))
def test_als_finds_the_planted_taste(als: Als, customer: int):
    assert group_share(als.scores(Context(customer)), customer) >= 0.8


def test_als_folds_in_a_stranger_exactly_as_implicit_recalculates(als: Als):
    world = tastes()
    with threadpool_limits(1, "blas"):
        reference = AlternatingLeastSquares(factors=FACTORS, regularization=REGULARIZATION, alpha=ALPHA)
        reference.item_factors = als.products
        row = sp.csr_matrix(np.isin(np.arange(world.shape[1]), [3, 5, 40]).astype(np.float32)[None, :])
        expected = reference.recalculate_user(0, row)
    assert als.taste(anchored(3, 5, 40)) == pytest.approx(expected, abs=1e-4)


def test_als_moves_a_known_customer_towards_a_fresh_purchase(als: Als):
    fresh = np.array([3 * PER_GROUP, 3 * PER_GROUP + 1], np.int32)
    before, after = als.scores(Context(0)), als.scores(Context(0, fresh=fresh))
    group = slice(3 * PER_GROUP, 4 * PER_GROUP)
    assert after[group].sum() > before[group].sum()


def test_als_says_nothing_of_a_blank_sheet(als: Als):
    assert als.scores(Context()) is None


def test_als_is_deterministic():
    world = tastes(customers=40)
    first, second = Als.fit(world), Als.fit(world)
    assert np.array_equal(first.products, second.products)


def test_als_with_a_head_start_ranks_as_well_with_fewer_iterations():
    world = tastes()
    ticks: list[int] = []
    later = Als.fit(world, lambda: ticks.append(1), earlier=Als.fit(world.older_than(28)))
    assert len(ticks) == Als.later_effort < Als.effort
    assert all(group_share(later.scores(Context(customer)), customer) >= 0.8 for customer in range(GROUPS))


def test_als_factors_have_the_shape_of_the_matrix():
    """A transposed matrix is accepted silently by implicit; ours says what it got."""
    customers, products = factorise(tastes(customers=40).matrix())
    assert customers.shape == (40, FACTORS)
    assert products.shape == (GROUPS * PER_GROUP, FACTORS)


def test_als_names_the_anchor_that_explains(als: Als):
    assert als.because(anchored(3, 40), np.array([5, 41], np.int32)).tolist() == [3, 40]


def test_als_ticks_once_per_iteration_and_can_be_stopped():
    class Stop(Exception):  # noqa: N818
        pass

    ticks = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            raise Stop

    with pytest.raises(Stop):
        Als.fit(tastes(customers=40), tick)
    assert len(ticks) == 3


# --- neighbours


@pytest.mark.parametrize("engine", [ItemKnn, CoPurchase])
def test_neighbours_are_of_the_planted_group(engine: type[ItemKnn] | type[CoPurchase]):
    fitted = engine.fit(tastes())
    scores = fitted.scores(anchored(PER_GROUP, PER_GROUP + 1))
    assert group_share(scores, 1) >= 0.9
    assert fitted.because(anchored(0, PER_GROUP), np.array([PER_GROUP + 3], np.int32)).tolist() == [PER_GROUP]


@pytest.mark.parametrize("engine", [ItemKnn, CoPurchase])
def test_neighbours_never_include_the_product_itself_or_a_score_below_zero(engine: type[ItemKnn] | type[CoPurchase]):
    neighbours = engine.fit(tastes()).neighbours
    own = np.arange(len(neighbours.ids))[:, None]
    assert not ((neighbours.ids == own) & (neighbours.scores > 0)).any()
    assert neighbours.scores.min() >= 0


def test_item_knn_survives_customers_who_bought_everything():
    """BM25 gives them a negative weight, implicit then negative similarities."""
    rows = [(customer, product, customer * 10 + product, 1.0) for customer in range(3) for product in range(5)]
    scores = ItemKnn.fit(interactions(rows)).scores(anchored(0))
    assert scores.min() >= 0


def test_item_knn_fits_without_a_warning():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fitted = ItemKnn.fit(tastes(customers=20))
    assert not told
    assert fitted.neighbours.scores.any()


def test_association_is_confidence_times_log_of_shrunk_lift():
    baskets = sp.csr_array(np.array([[1, 1, 0]] * 30 + [[1, 0, 1]] * 10 + [[0, 1, 1]] * 10, np.float32))
    found = association(baskets)[0, 1]
    expected = 30 / (40 + SHRINKAGE) * max(0, np.log((30 + SHRINKAGE) / (40 * 40 / 50 + SHRINKAGE)))
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_pair_seen_once_counts_for_what_hardly_sold_and_not_for_a_best_seller():
    rows = [(None, 1, basket, 1.0) for basket in range(40)] + [(None, 9, basket, 1.0) for basket in range(40)]
    rows += [(None, 1, 100, 1.0), (None, 2, 100, 1.0)]
    rows += [(None, 8, basket, 1.0) for basket in range(200, 300)] + [
        (None, 7, basket, 1.0) for basket in range(200, 300)
    ]
    best_seller, hardly_sold = (CoPurchase.fit(interactions(rows)).scores(anchored(anchor)) for anchor in (0, 1))
    assert best_seller[1] == 0
    assert hardly_sold[0] > 0


def test_a_pair_seen_once_does_not_beat_one_seen_often():
    rows = [(None, 1, basket, 1.0) for basket in range(40)] + [(None, 2, basket, 1.0) for basket in range(40)]
    rows += [(None, 1, 100, 1.0), (None, 3, 100, 1.0)]  # product 3 was only ever bought with product 1
    rows += [(None, 4, basket, 1.0) for basket in range(200, 300)] + [
        (None, 5, basket, 1.0) for basket in range(200, 300)
    ]
    scores = CoPurchase.fit(interactions(rows)).scores(anchored(0))
    assert scores[1] > scores[2]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.floats(-1, 5, width=32)), max_size=60))
def test_strongest_equals_sorting(entries: list[tuple[int, int, float]]):
    dense = np.zeros((12, 12), np.float32)
    for row, column, value in entries:
        dense[row, column] = value
    neighbours = Neighbours.strongest(sp.csr_array(dense), length=3)
    for row in range(12):
        candidates = [(-dense[row, column], column) for column in range(12) if column != row and dense[row, column] > 0]
        expected = [(column, -negative) for negative, column in sorted(candidates)[:3]]
        kept = neighbours.scores[row] > 0
        assert list(zip(neighbours.ids[row][kept], neighbours.scores[row][kept], strict=True)) == expected


def test_a_similarity_must_be_square():
    with pytest.raises(ValueError, match="square"):
        Neighbours.strongest(sp.csr_array(np.ones((2, 3), np.float32)))


# --- popularity


def test_popularity_is_of_the_last_four_weeks_and_decays():
    rows = [(None, 10, basket, 40.0) for basket in range(50)]
    rows += [(None, 11, 100, 1.0), (None, 12, 101, 20.0)]
    old, new, fading = Popularity.fit(interactions(rows)).scores(Context())
    assert (old, new > fading > 0) == (0, True)


def test_category_popularity_stays_in_the_anchors_categories():
    popularity = CategoryPopularity.fit(tastes())
    scores = popularity.scores(anchored(2 * PER_GROUP))
    assert scores.nonzero()[0] // PER_GROUP == pytest.approx(2)


def test_category_popularity_of_products_without_category_says_nothing():
    popularity = CategoryPopularity.fit(interactions([(1, 10, 1, 1.0), (1, 11, 1, 1.0)]))
    assert popularity.scores(anchored(0)) is None


def test_the_range_holds_every_product_even_without_sales():
    order = Range.fit(interactions([(1, 10, 1, 1.0)], ids=[10, 11, 12])).scores(Context())
    assert order[0] > order[1] > 0
    assert order[2] > 0


# --- EASE


@pytest.fixture(scope="module")
def ease() -> Ease:
    return Ease.fit(tastes())


def test_ease_is_the_ridge_regression_of_each_product_on_the_others():
    """Steck's closed form, checked against regressions that leave the product itself out."""
    matrix = tastes(customers=60).matrix()
    bought = (matrix.toarray() > 0).astype(np.float64)
    found = weights(matrix)
    for column in (0, 17, 40):
        others = np.delete(bought, column, axis=1)
        ridge = others.T @ others + EASE_REGULARIZATION * np.eye(others.shape[1])
        expected = np.linalg.solve(ridge, others.T @ bought[:, column])
        assert np.delete(found[:, column], column) == pytest.approx(expected, abs=1e-5)
        assert found[column, column] == 0


@pytest.mark.parametrize("group", range(GROUPS))
def test_ease_finds_the_group_of_what_lies_at_hand(ease: Ease, group: int):
    assert group_share(ease.scores(anchored(group * PER_GROUP, group * PER_GROUP + 1)), group) >= 0.8


def test_ease_says_nothing_of_a_blank_sheet(ease: Ease):
    assert ease.scores(Context()) is None


def test_ease_names_the_anchor_that_explains(ease: Ease):
    assert ease.because(anchored(3, 40), np.array([5, 41], np.int32)).tolist() == [3, 40]


def test_ease_takes_the_most_bought_of_a_range_that_is_too_wide(monkeypatch: pytest.MonkeyPatch):
    world = tastes()
    head = most_bought(world.matrix(), 20)
    monkeypatch.setattr("recommendations.engines.ease.MOST_PRODUCTS", 20)
    monkeypatch.setattr(most_bought, "__defaults__", (20,))
    found = Ease.fit(world).neighbours
    outside = np.setdiff1d(np.arange(world.shape[1]), head)
    assert found.scores.shape[0] == world.shape[1]
    assert not found.scores[outside].any()
    assert set(found.ids[found.scores > 0].tolist()) <= set(head.tolist())
    assert found.scores[head].any()


def test_ease_has_nothing_to_say_where_nothing_has_three_buyers():
    found = Ease.fit(interactions([(1, 10, 1, 1.0), (1, 11, 1, 1.0), (2, 11, 2, 1.0)]))
    scores = found.scores(anchored(1))
    assert scores is not None
    assert scores.tolist() == [0, 0]


def test_ease_of_a_range_of_many_blocks_is_symmetric_before_it_is_scaled(monkeypatch: pytest.MonkeyPatch):
    matrix = tastes(customers=60).matrix()
    whole = weights(matrix)
    monkeypatch.setattr("recommendations.engines.ease.BLOCK", 7)
    assert weights(matrix) == pytest.approx(whole, abs=1e-6)


def test_neighbours_of_a_dense_matrix_are_those_of_the_sparse_one():
    random = np.random.default_rng(5)
    dense = (random.random((30, 30)) - 0.3).astype(np.float32)
    np.fill_diagonal(dense, 0)
    one, other = Neighbours.of_dense(dense, 7), Neighbours.strongest(sp.csr_array(dense), 7)
    assert one.scores == pytest.approx(other.scores)
    assert np.array_equal(one.ids, other.ids)


# --- season


def test_the_season_rises_with_what_sells_now_and_falls_with_what_no_longer_does():
    rows = [(customer, product, 10 * customer + product, 200.0) for customer in range(40) for product in (1, 2)]
    rows += [(customer, 1, 1000 + customer, 2.0) for customer in range(20)]
    rising, falling = rise(interactions(rows)).tolist()
    assert rising > 1 > falling > 0


def test_a_single_purchase_is_no_season():
    rows = [(customer, product, 10 * customer + product, 3.0) for customer in range(40) for product in range(5)]
    assert 1 < rise(interactions([*rows, (99, 77, 9999, 1.0)]))[-1] < 2


def test_nothing_sold_is_no_season():
    empty = interactions([(1, 10, 1, 1.0)]).older_than(28)
    assert rise(empty).tolist() == [1.0]


def test_the_season_moves_what_engines_of_people_say_and_leaves_popularity():
    world = tastes()
    model = Model.fit(world)
    context = model.context(Request(customer=3))
    plain = model.contributions(context, {"als": 1.0, "popularity": 1.0})[1]
    season = model.contributions(context, {"als": 1.0, "popularity": 1.0, "season": 1.0})[1]
    expected = plain[0] * rise(world)
    assert season[0] == pytest.approx(expected / expected.max(), abs=1e-5)
    assert np.array_equal(season[1], plain[1])


def test_the_season_goes_on_when_products_join_after_the_training():
    world = tastes()
    model = Model.fit(world)
    season = grown(model.engines["season"], model.products, model.products + 2)
    assert isinstance(season, Season)
    assert season.rise.tolist() == [*rise(world).tolist(), 1.0, 1.0]
