"""What a training reads: what counts as bought, what was looked at and by whom, and all of it of one moment."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Product
from customers.models import ConsentRecord, Customer, Identity
from merchants.models import Membership, Merchant
from orders.models import Order, OrderLine
from recommendations.queries import Window, customer_key, read_snapshot
from recommendations.queries import snapshot as reading
from tests.recommendations.shops import GROUPS, NOON, PER_GROUP, buy, stocked_shop, track


def test_the_snapshot_holds_what_counts_as_bought(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    cancelled, returned, kept = buy(person, "G0-0"), buy(person, "G0-1"), buy(person, "G0-2", "G0-3")
    Order.objects.filter(pk=cancelled.pk).update(state=Order.State.CANCELLED)
    OrderLine.objects.filter(order=returned).update(returned=1)
    guest = buy(person, "G0-4")
    Order.objects.filter(pk=guest.pk).update(customer=None)
    found = read_snapshot(merchant).purchases.rows(named=True)
    assert cancelled.pk not in {row["basket"] for row in found}
    assert returned.pk not in {row["basket"] for row in found}
    assert [row["customer"] for row in found if row["basket"] == kept.pk] == [person.pk, person.pk]
    assert [row["customer"] for row in found if row["basket"] == guest.pk] == [None]
    assert {row["occurred_at"] for row in found if row["basket"] == kept.pk} == {
        (NOON + timedelta(days=1)).replace(tzinfo=None)
    }


def test_the_snapshot_is_of_one_merchant(merchant: Merchant, stranger: Membership):
    stocked_shop(merchant)
    stocked_shop(stranger.merchant, customers=3, orders=1, prefix="c")  # the same numbers and SKUs elsewhere
    track(stranger.merchant, "Product Viewed", "G0-0")
    snapshot = read_snapshot(merchant)
    assert len(snapshot.products) == GROUPS * PER_GROUP
    assert len(snapshot.purchases) == 100 * 5 * 3
    assert len(snapshot.customer_ids) == 100
    assert len(snapshot.events) == 0


def test_the_snapshot_of_an_empty_shop_has_its_columns(merchant: Merchant):
    snapshot = read_snapshot(merchant)
    assert snapshot.purchases.columns == ["customer", "product", "basket", "occurred_at"]
    assert len(snapshot.purchases) == len(snapshot.products) == len(snapshot.customer_keys) == 0


def test_external_ids_with_any_character_survive_the_copy(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    strange = 'a,"b"\n\\N ü 🛒'
    Identity.objects.filter(customer=person).update(value=strange)
    assert read_snapshot(merchant).customer_keys.tolist() == [customer_key(strange)]


# --- events


def kinds(merchant: Merchant, **window: int) -> list[tuple[str, str]]:
    """What was done with which product, as it happened."""
    titles = dict(Product.objects.for_merchant(merchant).values_list("id", "sku"))
    events = read_snapshot(merchant, Window(**window)).events.sort("occurred_at")
    return [(row["kind"], titles[row["product"]]) for row in events.rows(named=True)]


def test_events_find_their_products_by_sku_or_the_shops_product_id(merchant: Merchant):
    stocked_shop(merchant, customers=1, orders=1)
    track(merchant, "Product Viewed", "G0-0", minutes_ago=4)
    track(merchant, "Product Added", None, minutes_ago=3, product_id="G0-1")
    track(merchant, "Product Removed", "G0-1", minutes_ago=2)
    track(merchant, "Product Viewed", "nobody sells this")
    track(merchant, "Cart Viewed", "G0-2")
    track(merchant, "Search Used", "G0-3")
    assert kinds(merchant) == [("view", "G0-0"), ("cart", "G0-1"), ("remove", "G0-1")]
    assert read_snapshot(merchant).health["unknown_product_events"] == 1


def test_a_visitor_is_one_and_so_is_a_profile_without_a_device(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    for visitor, customer in (("a", None), ("a", person.pk), ("b", None), ("", person.pk), ("", person.pk)):
        track(merchant, "Product Viewed", "G0-0", visitor=visitor, customer_id=customer)
    track(merchant, "Product Viewed", "G0-0", visitor="")  # nobody at all
    events = read_snapshot(merchant).events
    assert sorted(count for _visitor, count in events["visitor"].value_counts().rows()) == [1, 2, 2]
    assert events["customer"].drop_nulls().unique().to_list() == [person.pk]


def test_bots_are_left_out_and_counted(merchant: Merchant, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "BOT_PRODUCTS", 20)
    stocked_shop(merchant, customers=1, orders=1)
    track(merchant, "Product Viewed", "G0-0", is_bot=True)
    for number in range(20):
        track(merchant, "Product Viewed", f"G{number // 8}-{number % 8}", visitor="sees everything")
    track(merchant, "Product Viewed", "G3-0", visitor="a person")
    assert kinds(merchant) == [("view", "G3-0")]
    assert read_snapshot(merchant).health["bot_events"] == 21


def test_whoever_objects_to_profiling_is_a_guest_and_looked_at_nothing(merchant: Merchant):
    objecting, other = stocked_shop(merchant, customers=2, orders=1)
    ConsentRecord.objects.create(
        merchant=merchant, customer=objecting, kind="objected", purpose="profiling", channel="", source="x"
    )
    for person in (objecting, other):
        track(merchant, "Product Viewed", "G0-0", visitor=f"device of {person.pk}", customer_id=person.pk)
    snapshot = read_snapshot(merchant)
    assert snapshot.purchases["customer"].to_list().count(None) == 3
    assert snapshot.purchases["customer"].drop_nulls().unique().to_list() == [other.pk]
    assert snapshot.events["customer"].to_list() == [other.pk]


# --- window and moment


def test_the_window_counts_orders_from_the_newest_and_events_from_now(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    Order.objects.for_merchant(merchant).delete()
    newest, older = buy(person, "G0-0", at=NOON), buy(person, "G0-1", at=NOON - timedelta(days=31))
    track(merchant, "Product Viewed", "G0-2", minutes_ago=60 * 24 * 3)
    track(merchant, "Product Viewed", "G0-3", minutes_ago=60)
    assert read_snapshot(merchant, Window(purchase_days=30)).purchases["basket"].to_list() == [newest.pk]
    assert set(read_snapshot(merchant).purchases["basket"]) == {newest.pk, older.pk}
    assert kinds(merchant, event_days=2) == [("view", "G0-3")]


def test_time_is_counted_from_the_newest_purchase_or_event(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    bought = timezone.now() - timedelta(days=2)
    buy(person, "G0-0", at=bought)
    assert read_snapshot(merchant).until == bought
    seen = track(merchant, "Product Viewed", "G0-3", minutes_ago=60)
    assert read_snapshot(merchant).until == seen.occurred_at


def test_an_old_import_keeps_its_own_time_whatever_is_tracked_today(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    Order.objects.for_merchant(merchant).delete()
    bought = buy(person, "G0-0", at=timezone.now() - timedelta(days=4000)).placed_at
    track(merchant, "Product Viewed", "G0-3")
    assert read_snapshot(merchant).until == bought


def test_an_order_from_the_future_does_not_move_the_clock(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    buy(person, "G0-0", at=timezone.now() + timedelta(days=400))
    snapshot = read_snapshot(merchant)
    assert snapshot.until == snapshot.at


def test_health_counts_what_staff_could_mend(merchant: Merchant):
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    guest = buy(person, "G3-0", "G3-1")
    Order.objects.filter(pk=guest.pk).update(customer=None)
    health = read_snapshot(merchant).health
    assert (health["baskets"], health["guest_baskets"]) == (2, 1)
    assert (health["products"], health["products_without_category"], health["products_never_sold"]) == (32, 32, 27)


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_is_of_one_moment(merchant: Merchant, monkeypatch: pytest.MonkeyPatch):
    """An order and its product that arrive while a snapshot is read are wholly in the next one."""
    person = stocked_shop(merchant, customers=1, orders=1)[0]
    read_products = reading._read_products

    def sell_meanwhile() -> None:
        Product.objects.create(merchant=merchant, sku="NEW", title="New", price=1)
        buy(Customer.objects.get(pk=person.pk), "NEW")
        connection.close()

    def slowly(shop: Merchant):
        thread = threading.Thread(target=sell_meanwhile)
        thread.start()
        thread.join()
        return read_products(shop)

    monkeypatch.setattr(reading, "_read_products", slowly)
    snapshot = read_snapshot(merchant)
    assert (len(snapshot.products), len(snapshot.purchases)) == (32, 3)
    monkeypatch.undo()
    later = read_snapshot(merchant)
    assert (len(later.products), len(later.purchases)) == (33, 4)
