"""Points for what was not told when it happened, when they can be spent, and what a profile says of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from customers.actions.partitions import create_partitions_for
from customers.models import Event
from customers.timeline import timeline
from merchants.models import AuditEntry, Membership, Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.actions.shipments import ShipmentData, TrackingData, record_shipment
from orders.events import OrderDelivered, OrdersImported
from orders.models import Order, Shipment
from promotions.actions.loyalty.clock import turn_due
from promotions.actions.loyalty.earning import earn_for_order
from promotions.actions.loyalty.past import earn_for_imported, reward_tracked_reviews
from promotions.actions.loyalty.programme import set_programme
from promotions.actions.redemptions import ReservationData, reserve
from promotions.forms.loyalty import ProgrammeForm, RewardForm, TierForm
from promotions.handlers import earn_for_the_past, let_points_wait
from promotions.models import LoyaltyProgram, PointLot, Reward, Tier
from promotions.tasks import earn_imported
from tests.promotions.members import account, customer, open_programme, order
from tests.promotions.shops import basket

DAY = timedelta(days=1)


# --- imported orders


def imported(merchant: Merchant, number: str, *, days_ago: int, who: str = "c-1") -> Order:
    """An order of a file, which nobody was told of."""
    sold = order(merchant, number, (1, 1000), days_ago=days_ago, who=who)
    Order.objects.filter(pk=sold.pk).update(source=Order.Source.IMPORT)
    return Order.objects.select_related("merchant", "customer").get(pk=sold.pk)


def test_imported_orders_earn_nothing_unless_the_shop_says_from_when(merchant: Merchant) -> None:
    old = [imported(merchant, f"A-{days}", days_ago=days) for days in (400, 100, 50)]
    open_programme(merchant)
    assert earn_for_imported(merchant) == 0
    for sold in old:
        earn_for_order(sold)  # a later version of it comes by the API
    assert not PointLot.objects.for_merchant(merchant).exists()
    set_programme(merchant, {"imports_from": (timezone.now() - 200 * DAY).date()}, staff=None)
    cancel_order(old[2], CancellationData())
    earn_imported(merchant.pk)
    earn_imported(merchant.pk)
    assert [lot.order_id for lot in PointLot.objects.for_merchant(merchant)] == [old[1].pk]
    turn_due()
    assert account(merchant) == (10, 0)


def test_the_day_that_counts_begins_in_the_time_of_the_shop(merchant: Merchant) -> None:
    sold = imported(merchant, "A-1", days_ago=0)
    # Half past eleven in the evening in Greenwich is the next day in Berlin.
    Order.objects.filter(pk=sold.pk).update(placed_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    open_programme(merchant, imports_from=date(2026, 3, 3))
    assert earn_for_imported(merchant) == 0
    LoyaltyProgram.objects.update(imports_from=date(2026, 3, 2))
    assert earn_for_imported(merchant) == 1


def test_an_import_rings_for_its_points(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[Any] = []
    monkeypatch.setattr("promotions.handlers.ring", lambda task, **ids: rung.append((task, ids)))
    earn_for_the_past(OrdersImported(merchant_id=merchant.pk, job_id=1))
    assert rung == [("promotions.tasks.earn_imported", {"merchant_id": merchant.pk})]


# --- from the delivery


def arrive(sold: Order, reference: str, *, days_ago: int) -> None:
    at = timezone.now() - days_ago * DAY
    arrived = TrackingData(code="delivered", occurred_at=at)
    record_shipment(sold, ShipmentData(reference=reference, shipped_at=at - DAY, events=[arrived]))
    shipment = Shipment.objects.get(order=sold, reference=reference)
    let_points_wait(OrderDelivered(merchant_id=sold.merchant_id, order_id=sold.pk, shipment_id=shipment.pk))


def test_points_wait_from_the_last_delivery_that_is_known(merchant: Merchant) -> None:
    open_programme(merchant, pending_days=30, valid_months=12)
    sold = order(merchant, "A-1", (1, 1000), days_ago=20)
    lot = PointLot.objects.get(order=sold)
    assert lot.activates_at == sold.placed_at + 30 * DAY
    expires_at = lot.expires_at
    LoyaltyProgram.objects.update(pending_days=5)
    arrive(sold, "P-1", days_ago=10)
    lot.refresh_from_db()
    assert lot.activates_at == Shipment.objects.get(order=sold).delivered_at + 30 * DAY
    assert lot.expires_at is not None
    assert lot.expires_at > expires_at
    assert account(merchant) == (0, 10)


def test_points_that_can_be_spent_stay_when_a_delivery_is_heard_of_late(merchant: Merchant) -> None:
    open_programme(merchant, pending_days=30)
    sold = order(merchant, "A-1", (1, 1000), days_ago=40)
    turn_due()
    assert account(merchant) == (10, 0)
    arrive(sold, "P-1", days_ago=1)
    assert account(merchant) == (10, 0)


# --- reviews that tracking saw


def reviewed(merchant: Merchant, sku: str, number: int = 1, *, who: str = "c-1", **said: Any) -> None:
    at = timezone.now()
    create_partitions_for([at])
    facts = {"occurred_at": at, "received_at": at, "customer_id": customer(merchant, who).pk} | said
    Event.objects.create(
        merchant=merchant,
        kind="track",
        channel="web",
        name="Product Reviewed",
        message_id=f"m-{sku}-{number}",
        properties={"product_id": sku, "rating": 1},
        **facts,
    )


def test_a_tracked_review_of_what_was_bought_earns_once_per_product(merchant: Merchant) -> None:
    order(merchant, "A-1", (1, 1000), (1, 1000))
    order(merchant, "B-1", (1, 1000), who="c-2")
    program = open_programme(merchant, review_points=25, tracks_reviews=True)
    reviewed(merchant, "S-1")
    reviewed(merchant, "S-1", 2)
    reviewed(merchant, "S-2", 3)
    reviewed(merchant, "S-2", who="c-2")  # bought S-1 only
    reviewed(merchant, "S-1", 4, is_bot=True, who="c-2")
    reviewed(merchant, "NONE", 5)
    assert reward_tracked_reviews(program) == 2
    program.refresh_from_db()
    reviewed(merchant, "S-1", 6)
    assert reward_tracked_reviews(program) == 0
    assert account(merchant) == (50, 0)
    assert set(PointLot.objects.for_merchant(merchant).values_list("kind", flat=True)) == {"review"}


# --- what a profile says


def test_the_timeline_tells_what_became_of_points(merchant: Merchant) -> None:
    open_programme(merchant, pending_days=30)
    sold = order(merchant, "A-1", (1, 120_000), days_ago=40)
    turn_due()
    cancel_order(sold, CancellationData())
    with translation.override("de"):
        told = [entry for entry in timeline(customer(merchant), kinds=["points"]).entries if "points" in entry.kind]
    assert [(entry.title, entry.detail, entry.tone) for entry in told] == [
        ("1.200 Punkte zurückgenommen", "Bestellung A-1", "warning"),
        ("1.200 Punkte können ausgegeben werden", "Bestellung A-1", "success"),
        ("1.200 Punkte verdient, noch in Wartezeit", "Bestellung A-1", "success"),
    ]
    assert told[0].url.endswith(f"/{customer(merchant).pk}")


def test_what_is_spent_from_many_lots_at_once_is_one_entry(merchant: Merchant) -> None:
    open_programme(merchant, pending_days=0)
    for number in range(5):
        order(merchant, f"A-{number}", (1, 1000), days_ago=number)
    turn_due()
    reserve(merchant, ReservationData(basket=basket((1, 10_000), customer=customer(merchant), points=45)))
    spent = [entry for entry in timeline(customer(merchant), kinds=["points"]).entries if entry.kind == "points.burn"]
    assert [entry.title for entry in spent] == ["Spent 45 points"]


# --- amounts as people write them


def programme_values(**changes: Any) -> dict[str, Any]:
    said = {
        "is_active": "on",
        "each": "1",
        "per": "1,00",
        "rounding": "down",
        "pending_days": "30",
        "valid_months": "24",
    }
    said |= {"value_of_hundred": "0,50", "burn_from": "0", "review_points": "0", "referral_points": "0"}
    said |= {"invited_points": "0", "referral_at_least": "", "referrals_per_year": "10", "tier_basis": "revenue"}
    return said | {"tier_months": "12", "grace_days": "30"} | changes


def test_amounts_are_written_and_read_in_german(merchant: Merchant) -> None:
    with translation.override("de"):
        program = LoyaltyProgram(merchant=merchant, per=150, value_of_hundred=75)
        form = ProgrammeForm(None, merchant=merchant, program=program)
        assert 'value="1,50"' in str(form["per"])
        assert 'value="0,75"' in str(form["value_of_hundred"])
        form = ProgrammeForm(programme_values(), merchant=merchant, program=program)
        assert form.is_valid(), form.errors
        values = form.values()
        assert (values["per"], values["value_of_hundred"], values["referral_at_least"]) == (100, 50, 0)
        tier = Tier(merchant=merchant, name="Gold", key="gold", at_least=123_450, hundredths=150)
        drawn = TierForm(None, merchant=merchant, program=form.instance, tier=tier)
        assert 'value="1,5"' in str(drawn["multiplier"])
        said = {"name": "Gold", "key": "gold", "at_least": "1.234,50", "multiplier": "1,25"}
        drawn = TierForm(said, merchant=merchant, program=form.instance, tier=tier)
        assert drawn.is_valid(), drawn.errors
        assert (drawn.values()["at_least"], drawn.values()["hundredths"]) == (123_450, 125)


@pytest.mark.parametrize("per", ["", "0", "0,00", "-1", "viel", "1,005", "0.001"])
def test_an_amount_that_cannot_be_is_refused(merchant: Merchant, per: str) -> None:
    with translation.override("de"):
        program = LoyaltyProgram(merchant=merchant)
        form = ProgrammeForm(programme_values(per=per), merchant=merchant, program=program)
        assert not form.is_valid()
        assert list(form.errors) == ["per"]


def test_a_reward_needs_an_amount_and_no_smallest_cart(merchant: Merchant) -> None:
    said = {"name": "Five off", "key": "five", "points": "500", "amount": "5.00", "at_least": "", "days": "90"}
    form = RewardForm(said, merchant=merchant)
    assert form.is_valid(), form.errors
    assert (form.data_of_reward().amount, form.data_of_reward().at_least) == (500, 0)
    assert not RewardForm(said | {"amount": "0"}, merchant=merchant).is_valid()


def test_a_reward_is_made_once_under_a_key_and_withdrawn_once(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/loyalty/rewards"
    said = {"name": "Five off", "key": "five", "points": "500", "amount": "5.00", "at_least": "", "days": "90"}
    assert client.post(f"{url}/new", said).status_code == 302
    again = client.post(f"{url}/new", said)
    assert again.context["form"].errors == {"key": ["There is a reward with this key."]}
    reward = Reward.objects.get(merchant=merchant)
    assert "Withdraw Five off?" in client.get(f"/m/{merchant.slug}/loyalty/levels").text  # asked before
    for _time in range(2):
        client.post(f"{url}/{reward.pk}/withdraw")
    assert AuditEntry.objects.filter(merchant=merchant, action="reward.withdrawn").count() == 1


def test_the_set_up_takes_a_day_and_a_german_amount(client: Client, merchant: Merchant, membership: Membership) -> None:
    membership.staff.language = "de"
    membership.staff.save()
    values = programme_values(imports_from="2026-01-01", tracks_reviews="on")
    answer = client.post(f"/m/{merchant.slug}/loyalty/set-up", values)
    assert answer.status_code == 302, answer.content
    program = LoyaltyProgram.objects.get(merchant=merchant)
    assert (program.imports_from, program.tracks_reviews, program.per) == (date(2026, 1, 1), True, 100)
