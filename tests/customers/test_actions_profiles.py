"""Identity resolution: one profile per person, found by what identifies best."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import InvalidInput
from customers.actions.profiles import Person, resolve_customer
from customers.models import Customer, Identity
from merchants.models import Merchant
from tests.factories import CustomerFactory

AT = datetime(2026, 3, 20, tzinfo=UTC)


def identities(customer: Customer) -> dict[str, str]:
    return dict(Identity.objects.filter(customer=customer).values_list("kind", "value"))


def test_a_new_person_gets_a_profile_with_normalised_identities(merchant: Merchant) -> None:
    person = Person(
        external_id=" c-1 ", email=" Ada@Example.ORG ", phone="+49 (30) 123-456", first_name="Ada", country="DE"
    )
    customer = resolve_customer(merchant, person)
    assert identities(customer) == {"external_id": "c-1", "email": "ada@example.org", "phone": "+4930123456"}
    assert (customer.first_name, customer.country) == ("Ada", "DE")


@pytest.mark.parametrize(
    "person",
    [
        Person(external_id="c-1"),
        Person(email="ADA@example.org"),
        Person(external_id="c-1", email="ada@example.org"),
        Person(external_id="c-1", email="new@example.org"),
        Person(email="ada@example.org", phone="+49 30 1"),
    ],
)
def test_a_known_person_is_found(merchant: Merchant, person: Person) -> None:
    known = CustomerFactory(merchant=merchant, external_id="c-1", email="ada@example.org")
    CustomerFactory(external_id="c-1", email="ada@example.org")  # could leak: another merchant's
    assert resolve_customer(merchant, person) == known
    assert Customer.objects.for_merchant(merchant).count() == 1


def test_new_identities_are_added_to_the_profile(merchant: Merchant) -> None:
    guest = resolve_customer(merchant, Person(email="ada@example.org"))
    registered = resolve_customer(merchant, Person(external_id="c-1", email="ada@example.org"))
    assert registered == guest
    assert identities(guest) == {"external_id": "c-1", "email": "ada@example.org"}


def test_the_id_wins_over_the_address_which_stays_where_it_is(merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant, external_id="c-1", email="ada@example.org")
    eve = CustomerFactory(merchant=merchant, external_id="c-2", email="eve@example.org")
    assert resolve_customer(merchant, Person(external_id="c-2", email="ada@example.org")) == eve
    assert identities(ada)["email"] == "ada@example.org"
    assert identities(eve) == {"external_id": "c-2", "email": "eve@example.org"}


def test_two_ids_of_the_shop_are_two_people_even_with_one_address(merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant, external_id="c-1", email="family@example.org")
    bob = resolve_customer(merchant, Person(external_id="c-2", email="family@example.org"))
    assert bob != ada
    assert identities(bob) == {"external_id": "c-2"}


def test_a_telephone_number_decides_only_alone(merchant: Merchant) -> None:
    ada = resolve_customer(merchant, Person(email="ada@example.org", phone="+49 30 123456"))
    assert resolve_customer(merchant, Person(phone="+4930123456")) == ada
    bob = resolve_customer(merchant, Person(email="bob@example.org", phone="+4930123456"))
    assert bob != ada
    assert identities(bob) == {"email": "bob@example.org"}


def test_nobody_cannot_be_resolved(merchant: Merchant) -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve_customer(merchant, Person(first_name="Ada", email=" "))
    assert refused.value.code == "customer_unidentified"
    assert not Customer.objects.for_merchant(merchant).exists()


@pytest.mark.parametrize(
    ("days", "expected"), [(1, ("Ada", "Lovelace")), (0, ("Ada", "Lovelace")), (-1, ("Ada", "Byron"))]
)
def test_newer_details_replace_and_older_ones_fill_gaps(
    merchant: Merchant, days: int, expected: tuple[str, str]
) -> None:
    CustomerFactory(merchant=merchant, external_id="c-1", first_name="", last_name="Byron", last_order_at=AT)
    person = Person(external_id="c-1", first_name="Ada", last_name="Lovelace", locale="")
    customer = resolve_customer(merchant, person, as_of=AT + timedelta(days=days))
    customer.refresh_from_db()
    assert (customer.first_name, customer.last_name, customer.locale) == (*expected, "de")


def test_a_known_person_costs_one_read(merchant: Merchant, django_assert_max_num_queries: Any) -> None:
    CustomerFactory(merchant=merchant, external_id="c-1", email="ada@example.org")
    with django_assert_max_num_queries(3):  # between savepoint and release
        resolve_customer(merchant, Person(external_id="c-1", email="ada@example.org"))
