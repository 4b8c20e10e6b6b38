"""Rules and holdouts as customers get them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Category, Product
from customers.actions.consent import record_objection
from customers.models import Customer, CustomerKpis
from merchants.models import Membership, Merchant
from recommendations import loading
from recommendations.actions import train_models
from recommendations.measuring import tickets
from recommendations.models import PlacementSettings, Rule
from recommendations.serving import recommend
from recommendations.steering.segments import members
from tests.factories import CustomerFactory
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import Storefront


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    people = stocked_shop(merchant)
    train_models(merchant, progress=Quiet())
    return people


def product(merchant: Merchant, name: str) -> Product:
    return Product.objects.for_merchant(merchant).get(sku=name)


def wish(merchant: Merchant, *skus: str, **about: Any) -> Rule:
    found = [product(merchant, name).pk for name in skus]
    loading.forget()
    row: Rule = Rule.objects.create(merchant=merchant, name="x", target="products", product_ids=found, **about)
    return row


def shown(merchant: Merchant, **asked: Any) -> list[str]:
    return [item.sku for item in recommend(merchant_id=merchant.pk, **({"placement": "home"} | asked)).items]


def test_a_pinned_product_stands_where_it_was_put(merchant: Merchant, people: list[Customer]):
    before = shown(merchant, external_id="c-0")
    assert sku(3, 7) not in before
    wish(merchant, sku(3, 7), action="pin", slot=2)
    after = shown(merchant, external_id="c-0")
    assert after[1] == sku(3, 7)
    assert len(after) == len(before)


def test_an_excluded_product_is_never_shown(merchant: Merchant, people: list[Customer]):
    first = shown(merchant, external_id="c-0")[0]
    wish(merchant, first, action="exclude")
    for placement in ("home", "basket", "search"):
        assert first not in shown(merchant, placement=placement, external_id="c-0", limit=50)


def test_a_buried_product_comes_last(merchant: Merchant, people: list[Customer]):
    first = shown(merchant, external_id="c-0")[0]
    wish(merchant, first, action="bury")
    assert shown(merchant, external_id="c-0", limit=50)[-1] == first


def test_a_rule_is_for_its_segment(merchant: Merchant, people: list[Customer]):
    CustomerKpis.objects.create(merchant=merchant, customer=people[0], profitability="very_profitable")
    wish(merchant, sku(3, 7), action="pin", slot=1, segment_kind="profitability", segment_value="very_profitable")
    assert shown(merchant, external_id="c-0")[0] == sku(3, 7)
    assert shown(merchant, customer_id=people[0].pk)[0] == sku(3, 7)
    assert sku(3, 7) not in shown(merchant, external_id="c-4")
    assert sku(3, 7) != shown(merchant)[0]


def test_members_of_a_segment_are_those_of_the_shop(merchant: Merchant, stranger: Membership):
    for shop in (merchant, stranger.merchant):
        for stage in ("active", "inactive"):
            customer = CustomerFactory(merchant=shop)
            CustomerKpis.objects.create(merchant=shop, customer=customer, lifecycle=stage)
    (found,) = members(merchant.pk, "lifecycle", "active")
    assert Customer.objects.for_merchant(merchant).get(pk=int(found)).kpis.lifecycle == "active"


@pytest.mark.parametrize(
    "about",
    [
        {"is_active": False},
        {"starts_on": timezone.now().date() + timedelta(days=2)},
        {"ends_on": timezone.now().date() - timedelta(days=2)},
        {"placements": ["basket"]},
    ],
)
def test_a_rule_acts_only_in_its_season_and_place(merchant: Merchant, people: list[Customer], about: dict[str, Any]):
    wish(merchant, sku(3, 7), action="pin", slot=1, **about)
    assert shown(merchant)[0] != sku(3, 7)


def test_a_change_acts_within_seconds(merchant: Merchant, people: list[Customer], monkeypatch: pytest.MonkeyPatch):
    rule = wish(merchant, sku(3, 7), action="pin", slot=1)
    assert shown(merchant)[0] == sku(3, 7)
    rule.is_active = False
    rule.save()
    now = loading.time.monotonic() + loading.SHELF_SECONDS + 1
    monkeypatch.setattr(loading.time, "monotonic", lambda: now)
    assert shown(merchant)[0] != sku(3, 7)


def test_caps_hold_per_category(merchant: Merchant, people: list[Customer]):
    for group in range(4):
        category = Category.objects.create(merchant=merchant, name=f"G{group}", path=f"G{group}")
        Product.objects.for_merchant(merchant).filter(sku__startswith=f"G{group}-").update(category=category)
    train_models(merchant, progress=Quiet())
    Rule.objects.create(merchant=merchant, name="x", action="category_cap", most=2)
    loading.forget()
    groups = [name[:2] for name in shown(merchant, external_id="c-0")]
    assert {group: groups.count(group) for group in groups} == {f"G{group}": 2 for group in range(4)}


def test_rules_of_another_shop_do_not_act(merchant: Merchant, people: list[Customer], stranger: Membership):
    before = shown(merchant, external_id="c-0")
    Rule.objects.create(merchant=stranger.merchant, name="x", action="price_band", price_from=10**9)
    PlacementSettings.objects.create(merchant=stranger.merchant, placement="home", holdout_percent=50)
    loading.forget()
    assert shown(merchant, external_id="c-0") == before


def test_answering_with_rules_costs_no_query(
    merchant: Merchant, people: list[Customer], django_assert_num_queries: Any
):
    wish(merchant, sku(3, 7), action="boost", factor=3)
    PlacementSettings.objects.create(merchant=merchant, placement="home", holdout_percent=20)
    shown(merchant)
    with django_assert_num_queries(0):
        for number in range(20):
            shown(merchant, external_id=f"c-{number}")


# --- people held back


def hold_back(merchant: Merchant, percent: int = 50) -> None:
    PlacementSettings.objects.create(merchant=merchant, placement="home", holdout_percent=percent)
    loading.forget()


def test_people_held_back_see_what_is_popular_and_always_do(merchant: Merchant, people: list[Customer]):
    popular = shown(merchant)
    hold_back(merchant)
    answers = {
        number: recommend(merchant_id=merchant.pk, placement="home", external_id=f"c-{number}") for number in range(60)
    }
    held = {number for number, answer in answers.items() if answer.arm == "holdout"}
    assert 15 <= len(held) <= 45
    for number, answer in answers.items():
        again = recommend(merchant_id=merchant.pk, placement="home", customer_id=people[number].pk)
        assert again.arm == answer.arm
        # The last place is explored by lot, but for those held back.
        assert ([item.sku for item in answer.items[:7]] == popular[:7]) == (number in held)
        assert {item.reason.code for item in answer.items} <= {"popular_now", "from_range"} or number not in held


def test_what_may_not_be_shown_is_not_shown_to_people_held_back(merchant: Merchant, people: list[Customer]):
    hold_back(merchant)
    number = next(
        number
        for number in range(60)
        if recommend(merchant_id=merchant.pk, placement="home", external_id=f"c-{number}").arm == "holdout"
    )
    first, second = shown(merchant, external_id=f"c-{number}")[:2]
    wish(merchant, first, action="exclude")
    wish(merchant, sku(3, 7), action="pin", slot=1)
    after = shown(merchant, external_id=f"c-{number}")
    assert first not in after
    assert after[0] != sku(3, 7)
    assert second in after
    assert second not in shown(merchant, external_id=f"c-{number}", basket=[second])


def test_strangers_and_who_objects_take_no_part(merchant: Merchant, people: list[Customer]):
    hold_back(merchant)
    for number in range(20):
        record_objection(people[number], source="x", purpose="profiling")
    loading.forget()
    answers = [recommend(merchant_id=merchant.pk, placement="home")]
    for number in range(20):
        answers.append(recommend(merchant_id=merchant.pk, placement="home", external_id=f"c-{number}"))
        answers.append(recommend(merchant_id=merchant.pk, placement="home", customer_id=people[number].pk))
    assert {answer.arm for answer in answers} == {"open"}
    assert {answer.customer_id for answer in answers} == {None}


def test_the_id_of_an_answer_says_what_was_answered(api: Storefront, merchant: Merchant, people: list[Customer]):
    hold_back(merchant)
    document = api.get("/api/v1/recommendations", {"placement": "home", "customer": "c-3", "limit": 5}).json()
    ticket = tickets.read(merchant.pk, document["recommendation_id"])
    assert ticket.placement == "home"
    assert ticket.arm in ("treated", "holdout")
    assert ticket.customer_id == people[3].pk
    skus = {item.pk: item.sku for item in Product.objects.for_merchant(merchant)}
    assert [skus[pk] for pk in ticket.products] == [item["sku"] for item in document["items"]]
    told = api.post(
        f"/api/v1/recommendations/{document['recommendation_id']}/events",
        {"events": [{"type": "impression"}, {"type": "click", "sku": document["items"][0]["sku"]}]},
    )
    assert told.json() == {"stored": 2, "duplicates": 0}
