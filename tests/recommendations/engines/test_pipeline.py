"""The stages: what each takes out or moves, and what an explanation tells of it."""

import numpy as np
import pytest
from msgspec.structs import replace

from recommendations.engines.blend import Model
from recommendations.engines.pipeline import explain, recommend
from recommendations.engines.request import CATEGORY, HOME, PRODUCT, Ranked, Request
from recommendations.engines.steering import NO_RULES, UNSTEERED, Rulebook, Steered, Steering, join
from tests.recommendations.worlds import GROUPS, PER_GROUP, tastes

SIZE = GROUPS * PER_GROUP


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(tastes())


def mask(*products: int) -> np.ndarray:
    return np.isin(np.arange(SIZE), products)


def shown(answer: list[Ranked]) -> list[int]:
    return [ranked.product for ranked in answer]


def steered(model: Model, steering: Steering, limit: int = 8, customer: int = 3) -> list[Ranked]:
    return recommend(model, Request(HOME, customer=customer, limit=limit, steering=steering))


def test_a_barred_product_is_not_shown(model: Model):
    first = shown(steered(model, UNSTEERED))[0]
    assert first not in shown(steered(model, Steering(barred={"excluded": mask(first)}), limit=50))


def test_a_boost_lifts_and_a_damper_lowers(model: Model):
    before = shown(steered(model, UNSTEERED, limit=30))
    factor = np.ones(SIZE, np.float32)
    factor[before[6]], factor[before[0]] = 5, 0.2
    after = shown(steered(model, Steering(factor=factor), limit=30))
    assert after.index(before[6]) < 6
    assert after.index(before[0]) > 0


def test_a_factor_is_bounded():
    steering = Steering(factor=np.array([0, 1, 100], np.float32))
    assert steering.factor is not None
    assert steering.factor.tolist() == pytest.approx([0.2, 1, 5])


def test_a_buried_product_comes_last_but_comes(model: Model):
    first = shown(steered(model, UNSTEERED))[0]
    answer = shown(steered(model, Steering(buried=mask(first)), limit=SIZE))
    assert answer[-1] == first


def test_a_pinned_product_stands_at_its_slot_unless_it_is_out(model: Model):
    far = shown(steered(model, UNSTEERED, limit=SIZE))[-1]
    answer = steered(model, Steering(pinned=((1, far),)), limit=4)
    assert (answer[1].product, answer[1].placed) == (far, "pinned")
    assert len(answer) == len(set(shown(answer))) == 4
    gone = recommend(model, Request(HOME, eligible=~mask(far), steering=Steering(pinned=((1, far),))))
    assert far not in shown(gone)


def test_a_cap_holds_and_the_list_is_still_full(model: Model):
    members = mask(*range(3 * PER_GROUP, 4 * PER_GROUP))
    answer = shown(steered(model, Steering(caps=((members, 2),)), limit=10))
    assert len(answer) == 10
    assert sum(members[product] for product in answer) == 2


def test_at_most_so_many_of_every_category(model: Model):
    answer = shown(steered(model, Steering(most_per_category=2), limit=10))
    assert max(np.bincount([product // PER_GROUP for product in answer])) == 2
    assert len(answer) == 10


def test_only_what_it_is_about(model: Model):
    within = mask(*range(PER_GROUP, 2 * PER_GROUP))
    answer = recommend(model, Request(CATEGORY, customer=3, within=within, limit=20))
    assert len(answer) == PER_GROUP
    assert within[shown(answer)].all()


def test_diversity_moves_what_is_alike_but_drops_nothing(model: Model):
    short, everything = shown(steered(model, UNSTEERED, limit=8)), shown(steered(model, UNSTEERED, limit=SIZE))
    assert set(short) <= set(everything)


def test_the_last_place_is_explored_by_lot(model: Model):
    request = Request(HOME, customer=3, limit=8)
    plain = recommend(model, request)
    drawn = [recommend(model, replace(request, seed=seed)) for seed in range(30)]
    assert all(shown(answer)[:7] == shown(plain)[:7] for answer in drawn)
    assert {answer[7].placed for answer in drawn} == {"explored"}
    assert len({answer[7].product for answer in drawn}) > 5
    assert recommend(model, replace(request, seed=4)) == drawn[4]


def test_a_short_list_explores_nothing(model: Model):
    assert {ranked.placed for ranked in recommend(model, Request(HOME, limit=4, seed=1))} == {"ranked"}


@pytest.mark.parametrize(
    ("wish", "stage", "code"),
    [
        ({"excluded": [39]}, "eligibility", "excluded"),
        ({"basket": [39]}, "eligibility", "in_basket"),
        ({"eligible": ~mask(39)}, "eligibility", "unavailable"),
        ({"within": ~mask(39)}, "eligibility", "elsewhere"),
        ({"recent": [39]}, "anti_stalking", "just_bought"),
        ({"refused": [39]}, "anti_stalking", "refused"),
        ({"ignored": [39]}, "anti_stalking", "ignored"),
        ({"steering": Steering(barred={"price_band": mask(39)})}, "steering", "price_band"),
    ],
)
def test_an_explanation_names_the_stage(model: Model, wish: dict, stage: str, code: str):  # type: ignore[type-arg]
    request = replace(Request(HOME, customer=3), **wish)
    explained = explain(model, request)
    assert [(one.stage, one.code) for one in explained.dropped if one.product == 39] == [(stage, code)]
    assert explained.ranked == recommend(model, request)


def test_what_ranks_lower_is_said_to(model: Model):
    explained = explain(model, Request(PRODUCT, product=0, limit=3))
    assert {one.stage for one in explained.dropped} <= {"rank", "diversity", "eligibility", "anti_stalking"}
    assert "rank" in {one.stage for one in explained.dropped}
    assert not set(shown(explained.ranked)) & {one.product for one in explained.dropped}


def test_rules_for_a_segment_act_for_its_members_only():
    everybody, vips = Steering(most_per_category=3), Steering(factor=np.full(3, 2, np.float32), most_per_category=1)
    book = Rulebook({HOME: (Steered(everybody), Steered(vips, np.array([4, 9], np.int64)))})
    assert book.of(HOME) is everybody
    assert book.of(HOME, 5) is everybody
    both = book.of(HOME, 9)
    assert both.most_per_category == 1
    assert both.factor is not None
    assert book.of(HOME, 4) is both
    assert book.of(PRODUCT, 4) is UNSTEERED
    assert NO_RULES.of(HOME, 4) is UNSTEERED


def test_joined_steerings_all_act():
    one = Steering(factor=np.array([4, 1], np.float32), barred={"excluded": np.array([True, False])}, pinned=((0, 1),))
    two = Steering(
        factor=np.array([4, 0.5], np.float32),
        barred={"excluded": np.array([False, True]), "price_band": np.array([True, False])},
        buried=np.array([True, False]),
        pinned=((0, 0), (2, 0)),
    )
    both = join([one, two])
    assert both.factor is not None
    assert both.factor.tolist() == [5, 0.5]
    assert {code: bars.tolist() for code, bars in both.barred.items()} == {
        "excluded": [True, True],
        "price_band": [True, False],
    }
    assert both.pinned == ((0, 1), (2, 0))
    assert both.buried is not None
