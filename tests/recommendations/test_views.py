"""The recommender's screen, and what it shows on others."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog.models import Product
from core.models import Job
from customers.models import Customer
from merchants.models import Membership, Merchant, Role
from recommendations.actions import TRAINING, request_training, train_models
from recommendations.models import ModelVersion
from recommendations.outcomes import outcome_text, verdicts
from recommendations.panels import customer_recommendations, product_companions
from recommendations.serving import recommend
from recommendations.showing import with_products
from tests.factories import MembershipFactory, ProductFactory
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    return stocked_shop(merchant)


@pytest.fixture
def live(merchant: Merchant, people: list[Customer]) -> ModelVersion:
    return train_models(merchant, progress=Quiet())


@pytest.fixture
def url(merchant: Merchant) -> str:
    return reverse("recommendations", args=[merchant.slug])


def shown_skus(page: str) -> list[str]:
    return re.findall(r"G\d-\d", re.sub(r"<a.*?</a>|Thing G\d-\d", "", page))


def test_the_screen_shows_the_live_model_and_its_quality(client: Client, live: ModelVersion, url: str):
    page = client.get(url).content.decode()
    assert live.version in page
    assert "1,500" in page
    assert "Ranks better than popularity." in page
    assert f"{live.metrics['methods']['blend']['all_hr'] * 100:.1f}%" in page


def test_an_untrained_shop_is_told_what_answers(client: Client, url: str):
    page = client.get(url).content.decode()
    assert "Nothing is trained yet" in page
    assert "No training yet" in page


def test_a_shop_with_little_data_is_told_how_much_is_needed(client: Client, merchant: Merchant, url: str):
    stocked_shop(merchant, customers=3)
    train_models(merchant, progress=Quiet())
    page = client.get(url).content.decode()
    assert "Too few purchases to learn about people yet" in page
    assert "1,000 purchases and 25 customers" in page


def test_a_refused_version_says_why(client: Client, merchant: Merchant, live: ModelVersion, url: str):
    ModelVersion.objects.create(
        merchant=merchant,
        version="refused-one",
        status=ModelVersion.Status.REFUSED,
        snapshot_at=timezone.now(),
        reason={"code": "rows_halved", "rows": 700, "live_rows": 1500},
    )
    page = client.get(url).content.decode()
    assert "It learnt from 700 purchases, the live model from 1,500." in page


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ({"code": "not_finite", "array": "als.products"}, "no numbers (als.products)"),
        ({"code": "worse_than_popularity", "low": -0.2, "high": -0.05}, "lower by 0.200 to 0.050"),
        ({"code": "failed", "error": "MemoryError"}, "broke off: MemoryError"),
        ({"code": "from the future"}, ""),
        ({}, ""),
    ],
)
def test_every_reason_has_its_words(reason: dict[str, object], text: str):
    assert text in outcome_text(ModelVersion(reason=reason))


def test_verdicts_follow_the_interval():
    version = ModelVersion(metrics={"gain": {"popularity": [0.1, 0.2], "history": [-0.01, 0.02]}})
    assert [verdict.tone for verdict in verdicts(version)] == ["success", "neutral"]
    worse = ModelVersion(metrics={"gain": {"popularity": [-0.2, -0.1]}})
    assert [verdict.tone for verdict in verdicts(worse)] == ["warning"]


# --- preview


@pytest.fixture
def preview(merchant: Merchant) -> str:
    return reverse("recommendation_preview", args=[merchant.slug])


def test_the_preview_lives_in_the_address(client: Client, live: ModelVersion, preview: str):
    page = client.get(preview, {"placement": "basket", "customer": "c-1", "skus": f"{sku(1, 0)}, {sku(1, 1)}"})
    assert "For Ada" in page.content.decode()
    assert len(shown_skus(page.content.decode())) >= 8


def test_an_htmx_request_gets_the_preview_alone(client: Client, live: ModelVersion, preview: str):
    headers = {"HX-Request": "true", "HX-Target": "answer"}
    part = client.get(preview, {"placement": "product", "skus": sku(2, 0)}, headers=headers).content.decode()
    assert "<html" not in part
    assert "Bought by those who liked Thing 2-0" in part


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"placement": "attic"}, "Select a valid choice"),
        ({"placement": "home", "customer": "nobody"}, "There is no customer with this number or address."),
        ({"placement": "home", "skus": "nothing"}, "There is no product with the SKU nothing."),
    ],
)
def test_a_wrong_question_is_explained(
    client: Client, live: ModelVersion, preview: str, query: dict[str, str], error: str
):
    answer = client.get(preview, query)
    assert answer.status_code == 200
    assert error in answer.content.decode()


def test_the_preview_knows_no_other_merchants_people_or_products(
    client: Client, live: ModelVersion, preview: str, stranger: Membership
):
    stocked_shop(stranger.merchant, customers=1, orders=1, prefix="theirs")
    ProductFactory(merchant=stranger.merchant, sku="THEIRS")
    assert "no customer" in client.get(preview, {"placement": "home", "customer": "theirs-0"}).content.decode()
    assert "no product" in client.get(preview, {"placement": "home", "skus": "THEIRS"}).content.decode()


# --- training


def test_train_now_queues_a_job_and_shows_its_progress(client: Client, merchant: Merchant, url: str):
    answer = client.post(reverse("training_start", args=[merchant.slug]))
    assert answer.headers["Location"] == url
    job = Job.objects.for_merchant(merchant).get(kind=TRAINING)
    page = client.get(url).content.decode()
    assert f'id="job-{job.pk}"' in page
    assert "Train now" not in page


def test_a_second_click_says_that_one_is_running(client: Client, merchant: Merchant, membership: Membership, url: str):
    request_training(merchant, staff=membership.staff, ring_worker=False)
    answer = client.post(reverse("training_start", args=[merchant.slug]), follow=True)
    assert "already waiting or running" in answer.content.decode()
    assert Job.objects.for_merchant(merchant).count() == 1


def test_only_editors_train(merchant: Merchant):
    for role, status in ((Role.ANALYST, 403), (Role.SUPPORT, 403), (Role.EDITOR, 302)):
        browser = Client()
        browser.force_login(MembershipFactory(merchant=merchant, role=role).staff)
        assert browser.post(reverse("training_start", args=[merchant.slug])).status_code == status


def test_an_analyst_sees_the_screen_without_the_button(merchant: Merchant, url: str):
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
    assert "Train now" not in browser.get(url).content.decode()


def test_a_get_never_trains(client: Client, merchant: Merchant):
    assert client.get(reverse("training_start", args=[merchant.slug])).status_code == 405
    assert not Job.objects.for_merchant(merchant).exists()


# --- on screens of others


def test_a_profile_shows_the_next_best_products_with_reasons(
    client: Client, merchant: Merchant, live: ModelVersion, people: list[Customer]
):
    page = client.get(reverse("customer_detail", args=[merchant.slug, people[0].pk])).content.decode()
    assert "Next best products" in page
    assert "You bought this before" in page


def test_a_product_shows_its_companions(client: Client, merchant: Merchant, live: ModelVersion):
    product = Product.objects.for_merchant(merchant).get(sku=sku(0, 0))
    page = client.get(reverse("product_detail", args=[merchant.slug, product.pk])).content.decode()
    assert "Recommended beside it" in page
    assert "Bought by those who liked Thing 0-0" in page


def test_panels_of_an_empty_shop_say_so(merchant: Merchant):
    alone = ProductFactory(merchant=merchant, stock=0)
    person = Customer.objects.create(merchant=merchant)
    assert product_companions(alone).context["shown"] == []
    assert customer_recommendations(person).context["shown"] == []


def test_showing_costs_one_query_for_any_number(
    merchant: Merchant, live: ModelVersion, django_assert_num_queries: DjangoAssertNumQueries
):
    for limit in (1, 10):
        answer = recommend(merchant_id=merchant.pk, placement="home", external_id="c-1", limit=limit)
        with django_assert_num_queries(1):
            shown = with_products(merchant.pk, answer)
        assert [row.product.sku for row in shown] == [item.sku for item in answer.items]
        assert shown[0].share == 1
