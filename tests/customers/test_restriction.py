"""Restriction of processing (GDPR Art. 18): while it stands, the answer to every purpose is no, and says why."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from core.errors import DomainError, InvalidInput
from core.privacy.retention import retentions
from customers.actions.consent import record_consent
from customers.actions.consent_texts import add_consent_text
from customers.actions.double_opt_in import request_consent
from customers.actions.privacy import open_request
from customers.actions.privacy.requests import check_identity, complete_request, lift_restriction, refuse_request
from customers.actions.profiles import Person, resolve_customer
from customers.models import ConsentRequest, Customer, PrivacyRequest, Purpose
from customers.queries.consent import CELLS, Reader, consent_state, legal_bases, may_we
from customers.queries.preferences import preferences
from customers.queries.profiling import not_to_be_profiled
from customers.rules.legal_basis import Code
from merchants.models import AuditEntry, Membership, Merchant
from tests.factories import CustomerFactory, MerchantFactory


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    person: Customer = CustomerFactory(merchant=merchant, email="ada@example.org")
    for purpose, channel in CELLS:
        record_consent(person, purpose=purpose, channel=channel, text_version="1", source="x", evidence={})
    return person


def checked(customer: Customer, membership: Membership, kind: str = "restriction") -> PrivacyRequest:
    request = open_request(customer.merchant, kind=kind, channel="email", customer=customer, staff=membership.staff)
    return check_identity(request, customer=customer, evidence="address on file", staff=membership.staff)


def granted(customer: Customer, membership: Membership) -> PrivacyRequest:
    return complete_request(checked(customer, membership), outcome="", staff=membership.staff)


def codes(customer: Customer) -> set[Code]:
    """Of every purpose and channel that the person has an address for."""
    return {cell.decision.code for cell in consent_state(customer) if cell.decision.code != Code.NO_ADDRESS}


@pytest.mark.parametrize(
    ("state", "stands"),
    [("received", False), ("checked", False), ("refused", False), ("done", True), ("lifted", False)],
)
def test_it_stands_from_the_answer_until_it_is_lifted(
    customer: Customer, membership: Membership, state: str, stands: bool
) -> None:
    if state == "received":
        open_request(customer.merchant, kind="restriction", channel="email", customer=customer)
    elif state == "checked":
        checked(customer, membership)
    elif state == "refused":
        refuse_request(checked(customer, membership), reason="Nothing is disputed.", staff=membership.staff)
    else:
        request = granted(customer, membership)
        if state == "lifted":
            lift_restriction(request, reason="The street is correct now.", staff=membership.staff)
    assert codes(customer) == ({Code.RESTRICTED} if stands else {Code.CONSENTED})


@pytest.mark.parametrize(
    "kind", [kind for kind in PrivacyRequest.Kind.values if kind not in ("restriction", "erasure")]
)
def test_no_other_request_restricts(customer: Customer, membership: Membership, kind: str) -> None:
    complete_request(checked(customer, membership, kind), outcome="", staff=membership.staff)
    assert Code.RESTRICTED not in codes(customer)


def test_it_is_said_in_both_languages_and_of_nobody_else(customer: Customer, membership: Membership) -> None:
    other = CustomerFactory(merchant=customer.merchant)
    granted(customer, membership)
    readers = [Reader(customer.pk, ""), Reader(other.pk, ""), Reader(None, "")]
    one, *others = legal_bases(readers, merchant=customer.merchant, purpose=Purpose.PROFILING, channel="")
    assert not one.allowed
    with translation.override("en"):
        assert one.reason == "This person had the use of their data restricted (GDPR Art. 18)."
    with translation.override("de"):
        assert one.reason == "Diese Person hat die Verarbeitung ihrer Daten einschränken lassen (DSGVO Art. 18)."
    assert all(answer.allowed for answer in others)


def test_a_later_consent_changes_nothing_and_the_past_is_answered_as_it_stood(
    customer: Customer, membership: Membership
) -> None:
    def ask(days: int) -> Code:
        at = timezone.now() + timedelta(days=days)
        return may_we(customer, merchant=customer.merchant, purpose=Purpose.TRACKING, at=at).code

    with time_machine.travel(timezone.now() + timedelta(days=5), tick=False):
        request = granted(customer, membership)
        record_consent(customer, purpose="tracking", channel="", text_version="2", source="x", evidence={})
    with time_machine.travel(timezone.now() + timedelta(days=9), tick=False):
        lift_restriction(request, reason="Settled.", staff=membership.staff)
    assert [ask(days) for days in (1, 6, 8, 10)] == [
        Code.CONSENTED, Code.RESTRICTED, Code.RESTRICTED, Code.CONSENTED,
    ]  # fmt: skip


def test_the_recommender_leaves_the_person_out(customer: Customer, membership: Membership) -> None:
    assert not_to_be_profiled(customer.merchant) == frozenset()
    request = granted(customer, membership)
    assert not_to_be_profiled(customer.merchant) == {customer.pk}
    lift_restriction(request, reason="Settled.", staff=membership.staff)
    assert not_to_be_profiled(customer.merchant) == frozenset()


@pytest.mark.parametrize("kind", ["email", "phone"])
@pytest.mark.parametrize("is_guest", [True, False], ids=["guest", "another profile"])
def test_whoever_comes_with_the_persons_address_gets_no_advertising(
    merchant: Merchant, membership: Membership, kind: str, is_guest: bool
) -> None:
    person = resolve_customer(merchant, Person(email="ada@example.org", phone="030 1234567"))
    address, spelled = (
        ("grace@example.org", " ADA@example.org") if kind == "email" else ("+4940765432", "030/123 45 67")
    )
    other = None if is_guest else resolve_customer(merchant, Person(external_id="C-9", **{kind: address}))
    channel = "email" if kind == "email" else "sms"
    if other:
        record_consent(other, purpose="newsletter", channel=channel, text_version="1", source="x", evidence={})

    def ask(address: str) -> Code:
        return may_we(other, merchant=merchant, purpose="newsletter", channel=channel, address=address).code

    usual = Code.CONSENT_ONLY if is_guest else Code.CONSENTED
    assert ask(spelled) == usual
    request = granted(person, membership)
    assert ask(spelled) == Code.RESTRICTED
    assert ask(address) == usual
    lift_restriction(request, reason="Settled.", staff=membership.staff)
    assert ask(spelled) == usual


def test_another_shop_is_not_bound_by_it(customer: Customer, membership: Membership) -> None:
    granted(customer, membership)
    neighbour = MerchantFactory()
    answer = may_we(None, merchant=neighbour, purpose="newsletter", channel="email", address=customer.email)
    assert answer.code == Code.CONSENT_ONLY
    assert legal_bases([], merchant=customer.merchant, purpose="newsletter", channel="email") == []


def test_nobody_is_asked_for_a_consent_at_the_persons_address(customer: Customer, membership: Membership) -> None:
    text = add_consent_text(
        customer.merchant, version="9", language="en", purposes=["newsletter"], channels=["email"], text="Yes."
    )
    request = granted(customer, membership)
    with pytest.raises(DomainError) as refused:
        request_consent(customer.merchant, address="Ada@example.org", text=text, purposes=["newsletter"], source="x")
    assert refused.value.code == "address_restricted"
    assert not ConsentRequest.objects.for_merchant(customer.merchant).exists()
    lift_restriction(request, reason="Settled.", staff=membership.staff)
    request_consent(customer.merchant, address="Ada@example.org", text=text, purposes=["newsletter"], source="x")


def test_the_preference_centre_has_no_switch_that_works(customer: Customer, membership: Membership) -> None:
    granted(customer, membership)
    assert not [choice for subject in preferences(customer, "en") for choice in subject.choices if choice.can_change]


def test_it_is_lifted_once_with_a_reason(customer: Customer, membership: Membership) -> None:
    request = granted(customer, membership)
    with pytest.raises(InvalidInput):
        lift_restriction(request, reason=" ", staff=membership.staff)
    lift_restriction(request, reason="Settled.", staff=membership.staff)
    with pytest.raises(DomainError, match="lifted already"):
        lift_restriction(request, reason="Settled.", staff=membership.staff)
    with pytest.raises(DomainError, match="no restriction"):
        lift_restriction(checked(customer, membership, "access"), reason="x", staff=membership.staff)
    assert AuditEntry.objects.for_merchant(customer.merchant).filter(action="privacy_request.lifted").count() == 1


def test_staff_see_it_and_lift_it(client: Client, customer: Customer, membership: Membership) -> None:
    request = granted(customer, membership)
    profile = reverse("customer_detail", args=[customer.merchant.slug, customer.pk])
    assert "used for nothing but orders" in client.get(profile).text
    detail = reverse("privacy_detail", args=[customer.merchant.slug, request.pk])
    assert "The restriction stands" in client.get(detail).text
    lift = reverse("privacy_lift", args=[customer.merchant.slug, request.pk])
    assert client.post(lift, {"lift-reason": ""}).status_code == 422
    assert client.post(lift, {"lift-reason": "The street is correct now."}).status_code == 302
    page = client.get(detail).text
    assert "The street is correct now." in page
    assert "The restriction stands" not in page
    assert "used for nothing but orders" not in client.get(profile).text


def test_no_retention_ends_it(merchant: Merchant, membership: Membership) -> None:
    lead = CustomerFactory(merchant=merchant)
    request = granted(lead, membership)
    later = timezone.now() + timedelta(days=9)
    kinds = {retention.kind: retention for retention in retentions}

    def goes(kind: str) -> bool:
        return kinds[kind].old(merchant.pk, later).exists()

    assert not goes("leads")
    assert not goes("requests")
    lift_restriction(request, reason="Settled.", staff=membership.staff)
    assert goes("leads")
    assert goes("requests")
