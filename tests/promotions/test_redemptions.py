"""Reserved, confirmed, given back: what a shop and its customers notice of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from customers.models import Customer
from merchants.models import Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.models import Order
from promotions import active
from promotions.actions.offers import (
    VersionData,
    activate_promotion,
    add_version,
    pause_promotion,
    set_limits,
)
from promotions.actions.redemptions import ReservationData, confirm, expire_due, release, reserve
from promotions.actions.returns import ReturnedUnits, return_units
from promotions.deciding import decide, decide_again
from promotions.models import Coupon, Promotion, Redemption, RedemptionUse, RuleSet, UseCount
from promotions.queries.usage import window_of
from tests.factories import CustomerFactory, ProductFactory
from tests.orders.samples import order_json
from tests.promotions.shops import amount, basket, coupons, launch, percent
from tests.storefront import Storefront

CART = ((2, 1000), (1, 500))


def hold(merchant: Merchant, *said: tuple[int, int], **who: Any) -> Redemption:
    active.forget()
    return reserve(merchant, ReservationData(basket=basket(*(said or CART), **who)))


def discount(merchant: Merchant, **who: Any) -> int:
    active.forget()
    return decide(merchant, basket(*CART, **who), at=timezone.now()).decision.discount


def used(promotion: Promotion) -> tuple[int, int]:
    row = UseCount.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion, window="").first()
    return (row.used, row.spent) if row else (0, 0)


# --- limits


def test_a_limit_ends_the_offer_and_a_release_brings_it_back(merchant: Merchant) -> None:
    launch(merchant, "sun", percent(), limits={"uses_limit": 1})
    first, second = hold(merchant), hold(merchant)
    assert (first.discount, second.discount) == (250, 0)
    assert second.decision["used_up"] == [{"promotion": "sun", "status": "used_up", "limit": "uses"}]
    release(first)
    assert hold(merchant).discount == 250


def test_a_code_whose_promotion_is_used_up_is_refused_and_not_unknown(merchant: Merchant) -> None:
    launch(merchant, "sun", percent(), limits={"uses_limit": 1}, when={"code": ["SUN"]})
    [coupon] = coupons(merchant, "BATCH")
    launch(merchant, "rain", percent(), limits={"uses_limit": 1}, when={"code": [coupon.batch.token]})
    active.forget()
    assert hold(merchant, codes=("sun", coupon.code)).discount > 0
    second = hold(merchant, codes=("sun", coupon.code, "nonsense"))
    assert second.decision["codes"]["unknown"] == ["NONSENSE"]
    refused = {entry["code"]: entry["reason"] for entry in second.decision["codes"]["refused"]}
    assert refused["SUN"] == "used_up"
    assert refused[coupon.code] in ("used", "used_up")
    assert decide_again(second) == second.decision


def test_a_code_of_a_batch_whose_promotion_rests_is_refused_and_not_unknown(merchant: Merchant) -> None:
    [coupon] = coupons(merchant, "BATCH")
    held = hold(merchant, codes=(coupon.code,))
    assert held.decision["codes"]["refused"] == [{"code": coupon.code, "reason": "not_active"}]
    assert (held.decision["codes"]["unknown"], held.discount) == ([], 0)
    assert decide_again(held) == held.decision


def test_a_budget_is_never_exceeded(merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"budget": 600})
    assert [hold(merchant).discount for _number in range(4)] == [250, 250, 0, 0]
    assert hold(merchant, (1, 1000)).discount == 100
    assert used(promotion) == (3, 600)


def test_a_limit_per_period_begins_anew_with_the_day_of_the_shop(merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"uses_per_window": 1})
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # half past eleven in Berlin
    data = ReservationData(basket=basket(*CART))
    assert [reserve(merchant, data, at=late + timedelta(minutes=step)).discount for step in (0, 20, 40)] == [
        250,
        0,
        250,
    ]
    assert window_of(promotion, late.astimezone(merchant.tz)) == "2026-11-20"


def test_a_limit_per_customer_holds_for_a_person_however_they_are_known(merchant: Merchant) -> None:
    launch(merchant, "sun", percent(), limits={"uses_per_customer": 1})
    ada = CustomerFactory(merchant=merchant, external_id="ada", email="ada@example.org")
    assert hold(merchant, external_id="ada").discount == 250
    assert hold(merchant, email="Ada@example.org").discount == 0
    assert hold(merchant, external_id="bob").discount == 250
    assert hold(merchant, external_id="bob").discount == 0
    # Bob's profile comes into being afterwards; what he used as a stranger is his.
    CustomerFactory(merchant=merchant, external_id="bob", email=None)
    assert hold(merchant, external_id="bob").discount == 0
    assert ada.redemptions.count() == 2


def test_what_is_limited_per_customer_is_shown_to_a_stranger_and_held_for_nobody_unknown(merchant: Merchant) -> None:
    launch(merchant, "sun", percent(), limits={"uses_per_customer": 1})
    assert discount(merchant) == 250
    held = hold(merchant)
    assert (held.discount, held.without) == (0, {"sun": "customer_unknown"})


def test_limits_set_later_count_what_was_used_before(merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent())
    first = hold(merchant)
    assert used(promotion) == (0, 0)
    set_limits(promotion, {"uses_limit": 2})
    assert used(promotion) == (1, 250)
    assert [hold(merchant).discount, hold(merchant).discount] == [250, 0]
    release(first)
    assert used(promotion) == (1, 250)


def test_the_expected_total_is_what_is_held_or_nothing(merchant: Merchant) -> None:
    launch(merchant, "sun", percent())
    active.forget()
    with pytest.raises(DomainError) as refused:
        reserve(merchant, ReservationData(basket=basket(*CART), expected_total=2500))
    assert refused.value.code == "total_changed"
    assert refused.value.extra["decision"]["total"] == 2250
    assert not Redemption.objects.for_merchant(merchant).exists()


# --- coupons


def test_a_coupon_works_once_and_stays_pending_until_its_cart_qualifies(merchant: Merchant) -> None:
    [coupon] = coupons(merchant)
    launch(merchant, "welcome", amount(500), when={"all": [{"code": ["@WELCOME"]}, {"spend": {"at_least": 2000}}]})
    waiting = hold(merchant, (1, 1000), codes=(coupon.code.lower(),))
    assert waiting.decision["codes"]["pending"] == [coupon.code]
    coupon.refresh_from_db()
    assert coupon.used == 0
    taken = hold(merchant, codes=(coupon.code,))
    assert (taken.discount, taken.decision["codes"]["applied"]) == (500, [coupon.code])
    again = hold(merchant, codes=(coupon.code,))
    assert (again.discount, again.decision["codes"]["refused"]) == (0, [{"code": coupon.code, "reason": "used"}])
    release(taken)
    assert hold(merchant, codes=(coupon.code,)).discount == 500


def test_a_bound_code_is_unknown_to_everybody_else(merchant: Merchant) -> None:
    CustomerFactory(merchant=merchant, external_id="ada")
    CustomerFactory(merchant=merchant, external_id="bob")
    [coupon] = coupons(merchant, customers=["ada"], count=0)
    launch(merchant, "welcome", amount(500), when={"code": ["@WELCOME"]})
    assert discount(merchant, codes=(coupon.code,), external_id="ada") == 500
    for who in ({"external_id": "bob"}, {}):
        held = hold(merchant, codes=(coupon.code,), **who)
        assert held.decision["codes"]["refused"] == [{"code": coupon.code, "reason": "unknown"}]


def test_nobody_can_name_a_batch_instead_of_a_code(merchant: Merchant) -> None:
    coupons(merchant)
    launch(merchant, "welcome", amount(500), when={"code": ["@WELCOME"]})
    assert discount(merchant, codes=("@welcome",)) == 0


# --- confirm, release, expire


def test_confirming_again_changes_nothing_and_another_order_is_refused(merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"uses_limit": 5})
    held = hold(merchant)
    for _time in range(2):
        assert confirm(held, order_number="A-1").state == "confirmed"
    with pytest.raises(DomainError, match="another order"):
        confirm(held, order_number="A-2")
    with pytest.raises(DomainError, match="became an order"):
        release(held)
    with pytest.raises(DomainError, match="redemption already"):
        confirm(hold(merchant), order_number="A-1")
    assert used(promotion) == (2, 500)


def test_what_expired_is_confirmed_while_nobody_else_took_it(merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"uses_limit": 1})
    first = hold(merchant)
    assert expire_due(now=timezone.now() + timedelta(hours=1)) == 1
    assert used(promotion) == (0, 0)
    assert confirm(first, order_number="A-1").state == "confirmed"
    assert used(promotion) == (1, 250)


def test_what_expired_and_others_took_is_not_confirmed(merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"uses_limit": 1})
    first = hold(merchant)
    expire_due(now=timezone.now() + timedelta(hours=1))
    assert hold(merchant).discount == 250
    with pytest.raises(DomainError) as refused:
        confirm(first, order_number="A-1")
    assert refused.value.code == "no_longer_available"
    assert used(promotion) == (1, 250)


# --- orders


def send(api: Storefront, number: str = "A-1", **more: Any) -> Any:
    return api.post("/api/v1/orders", order_json(number=number, **more))


def test_an_order_confirms_its_reservation_and_a_cancellation_rolls_it_back(
    api: Storefront, merchant: Merchant
) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"uses_limit": 1})
    held = hold(merchant)
    assert send(api, reservation=str(held.public_id)).status_code == 201
    held.refresh_from_db()
    order = Order.objects.get(merchant=merchant)
    assert (held.state, held.order, held.customer) == ("confirmed", order, order.customer)
    assert [use.customer for use in held.uses.all()] == [order.customer]
    cancel_order(order, CancellationData())
    held.refresh_from_db()
    assert (held.state, used(promotion)) == ("rolled_back", (0, 0))


def test_an_order_with_an_expired_reservation_is_kept_and_the_overrun_flagged(
    api: Storefront, merchant: Merchant
) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"uses_limit": 1})
    late = hold(merchant)
    expire_due(now=timezone.now() + timedelta(hours=1))
    hold(merchant)
    assert send(api, reservation=str(late.public_id)).status_code == 201
    late.refresh_from_db()
    assert (late.state, late.overrun, used(promotion)) == ("confirmed", True, (2, 500))


def test_an_order_without_reservation_books_its_code_and_flags_an_overrun(api: Storefront, merchant: Merchant) -> None:
    [coupon] = coupons(merchant)
    launch(merchant, "welcome", amount(500), when={"code": ["@WELCOME"]})
    active.forget()
    for number, overrun in (("A-1", False), ("A-2", True)):
        assert send(api, number, coupon_codes=[coupon.code.lower()]).status_code == 201
        redemption = Redemption.objects.get(merchant=merchant, order_number=number)
        assert (redemption.state, redemption.overrun, redemption.has_reservation) == ("confirmed", overrun, False)
        assert [use.code for use in redemption.uses.all()] == [coupon.code]
    coupon.refresh_from_db()
    assert coupon.used == 2
    # The same order again, and one with a code that nobody knows, book nothing.
    assert send(api, "A-2", coupon_codes=[coupon.code.lower()]).status_code == 200
    assert send(api, "A-3", coupon_codes=["WHAT"]).status_code == 201
    assert Redemption.objects.for_merchant(merchant).count() == 2


def test_a_code_that_no_promotion_asks_for_is_used_by_an_order_all_the_same(
    api: Storefront, merchant: Merchant
) -> None:
    [coupon] = coupons(merchant)
    assert send(api, coupon_codes=[coupon.code]).status_code == 201
    coupon.refresh_from_db()
    assert (coupon.used, coupon.uses.get().promotion) == (1, None)


def test_an_unknown_or_foreign_reservation_refuses_the_order_with_a_remedy(
    api: Storefront, merchant: Merchant, stranger: Any
) -> None:
    launch(stranger.merchant, "sun", percent())
    foreign = hold(stranger.merchant)
    answer = send(api, reservation=str(foreign.public_id))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_reservation")
    assert not Order.objects.for_merchant(merchant).exists()
    foreign.refresh_from_db()
    assert foreign.state == "reserved"


# --- returns


def bought(merchant: Merchant, policy: str) -> Redemption:
    """Three at 100 with 50 off from 250 on."""
    launch(merchant, "sun", amount(5000), when={"spend": {"at_least": 25000}}, returns=policy)
    return confirm(hold(merchant, (3, 10000)), order_number="A-1")


@pytest.mark.parametrize(("policy", "first"), [("keep", 8334), ("prorate", 8334), ("clawback", 5000)])
def test_units_come_back_by_the_policy_of_the_promotion(merchant: Merchant, policy: str, first: int) -> None:
    redemption = bought(merchant, policy)
    refunds = [
        return_units(redemption, reference=f"R-{unit}", lines=[ReturnedUnits(line="1", units=[unit])]).refund
        for unit in (2, 1, 0)
    ]
    assert abs(refunds[0] - first) <= 1
    assert sum(refunds) == 25000
    again = return_units(redemption, reference="R-0", lines=[ReturnedUnits(line="1", units=[0])])
    assert again.refund == refunds[2]


def test_units_come_back_once_and_only_those_that_were_bought(merchant: Merchant) -> None:
    redemption = bought(merchant, "keep")
    return_units(redemption, reference="R-1", lines=[ReturnedUnits(line="1", units=[0])])
    for wrong in (ReturnedUnits(line="1", units=[0]), ReturnedUnits(line="1", quantity=3)):
        with pytest.raises(DomainError) as refused:
            return_units(redemption, reference="R-2", lines=[wrong])
        assert refused.value.code == "already_returned"
    for wrong in (ReturnedUnits(line="9", quantity=1), ReturnedUnits(line="1", units=[3])):
        with pytest.raises(DomainError) as refused:
            return_units(redemption, reference="R-2", lines=[wrong])
        assert refused.value.code == "unknown_unit"


def test_after_an_erasure_units_are_refunded_as_they_were_paid(merchant: Merchant) -> None:
    redemption = bought(merchant, "clawback")
    Redemption.objects.for_merchant(merchant).update(shopper=None)
    [first] = [return_units(redemption, reference="R-1", lines=[ReturnedUnits(line="1", quantity=1)])]
    assert first.refund == 8333


# --- the past


def test_a_past_decision_is_made_again_to_the_byte_after_everything_was_edited(merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant, external_id="ada", orders_count=2, revenue=12345)
    ProductFactory(merchant=merchant, sku="S-1", price=1)
    [coupon] = coupons(merchant)
    sun = launch(merchant, "sun", percent("15", cap=5000), when={"kpi": {"name": "revenue", "at_least": 12345}})
    launch(merchant, "welcome", amount(333), when={"code": ["@WELCOME"]}, limits={"uses_limit": 1})
    launch(merchant, "gone", amount(1), limits={"uses_limit": 0})
    launch(merchant, "far", amount(9), when={"spend": {"at_least": 99999}})
    launch(merchant, "soon", amount(9), starts_at=timezone.now() + timedelta(minutes=1))
    held = hold(merchant, external_id="ada", codes=(coupon.code, "nonsense"))
    assert held.discount == 375 + 333
    add_version(sun, VersionData(definition={"benefit": percent("50")}))
    activate_promotion(sun)
    pause_promotion(Promotion.objects.get(merchant=merchant, key="welcome"))
    Customer.objects.for_merchant(merchant).filter(pk=ada.pk).update(revenue=0)
    Coupon.objects.for_merchant(merchant).delete()
    active.forget()
    held = Redemption.objects.get(pk=held.pk)
    assert decide_again(held) == held.decision
    assert discount(merchant, external_id="ada") == 1250


def test_a_rule_set_is_written_only_when_what_is_active_changes(merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent())
    activate_promotion(promotion)
    assert RuleSet.objects.for_merchant(merchant).count() == 1
    pause_promotion(promotion)
    activate_promotion(promotion)
    assert [len(row.versions) for row in RuleSet.objects.for_merchant(merchant).order_by("pk")] == [1, 0, 1]


def test_a_promotion_decides_within_its_period_only(merchant: Merchant) -> None:
    start, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    launch(merchant, "sun", percent(), starts_at=start, ends_at=end)
    active.forget()
    tried = [decide(merchant, basket(*CART), at=at).decision.discount for at in (start - timedelta(1), start, end)]
    assert tried == [0, 250, 0]


# --- any order of events

STEPS = st.lists(st.tuples(st.sampled_from(["reserve", "confirm", "release", "expire", "return"]), st.integers(0, 5)))


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_counts_say_what_is_held(merchant: Merchant, steps: list[tuple[str, int]]) -> None:
    """A state machine beside the tables: limit, budget and code are held by exactly those that were not given back."""
    for model in (RedemptionUse, Redemption, UseCount):
        model.objects.for_merchant(merchant).delete()
    promotion = Promotion.objects.filter(merchant=merchant).first()
    if promotion is None:
        coupons(merchant, uses_per_code=2)
        promotion = launch(
            merchant, "sun", percent(), when={"code": ["@WELCOME"]}, limits={"uses_limit": 3, "budget": 700}
        )
    coupon = Coupon.objects.get(merchant=merchant)
    Coupon.objects.for_merchant(merchant).update(used=0)
    held: list[Redemption] = []
    states: list[str] = []
    for step, number in steps:
        at = number % len(held) if held else None
        if step == "reserve":
            free = sum(states[i] in ("reserved", "confirmed") and held[i].discount > 0 for i in range(len(held))) < 2
            held.append(hold(merchant, codes=(coupon.code,)))
            states.append("reserved")
            assert (held[-1].discount == 250) == free
        elif step == "expire":
            expire_due(now=timezone.now() + timedelta(hours=1))
            states = ["expired" if state == "reserved" else state for state in states]
        elif at is not None:
            states[at] = after(step, held[at], states[at], number=at)
        holding = [i for i, state in enumerate(states) if state in ("reserved", "confirmed") and held[i].discount]
        coupon.refresh_from_db()
        assert used(promotion) == (len(holding), 250 * len(holding))
        assert coupon.used == len(holding) <= 2
        stored = Redemption.objects.for_merchant(merchant).order_by("pk").values_list("state", flat=True)
        assert list(stored) == states


def after(step: str, redemption: Redemption, state: str, *, number: int) -> str:
    """Do the step, and say in which state it must end."""
    work = {
        "confirm": lambda: confirm(redemption, order_number=f"A-{number}"),
        "release": lambda: release(redemption),
        "return": lambda: return_units(
            redemption,
            reference="R",
            lines=[ReturnedUnits(line="1", quantity=2), ReturnedUnits(line="2", quantity=1)],
        ),
    }[step]
    try:
        work()
    except DomainError as error:
        refusal = error.code
    else:
        ends = {
            ("confirm", "reserved"): "confirmed",
            ("confirm", "expired"): "confirmed",
            ("release", "reserved"): "released",
        }
        return "rolled_back" if step == "return" else ends.get((step, state), state)
    refused = {
        ("confirm", "released"): "reservation_ended",
        ("confirm", "rolled_back"): "reservation_ended",
        ("confirm", "expired"): "no_longer_available",
        ("release", "confirmed"): "already_confirmed",
    }
    assert refusal == refused.get((step, state), "not_confirmed")
    return state
