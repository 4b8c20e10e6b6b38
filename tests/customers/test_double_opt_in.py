"""Asking for a consent and confirming it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import DomainError, InvalidInput
from core.events import drain
from customers.actions.consent import record_objection, suppress_addresses
from customers.actions.consent_texts import add_consent_text
from customers.actions.double_opt_in import confirm_consent, forget_lapsed_requests, request_consent
from customers.events import ConsentRequested
from customers.models import ConsentRecord, ConsentRequest, ConsentText, Customer, Suppression, request_digest
from customers.queries.consent import may_we
from merchants.models import Merchant
from tests.factories import CustomerFactory, MerchantFactory

pytestmark = pytest.mark.django_db
ADDRESS = "ada@example.org"


@pytest.fixture
def text(merchant: Merchant) -> ConsentText:
    return add_consent_text(
        merchant,
        version="1",
        language="en",
        purposes=["newsletter", "product_recommendations"],
        channels=["email"],
        text="Yes, please.",
    )


def ask(text: ConsentText, **fields) -> ConsentRequest:
    given = {"address": " Ada@Example.org", "purposes": ["newsletter"], "source": "footer form"}
    return request_consent(text.merchant, text=text, **given | fields)


def late(request: ConsentRequest, **ago) -> None:
    moment = timezone.now() - timedelta(**ago)
    ConsentRequest.objects.for_merchant(request.merchant_id).filter(pk=request.pk).update(
        requested_at=moment, expires_at=moment + ConsentRequest.VALID_FOR
    )
    request.refresh_from_db()


def test_nothing_is_allowed_and_nobody_known_until_the_confirmation(text, listen):
    heard = listen(ConsentRequested)
    request = ask(text)
    assert Customer.objects.for_merchant(text.merchant).count() == 0
    assert ConsentRecord.objects.for_merchant(text.merchant).count() == 0
    assert request.digest == request_digest(request.token)
    assert request.token not in str(vars(request)), "only its digest is stored"
    drain()
    assert heard == [ConsentRequested(merchant_id=text.merchant_id, request_id=request.pk)]


def test_the_confirmation_makes_the_profile_and_records_both_moments(text):
    request = ask(text, evidence={"page": "https://shop.example/"})
    [record] = confirm_consent(request)
    customer = record.customer
    assert (customer.email, customer.locale) == (ADDRESS, "en")
    assert (record.text, record.text_version, record.source) == (text, "1", "footer form")
    assert record.evidence["page"] == "https://shop.example/"
    assert record.evidence["requested_at"] == request.requested_at.isoformat()
    assert record.evidence["confirmed_at"] == record.occurred_at.isoformat()
    asked = {"merchant": text.merchant, "channel": "email", "address": ADDRESS}
    assert may_we(customer, purpose="newsletter", **asked).evidence == (record.pk,)
    assert not may_we(customer, purpose="product_recommendations", **asked).allowed


def test_confirming_again_adds_nothing_and_older_links_are_settled_with_it(text):
    first, second = ask(text), ask(text)
    other = ask(text, purposes=["product_recommendations"])
    assert len(confirm_consent(second)) == 1
    assert confirm_consent(second) == confirm_consent(first) == []
    other.refresh_from_db()
    assert other.is_open(), "another purpose is another question"
    assert ConsentRecord.objects.for_merchant(text.merchant).count() == 1


def test_a_known_persons_profile_is_used(text):
    customer = CustomerFactory(merchant=text.merchant, email=ADDRESS)
    CustomerFactory(merchant=MerchantFactory(), email=ADDRESS)  # could leak
    [record] = confirm_consent(ask(text))
    assert record.customer == customer


def test_an_expired_link_records_nothing(text):
    request = ask(text)
    late(request, days=7, seconds=1)
    with pytest.raises(DomainError) as refused:
        confirm_consent(request)
    assert refused.value.code == "request_expired"
    assert ConsentRecord.objects.for_merchant(text.merchant).count() == 0


def test_an_address_is_asked_three_times_a_day(text):
    requests = [ask(text) for _time in range(3)]
    with pytest.raises(DomainError) as refused:
        ask(text, address="ADA@example.org")
    assert (refused.value.code, refused.value.status) == ("too_many_requests", 429)
    ask(text, address="grace@example.org")
    late(requests[0], days=1, seconds=1)
    ask(text)


@pytest.mark.parametrize("reason", ["bounce", "complaint"])
def test_an_address_that_must_not_be_written_to_is_not(text, reason):
    suppress_addresses(text.merchant, [ADDRESS], reason=Suppression.Reason(reason), channel="email")
    with pytest.raises(DomainError) as refused:
        ask(text)
    assert refused.value.code == "address_suppressed"
    assert ConsentRequest.objects.for_merchant(text.merchant).count() == 0


def test_who_objected_once_may_change_their_mind(text):
    customer = CustomerFactory(merchant=text.merchant, email=ADDRESS)
    record_objection(customer, source="x")
    confirm_consent(ask(text))
    asked = {"merchant": text.merchant, "channel": "email", "address": ADDRESS}
    assert may_we(customer, purpose="newsletter", **asked).allowed


@pytest.mark.parametrize("address", ["", "ada", "ada@", "a b@example.org", "ada@example.org\nBcc: b@example.org"])
def test_what_is_no_address_is_refused(text, address):
    with pytest.raises(InvalidInput):
        ask(text, address=address)


@pytest.mark.parametrize("purposes", [[], ["reviews"], ["newsletter", "tracking"]])
def test_a_text_cannot_be_asked_for_what_it_does_not_say(text, purposes):
    with pytest.raises(InvalidInput):
        ask(text, purposes=purposes)


def test_what_nobody_confirmed_is_forgotten(text):
    old, confirmed, new = ask(text), ask(text, address="b@example.org"), ask(text, address="c@example.org")
    confirm_consent(confirmed)
    late(old, days=38)
    late(confirmed, days=38)
    assert forget_lapsed_requests() == 1
    assert set(ConsentRequest.objects.for_merchant(text.merchant)) == {confirmed, new}
