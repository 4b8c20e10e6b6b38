"""Training with progress and log, comparing, rolling back and planning: what an editor does in the browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from core.models import Job
from merchants.models import Membership
from recommendations import loading
from recommendations.actions import TRAINING, train_models
from recommendations.models import ModelVersion, training_plan
from tests.browser.back_office import at_work, is_clean, work
from tests.factories import MembershipFactory
from tests.recommendations.shops import stocked_shop
from tests.recommendations.worlds import Quiet


@pytest.fixture(autouse=True)
def _own_memory(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.MODELS_DIR = tmp_path / "models"
    loading.forget()
    yield
    loading.forget()


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__name="Muster", merchant__slug="muster")


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    stocked_shop(owner.merchant)
    with at_work(page, base_url, owner):
        yield page


def test_a_training_shows_its_progress_and_then_what_it_came_to(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/recommendations/")
    is_clean(page)
    page.get_by_role("button", name="Train now").click()
    expect(page.get_by_text("The training has begun.")).to_be_visible()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    job = Job.objects.for_merchant(owner.merchant).get(kind=TRAINING)
    # As a worker that is in the middle of it.
    Job.objects.filter(pk=job.pk).update(state="running", step="Learning from all purchases", done=3, total=12)
    expect(page.get_by_text("Learning from all purchases · 3 of 12")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Train recommendations")).to_have_attribute("aria-valuenow", "25")
    is_clean(page)
    Job.objects.filter(pk=job.pk).update(state="queued")
    work(owner, TRAINING)
    # The page notices by itself, and shows the model.
    expect(page.get_by_text("The live model was trained")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Ranks better than popularity.")).to_be_visible()
    version = ModelVersion.objects.for_merchant(owner.merchant).live().get()
    page.get_by_role("row", name=re.compile(version.version)).get_by_role("link").click()
    expect(page.get_by_role("heading", name="What was checked before it went live")).to_be_visible()
    expect(page.get_by_text("Read 1,500 purchases, 0 events and 32 products")).to_be_visible()
    is_clean(page)


def test_a_training_is_cancelled(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/recommendations/")
    page.get_by_role("button", name="Train now").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Train now")).to_be_visible(timeout=15_000)
    assert Job.objects.for_merchant(owner.merchant).get(kind=TRAINING).state == Job.State.CANCELLED


def test_two_models_are_compared_and_the_earlier_one_is_brought_back(page: Page, owner: Membership) -> None:
    first, second = (train_models(owner.merchant, progress=Quiet()) for _ in range(2))
    page.goto("/m/muster/recommendations/")
    page.get_by_role("link", name="Models", exact=True).click()
    is_clean(page)
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("combobox", name="One model")).to_have_value(str(second.pk))
    expect(page.get_by_role("row", name=re.compile("Hit rate")).first).to_be_visible()
    is_clean(page)
    page.goto(f"/m/muster/recommendations/models/{first.pk}")
    page.get_by_role("button", name="Roll back to this model").click()
    expect(page.get_by_role("dialog")).to_contain_text("Trainings by schedule are paused until you resume them.")
    is_clean(page)
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("This model answers again within two seconds.")).to_be_visible()
    assert ModelVersion.objects.for_merchant(owner.merchant).live().get() == first
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("Trainings by schedule are paused")).to_be_visible()
    is_clean(page)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Trainings begin by schedule again.")).to_be_visible()
    assert not training_plan(owner.merchant).is_paused


def test_the_plan_is_changed(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/recommendations/plan")
    is_clean(page)
    page.get_by_label("nightly training at").select_option("5")
    page.get_by_label("days of orders").fill("400")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The plan is saved.")).to_be_visible()
    assert (training_plan(owner.merchant).hour, training_plan(owner.merchant).purchase_days) == (5, 400)
