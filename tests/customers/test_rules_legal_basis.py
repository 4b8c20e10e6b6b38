"""Every combination that the gate decides, as a table; no database."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.addresses import normalise_address
from customers.rules.legal_basis import Basis, Code, ExceptionState, Kind, Statement, Stop, Verdict, decide

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADDRESS = "ada@example.org"


def statement(kind: Kind, day: int, **fields: str) -> Statement:
    """``day`` counts from now; the id is the day, so that tables can name the evidence."""
    defaults = {"text_version": "2026-01", "address": ADDRESS, "order": "A-1"}
    return Statement(id=100 + day, kind=kind, at=NOW + timedelta(days=day), **defaults | fields)


def granted(day: int, **fields: str) -> Statement:
    return statement(Kind.GRANTED, day, **fields)


def withdrawn(day: int) -> Statement:
    return statement(Kind.WITHDRAWN, day)


def objected(day: int) -> Statement:
    return statement(Kind.OBJECTED, day)


def notice(day: int, **fields: str) -> Statement:
    return statement(Kind.NOTICE_SHOWN, day, **fields)


def stop(code: Code, day: int) -> Stop:
    return Stop(code, NOW + timedelta(days=day))


def verdict(
    *statements: Statement,
    stops: list[Stop] | None = None,
    exception: ExceptionState = ExceptionState.AVAILABLE,
    address: str = ADDRESS,
) -> Verdict:
    return decide(address=address, at=NOW, statements=statements, stops=stops or [], exception=exception)


CONSENT, EXISTING, NONE = Basis.CONSENT, Basis.EXISTING_CUSTOMER, Basis.NONE


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param([], Verdict(NONE, Code.NO_NOTICE), id="nothing known"),
        pytest.param([granted(-5)], Verdict(CONSENT, Code.CONSENTED, (95,)), id="consent"),
        pytest.param([granted(-5, address="")], Verdict(CONSENT, Code.CONSENTED, (95,)), id="for every address"),
        pytest.param([granted(0)], Verdict(CONSENT, Code.CONSENTED, (100,)), id="consent at this very moment"),
        pytest.param([granted(1)], Verdict(NONE, Code.NO_NOTICE), id="consent in the future"),
        pytest.param([granted(-5, text_version="")], Verdict(NONE, Code.NO_NOTICE), id="consent without its text"),
        pytest.param([granted(-5, address="b@example.org")], Verdict(NONE, Code.NO_NOTICE), id="for another address"),
        pytest.param([granted(-5), withdrawn(-3)], Verdict(NONE, Code.WITHDRAWN, (97,)), id="withdrawn"),
        pytest.param([granted(-5), withdrawn(-5)], Verdict(NONE, Code.WITHDRAWN, (95,)), id="a no wins a draw"),
        pytest.param([granted(-5), withdrawn(1)], Verdict(CONSENT, Code.CONSENTED, (95,)), id="withdrawn later"),
        pytest.param([withdrawn(-5), granted(-3)], Verdict(CONSENT, Code.CONSENTED, (97,)), id="consented again"),
        pytest.param([granted(-5), objected(-3)], Verdict(NONE, Code.OBJECTED, (97,)), id="objected"),
        pytest.param(
            [objected(-5), granted(-3)], Verdict(CONSENT, Code.CONSENTED, (97,)), id="consent after objection"
        ),
        pytest.param(
            [objected(-5), granted(-3, text_version="")],
            Verdict(NONE, Code.OBJECTED, (95,)),
            id="unproved consent after",
        ),
        pytest.param([notice(-5)], Verdict(EXISTING, Code.EXISTING_CUSTOMER, (95,)), id="notice"),
        pytest.param([notice(-9), notice(-5)], Verdict(EXISTING, Code.EXISTING_CUSTOMER, (95,)), id="newest notice"),
        pytest.param([notice(1)], Verdict(NONE, Code.NO_NOTICE), id="notice in the future"),
        pytest.param([notice(-5), objected(-3)], Verdict(NONE, Code.OBJECTED, (97,)), id="notice, then objection"),
        pytest.param([objected(-5), notice(-3)], Verdict(NONE, Code.OBJECTED, (95,)), id="no notice revives"),
        pytest.param([withdrawn(-5), notice(-3)], Verdict(NONE, Code.WITHDRAWN, (95,)), id="nor after a withdrawal"),
        pytest.param(
            [granted(-9), notice(-3)], Verdict(CONSENT, Code.CONSENTED, (91,)), id="consent is the better basis"
        ),
        pytest.param(
            [notice(-5, text_version="")],
            Verdict(NONE, Code.NOTICE_WITHOUT_VERSION, (95,)),
            id="notice without version",
        ),
        pytest.param([notice(-5, order="")], Verdict(NONE, Code.NOTICE_WITHOUT_SALE, (95,)), id="notice without sale"),
        pytest.param(
            [notice(-5, address="b@example.org")],
            Verdict(NONE, Code.NOTICE_FOR_OTHER_ADDRESS, (95,)),
            id="notice for another address",
        ),
        pytest.param(
            [notice(-5, address="")], Verdict(NONE, Code.NOTICE_FOR_OTHER_ADDRESS, (95,)), id="notice for no address"
        ),
        pytest.param(
            [notice(-5), notice(-3, order="")], Verdict(EXISTING, Code.EXISTING_CUSTOMER, (95,)), id="one sound notice"
        ),
    ],
)
def test_the_newest_decision_counts_whatever_order_the_records_come_in(statements, expected):
    for shuffled in permutations(statements):
        assert verdict(*shuffled) == expected


@pytest.mark.parametrize(
    ("stops", "statements", "expected"),
    [
        pytest.param(
            [stop(Code.ADDRESS_OBJECTED, -3)], [notice(-5)], Code.ADDRESS_OBJECTED, id="a new profile's notice"
        ),
        pytest.param([stop(Code.ADDRESS_OBJECTED, -3)], [granted(-5)], Code.ADDRESS_OBJECTED, id="an older consent"),
        pytest.param([stop(Code.ADDRESS_OBJECTED, -3)], [granted(-1)], Code.CONSENTED, id="a later consent"),
        pytest.param([stop(Code.ADDRESS_OBJECTED, 1)], [granted(-1)], Code.CONSENTED, id="not suppressed yet"),
        pytest.param([stop(Code.ADDRESS_OBJECTED, -3)], [objected(-3)], Code.OBJECTED, id="the record says more"),
        pytest.param([stop(Code.ADDRESS_BOUNCED, -3)], [granted(-1)], Code.ADDRESS_BOUNCED, id="no consent mends it"),
        pytest.param([stop(Code.ADDRESS_COMPLAINED, -3)], [granted(-1)], Code.ADDRESS_COMPLAINED, id="nor a complaint"),
    ],
)
def test_a_suppressed_address_stops_every_profile_that_has_it(stops, statements, expected):
    assert verdict(*statements, stops=stops).code == expected


@pytest.mark.parametrize("state", ExceptionState)
def test_consent_needs_no_exception_and_a_notice_needs_an_available_one(state):
    assert verdict(granted(-1), exception=state).basis == CONSENT
    allowed = verdict(notice(-1), exception=state).basis == EXISTING
    assert allowed == (state == ExceptionState.AVAILABLE)


def test_without_an_address_nothing_is_allowed():
    assert verdict(granted(-1, address=""), address="") == Verdict(NONE, Code.NO_ADDRESS)


statements_of_any_kind = st.lists(
    st.builds(statement, st.sampled_from(Kind), st.integers(-5, 2)), max_size=8, unique_by=lambda s: (s.kind, s.at)
)


@given(statements_of_any_kind)
def test_an_objection_after_everything_else_always_ends_it(statements):
    last = max((s.at for s in statements if s.at <= NOW), default=NOW)
    final = Statement(id=999, kind=Kind.OBJECTED, at=last)
    assert verdict(*statements, final).basis == NONE


@given(statements_of_any_kind)
def test_what_lies_in_the_future_changes_nothing(statements):
    assert verdict(*statements) == verdict(*[s for s in statements if s.at <= NOW])


@given(statements_of_any_kind)
def test_advertising_is_never_allowed_without_a_consent_or_a_notice_to_show(statements):
    decision = verdict(*statements)
    if decision.basis != NONE:
        [evidence] = [s for s in statements if (s.id,) == decision.evidence and s.at <= NOW][:1]
        assert evidence.kind in (Kind.GRANTED, Kind.NOTICE_SHOWN)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ÄDA@Example.org", "äda@example.org"),
        ("+49 (0)30 123-45", "+4903012345"),
        ("", ""),
    ],
)
def test_normalise_address_makes_two_spellings_one(written, normal):
    assert normalise_address(written) == normal


@pytest.mark.parametrize("exception", list(ExceptionState))
@pytest.mark.parametrize(
    ("address", "statements", "stops", "expected"),
    [
        pytest.param(ADDRESS, [], [], Code.RESTRICTED, id="nothing known"),
        pytest.param(ADDRESS, [granted(-5)], [], Code.RESTRICTED, id="consent"),
        pytest.param(ADDRESS, [notice(-5)], [], Code.RESTRICTED, id="existing customer"),
        pytest.param(ADDRESS, [objected(-5)], [], Code.RESTRICTED, id="objected as well"),
        pytest.param(None, [granted(-5)], [], Code.RESTRICTED, id="writes to nobody"),
        pytest.param("", [granted(-5)], [], Code.NO_ADDRESS, id="nothing to write to"),
        # Messages of the contract ask for this one (campaigns.composing): it must not be hidden.
        pytest.param(ADDRESS, [], [stop(Code.ADDRESS_BOUNCED, -5)], Code.ADDRESS_BOUNCED, id="bounces"),
    ],
)
def test_a_restriction_closes_the_door_whatever_was_said(
    address: str | None, statements: list[Statement], stops: list[Stop], expected: Code, exception: ExceptionState
) -> None:
    answer = decide(address=address, at=NOW, statements=statements, stops=stops, exception=exception, restricted=True)
    assert answer == Verdict(NONE, expected)
