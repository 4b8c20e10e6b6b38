"""Each pitfall of implicit 0.7.3, as our engines meet it."""

import inspect
import subprocess
import sys
from typing import Any

import implicit.als
import numpy as np
import pytest
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from threadpoolctl import threadpool_info

from recommendations.engines import training
from recommendations.engines.als import Als, factorise
from recommendations.engines.blend import Model
from recommendations.engines.bpr import Bpr
from recommendations.engines.bpr import factorise as pairwise
from recommendations.engines.evaluation import targets
from recommendations.engines.interface import Context
from recommendations.engines.pipeline import recommend
from recommendations.engines.request import Request
from tests.recommendations.worlds import GROUPS, PER_GROUP, Quiet, interactions, tastes

PRODUCTS = GROUPS * PER_GROUP
PATH = "implicit.cpu.als.AlternatingLeastSquares"


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(tastes())


def test_filter_items_does_not_change_the_length(model: Model):
    answer = recommend(model, Request(customer=0, limit=5, excluded=[0, 1, 2]))
    assert len(answer) == 5
    assert not {item.product for item in answer} & {0, 1, 2}


def test_no_tail_of_excluded_products_when_little_is_left(model: Model):
    """Neither with the lowest number there is, as ALS has it, nor with 0, as neighbours have it."""
    answer = recommend(model, Request(customer=0, limit=PRODUCTS, excluded=list(range(50))))
    assert {item.product for item in answer} <= set(range(50, PRODUCTS))
    assert min(item.score for item in answer) > 0


def test_an_unknown_user_is_answered(model: Model):
    assert model.engines["als"].scores(Context()) is None
    assert len(recommend(model, Request(customer=None, recent=[3], limit=5))) == 5


def test_an_empty_history_falls_back_to_what_sells(model: Model):
    answer = recommend(model, Request(limit=5))
    assert len(answer) == 5
    assert {item.source for item in answer} <= {"popularity", "category_popularity", "range"}


def test_bpr_has_no_recalculate_user_and_our_engine_folds_people_in_itself():
    bpr = BayesianPersonalizedRanking(factors=4, iterations=1)
    row = sp.csr_matrix(np.ones((1, 3), np.float32))
    with pytest.raises(NotImplementedError):
        bpr.recalculate_user(0, row)
    fitted = Bpr.fit(tastes())
    fresh = np.array([3 * PER_GROUP, 3 * PER_GROUP + 1, 3 * PER_GROUP + 2], np.int32)
    scores = fitted.scores(Context(None, fresh, np.ones(3, np.float32), fresh))
    assert scores is not None
    assert set(np.argsort(-scores, kind="stable")[:8] // PER_GROUP) == {3}


def test_a_transposed_matrix_is_refused_by_bpr_too(monkeypatch: pytest.MonkeyPatch):
    fit = BayesianPersonalizedRanking.fit

    def transposing(self: Any, matrix: Any, **options: Any) -> None:
        fit(self, matrix.T.tocsr(), **options)

    monkeypatch.setattr(BayesianPersonalizedRanking, "fit", transposing)
    with pytest.raises(AssertionError):
        pairwise(tastes(customers=40).matrix())


def test_a_transposed_matrix_is_refused(monkeypatch: pytest.MonkeyPatch):
    class Transposing(AlternatingLeastSquares):  # type: ignore[misc]
        def fit(self, matrix: Any, **options: Any) -> None:
            super().fit(matrix.T.tocsr(), **options)

    monkeypatch.setattr(PATH, Transposing)
    with pytest.raises(AssertionError):
        factorise(tastes(customers=40).matrix())


def test_partial_fit_needs_the_full_history_and_folding_in_does_not(model: Model):
    als = model.engines["als"]
    assert isinstance(als, Als)
    fresh = np.array([3 * PER_GROUP], np.int32)
    moved = als.taste(Context(0, fresh=fresh))
    assert moved is not None
    assert moved - als.inverse @ als.products[fresh[0]] == pytest.approx(als.customers[0], abs=1e-5)


def test_the_class_is_used_and_not_the_factory_function(monkeypatch: pytest.MonkeyPatch):
    assert not inspect.isclass(implicit.als.AlternatingLeastSquares)
    monkeypatch.setattr("implicit.als.AlternatingLeastSquares", None)
    assert len(factorise(tastes(customers=40).matrix())[0]) == 40


def test_als_has_one_blas_thread(monkeypatch: pytest.MonkeyPatch):
    seen: list[set[int]] = []

    class Watched(AlternatingLeastSquares):  # type: ignore[misc]
        def fit(self, matrix: Any, **options: Any) -> None:
            seen.append({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
            super().fit(matrix, **options)

    monkeypatch.setattr(PATH, Watched)
    factorise(tastes(customers=40).matrix())
    assert seen == [{1}]


def test_alpha_is_the_one_that_won_and_not_40(monkeypatch: pytest.MonkeyPatch):
    given: list[float] = []

    class Watched(AlternatingLeastSquares):  # type: ignore[misc]
        def fit(self, matrix: Any, **options: Any) -> None:
            given.append(self.alpha)
            super().fit(matrix, **options)

    monkeypatch.setattr(PATH, Watched)
    factorise(tastes(customers=40).matrix())
    assert given == [1.0]


def test_implicit_is_imported_inside_the_task():
    code = "import sys, recommendations.engines.training, recommendations.engines.pipeline; print('implicit' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_bots_are_dropped_first(monkeypatch: pytest.MonkeyPatch):
    """Before anybody counts what there is, and from what a shop with too little of it shows."""
    counted: list[int] = []

    def note(people: Any) -> bool:
        counted.extend(np.unique(people.customer).tolist())
        return False

    monkeypatch.setattr(training, "is_enough", note)
    rows: list[tuple[int | None, int, int, float]] = [(9, product, 900, 1.0) for product in range(210)]
    trained = training.train(interactions([*rows, (1, 1, 1, 1.0), (2, 2, 2, 1.0)]), Quiet())
    assert counted == [0, 1]
    popular = trained.model.engines["popularity"].scores(Context())
    assert popular is not None
    assert np.flatnonzero(popular).tolist() == [1, 2]


def test_the_split_is_temporal():
    world = tastes()
    past, window = world.older_than(28), world.where(world.age <= 28)
    assert len(past) + len(window) == len(world)
    bought = window.matrix().toarray() > 0
    wanted = targets(world, 28)
    assert wanted
    assert all(bought[target.customer, target.products].all() for target in wanted)
