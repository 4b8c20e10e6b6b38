"""A shop files privacy requests over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from customers.actions.profiles import Person, resolve_customer
from customers.api.privacy import LISTED
from customers.models import Customer, PrivacyRequest
from merchants.models import Membership, Merchant, Scope
from tests.storefront import Storefront, storefront

URL = "/api/v1/privacy/requests"


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    person = resolve_customer(merchant, Person(external_id="c-1", email="ada@example.org", first_name="Ada"))
    assert person
    return person


def ask(api: Storefront, **given: Any) -> Any:
    return api.post(URL, {"kind": "erasure", "external_id": "c-1"} | given)


def test_a_request_enters_the_queue_with_its_deadline(
    api: Storefront, client: Client, customer: Customer, membership: Membership
) -> None:
    with time_machine.travel("2026-01-30T12:00:00Z", tick=False):
        answer = ask(api, statement="Delete me.\nAll of it.", received_at="2026-01-29T23:30:00Z")
    assert answer.status_code == 201
    told = answer.json()
    # At half past midnight in Berlin; a month later is Saturday the 28th, so Monday.
    assert (told["state"], told["due_on"], told["received_at"]) == ("received", "2026-03-02", "2026-01-29T23:30:00Z")
    stored = PrivacyRequest.objects.for_merchant(customer.merchant).get(pk=told["id"])
    assert (stored.customer, stored.channel, stored.contact) == (customer, "shop", "ada@example.org")
    assert stored.due_on == date(2026, 3, 2)
    page = client.get(reverse("privacy_detail", args=[customer.merchant.slug, stored.pk])).text
    assert "All of it." in page
    assert "the shop (API)" in page


def test_who_is_logged_in_at_the_shop_needs_no_further_check(api: Storefront, customer: Customer) -> None:
    answer = ask(api, kind="access", identity_evidence="logged in")
    assert answer.json()["state"] == "checked"
    assert PrivacyRequest.objects.for_merchant(customer.merchant).get().identity_evidence == "logged in"


def test_a_second_click_finds_the_open_request(api: Storefront, customer: Customer) -> None:
    first = ask(api)
    again = api.post(URL, {"kind": "erasure", "email": " ADA@example.org"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert ask(api, kind="access").status_code == 201, "another kind is another request"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"external_id": "c-9"}, "unknown_customer"),
        ({"email": "ada@example.org"}, "one_of"),
        ({"kind": "objection"}, "invalid_choice"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "out_of_range"),
        ({"received_at": "2199-01-01T00:00:00Z"}, "received_in_future"),
        ({"received_at": "2017-01-01T00:00:00Z"}, "before_gdpr"),
        ({"state": "done"}, "unknown_field"),
        ({"statement": "a\u0007b"}, "control_character"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(
    api: Storefront, customer: Customer, given: dict[str, Any], code: str
) -> None:
    answer = ask(api, **given)
    assert answer.status_code == 400
    assert code in answer.text
    assert not PrivacyRequest.objects.for_merchant(customer.merchant).exists()


def test_nobody_asks_for_another_shops_customer(customer: Customer, stranger: Membership) -> None:
    answer = ask(storefront(stranger.merchant))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_customer")


def test_a_key_without_the_scope_is_refused(customer: Customer) -> None:
    assert ask(storefront(customer.merchant, scopes=[Scope.CUSTOMERS_READ])).status_code == 403


# --- reading them


def add(merchant: Merchant, customer: Customer | None, **about: Any) -> PrivacyRequest:
    fields: dict[str, Any] = {"kind": "access", "channel": "email", "due_on": date(2026, 12, 24)} | about
    return PrivacyRequest.objects.create(merchant=merchant, customer=customer, **fields)


def test_the_queue_is_read_newest_first_in_pages(
    api: Storefront, merchant: Merchant, customer: Customer, stranger: Membership
) -> None:
    stored = [add(merchant, customer).pk for _number in range(LISTED + 3)]
    add(stranger.merchant, None)  # could leak
    page = api.get(URL).json()
    assert [row["id"] for row in page["requests"]] == stored[:2:-1]
    assert page["after"] == stored[3]
    added_meanwhile = add(merchant, customer).pk
    rest = api.get(URL, {"after": page["after"]}).json()
    assert ([row["id"] for row in rest["requests"]], rest["after"]) == (stored[2::-1], None)
    assert api.get(URL).json()["requests"][0]["id"] == added_meanwhile


def test_a_page_costs_as_much_for_one_as_for_many(
    api: Storefront, merchant: Merchant, django_assert_max_num_queries: Any
) -> None:
    api.get(URL)
    for number in range(4):
        add(merchant, resolve_customer(merchant, Person(external_id=f"d-{number}")))
        with django_assert_max_num_queries(2):
            assert len(api.get(URL).json()["requests"]) == number + 1


def test_the_queue_is_narrowed_by_kind_state_and_customer(
    api: Storefront, merchant: Merchant, customer: Customer
) -> None:
    access, erasure = add(merchant, customer), add(merchant, customer, kind="erasure", state="checked")
    other = add(merchant, resolve_customer(merchant, Person(external_id="c-2")))

    def found(**asked: Any) -> list[int]:
        return [row["id"] for row in api.get(URL, asked).json()["requests"]]

    assert found(kind="erasure") == [erasure.pk]
    assert found(state="received") == [other.pk, access.pk]
    assert found(external_id="c-1") == [erasure.pk, access.pk]
    assert found(external_id="c-1", kind="access", state="received") == [access.pk]
    assert found(external_id="nobody") == []


def test_one_request_says_what_became_of_it(api: Storefront, merchant: Merchant, customer: Customer) -> None:
    asked = ask(api, statement="Delete me.", identity_evidence="logged in").json()
    PrivacyRequest.objects.filter(pk=asked["id"]).update(notes="between us", outcome="Everything is gone.")
    told = api.get(f"{URL}/{asked['id']}").json()
    assert told["customer"] == {"id": customer.pk, "external_id": "c-1"}
    assert (told["state"], told["statement"], told["outcome"]) == ("checked", "Delete me.", "Everything is gone.")
    assert (told["contact"], told["channel"], told["closed_at"]) == ("ada@example.org", "shop", None)
    assert "between us" not in str(told)
    PrivacyRequest.objects.filter(pk=asked["id"]).update(customer=None)
    assert api.get(f"{URL}/{asked['id']}").json()["customer"] is None
    assert api.get(URL).json()["requests"][0]["customer"] is None


@pytest.mark.parametrize(
    "asked",
    [{"kind": "revenge"}, {"state": "lost"}, {"after": "x"}, {"after": "0"}, {"after": str(2**63)}, {"page": "2"}],
)
def test_a_wrong_question_names_the_field(api: Storefront, customer: Customer, asked: dict[str, str]) -> None:
    answer = api.get(URL, asked)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == list(asked)


@pytest.mark.parametrize("number", ["0", "999999999", "99999999999999999999999", "x", "1/"])
def test_an_unknown_request_is_not_found(api: Storefront, customer: Customer, number: str) -> None:
    assert api.get(f"{URL}/{number}").status_code == 404


def test_reading_needs_the_right_to_read_customers(merchant: Merchant, customer: Customer) -> None:
    request = add(merchant, customer)
    for key, status in (
        (storefront(merchant, scopes=[Scope.CUSTOMERS_READ]), 200),
        (storefront(merchant, scopes=[Scope.CUSTOMERS_WRITE]), 403),
        (storefront(merchant, kind="pk"), 403),
    ):
        assert [key.get(URL).status_code, key.get(f"{URL}/{request.pk}").status_code] == [status, status]
