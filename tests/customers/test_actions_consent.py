"""Notices, consents and objections as rows, and what the gate makes of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import InvalidInput
from customers.actions.consent import (
    lift_bounce,
    record_consent,
    record_notice,
    record_objection,
    record_withdrawal,
    suppress_addresses,
)
from customers.models import Channel, ConsentRecord, Customer, Identity, Purpose, Suppression
from customers.queries.consent import BasisDecision, may_we
from customers.rules.legal_basis import Basis, Code
from merchants.models import AuditEntry
from tests.factories import CustomerFactory, MerchantFactory

pytestmark = pytest.mark.django_db
ORDERED = datetime(2026, 11, 1, 9, tzinfo=UTC)


def show_notice(customer: Customer, *, shown_at: datetime = ORDERED, order: str = "A-1") -> ConsentRecord:
    return record_notice(
        customer,
        channel=Channel.EMAIL,
        address=customer.email,
        text_version="2026-01",
        shown_at=shown_at,
        source="checkout",
        evidence={"order": order} if order else {},
    )


def consent(customer: Customer, purpose: str = Purpose.PRODUCT_RECOMMENDATIONS, **fields) -> ConsentRecord:
    return record_consent(
        customer, purpose=purpose, channel=Channel.EMAIL, text_version="v1", source="account", evidence={}, **fields
    )


def ask(customer: Customer, *, purpose: str = Purpose.PRODUCT_RECOMMENDATIONS, **fields) -> BasisDecision:
    given = {"merchant": customer.merchant, "channel": Channel.EMAIL, "address": customer.email}
    return may_we(customer, purpose=purpose, **given | fields)


def test_record_notice_carries_the_existing_customer_exception():
    customer = CustomerFactory()
    record = show_notice(customer)
    decision = ask(customer, address=customer.email.upper())
    assert (decision.basis, decision.evidence) == (Basis.EXISTING_CUSTOMER, (record.pk,))
    assert decision.allowed
    assert "§ 7(3)" in decision.reason


def test_record_notice_of_the_same_sale_is_recorded_once():
    customer = CustomerFactory()
    assert show_notice(customer) == show_notice(customer)
    assert show_notice(customer, order="A-2") != show_notice(customer)
    assert customer.consent_records.count() == 2


def test_a_notice_that_came_with_no_sale_carries_nothing():
    customer = CustomerFactory()
    show_notice(customer, order="")
    assert ask(customer).code == Code.NOTICE_WITHOUT_SALE


def test_the_merchants_switch_leaves_only_consent():
    customer = CustomerFactory(merchant=MerchantFactory(existing_customer_exception=False))
    show_notice(customer)
    assert ask(customer).code == Code.EXCEPTION_OFF
    consent(customer)
    assert ask(customer).basis == Basis.CONSENT


@pytest.mark.parametrize("purpose", [Purpose.NEWSLETTER, Purpose.REVIEWS, Purpose.TRACKING])
def test_every_other_purpose_needs_consent(purpose):
    customer = CustomerFactory()
    show_notice(customer)
    assert ask(customer, purpose=purpose).code == Code.CONSENT_ONLY
    consent(customer, purpose)
    assert ask(customer, purpose=purpose).basis == Basis.CONSENT


def test_a_notice_for_mail_says_nothing_about_sms():
    customer = CustomerFactory()
    show_notice(customer)
    assert ask(customer, channel=Channel.SMS, address="+491511234567").code == Code.NO_NOTICE


@pytest.mark.parametrize("purpose", ["", Purpose.PRODUCT_RECOMMENDATIONS])
@pytest.mark.parametrize("channel", ["", Channel.EMAIL])
def test_an_objection_ends_both_bases_at_once(purpose, channel):
    customer = CustomerFactory()
    show_notice(customer)
    consent(customer)
    record = record_objection(customer, purpose=purpose, channel=channel, source="unsubscribe page")
    assert ask(customer) == BasisDecision(Basis.NONE, Code.OBJECTED, (record.pk,))


def test_an_objection_to_one_purpose_leaves_the_others():
    customer = CustomerFactory()
    consent(customer, Purpose.NEWSLETTER)
    consent(customer)
    record_objection(customer, purpose=Purpose.NEWSLETTER, channel=Channel.EMAIL, source="service desk")
    assert not ask(customer, purpose=Purpose.NEWSLETTER).allowed
    assert ask(customer).allowed


def test_an_objection_dated_by_a_fast_clock_counts_now():
    customer = CustomerFactory()
    show_notice(customer)
    record_objection(customer, source="shop", objected_at=timezone.now() + timedelta(hours=2))
    assert ask(customer).code == Code.OBJECTED


def test_an_objection_outlives_the_profile_and_reaches_a_new_one_with_the_same_address():
    first = CustomerFactory(email="ada@example.org")
    record_objection(first, address="Ada@Example.org", source="unsubscribe page")
    first.delete()
    second = CustomerFactory(merchant=first.merchant, email="ada@example.org")
    show_notice(second, shown_at=timezone.now())
    assert ask(second).code == Code.ADDRESS_OBJECTED
    consent(second)
    assert ask(second).basis == Basis.CONSENT, "a later consent of their own opens the door again"


def test_an_objection_suppresses_every_address_of_the_person_and_stores_none_of_them():
    customer = CustomerFactory(email="ada@example.org")
    Identity.objects.create(merchant=customer.merchant, customer=customer, kind="email", value="work@example.org")
    record_objection(customer, channel=Channel.EMAIL, address="old@example.org", source="unsubscribe page")
    rows = Suppression.objects.for_merchant(customer.merchant)
    for address in ("ada@example.org", "work@example.org", "OLD@example.org"):
        assert rows.of(address).count() == 1
    assert rows.count() == 3
    assert not any("example" in row.digest for row in rows)


def test_a_suppression_is_the_merchants_own():
    mine = CustomerFactory(email="ada@example.org")
    theirs = CustomerFactory(email="ada@example.org")  # could leak: the same address at another merchant
    record_objection(theirs, source="unsubscribe page")
    show_notice(mine)
    assert ask(mine).allowed


def test_a_guest_is_known_only_by_a_suppressed_address():
    merchant = MerchantFactory()
    guest = {"merchant": merchant, "purpose": Purpose.PRODUCT_RECOMMENDATIONS, "channel": Channel.EMAIL}
    assert may_we(None, address="guest@example.org", **guest).code == Code.NO_NOTICE
    suppress_addresses(merchant, ["guest@example.org"], reason=Suppression.Reason.OBJECTION, channel=Channel.EMAIL)
    assert may_we(None, address="guest@example.org", **guest).code == Code.ADDRESS_OBJECTED


def test_record_objection_again_adds_nothing_until_a_consent_came_between():
    customer = CustomerFactory()
    first = record_objection(customer, source="unsubscribe page")
    assert record_objection(customer, source="unsubscribe page") == first
    assert Suppression.objects.for_merchant(customer.merchant).count() == 1
    consent(customer)
    assert record_objection(customer, source="unsubscribe page") != first
    assert not ask(customer).allowed


def test_record_withdrawal_ends_a_consent():
    customer = CustomerFactory()
    consent(customer)
    record_withdrawal(
        customer, purpose=Purpose.PRODUCT_RECOMMENDATIONS, channel=Channel.EMAIL, source="preference centre"
    )
    assert ask(customer).code == Code.WITHDRAWN


def test_may_we_answers_as_it_stood_at_a_past_moment():
    customer = CustomerFactory()
    days = [ORDERED + timedelta(days=day) for day in range(5)]
    show_notice(customer, shown_at=days[1])
    ConsentRecord.objects.create(
        merchant=customer.merchant, customer=customer, kind="objected", source="letter", occurred_at=days[3]
    )
    assert [ask(customer, at=day).code for day in days] == [
        Code.NO_NOTICE,
        Code.EXISTING_CUSTOMER,
        Code.EXISTING_CUSTOMER,
        Code.OBJECTED,
        Code.OBJECTED,
    ]


def test_lift_bounce_forgets_bounces_only_and_is_audited(membership):
    customer = CustomerFactory(merchant=membership.merchant, email="ada@example.org")
    where = {"merchant": customer.merchant, "channel": Channel.EMAIL}
    suppress_addresses(addresses=["ada@example.org"], reason=Suppression.Reason.BOUNCE, **where)
    record_objection(customer, source="letter")
    assert ask(customer).code == Code.ADDRESS_BOUNCED
    assert lift_bounce(address="Ada@example.org", staff=membership.staff, **where)
    assert not lift_bounce(address="Ada@example.org", staff=membership.staff, **where)
    assert ask(customer).code == Code.OBJECTED
    assert AuditEntry.objects.for_merchant(customer.merchant).get().action == "bounce.lifted"


def test_what_staff_enter_is_audited_and_what_people_do_themselves_is_not(membership):
    customer = CustomerFactory(merchant=membership.merchant)
    consent(customer)
    record_objection(customer, source="unsubscribe page")
    assert not AuditEntry.objects.for_merchant(customer.merchant).exists()
    consent(customer, staff=membership.staff)
    record_withdrawal(customer, source="telephone", staff=membership.staff)
    record_objection(customer, source="telephone", staff=membership.staff)
    actions = AuditEntry.objects.for_merchant(customer.merchant).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["consent.recorded", "consent.withdrawn", "objection.recorded"]


@pytest.mark.parametrize("version", ["", "  "])
def test_a_text_without_a_version_proves_nothing_and_is_refused(version):
    customer = CustomerFactory()
    with pytest.raises(InvalidInput) as refused:
        record_consent(customer, purpose="", channel="", text_version=version, source="account", evidence={})
    assert refused.value.code == "text_version_missing"
    assert not customer.consent_records.exists()


@pytest.mark.django_db(transaction=True)
def test_many_clicks_at_once_are_one_objection():
    customer = CustomerFactory()

    def click(_number: int) -> int:
        try:
            return record_objection(customer, source="unsubscribe page").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as clicks:
        assert len(set(clicks.map(click, range(16)))) == 1
    assert customer.consent_records.count() == 1
