"""Between two trainings: what sells now, what visitors look at now, and products that are new."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from django.utils.translation import override

from catalog.models import Product
from customers.models import Customer
from merchants.models import Membership, Merchant
from recommendations import actions, loading
from recommendations.actions import forget_customers, refresh_model, train_models
from recommendations.engines import artefacts
from recommendations.models import ModelVersion
from recommendations.serving import reason_text, recommend
from tests.factories import CategoryFactory
from tests.recommendations.shops import buy, sku, stocked_shop, track
from tests.recommendations.worlds import Quiet


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    return stocked_shop(merchant)


@pytest.fixture
def live(merchant: Merchant, people: list[Customer]) -> ModelVersion:
    return train_models(merchant, progress=Quiet())


def loaded(merchant: Merchant) -> loading.Loaded:
    """As a web process sees it two seconds later."""
    shop = loading._shops.get(merchant.pk)
    if shop is not None:
        shop._pointer_due = 0.0
    found = loading.current(merchant.pk)
    assert found is not None
    return found


def skus(merchant: Merchant, **question: object) -> list[str]:
    loaded(merchant)
    answer = recommend(merchant_id=merchant.pk, limit=8, **{"placement": "home", **question})  # type: ignore[arg-type]
    return [item.sku for item in answer.items]


def add_product(merchant: Merchant, sku: str = "NEW") -> Product:
    return Product.objects.create(merchant=merchant, sku=sku, title="New", price=1000, stock=5)


def test_what_sells_since_the_training_is_popular_after_the_refresh(
    merchant: Merchant, people: list[Customer], live: ModelVersion
):
    least = sku(3, 7)
    for person in people[:40]:
        buy(person, least, at=timezone.now())
    assert skus(merchant)[0] != least
    refreshed = refresh_model(merchant)
    assert refreshed == live
    assert skus(merchant)[0] == least
    assert loaded(merchant).version == live.version


def test_a_product_that_is_new_since_the_training_is_recommended(
    merchant: Merchant, people: list[Customer], live: ModelVersion
):
    product = add_product(merchant)
    for person in people[:60]:
        buy(person, "NEW", "G0-0", at=timezone.now())
    assert "NEW" not in skus(merchant)
    refresh_model(merchant)
    assert "NEW" in skus(merchant)[:2]
    assert skus(merchant, placement="product", product="NEW")
    assert product.pk == loaded(merchant).products[-1]


def test_every_placement_answers_for_everybody_with_new_products_about(
    merchant: Merchant, people: list[Customer], live: ModelVersion, caplog: pytest.LogCaptureFixture
):
    """Engines that never heard of them are asked with them as anchors, in the basket, in the visit and as bought."""
    category = CategoryFactory(merchant=merchant, path="Brand new")
    for number in range(3):
        Product.objects.filter(pk=add_product(merchant, f"NEW-{number}").pk).update(category=category)
    buy(people[1], "NEW-0", at=timezone.now())
    track(merchant, "Product Viewed", "NEW-1")
    refresh_model(merchant)
    for placement in ("home", "product", "similar", "complementary", "basket", "order_confirmation", "till"):
        for external_id in ("", "c-1", "unknown"):
            answer = skus(
                merchant, placement=placement, external_id=external_id, product="NEW-1", basket=["NEW-2", "G1-1"]
            )
            assert answer, placement
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_the_second_refresh_replaces_the_first_and_its_files(merchant: Merchant, live: ModelVersion):
    add_product(merchant, "NEW-1")
    first = refresh_model(merchant)
    assert first is not None
    assert len(loaded(merchant).products) == 33
    add_product(merchant, "NEW-2")
    second = refresh_model(merchant)
    assert second is not None
    assert len(loaded(merchant).products) == 34
    assert second.refresh != first.refresh
    live.refresh_from_db()
    # What the transaction left to be done after its end.
    assert artefacts.load(actions.publishing.artefact_directory(merchant.pk, live.refresh))


def test_deleted_and_late_products_keep_everything_at_its_position(
    merchant: Merchant, people: list[Customer], live: ModelVersion
):
    gone = Product.objects.create(merchant=merchant, sku="GONE", title="Gone", price=1)
    newer = train_models(merchant, progress=Quiet())
    before = artefacts.load(newer.directory).arrays["ids.products"]
    pk = gone.pk
    gone.delete()
    refresh_model(merchant)
    after = loaded(merchant)
    assert np.array_equal(after.products, before)
    assert pk in after.products
    assert "GONE" not in after.positions


def test_nothing_is_refreshed_without_a_model_or_when_it_cannot_be_read(merchant: Merchant, people: list[Customer]):
    assert refresh_model(merchant) is None
    live = train_models(merchant, progress=Quiet())
    (live.directory / "manifest.json").unlink()
    assert refresh_model(merchant) is None


def test_a_model_that_went_live_meanwhile_is_not_overwritten(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch
):
    read = actions.refreshing.read_snapshot

    def slowly(*args: object, **kwargs: object) -> object:
        train_models(merchant, progress=Quiet())
        return read(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(actions.refreshing, "read_snapshot", slowly)
    assert refresh_model(merchant) is None
    assert not ModelVersion.objects.for_merchant(merchant).exclude(refresh="").exists()


def test_a_damaged_refresh_leaves_the_model_as_it_was_trained(
    merchant: Merchant, live: ModelVersion, caplog: pytest.LogCaptureFixture
):
    before = skus(merchant)
    refreshed = refresh_model(merchant)
    assert refreshed is not None
    assert refreshed.refresh_directory is not None
    (refreshed.refresh_directory / "popularity.recent.npy").write_bytes(b"no array")
    assert skus(merchant) == before
    assert loaded(merchant).refresh == ""
    assert "goes on unrefreshed" in caplog.text


def test_an_erasure_keeps_the_refresh(merchant: Merchant, people: list[Customer], live: ModelVersion):
    add_product(merchant)
    refresh_model(merchant)
    forget_customers(merchant.pk, [people[0].pk])
    state = loaded(merchant)
    assert state.customer_position(people[0].pk) is None
    assert len(state.products) == 33


def test_a_new_customer_is_answered_from_the_first_purchase_on(
    merchant: Merchant, live: ModelVersion, people: list[Customer]
):
    """New customers need no refresh: what they bought since is folded in when they are answered."""
    newcomer = Customer.objects.create(merchant=merchant, first_name="New")
    assert loaded(merchant).customer_position(newcomer.pk) is None
    stranger = skus(merchant)
    buy(newcomer, sku(2, 0), sku(2, 1), at=timezone.now() + timedelta(seconds=1))
    personal = skus(merchant, customer_id=newcomer.pk)
    assert sum(one.startswith("G2") for one in personal[:4]) > sum(one.startswith("G2") for one in stranger[:4])


def test_a_refresh_is_of_one_merchant(merchant: Merchant, live: ModelVersion, stranger: Membership):
    stocked_shop(stranger.merchant, customers=3, orders=1, prefix="theirs")
    add_product(stranger.merchant, "THEIRS")
    refreshed = refresh_model(merchant)
    assert refreshed is not None
    assert refreshed.refresh_directory is not None
    assert len(artefacts.load(refreshed.refresh_directory).arrays["ids.products"]) == 32


def test_a_product_of_today_without_any_sale_is_recommended_to_those_who_bought_alike(
    merchant: Merchant, people: list[Customer]
):
    """From the title alone, and the reason says so in both languages."""
    for number, product in enumerate(Product.objects.for_merchant(merchant).order_by("id")):
        kind = ("Gartenschere", "Teekanne", "Wanderschuh", "Kerze")[number // 8]
        Product.objects.filter(pk=product.pk).update(title=f"{kind} Modell {number}")
    train_models(merchant, progress=Quiet())
    Product.objects.create(merchant=merchant, sku="NEW", title="Teekanne Neuheit", price=1000, stock=5)
    assert "NEW" not in skus(merchant, placement="discover", external_id="c-1")
    refresh_model(merchant)
    loaded(merchant)
    answer = recommend(merchant_id=merchant.pk, placement="discover", external_id="c-1", limit=8)
    reason = next(item.reason for item in answer.items if item.sku == "NEW")
    assert (reason.source, reason.code) == ("content", "resembles")
    assert reason.because in {sku(1, number) for number in range(8)}
    assert reason_text(reason, {reason.because: "Teekanne"}) == "Similar to Teekanne"
    with override("de"):
        assert reason_text(reason, {reason.because: "Teekanne"}) == "Ähnlich wie Teekanne"
