"""What a visitor does counts in the next answer, through the API; and what nobody must learn from it, or be shown."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog.models import Category, Product
from core.redis import redis_client
from customers.actions.consent import record_objection
from customers.actions.merging import merge_customers, unmerge
from customers.events import CustomersMerged, CustomersUnmerged
from customers.models import Customer, Merge
from customers.tracking import bots, visitor
from merchants.models import Membership, Merchant
from orders.events import ReturnReceived
from orders.models import Order, Return
from recommendations import loading, recent
from recommendations.actions import train_models
from recommendations.handlers import remember_apart, remember_return, remember_together
from recommendations.models import ModelVersion
from recommendations.queries import customer_key
from tests.customers.tracking_samples import CONSENTED, moment, send, statuses, viewed
from tests.recommendations.shops import buy, sku, stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import Storefront, storefront

URL = "/api/v1/recommendations"
numbers = count(1)


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    return stocked_shop(merchant)


@pytest.fixture
def live(merchant: Merchant, people: list[Customer]) -> ModelVersion:
    return train_models(merchant, progress=Quiet())


@pytest.fixture
def browser(merchant: Merchant) -> Storefront:
    """A visitor's browser with a publishable key."""
    return storefront(merchant, kind="pk")


@pytest.fixture(autouse=True)
def _awake() -> Iterator[None]:
    visitor.wake()
    bots.forget_hasty()
    yield
    visitor.wake()
    bots.forget_hasty()


def did(name: str, product: str, *, minutes: float = -1, **fields: Any) -> dict[str, Any]:
    return viewed(next(numbers), event=name, timestamp=moment(minutes=minutes), properties={"sku": product}, **fields)


def shown(client: Storefront, placement: str = "home", **asked: Any) -> list[str]:
    answer = client.get(URL, {"placement": placement, **asked})
    assert answer.status_code == 200, answer.content
    return [item["sku"] for item in answer.json()["items"]]


def of_group(skus: list[str], group: int) -> int:
    return sum(each.startswith(f"G{group}-") for each in skus)


def new_state() -> None:
    """As after five seconds: what a process keeps is read again."""
    loading.forget()


# --- the first click


def test_the_first_click_of_a_stranger_changes_the_next_answer(browser: Storefront, live: ModelVersion):
    before = shown(browser, anonymous_id="visitor-1")
    rarest = min(range(4), key=lambda group: of_group(before, group))
    assert statuses(send(browser, [did("Product Viewed", sku(rarest, 0))])) == ["stored"]
    after = shown(browser, anonymous_id="visitor-1")
    assert of_group(after, rarest) > of_group(before, rarest)
    assert of_group(after[:3], rarest) >= 2
    assert shown(browser, anonymous_id="somebody-else") == before


def test_a_known_customer_whose_interest_today_differs_sees_it_and_more_with_every_click(
    api: Storefront, live: ModelVersion
):
    before = shown(api, customer="c-0", limit=5)
    assert of_group(before, 0) >= 4
    gains = [of_group(before, 3)]
    for number in range(4):
        send(api, [did("Product Viewed", sku(3, number), userId="c-0", context=CONSENTED)])
        gains.append(of_group(shown(api, customer="c-0", limit=5), 3))
    assert gains[0] < gains[2], gains
    assert gains[-1] >= 3, gains


def test_the_reason_speaks_of_what_was_looked_at(browser: Storefront, live: ModelVersion):
    send(browser, [did("Product Viewed", sku(1, 3))])
    items = browser.get(URL, {"placement": "home", "anonymous_id": "visitor-1"}).json()["items"]
    because = {item["reason"]["because"] for item in items if item["sku"].startswith("G1-")}
    assert sku(1, 3) in because


def test_an_answer_about_a_visitor_asks_no_sql(
    browser: Storefront, merchant: Merchant, live: ModelVersion, django_assert_num_queries: DjangoAssertNumQueries
):
    send(browser, [did("Product Viewed", sku(1, 3)), did("Product Added", sku(2, 3))])
    shown(browser, anonymous_id="visitor-1")
    with django_assert_num_queries(0):
        shown(browser, anonymous_id="visitor-1")
        shown(browser, "basket", anonymous_id="visitor-1")


# --- the basket


def test_what_lies_in_the_tracked_basket_is_not_shown_and_what_goes_with_it_is(browser: Storefront, live: ModelVersion):
    send(browser, [did("Product Added", sku(2, 0)), did("Product Added", sku(2, 1))])
    answer = shown(browser, "basket", anonymous_id="visitor-1", limit=5)
    assert of_group(answer, 2) == 5
    assert not {sku(2, 0), sku(2, 1)} & set(answer)
    assert of_group(shown(browser, "basket", anonymous_id="visitor-1", basket=""), 2) <= 8


