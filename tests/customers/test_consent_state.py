"""What is allowed with a person, for every purpose and channel, now and at any past moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.actions.consent import record_consent, record_notice, record_objection, record_withdrawal
from customers.models import Channel, Identity, Purpose
from customers.queries.consent import CELLS, consent_state, may_we
from customers.rules.legal_basis import Basis, Code, ExceptionState, Kind, Statement, decide
from tests.factories import CustomerFactory

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def answers(customer, at=None) -> dict[tuple[str, str], Code]:
    return {(cell.purpose.value, cell.channel): cell.decision.code for cell in consent_state(customer, at=at)}


@pytest.mark.django_db
def test_the_matrix_says_what_may_we_says():
    customer = CustomerFactory()
    Identity.objects.create(merchant=customer.merchant, customer=customer, kind="phone", value="+4930123456")
    record_consent(customer, purpose="newsletter", channel="email", text_version="1", source="x", evidence={})
    record_consent(customer, purpose="newsletter", channel="post", text_version="1", source="x", evidence={})
    record_consent(customer, purpose="tracking", channel="", text_version="1", source="x", evidence={})
    record_objection(customer, purpose="reviews", channel="sms", source="x")
    cells = consent_state(customer)
    assert [(cell.purpose, cell.channel) for cell in cells] == list(CELLS)
    for cell in cells:
        asked = {"purpose": cell.purpose, "channel": cell.channel, "address": cell.address}
        assert may_we(customer, merchant=customer.merchant, **asked) == cell.decision, cell
    found = answers(customer)
    assert found["newsletter", "email"] == found["newsletter", "post"] == found["tracking", ""] == Code.CONSENTED
    assert found["reviews", "sms"] == Code.OBJECTED
    assert found["profiling", ""] == Code.NOT_OBJECTED


@pytest.mark.django_db
def test_the_matrix_costs_as_much_for_many_records(django_assert_num_queries):
    customer = CustomerFactory()
    for number in range(30):
        record_withdrawal(customer, purpose="newsletter", source="x", withdrawn_at=BEGIN + timedelta(days=number))
        record_consent(
            customer, purpose="newsletter", channel="email", text_version=str(number), source="x", evidence={}
        )
    with django_assert_num_queries(4):
        consent_state(customer)


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["", "email"])
def test_profiling_ends_with_an_objection_to_it_or_to_everything(channel):
    customer = CustomerFactory()
    record_objection(customer, channel=channel, source="x")
    decision = may_we(customer, merchant=customer.merchant, purpose=Purpose.PROFILING)
    assert decision.allowed == (channel == "email"), "the link in a message objects on its channel alone"
    record_objection(customer, purpose=Purpose.PROFILING, source="x")
    assert may_we(customer, merchant=customer.merchant, purpose=Purpose.PROFILING).code == Code.OBJECTED
    record_consent(customer, purpose="profiling", channel="", text_version="1", source="x", evidence={})
    assert may_we(customer, merchant=customer.merchant, purpose=Purpose.PROFILING).basis == Basis.CONSENT


@pytest.mark.django_db
def test_tracking_needs_a_consent_and_no_address():
    customer = CustomerFactory(email=None)
    ask = {"merchant": customer.merchant, "purpose": Purpose.TRACKING}
    assert may_we(customer, **ask).code == Code.CONSENT_ONLY
    assert may_we(None, **ask).code == Code.CONSENT_ONLY
    record_consent(customer, purpose="tracking", channel="", text_version="1", source="x", evidence={})
    assert may_we(customer, **ask).code == Code.CONSENTED
    record_withdrawal(customer, source="x")
    assert may_we(customer, **ask).code == Code.WITHDRAWN


@pytest.mark.django_db
def test_a_later_record_does_not_change_the_past():
    customer = CustomerFactory()
    moments = [BEGIN + timedelta(days=day) for day in range(4)]
    record_notice(
        customer,
        channel=Channel.EMAIL,
        address=customer.email,
        text_version="1",
        shown_at=moments[0],
        source="order",
        evidence={"order": "A-1"},
    )
    record_consent(
        customer,
        purpose="newsletter",
        channel="email",
        text_version="1",
        source="x",
        evidence={},
        given_at=moments[1],
    )
    before = [answers(customer, at) for at in moments[:3]]
    record_objection(customer, source="x", objected_at=moments[3])
    assert [answers(customer, at) for at in moments[:3]] == before
    assert before[1]["newsletter", "email"] == Code.CONSENTED
    assert before[0]["product_recommendations", "email"] == Code.EXISTING_CUSTOMER
    assert answers(customer, moments[3])["newsletter", "email"] == Code.OBJECTED


statements = st.lists(
    st.builds(
        Statement,
        id=st.integers(1, 10**6),
        kind=st.sampled_from(Kind),
        at=st.integers(0, 12).map(lambda day: BEGIN + timedelta(days=day)),
        address=st.sampled_from(["", "ada@example.org", "b@example.org"]),
        text_version=st.sampled_from(["", "1"]),
        order=st.sampled_from(["", "A-1"]),
    ),
    max_size=12,
    unique_by=lambda statement: statement.id,
)
moments = st.integers(-1, 13).map(lambda day: BEGIN + timedelta(days=day))
addresses = st.sampled_from([None, "ada@example.org"])


def state(known, at, address, exception):
    return decide(address=address, at=at, statements=known, stops=[], exception=exception)


@given(statements, moments, addresses, st.sampled_from(ExceptionState))
def test_the_state_at_a_moment_is_that_of_the_records_up_to_it(known, at, address, exception):
    until = [statement for statement in known if statement.at <= at]
    assert state(known, at, address, exception) == state(until, at, address, exception)
    assert state(until, at, address, exception) == state(until, BEGIN + timedelta(days=99), address, exception)


@given(statements, statements, moments, addresses, st.sampled_from(ExceptionState))
def test_what_is_recorded_later_never_changes_the_past(known, later, at, address, exception):
    after = [statement for statement in later if statement.at > at]
    assert state(known + after, at, address, exception) == state(known, at, address, exception)


@given(statements, moments, st.sampled_from([Kind.WITHDRAWN, Kind.OBJECTED]), addresses)
def test_at_the_same_moment_a_no_outranks_a_yes(known, at, no, address):
    yes = Statement(id=10**7, kind=Kind.GRANTED, at=at, text_version="1")
    final = Statement(id=1, kind=no, at=at)
    assert state([*known, yes, final], at, address, ExceptionState.AVAILABLE).basis == Basis.NONE
    assert state([*known, final, yes], at, address, ExceptionState.UNLESS_OBJECTED).basis == Basis.NONE
