"""The factorisation on Spark gives the same artefact; runs where the extra ``spark`` and Java are installed."""

import shutil

import numpy as np
import pytest

from recommendations.engines import spark
from recommendations.engines.als import FACTORS, Als, computed_by
from recommendations.engines.blend import Model
from recommendations.engines.training import train
from tests.recommendations.worlds import GROUPS, PER_GROUP, Quiet, tastes

HAS_SPARK = shutil.which("java") is not None and spark.is_installed()
needs_spark = pytest.mark.skipif(not HAS_SPARK, reason="the extra “spark” or Java is not installed")


@pytest.fixture(autouse=True)
def _two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_MASTER", "local[2]")


@needs_spark
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_spark_finds_the_planted_tastes_and_exports_the_same_layout():
    world = tastes()
    ticks: list[int] = []
    with computed_by(spark.factorise):
        als = Als.fit(world, lambda: ticks.append(1))
    assert als.customers.shape == (world.shape[0], FACTORS)
    assert als.products.shape == (GROUPS * PER_GROUP, FACTORS)
    assert len(ticks) == Als.effort
    scores = als.customers @ als.products.T
    best_groups = scores.reshape(-1, GROUPS, PER_GROUP).mean(axis=2).argmax(axis=1)
    assert (best_groups == np.arange(world.shape[0]) % GROUPS).mean() > 0.95
    here = Als.fit(world)
    assert {name: (a.shape, a.dtype) for name, a in als.arrays().items()} == {
        name: (a.shape, a.dtype) for name, a in here.arrays().items()
    }


@needs_spark
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_whole_training_on_spark_passes_the_gate():
    with computed_by(spark.factorise):
        trained = train(tastes(), Quiet())
    assert trained.refusal is None
    methods = trained.metrics["methods"]
    assert methods["blend"]["all_ndcg"] > 2 * methods["popularity"]["all_ndcg"]
    assert set(trained.model.arrays()) == set(Model.fit(tastes()).arrays())


@pytest.mark.skipif(HAS_SPARK, reason="the extra “spark” is installed")
def test_without_the_extra_a_training_says_what_to_install():
    with computed_by(spark.factorise), pytest.raises(spark.SparkMissing, match="cxapp\\[spark\\]"):
        Als.fit(tastes())


def test_afterwards_this_machine_computes_again():
    def other(*args: object, **kwargs: object) -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("asked")

    with pytest.raises(AssertionError, match="asked"), computed_by(other):
        Als.fit(tastes())
    assert Als.fit(tastes()).products.any()
