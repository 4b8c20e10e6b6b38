"""Calls about the same people at the same time, each on a connection of its own."""

import pytest

from customers.actions.profiles import Person, resolve_customer
from customers.models import Customer, Identity, IdentityLink
from tests.factories import MerchantFactory
from tests.orders.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_calls_for_the_same_identities_make_one_profile() -> None:
    """Some complete, some that only join what others bring: no deadlock, no second profile."""
    shop = MerchantFactory()
    people = [
        Person(external_id="1", email="ada@example.org", phone="+4930123456"),
        Person(email="ada@example.org", loyalty_card="77"),
        Person(loyalty_card="77", phone="+4930123456", anonymous_id="visit"),
        Person(external_id="1", loyalty_card="77"),
    ] * 2
    at_once([lambda person=person: resolve_customer(shop, person).pk for person in people])  # type: ignore[misc]
    assert Customer.objects.for_merchant(shop).count() == 1
    assert Identity.objects.for_merchant(shop).count() == 5
    assert not IdentityLink.objects.for_merchant(shop).exclude(refusal="").exists()


def test_two_people_who_swap_identities_at_once_stay_two() -> None:
    shop = MerchantFactory()
    for number in "12":
        resolve_customer(shop, Person(external_id=number, email=f"{number}@example.org"))
    swapped = [Person(external_id="1", email="2@example.org"), Person(external_id="2", email="1@example.org")] * 3
    at_once([lambda person=person: resolve_customer(shop, person).pk for person in swapped])  # type: ignore[misc]
    assert Customer.objects.for_merchant(shop).count() == 2
    assert set(IdentityLink.objects.for_merchant(shop).exclude(refusal="").values_list("refusal", flat=True)) == {
        "limit"
    }
