"""What people do to a recommender without meaning to break it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from catalog.models import Product
from core import jobs
from core.jobs import cancel_job
from core.models import Job
from customers.models import Customer
from merchants.models import Membership, Merchant
from orders.models import OrderLine
from recommendations import loading
from recommendations.actions import pause, request_training, roll_back, train_models
from recommendations.engines.request import PLACEMENTS
from recommendations.models import ModelVersion, PlacementSettings, Rule, training_plan
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import Storefront

URL = "/api/v1/recommendations"
Status = ModelVersion.Status


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    return stocked_shop(merchant)


@pytest.fixture
def live(merchant: Merchant, people: list[Customer]) -> ModelVersion:
    return train_models(merchant, progress=Quiet())


def shown(api: Storefront, **asked: Any) -> list[str]:
    answer = api.get(URL, {"placement": "home", "limit": 50, **asked})
    assert answer.status_code == 200, answer.content
    return [item["sku"] for item in answer.json()["items"]]


def preview(client: Client, merchant: Merchant, **asked: str) -> str:
    answer = client.get(reverse("recommendation_preview", args=[merchant.slug]), {"placement": "home", **asked})
    assert answer.status_code == 200
    return answer.text


def delete(merchant: Merchant, **which: Any) -> None:
    """Products with whatever was bought of them, as an administrator may."""
    gone = Product.objects.for_merchant(merchant).filter(**which)
    OrderLine.objects.for_merchant(merchant).filter(product__in=gone).delete()
    gone.delete()
    loading.forget()


# --- rules that leave nothing


RULES: list[dict[str, Any]] = [
    {"action": "exclude", "target": "price", "price_from": 0},
    {"action": "price_band", "price_from": 10**9},
    {"action": "in_stock", "least_stock": 10_000},
]


def test_rules_that_exclude_everything_leave_an_empty_answer(
    api: Storefront, client: Client, merchant: Merchant, live: ModelVersion
):
    PlacementSettings.objects.create(merchant=merchant, placement="basket", holdout_percent=50)
    for about in RULES:
        rule = Rule.objects.create(merchant=merchant, name="Nothing", **about)
        loading.forget()
        for placement in PLACEMENTS:
            for person in ({}, {"customer": "c-1"}, {"customer": "c-2"}):
                assert shown(api, placement=placement, product=sku(0, 0), **person) == [], (about, placement)
        assert "Nothing to recommend" in preview(client, merchant)
        rule.delete()
    loading.forget()
    assert len(shown(api)) == 32


def test_a_pin_of_what_is_gone_pins_nothing(api: Storefront, client: Client, merchant: Merchant, live: ModelVersion):
    product = Product.objects.for_merchant(merchant).get(sku=sku(3, 7))
    rule = Rule.objects.create(merchant=merchant, name="Gone", action="pin", slot=1, product_ids=[product.pk, 2**60])
    loading.forget()
    assert shown(api)[0] == sku(3, 7)
    delete(merchant, pk=product.pk)
    assert len(shown(api)) == 31
    for name, arguments in (("rule_list", []), ("rule_edit", [rule.pk])):
        assert client.get(reverse(name, args=[merchant.slug, *arguments])).status_code == 200


# --- products that go while the model knows them


def test_deleted_products_are_nowhere_and_nothing_breaks_beside_them(
    api: Storefront, client: Client, merchant: Merchant, live: ModelVersion
):
    delete(merchant, sku__startswith="G1-")
    for placement in PLACEMENTS:
        for asked in ({"product": sku(1, 0)}, {"basket": f"{sku(1, 0)},{sku(0, 0)}"}, {"customer": "c-1"}):
            assert not [one for one in shown(api, placement=placement, **asked) if one.startswith("G1-")]
    assert api.get(f"{URL}/audience", {"product": sku(1, 0)}).status_code == 404
    assert "Thing 1-" not in preview(client, merchant, customer="c-1")


def test_a_shop_that_loses_everything_answers_with_nothing(
    api: Storefront, client: Client, merchant: Merchant, live: ModelVersion
):
    delete(merchant)
    assert [shown(api, placement=placement, customer="c-1") for placement in PLACEMENTS] == [[]] * len(PLACEMENTS)
    page = preview(client, merchant, customer="c-1")
    assert "Nothing to recommend" in page
    assert "There is no other candidate." in page
    assert train_models(merchant, progress=Quiet()).status == Status.REFUSED


# --- trainings that somebody gets in the way of


class During(Quiet):
    """Does something once, when the training comes to a step."""

    def __init__(self, step: str, act: Any) -> None:
        super().__init__()
        self._step, self._act = step, act

    def step(self, text: str, *, total: int | None = None) -> None:
        if text == self._step:
            self._step = ""
            self._act()


@pytest.mark.parametrize("step", ["Learning from all purchases", "Writing the model"])
def test_who_rolls_back_while_a_training_runs_is_not_overruled_by_it(
    merchant: Merchant, membership: Membership, live: ModelVersion, step: str
):
    newer = train_models(merchant, progress=Quiet())
    during = During(step, lambda: roll_back(live, staff=membership.staff))
    outcome = train_models(merchant, progress=during)
    assert (outcome.status, outcome.reason) == (Status.REFUSED, {"code": "rolled_back"})
    assert ModelVersion.objects.for_merchant(merchant).live().get() == live
    assert {entry.name for entry in live.directory.parent.iterdir()} >= {live.version, newer.version}
    assert not outcome.directory.exists()
    assert training_plan(merchant).is_paused
    # Who trains afterwards wants it.
    assert train_models(merchant, progress=Quiet()).status == Status.LIVE


def test_a_rollback_cancels_what_waits_and_what_runs(merchant: Merchant, membership: Membership, live: ModelVersion):
    train_models(merchant, progress=Quiet())
    waiting = request_training(merchant, staff=membership.staff, ring_worker=False)
    roll_back(live, staff=membership.staff)
    waiting.refresh_from_db()
    assert waiting.state == Job.State.CANCELLED
    assert jobs.run(waiting).state == Job.State.CANCELLED
    assert ModelVersion.objects.for_merchant(merchant).live().get() == live
    assert request_training(merchant, staff=membership.staff, ring_worker=False).state == Job.State.QUEUED


def test_a_training_that_is_cancelled_halfway_leaves_the_model_and_no_files(
    merchant: Merchant, membership: Membership, live: ModelVersion, monkeypatch: pytest.MonkeyPatch
):
    job = request_training(merchant, staff=membership.staff, ring_worker=False)
    step = jobs.Progress.step

    def then_cancel(self: jobs.Progress, text: str, *, total: int | None = None) -> None:
        if text == "Deciding whether it may go live":
            cancel_job(Job.objects.get(pk=job.pk))
        step(self, text, total=total)

    monkeypatch.setattr(jobs.Progress, "step", then_cancel)
    assert jobs.run(job).state == Job.State.CANCELLED
    assert list(ModelVersion.objects.for_merchant(merchant)) == [live]
    assert {entry.name for entry in live.directory.parent.iterdir()} == {live.version}
    monkeypatch.undo()
    assert jobs.run(request_training(merchant, staff=membership.staff, ring_worker=False)).state == Job.State.DONE


def test_a_paused_shop_trains_when_somebody_says_so(merchant: Merchant, membership: Membership, live: ModelVersion):
    pause(merchant, staff=membership.staff)
    job = jobs.run(request_training(merchant, staff=membership.staff, ring_worker=False))
    assert (job.state, job.result["status"]) == (Job.State.DONE, "live")


# --- questions that mean nothing


@pytest.mark.parametrize("price", ["1e400", "1e30", "-1", "NaN", "99999999999999", "\N{ARABIC-INDIC DIGIT THREE}" * 30])
def test_no_price_of_a_rule_is_too_odd(client: Client, merchant: Merchant, price: str):
    asked = {"action": "price_band", "name": "x", "price_to": price, "asked-placement": "home"}
    address = reverse("rule_add", args=[merchant.slug])
    answer = client.post(f"{address}?action=price_band", asked)
    assert answer.status_code == 422
    assert client.get(reverse("rule_preview", args=[merchant.slug]), asked).status_code == 200
    assert not Rule.objects.for_merchant(merchant).exists()


ODD = ["\N{FOX FACE}" * 60, "\N{RIGHT-TO-LEFT OVERRIDE}c-1", "%00", "' OR 1=1 --", "𝕮-1", "x" * 255]


def test_odd_names_are_strangers(
    api: Storefront, live: ModelVersion, django_assert_num_queries: DjangoAssertNumQueries
):
    stranger = shown(api, limit=5)
    with django_assert_num_queries(0):
        for odd in ODD:
            for name in ("customer", "anonymous_id", "basket", "category"):
                assert shown(api, limit=5, **{name: odd}) == stranger, (name, odd)