def test_what_was_taken_out_of_the_basket_is_left_alone(browser: Storefront, live: ModelVersion):
    send(browser, [did("Product Added", sku(2, 0), minutes=-3), did("Product Added", sku(2, 1), minutes=-2)])
    send(browser, [did("Product Removed", sku(2, 0), minutes=-1)])
    answer = shown(browser, "basket", anonymous_id="visitor-1", limit=20)
    assert sku(2, 0) not in answer
    assert sku(2, 1) not in answer
    assert sku(2, 0) in shown(browser, "basket", basket=sku(2, 1), limit=20)


def test_a_given_basket_is_the_basket(browser: Storefront, live: ModelVersion):
    send(browser, [did("Product Added", sku(2, 0))])
    answer = shown(browser, "basket", anonymous_id="visitor-1", basket=sku(1, 0), limit=4)
    assert of_group(answer, 1) >= 2


# --- what is not shown


def test_what_was_shown_three_times_and_never_looked_at_rests(browser: Storefront, live: ModelVersion):
    first = shown(browser, anonymous_id="visitor-1")[0]
    for turn in range(3):
        seen = {"recommendation_id": f"r-{turn}", "products": [{"sku": first}]}
        event = viewed(next(numbers), event="Product List Viewed", timestamp=moment(minutes=-9 + turn), properties=seen)
        assert first in shown(browser, anonymous_id="visitor-1")
        send(browser, [event])
    assert first not in shown(browser, anonymous_id="visitor-1")
    assert first in shown(browser, anonymous_id="somebody-else")
    send(browser, [did("Product Viewed", first)])
    assert first in shown(browser, anonymous_id="visitor-1", limit=20)


def test_what_came_back_is_not_offered_again_to_this_person(
    api: Storefront, merchant: Merchant, people: list[Customer], live: ModelVersion
):
    order = buy(people[0], sku(1, 0), sku(1, 1), at=timezone.now())
    _send_back(order, sku(1, 0))
    assert sku(1, 0) not in shown(api, customer="c-0", limit=50)
    assert sku(1, 0) in shown(api, customer="c-1", limit=50)
    redis_client().flushdb()
    train_models(merchant, progress=Quiet())
    new_state()
    assert sku(1, 0) not in shown(api, customer="c-0", limit=50)


def _send_back(order: Order, returned: str) -> None:
    line = order.lines.get(product__sku=returned)
    parcel = Return.objects.create(merchant=order.merchant, order=order, reference="R-1", received_at=timezone.now())
    parcel.lines.create(merchant=order.merchant, order_line=line, quantity=1, refund=1000)
    order.lines.filter(pk=line.pk).update(returned=1)
    remember_return(ReturnReceived(merchant_id=order.merchant_id, order_id=order.pk, return_id=parcel.pk))


def test_what_was_rated_badly_is_not_offered_again(browser: Storefront, live: ModelVersion):
    bad = did("Product Reviewed", sku(1, 0))
    bad["properties"]["rating"] = 1
    fine = did("Product Reviewed", sku(1, 1))
    fine["properties"]["rating"] = 5
    send(browser, [bad, fine])
    answer = shown(browser, anonymous_id="visitor-1", limit=50)
    assert sku(1, 0) not in answer
    assert sku(1, 1) in answer


def test_a_category_page_shows_its_category_and_those_below(
    browser: Storefront, merchant: Merchant, live: ModelVersion
):
    outdoor = Category.objects.create(merchant=merchant, name="Outdoor", path="Outdoor")
    tents = Category.objects.create(merchant=merchant, parent=outdoor, name="Tents", path="Outdoor › Tents")
    Product.objects.for_merchant(merchant).filter(sku__startswith="G1-").update(category=tents)
    Product.objects.for_merchant(merchant).filter(sku=sku(0, 0)).update(category=outdoor)
    new_state()
    assert of_group(shown(browser, "category", category="Outdoor > Tents", limit=50), 1) == 8
    assert set(shown(browser, "category", category="Outdoor", limit=50)) == {
        sku(0, 0),
        *(sku(1, number) for number in range(8)),
    }
    assert len(shown(browser, "category", category="Nowhere", limit=50)) > 9


def test_every_placement_answers(api: Storefront, live: ModelVersion):
    for placement in ("similar", "complementary", "search", "till", "not_found"):
        assert len(shown(api, placement, product=sku(0, 0), customer="c-1", limit=4)) == 4
    assert shown(api, "replenish") == []


