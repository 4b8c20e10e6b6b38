"""Consents over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from customers.actions.consent import record_objection, suppress_addresses
from customers.actions.consent_texts import add_consent_text
from customers.actions.double_opt_in import confirm_consent
from customers.api.consents import GRANT, SIGN_UP
from customers.models import ConsentRecord, ConsentRequest, ConsentText, Customer, Suppression
from customers.queries.consent import may_we
from merchants.models import Merchant
from tests.factories import CustomerFactory, MerchantFactory
from tests.storefront import Storefront, storefront

pytestmark = pytest.mark.django_db
URL = "/api/v1/customers/c-1/consents"


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, external_id="c-1", email="ada@example.org")


@pytest.fixture
def text(merchant: Merchant) -> ConsentText:
    return add_consent_text(
        merchant, version="1", language="de", purposes=["newsletter"], channels=["email"], text="Ja, bitte."
    )


def cell(api: Storefront, purpose: str, channel: str = "email", query: str = "") -> dict[str, Any]:
    state = api.get(URL + query).json()["state"]
    [found] = [cell for cell in state if (cell["purpose"], cell["channel"]) == (purpose, channel)]
    return found


def test_a_consent_with_its_words_is_recorded_and_read_back(api, customer):
    answer = api.post(URL, GRANT)
    assert answer.status_code == 201
    record = answer.json()["record"]
    assert (answer.json()["status"], record["text"], record["evidence"]) == (
        "recorded",
        GRANT["text"],
        GRANT["evidence"],
    )
    known = cell(api, "newsletter")
    assert (known["allowed"], known["basis"], known["records"]) == (True, "consent", [record["id"]])
    assert known["reason"]
    assert [row["id"] for row in api.get(URL).json()["records"]] == [record["id"]]
    assert ConsentText.objects.for_merchant(customer.merchant).get().source == "sent"


def test_an_unknown_version_is_refused_without_its_words(api, customer):
    answer = api.post(URL, {name: value for name, value in GRANT.items() if name != "text"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_text_version")
    assert ConsentRecord.objects.for_merchant(customer.merchant).count() == 0
    assert api.post(URL, GRANT).status_code == 201
    other = api.post(URL, GRANT | {"text": "Something else."})
    assert (other.status_code, other.json()["code"]) == (409, "text_version_taken")


def test_the_same_key_records_once(api, customer):
    for _time in range(2):
        assert api.post(URL, GRANT, headers={"Idempotency-Key": "k"}).status_code == 201
    assert ConsentRecord.objects.for_merchant(customer.merchant).count() == 1


def test_withdrawals_and_objections_act_at_once(api, customer):
    api.post(URL, GRANT)
    assert api.post(URL, {"decision": "withdrawn", "purpose": "newsletter", "source": "account"}).status_code == 201
    assert cell(api, "newsletter")["code"] == "withdrawn"
    assert cell(api, "profiling", "")["allowed"]
    assert api.post(URL, {"decision": "objected", "source": "account"}).status_code == 201
    assert cell(api, "profiling", "")["code"] == "objected"
    assert Suppression.objects.for_merchant(customer.merchant).of("ada@example.org").exists()


def test_the_state_is_answered_as_it_stood(api, customer):
    api.post(URL, GRANT | {"occurred_at": "2026-03-01T10:00:00Z"})
    record_objection(customer, source="x", objected_at=datetime(2026, 5, 1, tzinfo=UTC))
    assert not cell(api, "newsletter", query="?at=2026-02-28T00:00:00Z")["allowed"]
    assert cell(api, "newsletter", query="?at=2026-04-01T00:00:00%2B02:00")["allowed"]
    assert len(api.get(f"{URL}?at=2026-04-01T00:00:00Z").json()["records"]) == 1
    assert not cell(api, "newsletter")["allowed"]
    assert api.get(f"{URL}?at=yesterday").status_code == 400
    assert api.get(f"{URL}?when=2026-04-01T00:00:00Z").status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"decision": "maybe"}, "decision"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "flowers"}, "purpose"),
        ({"channel": ""}, "channel"),
        ({"purpose": "tracking"}, "channel"),
        ({"text_version": ""}, "text_version"),
        ({"source": ""}, "source"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"evidence": {str(n): "x" for n in range(21)}}, "evidence"),
        ({"evidence": {"a": {"b": "c"}}}, "evidence.a"),
        ({"double_opt_in": True, "channel": "sms"}, "double_opt_in"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_makes_no_sense_names_its_field_and_records_nothing(api, customer, change, field):
    answer = api.post(URL, GRANT | change)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert ConsentRecord.objects.for_merchant(customer.merchant).count() == 0


def test_double_opt_in_asks_and_records_nothing_yet(api, customer, text):
    answer = api.post(URL, GRANT | {"double_opt_in": True})
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")
    assert answer.json()["record"] is None
    request = ConsentRequest.objects.for_merchant(customer.merchant).get()
    assert (request.customer, request.address) == (customer, "ada@example.org")
    assert not cell(api, "newsletter")["allowed"]
    confirm_consent(request)
    assert cell(api, "newsletter")["allowed"]


def test_double_opt_in_goes_to_the_persons_own_address_only(api, customer, text):
    """The message leads to the person's preferences."""
    answer = api.post(URL, GRANT | {"double_opt_in": True, "address": "mallory@example.org"})
    assert (answer.status_code, answer.json()["code"]) == (400, "address_unknown")
    assert ConsentRequest.objects.for_merchant(customer.merchant).count() == 0


