from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.actions.bulk import Sighting, resolve_customers
from customers.actions.profiles import Person, resolve_customer
from customers.models import Customer, Identity
from merchants.models import Membership, Merchant
from tests.factories import CustomerFactory, MerchantFactory

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_guests_have_no_profile(merchant: Merchant):
    assert resolve_customers(merchant, [Sighting(Person(first_name="Ada"), NOON)]) == [None]


def test_a_person_seen_twice_is_one(merchant: Merchant):
    ada = Sighting(Person(external_id="1", email="Ada@example.org"), NOON)
    again = Sighting(Person(email="ada@EXAMPLE.org"), NOON + timedelta(days=1))
    first, second = resolve_customers(merchant, [ada, again])
    assert first == second
    assert Customer.objects.get().created_at == NOON


def test_known_people_are_found_and_those_of_another_shop_are_not(merchant: Merchant, stranger: Membership):
    CustomerFactory(merchant=stranger.merchant, external_id="1")
    mine = CustomerFactory(merchant=merchant, external_id="1")
    assert resolve_customers(merchant, [Sighting(Person(external_id="1"), NOON)]) == [mine.pk]


def test_older_details_only_fill_gaps(merchant: Merchant):
    known = CustomerFactory(
        merchant=merchant, external_id="1", first_name="Ada", country="", last_order_at=NOON + timedelta(days=9)
    )
    resolve_customers(merchant, [Sighting(Person(external_id="1", first_name="Old", country="GB"), NOON)])
    known.refresh_from_db()
    assert (known.first_name, known.country) == ("Ada", "GB")


texts = st.sampled_from(["", "", "x", "y"])
people = st.builds(
    Person, external_id=texts, email=st.sampled_from(["", "a@b.c", "A@B.C ", "d@e.f"]), phone=texts, first_name=texts
)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(people, max_size=6), st.integers(0, 6))
def test_all_at_once_is_the_same_as_one_after_the_other(seen: list[Person], split: int):
    """The same profiles, whether people are resolved singly or in bulk, and in however many bulks."""
    singly, bulk = MerchantFactory(), MerchantFactory()
    one_by_one = [
        None if person.is_anonymous else resolve_customer(singly, person, as_of=NOON + timedelta(days=day)).pk
        for day, person in enumerate(seen)
    ]
    sightings = [Sighting(person, NOON + timedelta(days=day)) for day, person in enumerate(seen)]
    together = resolve_customers(bulk, sightings[:split]) + resolve_customers(bulk, sightings[split:])
    assert partition(one_by_one) == partition(together)
    assert known_as(singly) == known_as(bulk)


def partition(ids: list[int | None]) -> list[int | None]:
    """Who is the same as whom, without the ids: the place of each one's first sighting."""
    return [None if pk is None else ids.index(pk) for pk in ids]


def known_as(shop: Merchant) -> list[tuple[str, ...]]:
    rows = Identity.objects.for_merchant(shop).values_list("kind", "value", "customer__first_name")
    return sorted(rows)