def test_a_new_product_is_said_to_be_new(browser: Storefront, merchant: Merchant, live: ModelVersion):
    category = Category.objects.create(merchant=merchant, name="Tents", path="Outdoor › Tents")
    long_ago = timezone.now() - timedelta(days=400)
    Product.objects.for_merchant(merchant).update(created_at=long_ago)
    for number in range(3):
        Product.objects.create(merchant=merchant, sku=f"N-{number}", title="Tent", price=1, category=category)
    ModelVersion.objects.for_merchant(merchant).update(status="retired")
    new_state()
    answer = browser.get(URL, {"placement": "home", "limit": 50}).json()["items"]
    said = {item["sku"]: item["reason"] for item in answer}
    assert (said["N-1"]["code"], said["N-1"]["category"]) == ("new_in_category", "Outdoor › Tents")
    assert said[sku(0, 0)]["category"] is None


# --- whom it is about


def test_a_public_key_never_learns_a_profile_through_a_joined_visit(
    api: Storefront, browser: Storefront, merchant: Merchant, live: ModelVersion
):
    stranger = shown(browser, anonymous_id="visitor-1")
    joined = did("Product Viewed", "unknown-sku", userId="c-2", context=CONSENTED)
    assert statuses(send(api, [joined])) == ["stored"]
    assert of_group(shown(api, customer="c-2"), 2) >= 6
    assert shown(browser, anonymous_id="visitor-1") == stranger
    send(api, [did("Product Viewed", sku(2, 0), userId="c-2", anonymousId="another-device", context=CONSENTED)])
    assert shown(browser, anonymous_id="visitor-1") == stranger


def test_who_objects_is_a_stranger_on_every_joined_device(
    api: Storefront, browser: Storefront, merchant: Merchant, people: list[Customer], live: ModelVersion
):
    stranger = shown(browser)
    send(api, [did("Product Viewed", sku(3, 1), userId="c-0", context=CONSENTED)])
    assert shown(browser, anonymous_id="visitor-1") != stranger
    record_objection(people[0], purpose="profiling", source="account")
    new_state()
    assert shown(browser, anonymous_id="visitor-1") == stranger
    assert shown(api, customer="c-0") == stranger
    assert shown(api, customer="c-0", anonymous_id="another-device") == stranger
    assert shown(api, customer="c-1") != stranger


def test_another_shops_visitor_of_the_same_name_is_another(
    browser: Storefront, merchant: Merchant, stranger: Membership, live: ModelVersion
):
    before = shown(browser, anonymous_id="visitor-1")
    theirs = storefront(stranger.merchant, kind="pk")
    Product.objects.create(merchant=stranger.merchant, sku=sku(3, 0), title="Theirs", price=1)
    send(theirs, [did("Product Viewed", sku(3, 0))])
    assert shown(browser, anonymous_id="visitor-1") == before


def test_a_customer_who_came_after_the_training_is_followed_at_once(api: Storefront, live: ModelVersion):
    send(api, [did("Product Viewed", sku(2, 1), userId="brand-new")])
    new_state()
    assert of_group(shown(api, customer="brand-new")[:4], 2) >= 2


def test_a_merge_brings_together_and_an_unmerge_apart(
    api: Storefront, merchant: Merchant, people: list[Customer], live: ModelVersion
):
    kept, absorbed = people[0], people[3]
    at = timezone.now()
    buy(absorbed, sku(1, 0), at=at)
    send(api, [did("Product Viewed", sku(2, number), userId="c-3", context=CONSENTED) for number in (0, 1)])
    merge_customers(kept, absorbed, staff=None)
    remember_together(CustomersMerged(merchant_id=merchant.pk, kept_id=kept.pk, absorbed_id=absorbed.pk))
    new_state()
    for number in ("c-0", "c-3"):
        assert recent.recall(merchant.pk, live.snapshot_at, key=customer_key(number)).bought, number
        assert of_group(shown(api, customer=number), 2) >= 2
    assert shown(api, customer="c-0") == shown(api, customer="c-3")
    merge = Merge.objects.for_merchant(merchant).get()
    restored = unmerge(merge, staff=None)
    remember_apart(CustomersUnmerged(merchant_id=merchant.pk, kept_id=kept.pk, restored_id=restored.pk))
    new_state()
    assert recent.recall(merchant.pk, live.snapshot_at, key=customer_key("c-0")).bought == []
    assert recent.recall(merchant.pk, live.snapshot_at, key=customer_key("c-3")).bought != []
    assert of_group(shown(api, customer="c-0"), 2) < 2
