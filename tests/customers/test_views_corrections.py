"""Staff declare traits, add identities and take them away."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.actions.traits import record_traits
from customers.models import Customer, Identity, Trait
from customers.queries.profiles import known_traits
from merchants.models import AuditEntry, Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory

IN_PLACE = {"HX-Request": "true"}
AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    merchant.country = "DE"
    merchant.save()
    return CustomerFactory(merchant=merchant, email="ada@example.org", external_id="c-1")


@pytest.fixture
def page(customer: Customer) -> str:
    return f"/m/{customer.merchant.slug}/customers/{customer.pk}/"


def _declared(customer: Customer) -> dict[str, Any]:
    return {trait.name: trait.value for trait in known_traits(customer)}


def _audited(customer: Customer) -> list[tuple[str, Any]]:
    rows = AuditEntry.objects.for_merchant(customer.merchant).order_by("pk")
    return [(entry.action, entry.changes) for entry in rows]


# --- traits ------------------------------------------------------------------------------------------------------------


def test_traits_stand_on_the_page_with_source_and_moment(client: Client, customer: Customer, page: str) -> None:
    record_traits(customer, {"size": "M", "vip": True}, source="api", at=AT)
    text = client.get(page).text
    for part in ("size", "vip", ">yes<", "api · ", "Nov 1, 2026"):
        assert part in text
    assert "Nothing is declared yet" in client.get(page.replace(str(customer.pk), str(CustomerFactory(merchant=customer.merchant).pk))).text  # fmt: skip


def test_a_trait_is_edited_in_place_and_written_down(client: Client, customer: Customer, page: str) -> None:
    record_traits(customer, {"size": "M"}, source="api", at=AT)
    form = client.get(f"{page}trait?name=size", headers=IN_PLACE)
    assert "<html" not in form.text
    answer = client.post(f"{page}trait?name=size", {"value": "XL", "seen": '"M"'}, headers=IN_PLACE)
    assert answer.status_code == 200
    assert "XL" in answer.text
    trait = Trait.objects.for_merchant(customer.merchant).get()
    assert (trait.value, trait.source) == ("XL", "back office")
    assert _audited(customer) == [("customer.trait_edited", {"size": {"from": "M", "to": "XL"}})]


def test_a_statement_from_the_future_does_not_swallow_the_edit(client: Client, customer: Customer, page: str) -> None:
    record_traits(customer, {"size": "M"}, source="api", at=timezone.now() + timedelta(hours=3))
    client.post(f"{page}trait?name=size", {"value": "XL", "seen": '"M"'})
    assert _declared(customer) == {"size": "XL"}


def test_a_trait_is_added_and_withdrawn_without_scripts(client: Client, customer: Customer, page: str) -> None:
    added = client.post(f"{page}trait", {"name": "hobby", "value": "sailing", "seen": "null"}, follow=True)
    assert "sailing" in added.text
    client.post(f"{page}trait?name=hobby", {"value": "sailing", "withdraw": "on", "seen": '"sailing"'}, follow=True)
    assert _declared(customer) == {}


@pytest.mark.parametrize(
    ("stored", "typed", "read"),
    [(12, "12.5", 12.5), (True, "false", False), (["red"], '["red", "blue"]', ["red", "blue"]), ("a", "12", "12")],
)
def test_a_value_stays_of_its_kind(
    client: Client, customer: Customer, page: str, stored: Any, typed: str, read: Any
) -> None:
    record_traits(customer, {"x": stored}, source="api", at=AT)
    client.post(f"{page}trait?name=x", {"value": typed, "seen": json.dumps(stored)})
    assert _declared(customer) == {"x": read}


@pytest.mark.parametrize(
    ("stored", "typed", "said"),
    [(12, "twelve", "This trait holds a number"), (True, "1", "“true” or “false”"), ("a", "", "Write a value, or")],
)
def test_a_value_of_another_kind_is_refused(
    client: Client, customer: Customer, page: str, stored: Any, typed: str, said: str
) -> None:
    record_traits(customer, {"x": stored}, source="api", at=AT)
    answer = client.post(f"{page}trait?name=x", {"value": typed, "seen": json.dumps(stored)}, headers=IN_PLACE)
    assert answer.status_code == 422
    assert said in answer.text
    assert _declared(customer) == {"x": stored}


def test_a_stale_trait_comes_back_and_changes_nothing(client: Client, customer: Customer, page: str) -> None:
    record_traits(customer, {"size": "L"}, source="api", at=AT)
    answer = client.post(f"{page}trait?name=size", {"value": "XL", "seen": '"M"'}, headers=IN_PLACE)
    assert answer.status_code == 409
    assert "Somebody else changed this to “L” meanwhile." in answer.text
    assert _declared(customer) == {"size": "L"}
    again = answer.context["form"]
    posted = {"value": again["value"].value(), "seen": again["seen"].value()}
    assert client.post(f"{page}trait?name=size", posted, headers=IN_PLACE).status_code == 200
    assert _declared(customer) == {"size": "XL"}


def test_a_new_trait_does_not_replace_one_that_is_there(client: Client, customer: Customer, page: str) -> None:
    record_traits(customer, {"size": "L"}, source="api", at=AT)
    answer = client.post(f"{page}trait", {"name": "size", "value": "XL", "seen": "null"}, headers=IN_PLACE)
    assert answer.status_code == 409
    assert _declared(customer) == {"size": "L"}


@pytest.mark.parametrize("name", ["email", "firstName", "address", "x" * 121])
def test_details_are_no_traits(client: Client, customer: Customer, page: str, name: str) -> None:
    answer = client.post(f"{page}trait", {"name": name, "value": "eve@example.org", "seen": "null"}, headers=IN_PLACE)
    assert answer.status_code == 422
    assert (_declared(customer), _audited(customer)) == ({}, [])


# --- identities --------------------------------------------------------------------------------------------------------


def _known(customer: Customer) -> set[tuple[str, str]]:
    return set(Identity.objects.for_merchant(customer.merchant).filter(customer=customer).values_list("kind", "value"))


def test_an_identity_is_added_as_it_is_stored(client: Client, customer: Customer, page: str) -> None:
    answer = client.post(f"{page}identities", {"kind": "phone", "value": "030 123456"}, headers=IN_PLACE)
    assert answer.status_code == 200
    assert "+4930123456" in answer.text
    assert ("phone", "+4930123456") in _known(customer)
    assert _audited(customer) == [("customer.identity_added", {"kind": "phone", "value": "+4930123456"})]


def test_an_unknown_visitor_gets_a_first_identity(client: Client, merchant: Merchant) -> None:
    bare = CustomerFactory(merchant=merchant, email=None, external_id=None)
    client.post(f"/m/muster/customers/{bare.pk}/identities", {"kind": "loyalty_card", "value": "4711"})
    assert _known(bare) == {("loyalty_card", "4711")}


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("email", "null", "This identifies nobody"),
        ("phone", "abc", "This identifies nobody"),
        ("email", "ADA@example.org", "known by that already"),
        ("email", "bob@example.org", "belongs to another customer, Bob"),
        ("external_id", "c-2", "as many of this kind"),
        ("anonymous_id", "v-1", "Select a valid choice"),
    ],
)
def test_what_cannot_be_added_is_said(
    client: Client, customer: Customer, page: str, kind: str, value: str, said: str
) -> None:
    bob = CustomerFactory(merchant=customer.merchant, first_name="Bob", email="bob@example.org")
    before = _known(customer), _known(bob)
    answer = client.post(f"{page}identities", {"kind": kind, "value": value}, headers=IN_PLACE)
    assert answer.status_code == 422
    assert said in answer.text
    assert (_known(customer), _known(bob)) == before
    assert _audited(customer) == []


def test_an_identity_is_removed_by_typing_it(client: Client, customer: Customer) -> None:
    identity = Identity.objects.for_merchant(customer.merchant).get(kind="email")
    url = f"/m/{customer.merchant.slug}/customers/identities/{identity.pk}/remove"
    assert "ada@example.org" in client.get(url, headers=IN_PLACE).text
    for typed in ("", "ada@example.com"):
        assert client.post(url, {"typed": typed}, headers=IN_PLACE).status_code == 422
    assert ("email", "ada@example.org") in _known(customer)
    answer = client.post(url, {"typed": " Ada@example.org"}, headers=IN_PLACE)
    assert answer.status_code == 200
    assert "ada@example.org" not in answer.text
    assert _known(customer) == {("external_id", "c-1")}
    assert _audited(customer)[-1] == ("customer.identity_removed", {"kind": "email", "value": "ada@example.org"})


def test_others_may_not(customer: Customer, page: str, stranger: Membership) -> None:
    identity = Identity.objects.for_merchant(customer.merchant).get(kind="email")
    remove = f"/m/{customer.merchant.slug}/customers/identities/{identity.pk}/remove"
    analyst = Client()
    analyst.force_login(MembershipFactory(merchant=customer.merchant, role=Role.ANALYST).staff)
    for url, posted in (
        (f"{page}trait", {"name": "x", "value": "y", "seen": "null"}),
        (f"{page}identities", {"kind": "email", "value": "eve@example.org"}),
        (remove, {"typed": "ada@example.org"}),
    ):
        assert analyst.post(url, posted).status_code == 403
    assert "trait" not in {part for part in analyst.get(page).text.split('"') if part.startswith(page)}
    assert (len(_known(customer)), _declared(customer)) == (2, {})
