"""Which identifiers say who somebody is."""

import pytest

from customers.actions.profiles import Person
from customers.rules.identities import PRIORITY, clean_identity, e164, phone_prefix


@pytest.mark.parametrize("kind", PRIORITY)
@pytest.mark.parametrize(
    "value", ["", " ", "null", " NULL ", "undefined", "anonymous", "0", "0000", "00-00", "n/a", "-1"]
)
def test_what_names_nobody_is_no_identity(kind: str, value: str) -> None:
    assert clean_identity(kind, value) == ""


@pytest.mark.parametrize("value", ["test@test.com", "user@example.com", "null@shop.example", "noreply@", "0@x.de"])
def test_a_mailbox_of_nobody_is_no_identity(value: str) -> None:
    assert clean_identity("email", value) == ("noreply@" if value == "noreply@" else "")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("external_id", " c-1 ", "c-1"),
        ("email", " Ada@Example.ORG ", "ada@example.org"),
        ("email", "test@shop.example", "test@shop.example"),
        ("social", "@Ada", "ada"),
        ("phone", "030 123456", "+4930123456"),
        ("phone", "+49 (0)30 123-456", "+4930123456"),
        ("phone", "0044 20 7946 0958", "+442079460958"),
        ("phone", "12", ""),
        ("phone", "+49 111111111", ""),
        ("anonymous_id", "507f191e-810c-1972-9de8-60ea00000000", "507f191e-810c-1972-9de8-60ea00000000"),
        ("device_id", "x" * 321, ""),
    ],
)
def test_two_spellings_are_one(kind: str, value: str, expected: str) -> None:
    assert clean_identity(kind, value, region="DE") == expected


def test_a_number_without_prefix_needs_a_country() -> None:
    assert e164("030 123456") == ""
    assert Person(phone="01 5121234", country="AT").identities("DE") == {"phone": "+4315121234"}
    assert Person(phone="030 123456").identities("DE") == {"phone": "+4930123456"}


def test_the_first_identity_of_a_person_decides() -> None:
    person = Person(anonymous_id="a", phone="+4930123456", email="ada@example.org", external_id="1", loyalty_card="9")
    assert list(person.identities()) == ["external_id", "loyalty_card", "email", "phone", "anonymous_id"]


@pytest.mark.parametrize(
    ("typed", "region", "prefix"),
    [
        ("+49 30/12", "", "+493012"),
        ("0049 30 12", "AT", "+493012"),
        ("030-12", "DE", "+493012"),
        ("030-12", "", ""),
        ("3012", "DE", ""),
        ("030-12", "XX", ""),
        ("ada 030", "DE", ""),
        ("", "DE", ""),
    ],
)
def test_the_first_digits_of_a_number_are_understood(typed: str, region: str, prefix: str) -> None:
    assert phone_prefix(typed, region) == prefix