def test_a_newsletter_form_asks_an_unknown_address(api, merchant, text):
    answer = api.post("/api/v1/consents", SIGN_UP | {"text_version": "1"})
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")
    assert Customer.objects.for_merchant(merchant).count() == 0
    [record] = confirm_consent(ConsentRequest.objects.for_merchant(merchant).get())
    assert (record.customer.email, record.source, record.text) == (SIGN_UP["email"], SIGN_UP["source"], text)


def test_an_address_is_not_asked_a_fourth_time_nor_when_it_bounced(api, merchant, text):
    for _time in range(3):
        assert api.post("/api/v1/consents", SIGN_UP | {"text_version": "1"}).status_code == 201
    answer = api.post("/api/v1/consents", SIGN_UP | {"text_version": "1"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    suppress_addresses(merchant, ["b@example.org"], reason=Suppression.Reason.BOUNCE, channel="email")
    answer = api.post("/api/v1/consents", SIGN_UP | {"text_version": "1", "email": "b@example.org"})
    assert (answer.status_code, answer.json()["code"]) == (409, "address_suppressed")


@pytest.mark.parametrize("is_known", [True, False])
def test_an_address_objects(api, merchant, customer, is_known):
    email = customer.email if is_known else "grace@example.org"
    answer = api.post("/api/v1/consents", {"email": email, "decision": "objected", "source": "complaint"})
    assert answer.status_code == 201
    assert (answer.json()["record"] is not None) == is_known
    asked = {"purpose": "newsletter", "channel": "email", "address": email}
    assert may_we(None, merchant=merchant, **asked).code == "address_objected"


def test_texts_are_listed_as_they_are_current(api, merchant, text):
    add_consent_text(MerchantFactory(), version="9", language="de", purposes=["reviews"], channels=["email"], text="x")
    [listed] = api.get("/api/v1/consents/texts").json()["texts"]
    assert (listed["version"], listed["text"], listed["purposes"]) == ("1", "Ja, bitte.", ["newsletter"])


@pytest.mark.parametrize(("scopes", "reads", "writes"), [(["consents:read"], 200, 403), (["consents:write"], 403, 201)])
def test_reading_and_writing_have_scopes_of_their_own(merchant, customer, scopes, reads, writes):
    server = storefront(merchant, scopes=scopes)
    assert server.get(URL).status_code == server.get("/api/v1/consents/texts").status_code == reads
    assert server.post(URL, GRANT).status_code == writes
    assert server.post("/api/v1/consents", SIGN_UP).status_code == writes


def test_reading_costs_as_much_for_many_records(api, customer, django_assert_max_num_queries):
    for number in range(20):
        api.post(URL, GRANT | {"text_version": str(number), "text": f"Text {number}."})
    with django_assert_max_num_queries(9):
        assert len(api.get(URL).json()["records"]) == 20
