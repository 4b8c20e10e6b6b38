from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.bulk import MANY
from customers.actions.bulk import Sighting, resolve_customers
from customers.actions.profiles import Person, resolve_customer
from customers.models import Customer
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


@pytest.mark.parametrize("count", [3, 2 * MANY])
def test_new_people_are_written_once_with_the_newest_said_of_each(merchant: Merchant, count: int):
    later = NOON + timedelta(days=1)
    said = [
        Sighting(Person(external_id=f"c-{number}", email=f"person{number}@example.org", first_name=name), at)
        for number in range(count)
        for name, at in (("New", later), ("Old", NOON))
    ]
    with CaptureQueriesContext(connection) as captured:
        found = resolve_customers(merchant, said)
    assert not [query["sql"] for query in captured if "UPDATE" in query["sql"].split()[0]]
    stored = {row.pk: row for row in Customer.objects.for_merchant(merchant).with_identities()}
    assert len(stored) == count
    for number in range(count):
        row = stored[found[2 * number]]
        assert found[2 * number] == found[2 * number + 1]
        assert (row.external_id, row.email) == (f"c-{number}", f"person{number}@example.org")
        assert (row.first_name, row.details_at) == ("New", {"first_name": later.isoformat()})
        assert row.created_at == NOON


texts = st.sampled_from(["", "", "x", "y"])
people = st.builds(
    Person,
    external_id=texts,
    loyalty_card=texts,
    email=st.sampled_from(["", "a@b.c", "A@B.C ", "d@e.f"]),
    phone=st.sampled_from(["", "", "+4930123456", "+4930123457"]),
    anonymous_id=texts,
    first_name=texts,
)
sightings = st.lists(
    st.builds(lambda person, day: Sighting(person, NOON + timedelta(days=day)), people, st.integers(0, 3)), max_size=6
)
several = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)


def singly(shop: Merchant, seen: Sequence[Sighting]) -> None:
    for sighting in seen:
        if not sighting.person.is_anonymous:
            resolve_customer(shop, sighting.person, as_of=sighting.at)


def profiles(shop: Merchant) -> list[list[str]]:
    """Everybody, each as a list of identities."""
    rows = Customer.objects.for_merchant(shop).with_identities()
    return sorted(sorted(f"{identity.kind} {identity.value}" for identity in row.identities.all()) for row in rows)


@pytest.mark.django_db
@several
@given(sightings, st.integers(0, 6))
def test_all_at_once_is_the_same_as_one_after_the_other(seen: list[Sighting], split: int):
    """The same profiles, whether people are resolved singly or in bulk, and in however many bulks."""
    one, other = MerchantFactory(), MerchantFactory()
    singly(one, seen)
    for bulk in (seen[:split], seen[split:]):
        found = resolve_customers(other, bulk)
        assert [pk is None for pk in found] == [sighting.person.is_anonymous for sighting in bulk]
    assert profiles(one) == profiles(other)


@pytest.mark.django_db
@several
@given(sightings, st.randoms())
def test_any_order_of_the_same_calls_ends_in_the_same_profiles(seen: list[Sighting], random: Random):
    one, other = MerchantFactory(), MerchantFactory()
    singly(one, seen)
    singly(other, random.sample(seen, len(seen)))
    assert profiles(one) == profiles(other)


names = st.builds(lambda name, day: (name, day), st.sampled_from(["Ada", "Eve", ""]), st.integers(0, 3))


@pytest.mark.django_db
@several
@given(st.lists(names, max_size=5), st.randoms())
def test_any_order_of_the_same_statements_ends_in_the_same_details(given_names: list[tuple[str, int]], random: Random):
    shops = [MerchantFactory(), MerchantFactory()]
    for shop, statements in zip(shops, [given_names, random.sample(given_names, len(given_names))], strict=True):
        for name, day in statements:
            person = Person(external_id="1", first_name=name, city=name)
            resolve_customer(shop, person, as_of=NOON + timedelta(days=day))
    one, other = ([(row.first_name, row.city) for row in Customer.objects.for_merchant(shop)] for shop in shops)
    assert one == other
