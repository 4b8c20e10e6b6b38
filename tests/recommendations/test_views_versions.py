"""Screens of trained models and of the plan: what was checked, two beside each other, back to an earlier one."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from core import jobs
from merchants.models import Membership, Merchant, Role
from recommendations.actions import pause, request_training, train_models
from recommendations.models import ModelVersion, TrainingPlan, training_plan
from recommendations.outcomes import ailments, checked, compare, outcome_text
from tests.factories import MembershipFactory
from tests.recommendations.shops import stocked_shop
from tests.recommendations.worlds import Quiet


def version(merchant: Merchant, name: str, **facts: object) -> ModelVersion:
    values = {"status": ModelVersion.Status.RETIRED, "snapshot_at": timezone.now(), "size": 1_000_000} | facts
    return ModelVersion.objects.create(merchant=merchant, version=name, **values)


@pytest.fixture
def trained(merchant: Merchant) -> list[ModelVersion]:
    """Two trainings; the second one is live."""
    stocked_shop(merchant)
    jobs.run(request_training(merchant, staff=None, ring_worker=False))
    train_models(merchant, progress=Quiet())
    return list(ModelVersion.objects.for_merchant(merchant).order_by("id"))


def get(client: Client, merchant: Merchant, name: str, *args: object, **query: object) -> str:
    answer = client.get(reverse(name, args=[merchant.slug, *args]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_model_shows_what_was_checked_what_it_learnt_from_and_how_long_it_took(
    client: Client, merchant: Merchant, trained: list[ModelVersion]
):
    page = get(client, merchant, "model_version", trained[0].pk)
    for text in (
        "All values are numbers",
        "No worse than people&#x27;s own history",
        "Answers in time",
        "Products without a category",
        "Deciding whether it may go live",
        "Read 1,500 purchases, 0 events and 32 products",
        "Roll back to this model",
        "Compare with the live one",
    ):
        assert text in page, text
    live = get(client, merchant, "model_version", trained[1].pk)
    assert ("This model" in page, "Live model" in page) == (True, False)
    assert ("This model" in live, "Live model" in live) == (False, True)
    assert "Roll back to this model" not in live
    assert "1,500 purchases, the live model had 1,500" in live


def test_a_refused_model_says_why_in_red_and_black(client: Client, merchant: Merchant):
    refused = version(
        merchant,
        "refused",
        status=ModelVersion.Status.REFUSED,
        size=0,
        reason={"code": "worse_than_live", "low": -0.3, "high": -0.1, "customers": 80},
        checks=[
            {"code": "not_finite", "passed": True},
            {"code": "worse_than_live", "passed": False, "low": -0.3, "high": -0.1, "customers": 80},
        ],
    )
    page = get(client, merchant, "model_version", refused.pk)
    assert "Why it stayed out" in page
    assert "Asked for the newest orders of 80 customers, which were kept from both, this training ranked worse" in page
    assert "NDCG@10 differs by −0.300 to −0.100" in page
    assert [check.state for check in checked(refused)] == ["ok", "danger"]
    overview = get(client, merchant, "recommendations")
    assert "The newest training was refused." in overview


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ({"code": "worse_than_history", "low": -0.2, "high": -0.05}, "bought before (NDCG@10 lower by 0.200 to 0.050)"),
        ({"code": "coverage_collapsed", "products": 8, "live_products": 40}, "8 different products"),
        ({"code": "too_slow", "p95_ms": 40.5, "budget_ms": 25.0}, "up to 40.5 ms of computing; 25.0 ms are allowed"),
        ({"code": "out_of_memory", "error": "MemoryError"}, "needed more memory than it may take"),
    ],
)
def test_every_refusal_has_its_words(reason: dict[str, object], text: str):
    assert text in outcome_text(ModelVersion(reason=reason))


def test_ailments_say_what_could_be_mended():
    health = {
        "products": 10,
        "products_without_category": 5,
        "products_never_sold": 9,
        "baskets": 10,
        "guest_baskets": 7,
        "events": 90,
        "bot_events": 10,
        "unknown_product_events": 50,
    }
    shown = {
        ailment.label: (ailment.count, round(ailment.share, 2), bool(ailment.advice))
        for ailment in ailments(ModelVersion(health=health))
    }
    assert shown == {
        "Orders by guests": (7, 0.7, True),
        "Events of bots, left out": (10, 0.1, False),
        "Events about products that are not in the catalogue": (50, 0.5, True),
        "Products without a category": (5, 0.5, True),
        "Products never sold": (9, 0.9, False),
    }
    assert ailments(ModelVersion()) == []
    assert [ailment.share for ailment in ailments(ModelVersion(health=dict.fromkeys(health, 0)))] == [0.0] * 5


# --- list and comparison


def test_the_list_narrows_by_state_and_costs_the_same_for_one_and_for_many(
    client: Client, merchant: Merchant, django_assert_max_num_queries: DjangoAssertNumQueries
):
    version(merchant, "one")
    url = reverse("model_versions", args=[merchant.slug])
    client.get(url)
    with django_assert_max_num_queries(15) as few:
        client.get(url)
    for number in range(20):
        version(merchant, f"v-{number}", status=ModelVersion.Status.FAILED, reason={"code": "failed", "error": "E"})
    with django_assert_max_num_queries(len(few)):
        page = client.get(url).content.decode()
    assert "The training broke off: E." in page
    narrowed = client.get(url, {"status": "retired"}).content.decode()
    assert ">one<" in narrowed
    assert ">v-3<" in page
    assert ">v-3<" not in narrowed


def test_an_empty_list_says_what_will_be_there(client: Client, merchant: Merchant):
    assert "Every training leaves a model here" in get(client, merchant, "model_versions")
    assert "Nothing to compare yet" in get(client, merchant, "model_versions_compare")


def test_two_models_stand_beside_each_other(client: Client, merchant: Merchant, trained: list[ModelVersion]):
    older, live = trained

    def selected(**asked: int) -> list[int]:
        page = get(client, merchant, "model_versions_compare", **asked)
        return [int(pk) for pk in re.findall(r'value="(\d+)"\s+selected', page)]

    assert selected() == [live.pk, older.pk]
    assert selected(left=older.pk, right=live.pk) == [older.pk, live.pk]


def test_a_comparison_says_which_is_better_and_by_how_much():
    blend = {"all_hr": 0.5, "all_ndcg": 0.25}
    left = ModelVersion(metrics={"methods": {"blend": blend}}, rows=1000, duration=timedelta(seconds=2))
    right = ModelVersion(metrics={"methods": {"blend": blend | {"all_hr": 0.6}}}, rows=900)
    lines = {line.label: line for _title, group in compare(left, right) for line in group}
    assert (lines["Hit rate"].left, lines["Hit rate"].right, lines["Hit rate"].change) == ("0.500", "0.600", "+0.100")
    assert lines["Hit rate"].better == "right"
    assert (lines["NDCG@10"].better, lines["NDCG@10"].change) == ("", "0")
    assert (lines["Coverage"].left, lines["Coverage"].change) == ("–", "")
    assert (lines["Purchases"].change, lines["Duration"].left) == ("−100", "2.0 s")
    with translation.override("de"):
        german = {line.label: line for _title, group in compare(left, right) for line in group}
    assert german["Trefferquote"].change == "+0,100"


@pytest.mark.parametrize("asked", ["abc", "99999999999999999999", "0", "-1", "²"])
def test_what_is_no_model_is_not_found(client: Client, merchant: Merchant, asked: str):
    assert client.get(reverse("model_versions_compare", args=[merchant.slug]), {"left": asked}).status_code == 404


def test_no_model_of_another_merchant_is_shown_compared_or_rolled_back_to(
    client: Client, merchant: Merchant, stranger: Membership
):
    theirs = version(stranger.merchant, "their-model")
    assert "their-model" not in get(client, merchant, "model_versions")
    assert client.get(reverse("model_version", args=[merchant.slug, theirs.pk])).status_code == 404
    assert client.post(reverse("model_version_roll_back", args=[merchant.slug, theirs.pk])).status_code == 404
    assert client.get(reverse("model_versions_compare", args=[merchant.slug]), {"right": theirs.pk}).status_code == 404


# --- rolling back


def test_one_click_rolls_back_and_another_resumes_the_schedule(
    client: Client, merchant: Merchant, trained: list[ModelVersion]
):
    older = trained[0]
    answer = client.post(reverse("model_version_roll_back", args=[merchant.slug, older.pk]), follow=True)
    assert "This model answers again within two seconds." in answer.content.decode()
    assert ModelVersion.objects.for_merchant(merchant).live().get() == older
    assert "Trainings by schedule are paused" in get(client, merchant, "recommendations")
    client.post(reverse("training_resume", args=[merchant.slug]))
    assert not training_plan(merchant).is_paused
    assert "Trainings by schedule are paused" not in get(client, merchant, "recommendations")


def test_a_model_that_is_gone_cannot_be_rolled_back_to(client: Client, merchant: Merchant):
    gone = version(merchant, "gone", size=0)
    answer = client.post(reverse("model_version_roll_back", args=[merchant.slug, gone.pk]), follow=True)
    assert "This model is not kept any more." in answer.content.decode()
    assert not ModelVersion.objects.for_merchant(merchant).live().exists()


@pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 403), (Role.SUPPORT, 403), (Role.EDITOR, 302)])
def test_only_editors_roll_back_and_plan(merchant: Merchant, role: Role, status: int):
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=role).staff)
    model = version(merchant, "v")
    assert browser.post(reverse("model_version_roll_back", args=[merchant.slug, model.pk])).status_code == status
    assert browser.post(reverse("training_resume", args=[merchant.slug])).status_code == status
    assert browser.get(reverse("training_plan", args=[merchant.slug])).status_code == (200 if status == 302 else 403)
    assert browser.get(reverse("model_version", args=[merchant.slug, model.pk])).status_code == 200


# --- plan


@pytest.fixture
def plan_url(merchant: Merchant) -> str:
    return reverse("training_plan", args=[merchant.slug])


VALID = {"hour": "4", "refresh_minutes": "15", "purchase_days": "365", "event_days": "30", "is_paused": "on"}


def test_the_plan_is_saved(client: Client, merchant: Merchant, plan_url: str):
    assert client.post(plan_url, VALID).headers["Location"] == plan_url
    plan = training_plan(merchant)
    assert (plan.hour, plan.refresh_minutes, plan.purchase_days, plan.event_days) == (4, 15, 365, 30)
    assert plan.is_paused


@pytest.mark.parametrize(
    "wrong", [{"hour": "24"}, {"purchase_days": "3"}, {"event_days": "0"}, {"refresh_minutes": "7"}, {"hour": ""}]
)
def test_a_wrong_plan_is_refused_and_nothing_is_saved(
    client: Client, merchant: Merchant, plan_url: str, wrong: dict[str, str]
):
    assert client.post(plan_url, VALID | wrong).status_code == 422
    assert not TrainingPlan.objects.for_merchant(merchant).exists()


def test_the_overview_tells_the_next_training(client: Client, merchant: Merchant, membership: Membership):
    version(merchant, "live-one", status=ModelVersion.Status.LIVE)
    assert "Next training" in get(client, merchant, "recommendations")
    pause(merchant, staff=membership.staff)
    page = get(client, merchant, "recommendations")
    assert ">paused<" in page.replace("\n", "").replace("  ", "")
