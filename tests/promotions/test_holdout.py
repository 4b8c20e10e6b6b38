"""Some people do not get a promotion, so that what it earns can be measured: who, and what is written down."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from core.errors import InvalidInput
from core.measuring.holdout import HOLDOUT, TREATED
from customers.models import Customer
from merchants.models import Merchant
from promotions import active
from promotions.actions.offers import VersionData, activate_promotion, add_version
from promotions.actions.redemptions import ReservationData, reserve
from promotions.deciding import decide, decide_again
from promotions.measuring.drawing import arm_of
from promotions.models import Exposure, Promotion, Redemption
from promotions.pricing.definitions import Percent
from promotions.pricing.definitions import Promotion as Definition
from tests.factories import CustomerFactory
from tests.promotions.shops import amount, basket, launch, percent
from tests.storefront import Storefront


def _people(merchant: Merchant, key: str, count: int = 12) -> dict[str, list[Customer]]:
    """Customers by the arm that they are drawn into for the promotion with this key, at half of everybody."""
    asked = Definition(id=key, version=1, benefit=Percent(1000), holdout=50)
    found: dict[str, list[Customer]] = {TREATED: [], HOLDOUT: []}
    for number in range(count):
        customer = CustomerFactory(merchant=merchant, external_id=f"{key}-{number}")
        found[arm_of(merchant.pk, asked, f"c{customer.pk}")].append(customer)
    return found


def _reserve(merchant: Merchant, customer: Customer, price: int = 5000) -> Redemption:
    return reserve(merchant, ReservationData(basket=basket((1, price), external_id=customer.external_id)))


def test_about_the_share_is_held_out_and_stays_so(merchant: Merchant) -> None:
    asked = Definition(id="sale", version=1, benefit=Percent(1000), holdout=20)
    arms = Counter(arm_of(merchant.pk, asked, f"c{number}") for number in range(10_000))
    assert 1850 < arms[HOLDOUT] < 2150
    assert arms[HOLDOUT] + arms[TREATED] == 10_000


def test_whoever_is_held_out_pays_the_full_price_and_staff_see_why(api: Storefront, merchant: Merchant) -> None:
    launch(merchant, "sale", percent("10"), holdout=50)
    people = _people(merchant, "sale")
    cart = {"lines": [{"sku": "A", "quantity": 1, "unit_price": 5000}]}
    held = api.post("/api/v1/promotions/evaluate", cart | {"shopper": {"id": people[HOLDOUT][0].external_id}}).json()
    assert (held["total"], held["held_out"], held["used_up"]) == (5000, ["sale"], [])
    assert held["explanations"] == []  # a shopper is told nothing of it
    got = api.post("/api/v1/promotions/evaluate", cart | {"shopper": {"id": people[TREATED][0].external_id}}).json()
    assert got["total"] == 4500
    assert "held_out" not in got


def test_both_arms_are_written_down_by_the_same_rule(merchant: Merchant) -> None:
    launch(merchant, "sale", percent("10"), holdout=50, when={"spend": {"at_least": 4000}})
    people = _people(merchant, "sale")
    for customer in [*people[TREATED], *people[HOLDOUT]]:
        _reserve(merchant, customer, 3000)  # does not qualify, in either arm
    assert not Exposure.objects.for_merchant(merchant).exists()
    for customer in [*people[TREATED], *people[HOLDOUT]]:
        _reserve(merchant, customer, 5000)
        _reserve(merchant, customer, 8000)  # the first counts
    rows = Exposure.objects.for_merchant(merchant)
    found = {arm: set(rows.filter(arm=arm).values_list("customer_id", "amount")) for arm in (TREATED, HOLDOUT)}
    assert found == {arm: {(customer.pk, 500) for customer in people[arm]} for arm in (TREATED, HOLDOUT)}


def test_what_would_have_been_outbid_is_no_exposure(merchant: Merchant) -> None:
    launch(merchant, "sale", percent("10"), holdout=50, combination="exclusive_in_lane")
    launch(merchant, "more", percent("20"), combination="exclusive_in_lane")
    people = _people(merchant, "sale")
    for customer in [*people[TREATED], *people[HOLDOUT]]:
        assert _reserve(merchant, customer).discount == 1000
    assert not Exposure.objects.for_merchant(merchant).exists()


def test_what_the_budget_does_not_hold_any_more_is_no_exposure(merchant: Merchant) -> None:
    launch(merchant, "sale", percent("10"), holdout=50, limits={"budget": 400})
    customer = _people(merchant, "sale")[HOLDOUT][0]
    _reserve(merchant, customer, 5000)
    assert not Exposure.objects.for_merchant(merchant).exists()
    _reserve(merchant, customer, 3000)
    assert Exposure.objects.for_merchant(merchant).get().amount == 300


def test_a_past_decision_is_made_again_although_the_share_changed(merchant: Merchant) -> None:
    promotion = launch(merchant, "sale", percent("10"), holdout=50)
    people = _people(merchant, "sale")
    stored = [_reserve(merchant, customer) for customer in (people[TREATED][0], people[HOLDOUT][0])]
    activate_promotion(add_version(promotion, VersionData(definition={"benefit": percent("30")})).promotion)
    active.forget()
    for redemption in Redemption.objects.for_merchant(merchant).filter(pk__in=[row.pk for row in stored]):
        assert decide_again(redemption) == redemption.decision
    assert stored[1].decision["held_out"] == ["sale"]
    # From now on everybody gets it.
    assert _reserve(merchant, people[HOLDOUT][0]).discount == 1500


def test_a_larger_share_keeps_everybody_who_is_held_out(merchant: Merchant) -> None:
    few = Definition(id="sale", version=1, benefit=Percent(1000), holdout=10)
    many = Definition(id="sale", version=2, benefit=Percent(1000), holdout=30)
    held = [n for n in range(2000) if arm_of(merchant.pk, few, f"c{n}") == HOLDOUT]
    assert all(arm_of(merchant.pk, many, f"c{n}") == HOLDOUT for n in held)


def test_who_cannot_be_recognised_gets_it_and_is_not_counted(merchant: Merchant) -> None:
    launch(merchant, "sale", percent("10"), holdout=50)
    for _ in range(5):
        assert reserve(merchant, ReservationData(basket=basket((1, 5000)))).discount == 500
    assert not Exposure.objects.for_merchant(merchant).exists()


def test_unknown_addresses_take_part_under_a_digest(merchant: Merchant) -> None:
    launch(merchant, "sale", percent("10"), holdout=50)
    for number in range(12):
        for _ in range(2):
            reserve(merchant, ReservationData(basket=basket((1, 5000), email=f"guest{number}@example.org")))
    rows = Exposure.objects.for_merchant(merchant)
    assert rows.count() == 12
    assert set(rows.values_list("arm", flat=True)) == {TREATED, HOLDOUT}
    assert not any("guest" in person for person in rows.values_list("person", flat=True))


@pytest.mark.parametrize(
    "said",
    [
        {"when": {"code": ["SUMMER"]}},
        {"when": {"all": [{"any": [{"customer": ["ada"]}, {"segment": ["rfm:champions"]}]}]}},
        {"lane": "catalog"},
    ],
)
def test_nobody_is_held_out_of_what_they_were_promised(merchant: Merchant, said: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        launch(merchant, "sale", percent("10"), holdout=10, **said)
    assert (refused.value.code, refused.value.field) == ("holdout_impossible", "definition.holdout")
    assert not Promotion.objects.for_merchant(merchant).exists()


def test_a_trial_looks_at_the_promotion_and_not_at_who_is_held_out(merchant: Merchant) -> None:
    launch(merchant, "sale", percent("10"), holdout=50)
    customer = _people(merchant, "sale")[HOLDOUT][0]
    deal = decide(merchant, basket((1, 5000), external_id=customer.external_id), at=timezone.now(), lenient=True)
    assert deal.decision.discount == 500


def test_an_offer_is_not_announced_to_whoever_is_held_out(api: Storefront, merchant: Merchant) -> None:
    launch(merchant, "loyal", amount(500), holdout=50, when={"segment": ["lifecycle:lead"]})
    people = _people(merchant, "loyal")
    for arm, expected in ((TREATED, ["loyal"]), (HOLDOUT, [])):
        offers = api.get(f"/api/v1/customers/{people[arm][0].external_id}/offers").json()["offers"]
        assert [offer["promotion"] for offer in offers] == expected
