"""What a shop declares about a person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import InvalidInput
from customers.actions.traits import record_traits
from customers.models import Customer, Identity, Trait
from customers.queries.profiles import known_traits
from merchants.models import Merchant
from tests.factories import CustomerFactory

AT = datetime(2026, 3, 20, tzinfo=UTC)


def declared(customer: Customer) -> dict[str, Any]:
    return {trait.name: trait.value for trait in known_traits(customer)}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_two_statements_the_newer_counts_in_whatever_order_they_come(merchant: Merchant, order: Any) -> None:
    ada = CustomerFactory(merchant=merchant)
    statements = [({"size": "M", "vip": True}, 0), ({"size": "L", "vip": None}, 1), ({"size": "L2"}, 1)]
    for index in order:
        values, days = statements[index]
        record_traits(ada, values, source="app", at=AT + timedelta(days=days))
    assert declared(ada) == {"size": "L2"}


def test_details_and_identities_are_the_profiles_own(merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant, first_name="", last_name="")
    values = {
        "name": "Ada Maria Lovelace",
        "phone": "030 123456",
        "address": {"postalCode": 10115, "city": "Berlin", "country": "de", "street": "Hauptstraße 1"},
        "hobbies": ["chess"],
    }
    assert record_traits(ada, values, source="api", at=AT) == ada
    ada.refresh_from_db()
    assert (ada.first_name, ada.last_name, ada.postal_code, ada.city, ada.country) == (
        "Ada Maria",
        "Lovelace",
        "10115",
        "Berlin",
        "DE",
    )
    assert Identity.objects.get(customer=ada, kind="phone").value == "+4930123456"
    assert declared(ada) == {"hobbies": ["chess"], "address": {"street": "Hauptstraße 1"}}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"x": "a" * 4001}, "trait_too_big"),
        ({"": 1}, "trait_name_invalid"),
        ({"n" * 121: 1}, "trait_name_invalid"),
        ({f"t{n}": 1 for n in range(201)}, "too_many_traits"),
        ({"x": "\0"}, "trait_value_invalid"),
    ],
)
def test_what_is_too_much_is_refused_whole(merchant: Merchant, values: dict[str, Any], code: str) -> None:
    ada = CustomerFactory(merchant=merchant)
    with pytest.raises(InvalidInput) as refused:
        record_traits(ada, {"good": 1} | values, source="api", at=AT)
    assert refused.value.code == code
    assert not Trait.objects.for_merchant(merchant).exists()
