"""May we advertise to this person? Rules 1, 2, 3 and 6 of the law as software can test it. Pure.

Two bases allow it: a consent that can be proved, or the existing-customer exception (UWG § 7(3)). An objection or
a withdrawal stops both; only a later consent opens the door again. Whatever is missing closes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Basis(StrEnum):
    CONTRACT = "contract"
    CONSENT = "consent"
    EXISTING_CUSTOMER = "existing_customer_exception"
    LEGITIMATE_INTEREST = "legitimate_interest"
    NONE = "none"


class Code(StrEnum):
    """Why; stable, for programs and stored decisions."""

    CONSENTED = "consented"
    EXISTING_CUSTOMER = "existing_customer"
    RESTRICTED = "restricted"
    NO_ADDRESS = "no_address"
    OBJECTED = "objected"
    ADDRESS_OBJECTED = "address_objected"
    ADDRESS_BOUNCED = "address_bounced"
    ADDRESS_COMPLAINED = "address_complained"
    WITHDRAWN = "withdrawn"
    CONSENT_ONLY = "consent_only"
    EXCEPTION_OFF = "exception_off"
    NO_NOTICE = "no_notice"
    NOTICE_WITHOUT_VERSION = "notice_without_version"
    NOTICE_WITHOUT_SALE = "notice_without_sale"
    NOTICE_FOR_OTHER_ADDRESS = "notice_for_other_address"
    NOT_OBJECTED = "not_objected"


class Kind(StrEnum):
    """What a statement says; the values of ``ConsentRecord.Kind``."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    NOTICE_SHOWN = "notice_shown"


class ExceptionState(StrEnum):
    """What can carry the purpose at this merchant where nobody decided: the existing-customer exception or nothing.

    ``UNLESS_OBJECTED``: the legitimate interest of GDPR Art. 6(1)(f), until the person objects.
    """

    AVAILABLE = "available"
    OFF = "off"
    CONSENT_ONLY = "consent_only"
    UNLESS_OBJECTED = "unless_objected"


@dataclass(frozen=True)
class Statement:
    """One consent record about the purpose and channel asked for. Addresses are normalised."""

    id: int
    kind: Kind
    at: datetime
    address: str = ""
    text_version: str = ""
    order: str = ""


@dataclass(frozen=True)
class Stop:
    """A suppression of the address asked for: ``code`` is the verdict it leads to."""

    code: Code
    at: datetime


@dataclass(frozen=True)
class Verdict:
    """``evidence``: ids of the statements that carry it."""

    basis: Basis
    code: Code
    evidence: tuple[int, ...] = ()


def decide(
    *,
    address: str | None,
    at: datetime,
    statements: Iterable[Statement],
    stops: Iterable[Stop],
    exception: ExceptionState,
    restricted: bool = False,
) -> Verdict:
    """The verdict for advertising to ``address`` at the moment ``at``; later statements do not exist yet.

    ``address`` is None where the purpose writes to nobody (profiling, tracking). ``restricted``: the person had the
    use of their data restricted (GDPR Art. 18); nothing outweighs that, not even a consent that came later.
    """
    if address is not None and not address:
        return _none(Code.NO_ADDRESS)
    known = [statement for statement in statements if statement.at <= at]
    standing = [stop for stop in stops if stop.at <= at]
    for code in (Code.ADDRESS_BOUNCED, Code.ADDRESS_COMPLAINED):
        if any(stop.code == code for stop in standing):
            return _none(code)
    if restricted:
        return _none(Code.RESTRICTED)
    return _decided(address, known, standing) or _by_exception(address, known, exception)


def _decided(address: str | None, known: list[Statement], standing: list[Stop]) -> Verdict | None:
    """What the newest decision says; at the same moment a no outranks a yes. None: nothing was decided."""
    decisions: list[tuple[datetime, bool, Verdict]] = [
        (stop.at, True, _none(stop.code)) for stop in standing if stop.code == Code.ADDRESS_OBJECTED
    ]
    for statement in known:
        if statement.kind == Kind.OBJECTED:
            decisions.append((statement.at, True, _none(Code.OBJECTED, statement)))
        elif statement.kind == Kind.WITHDRAWN:
            decisions.append((statement.at, True, _none(Code.WITHDRAWN, statement)))
        elif statement.kind == Kind.GRANTED and _is_proved(statement, address):
            decisions.append((statement.at, False, Verdict(Basis.CONSENT, Code.CONSENTED, (statement.id,))))
    # A statement names more than a suppression does: at the same moment it is the better reason.
    newest = max(decisions, key=lambda decision: (decision[0], decision[1], decision[2].evidence), default=None)
    return newest[2] if newest else None


def _is_proved(consent: Statement, address: str | None) -> bool:
    """A consent counts for the address it names (none: for every one) and with the text agreed to."""
    return bool(consent.text_version) and (address is None or consent.address in ("", address))


def _by_exception(address: str | None, known: list[Statement], exception: ExceptionState) -> Verdict:
    """The exception needs a versioned notice, shown when this very address came with a sale."""
    if exception == ExceptionState.UNLESS_OBJECTED:
        return Verdict(Basis.LEGITIMATE_INTEREST, Code.NOT_OBJECTED)
    if exception != ExceptionState.AVAILABLE:
        return _none(Code.EXCEPTION_OFF if exception == ExceptionState.OFF else Code.CONSENT_ONLY)
    notices = [statement for statement in known if statement.kind == Kind.NOTICE_SHOWN]
    flaws = [(_flaw(notice, address), notice) for notice in sorted(notices, key=lambda notice: notice.at)]
    sound = [notice for flaw, notice in flaws if flaw is None]
    if sound:
        return Verdict(Basis.EXISTING_CUSTOMER, Code.EXISTING_CUSTOMER, (sound[-1].id,))
    flaw, notice = flaws[-1] if flaws else (None, None)
    return _none(flaw or Code.NO_NOTICE, notice)


def _flaw(notice: Statement, address: str | None) -> Code | None:
    if notice.address != address:
        return Code.NOTICE_FOR_OTHER_ADDRESS
    if not notice.text_version:
        return Code.NOTICE_WITHOUT_VERSION
    return None if notice.order else Code.NOTICE_WITHOUT_SALE


def _none(code: Code, statement: Statement | None = None) -> Verdict:
    return Verdict(Basis.NONE, code, (statement.id,) if statement else ())
