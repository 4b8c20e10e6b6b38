"""Rules, preview, results, holdout and audience as staff see them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from catalog.models import Category, Product
from customers.models import Customer, CustomerKpis
from merchants.models import AuditEntry, Membership, Merchant, Role
from recommendations import loading
from recommendations.actions import train_models
from recommendations.engines.request import PLACEMENTS
from recommendations.models import PlacementSettings, Rule
from recommendations.serving import recommend
from recommendations.steering.effects import effect_of
from recommendations.steering.words import rule_text, titles_of
from tests.factories import CategoryFactory, MembershipFactory, ProductFactory
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet

BOOST = {
    "name": "Push teas",
    "factor": "3",
    "target": "products",
    "products": sku(3, 7),
    "segment": "",
    "is_active": "on",
}


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    people = stocked_shop(merchant)
    train_models(merchant, progress=Quiet())
    return people


def url(merchant: Merchant, name: str, *args: int) -> str:
    return reverse(name, args=[merchant.slug, *args])


def add(client: Client, merchant: Merchant, action: str, **fields: Any) -> Any:
    return client.post(
        f"{url(merchant, 'rule_add')}?action={action}", {k: v for k, v in fields.items() if v is not None}
    )


def only(merchant: Merchant) -> Rule:
    rule: Rule = Rule.objects.for_merchant(merchant).get()
    return rule


# --- rules


def test_a_rule_is_added_acts_and_is_in_the_audit_log(client: Client, merchant: Merchant, people: list[Customer]):
    answer = add(client, merchant, "pin", **(BOOST | {"slot": "2", "products": f"{sku(3, 7)}, {sku(3, 6)}"}))
    assert answer.headers["Location"] == url(merchant, "rule_list")
    rule = only(merchant)
    names = dict(Product.objects.for_merchant(merchant).values_list("pk", "sku"))
    assert [names[pk] for pk in rule.product_ids] == [sku(3, 7), sku(3, 6)]
    assert (rule.slot, rule.factor, rule.target) == (2, None, "")
    loading.forget()
    items = recommend(merchant_id=merchant.pk, placement="home").items
    assert [item.sku for item in items[1:3]] == [sku(3, 7), sku(3, 6)]
    assert AuditEntry.objects.for_merchant(merchant).filter(action="rule.added").count() == 1
    page = client.get(url(merchant, "rule_list")).text
    assert "Pin “Thing 3-7”, “Thing 3-6” to place 2" in page


@pytest.mark.parametrize(
    ("action", "fields", "stored"),
    [
        ("boost", {"target": "margin", "factor": "2.5"}, {"target": "margin", "factor": 2.5, "product_ids": []}),
        ("bury", {"target": "price", "price_from": "5.50", "price_to": ""}, {"price_from": 550, "price_to": None}),
        ("exclude", {"target": "new", "days": "30"}, {"days": 30, "product_ids": []}),
        ("in_stock", {"least_stock": "5"}, {"least_stock": 5, "target": ""}),
        ("price_band", {"price_to": "20"}, {"price_from": None, "price_to": 2000}),
        ("category_cap", {"most": "2"}, {"most": 2, "category_id": None}),
    ],
)
def test_every_kind_of_rule_can_be_added(
    client: Client, merchant: Merchant, action: str, fields: dict[str, str], stored: dict[str, Any]
):
    given = {"name": "x", "segment": "rfm_group:champions", "placements": ["home", "basket"], "is_active": "on"}
    answer = add(client, merchant, action, **given, **fields)
    assert answer.status_code == 302, answer.text
    rule = only(merchant)
    assert {name: getattr(rule, name) for name in stored} == stored
    assert (rule.placements, rule.segment_kind, rule.segment_value) == (["home", "basket"], "rfm_group", "champions")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": ""}, "This field is required."),
        ({"factor": "9"}, "less than or equal to 5"),
        ({"factor": "0.1"}, "greater than or equal to 0.2"),
        ({"products": "nothing"}, "There is no product with the SKU nothing."),
        ({"products": ""}, "This field is required."),
        ({"target": "category"}, "This field is required."),
        ({"target": "price"}, "Say where the range begins or ends."),
        ({"target": "price", "price_from": "9", "price_to": "8"}, "This is less than where the range begins."),
        ({"target": "price", "price_from": "99999999999999"}, "This amount is too large."),
        ({"starts_on": "2026-12-02", "ends_on": "2026-12-01"}, "This is before the beginning."),
        ({"segment": "lifecycle:nobody"}, "Select a valid choice"),
        ({"placements": ["attic"]}, "Select a valid choice"),
    ],
)
def test_a_wrong_rule_is_explained_and_not_stored(
    client: Client, merchant: Merchant, fields: dict[str, Any], error: str
):
    ProductFactory(merchant=merchant, sku=sku(3, 7))
    answer = add(client, merchant, "boost", **(BOOST | fields))
    assert answer.status_code == 422
    assert error in answer.text
    assert not Rule.objects.for_merchant(merchant).exists()


def test_products_and_categories_of_another_shop_are_unknown(client: Client, merchant: Merchant, stranger: Membership):
    ProductFactory(merchant=stranger.merchant, sku="THEIRS")
    theirs = CategoryFactory(merchant=stranger.merchant)
    assert (
        "There is no product with the SKU THEIRS."
        in add(client, merchant, "boost", **(BOOST | {"products": "THEIRS"})).text
    )
    refused = add(client, merchant, "boost", **(BOOST | {"target": "category", "products": "", "category": theirs.pk}))
    assert refused.status_code == 422


def test_a_rule_is_edited_and_never_over_a_colleagues_change(
    client: Client, merchant: Merchant, people: list[Customer]
):
    add(client, merchant, "boost", **BOOST)
    rule = only(merchant)
    page = client.get(url(merchant, "rule_edit", rule.pk))
    assert f'value="{sku(3, 7)}"' in page.text
    seen = rule.updated_at.isoformat()
    edited = client.post(url(merchant, "rule_edit", rule.pk), BOOST | {"factor": "0.5", "seen": seen})
    assert edited.status_code == 302
    assert only(merchant).factor == 0.5
    entry = AuditEntry.objects.for_merchant(merchant).get(action="rule.edited")
    assert entry.changes == {"factor": {"from": 3.0, "to": 0.5}}
    stale = client.post(url(merchant, "rule_edit", rule.pk), BOOST | {"factor": "4", "seen": seen})
    assert stale.status_code == 422
    assert "Somebody else changed this rule meanwhile." in stale.text
    assert only(merchant).factor == 0.5


def test_a_rule_rests_and_is_deleted(client: Client, merchant: Merchant):
    ProductFactory(merchant=merchant, sku=sku(3, 7))
    add(client, merchant, "exclude", **BOOST)
    rule = only(merchant)
    client.post(url(merchant, "rule_switch", rule.pk), {"active": "0"})
    assert only(merchant).is_active is False
    client.post(url(merchant, "rule_delete", rule.pk))
    assert not Rule.objects.for_merchant(merchant).exists()
    actions = AuditEntry.objects.for_merchant(merchant).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["rule.added", "rule.edited", "rule.deleted"]


def test_an_unknown_kind_asks_which(client: Client, merchant: Merchant):
    for query in ("", "?action=magic"):
        page = client.get(url(merchant, "rule_add") + query).text
        assert "What should the rule do?" in page
        assert "?action=category_cap" in page


def test_rules_read_back_as_sentences(merchant: Merchant):
    tea = Category.objects.create(merchant=merchant, name="Tea", path="Tea")
    pks = [ProductFactory(merchant=merchant, title=f"T{number}").pk for number in range(5)]
    rules = {
        "Boost products of “Tea” × 2": Rule(action="boost", target="category", category=tea, factor=2.0),
        "Dampen products from €5.00 × 0.50": Rule(action="boost", target="price", price_from=500, factor=0.5),
        "Up to × 3 for products, the more the higher their margin": Rule(action="boost", target="margin", factor=3.0),
        "Never show “T0”, “T1”, “T2” and 2 further products": Rule(
            action="exclude", target="products", product_ids=pks
        ),
        "Show products added in the last 30 days last": Rule(action="bury", target="new", days=30),
        "Only products from €1.00 to €9.00": Rule(action="price_band", price_from=100, price_to=900),
        "At most 2 products of “Tea”": Rule(action="category_cap", most=2, category=tea),
        "At most 3 products of each category": Rule(action="category_cap", most=3),
    }
    titles = titles_of(merchant.pk, rules.values())
    assert {rule_text(rule, titles, "EUR"): rule for rule in rules.values()} == rules


# --- what a rule would change


def test_the_effect_is_shown_before_anything_is_saved(client: Client, merchant: Merchant, people: list[Customer]):
    query = BOOST | {"action": "pin", "slot": "1", "asked-placement": "home", "asked-customer": "c-0"}
    part = client.get(url(merchant, "rule_preview"), query).text
    assert "<html" not in part
    assert "Pin “Thing 3-7” to place 1" in part
    assert "pinned" in part
    assert "No longer shown" in part
    assert not Rule.objects.for_merchant(merchant).exists()


def test_without_script_a_button_previews(client: Client, merchant: Merchant, people: list[Customer]):
    answer = add(client, merchant, "pin", **BOOST, slot="1", preview="1", **{"asked-placement": "home"})
    assert answer.status_code == 200
    assert "Pin “Thing 3-7” to place 1" in answer.text
    assert not Rule.objects.for_merchant(merchant).exists()


def test_an_unfinished_rule_has_no_effect_yet(client: Client, merchant: Merchant):
    part = client.get(url(merchant, "rule_preview"), {"action": "boost", "asked-placement": "home"})
    assert "Fill the rule in" in part.text
    wrong = client.get(url(merchant, "rule_preview"), {"action": "boost", "asked-placement": "attic"})
    assert "Select a valid choice" in wrong.text
    assert "Fill the rule in" in client.get(url(merchant, "rule_preview"), {"action": "magic"}).text
    for query in ({"rule": "x"}, {"rule": "9" * 30}, {"rule": "1"}):
        assert client.get(url(merchant, "rule_preview"), query).status_code == 404


def test_a_rule_for_a_segment_is_previewed_for_one_of_them(merchant: Merchant, people: list[Customer]):
    CustomerKpis.objects.create(merchant=merchant, customer=people[5], lifecycle="active")
    product = Product.objects.for_merchant(merchant).get(sku=sku(3, 7))
    rule = Rule(
        merchant=merchant,
        action="pin",
        product_ids=[product.pk],
        slot=1,
        segment_kind="lifecycle",
        segment_value="active",
    )
    meant = effect_of(rule, {"placement": "home"})
    assert meant.is_meant
    assert meant.rows[0].shown.product == product
    other = effect_of(rule, {"placement": "home", "customer_id": people[6].pk})
    assert not other.is_meant
    assert other.changes_nothing


def test_editing_shows_the_difference_to_having_no_such_rule(merchant: Merchant, people: list[Customer]):
    product = Product.objects.for_merchant(merchant).get(sku=sku(3, 7))
    rule = Rule.objects.create(merchant=merchant, name="x", action="pin", product_ids=[product.pk], slot=1)
    loading.forget()
    effect = effect_of(rule, {"placement": "home"})
    assert effect.rows[0].is_pinned
    assert effect.rows[0].before is None
    assert len(effect.gone) == 1


def test_the_list_costs_the_same_for_many_rules(
    client: Client, merchant: Merchant, django_assert_max_num_queries: DjangoAssertNumQueries
):
    product = ProductFactory(merchant=merchant)
    client.get(url(merchant, "rule_list"))
    for _ in range(30):
        Rule.objects.create(merchant=merchant, name="x", action="exclude", target="products", product_ids=[product.pk])
    with django_assert_max_num_queries(12):
        client.get(url(merchant, "rule_list"))


# --- preview


def test_the_preview_tells_where_every_candidate_was_dropped(
    client: Client, merchant: Merchant, people: list[Customer]
):
    gone = recommend(merchant_id=merchant.pk, placement="home", customer_id=people[0].pk).items[0].sku
    product = Product.objects.for_merchant(merchant).get(sku=gone)
    Rule.objects.create(merchant=merchant, name="x", action="exclude", target="products", product_ids=[product.pk])
    out = Product.objects.for_merchant(merchant).get(sku=sku(0, 7))
    out.stock = 0
    out.save()
    loading.forget()
    page = client.get(url(merchant, "recommendation_preview"), {"placement": "home", "customer": "c-0"}).text
    assert "For Ada" in page
    for words in ("Your rules", "Excluded by a rule", "May not be shown", "Not active or not in stock", "Ranked lower"):
        assert words in page


def test_the_preview_answers_for_a_visitor_and_a_category(client: Client, merchant: Merchant, people: list[Customer]):
    tea = Category.objects.create(merchant=merchant, name="Tea", path="Tea")
    Product.objects.for_merchant(merchant).filter(sku__in=[sku(1, 0), sku(1, 1)]).update(category=tea)
    loading.forget()
    headers = {"HX-Request": "true", "HX-Target": "answer"}
    asked = {"placement": "category", "category": "Tea", "visitor": "v-1"}
    part = client.get(url(merchant, "recommendation_preview"), asked, headers=headers).text
    assert "<html" not in part
    assert "For visitor v-1" in part
    assert part.count("cx-row-link") == 2


def test_the_preview_says_who_is_held_back(client: Client, merchant: Merchant, people: list[Customer]):
    PlacementSettings.objects.create(merchant=merchant, placement="home", holdout_percent=50)
    loading.forget()
    pages = [
        client.get(url(merchant, "recommendation_preview"), {"placement": "home", "customer": f"c-{number}"}).text
        for number in range(8)
    ]
    held = sum("This person is held back at this placement" in page for page in pages)
    assert 0 < held < 8


# --- results and holdout


def test_a_shop_without_views_is_told_how_they_are_told(client: Client, merchant: Merchant):
    assert "No recommendation was seen yet" in client.get(url(merchant, "recommendation_results")).text


def test_the_holdout_is_set_and_audited(client: Client, merchant: Merchant):
    given = dict.fromkeys(PLACEMENTS, "0")
    too_many = client.post(url(merchant, "recommendation_holdout"), given | {"home": "51"})
    assert too_many.status_code == 422
    answer = client.post(url(merchant, "recommendation_holdout"), given | {"home": "10"})
    assert answer.headers["Location"] == url(merchant, "recommendation_results")
    stored = PlacementSettings.objects.for_merchant(merchant).get()
    assert (stored.placement, stored.holdout_percent) == ("home", 10)
    entry = AuditEntry.objects.for_merchant(merchant).get(action="holdout.updated")
    assert entry.changes == {"home": {"from": 0, "to": 10}}
    assert "10 % held back" in client.get(url(merchant, "recommendation_results")).text


def test_only_editors_change_anything(merchant: Merchant):
    rule = Rule.objects.create(merchant=merchant, name="x", action="category_cap", most=2)
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
    for name, args in (
        ("rule_add", ()),
        ("rule_edit", (rule.pk,)),
        ("recommendation_holdout", ()),
        ("rule_preview", ()),
    ):
        assert browser.get(url(merchant, name, *args)).status_code == 403
    page = browser.get(url(merchant, "rule_list")).text
    assert "Add a rule" not in page
    assert "active" in page
