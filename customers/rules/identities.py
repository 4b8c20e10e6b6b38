"""Which identifiers say who somebody is: how they are written, which never count, which decide first. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from customers.rules.addresses import normalise_email

EXTERNAL_ID, LOYALTY_CARD, EMAIL, PHONE = "external_id", "loyalty_card", "email", "phone"
SOCIAL, DEVICE_ID, ANONYMOUS_ID = "social", "device_id", "anonymous_id"

# The order of priority: the first of a call says who it is, the others are added to that profile.
PRIORITY = (EXTERNAL_ID, LOYALTY_CARD, EMAIL, PHONE, SOCIAL, DEVICE_ID, ANONYMOUS_ID)
RANK = {kind: rank for rank, kind in enumerate(PRIORITY)}
# A hard identity is one person's: it brings its whole profile along, up to the limits. A soft one (a household's
# telephone, a shared tablet) belongs to whom it was seen with first, and never makes one person of two.
HARD = frozenset({EXTERNAL_ID, LOYALTY_CARD, EMAIL})
# So many of a kind a profile has at most. Two ids of the shop's are two people.
LIMITS = {
    EXTERNAL_ID: 1,
    LOYALTY_CARD: 5,
    EMAIL: 5,
    PHONE: 5,
    SOCIAL: 5,
    DEVICE_ID: 50,
    ANONYMOUS_ID: 500,
}
# An identity that came together with more others of one kind than this is everybody's: it is blocked.
SHARED = {kind: max(50, LIMITS[kind] * 2) for kind in PRIORITY}

MAX_LENGTH = 320
# What programs and people write where they know nothing.
_NOTHING = frozenset(
    {
        "null", "none", "nil", "nan", "undefined", "void", "empty", "blank", "unknown", "unbekannt", "anonymous",
        "anonym", "guest", "gast", "test", "tester", "testing", "example", "default", "dummy", "foo", "bar", "user",
        "user_id", "userid", "customer", "customer_id", "id", "email", "phone", "true", "false", "n/a", "na", "n.a.",
        "n.a", "k.a.", "-1", "-", "--", "?", "[object object]", "<null>", "(null)", "(none)", "not set", "(not set)",
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    }
)  # fmt: skip
_DIALLED = re.compile(r"\s*\+?[\d\s()/.-]{3,40}")
_ZEROS = re.compile(r"^[0\s._:-]+$")
# Mailboxes of nobody. Of the domains reserved for examples only those that programs fill in: shops try out with others.
_NO_MAILBOX = frozenset(
    {"test@test.com", "test@test.de", "test@example.com", "user@example.com", "email@example.com", "name@example.com",
     "mail@example.com", "a@a.com", "a@a.de", "none@none.com", "no@email.com", "noemail@noemail.com", "keine@email.de"}
)  # fmt: skip
_NO_LOCAL_PART = _NOTHING - {"test", "tester", "testing", "user", "customer", "guest", "gast", "foo", "bar", "email",
                             "id", "default", "example", "dummy"}  # fmt: skip


def clean_identity(kind: str, value: str, *, region: str = "") -> str:
    """The value as it is stored and compared, or an empty string for one that says nothing about anybody.

    ``region`` (a country, DE) reads telephone numbers without a country's prefix.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > MAX_LENGTH or is_placeholder(text):
        return ""
    if kind == EMAIL:
        return _clean_email(text)
    if kind == PHONE:
        return e164(text, region)
    return text.lower().removeprefix("@") if kind == SOCIAL else text


def is_placeholder(text: str) -> bool:
    """``null``, ``0000``, ``n/a``: what stands where nothing was known."""
    return text.strip().lower() in _NOTHING or bool(_ZEROS.match(text))


def _clean_email(text: str) -> str:
    address = normalise_email(text)
    local, at, _domain = address.partition("@")
    nobody = at and (address in _NO_MAILBOX or local in _NO_LOCAL_PART or bool(_ZEROS.match(local)))
    return "" if nobody else address


@lru_cache(maxsize=4096)
def e164(text: str, region: str = "") -> str:
    """``"030 123456"`` in DE → ``"+4930123456"``; an empty string for what cannot be dialled."""
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return ""
    national = str(number.national_number)
    is_too_short = len(national) < 6  # extensions and emergency numbers are possible, and nobody's
    if is_too_short or len(set(national)) == 1 or not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_prefix(text: str, region: str = "") -> str:
    """What E.164 numbers begin with whose first digits somebody typed: ``"030/12"`` in DE → ``"+493012"``; else empty."""
    if not _DIALLED.fullmatch(text):
        return ""
    digits = re.sub(r"\D", "", text)
    if text.lstrip().startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    country = phonenumbers.country_code_for_region(region) if region and digits.startswith("0") else 0
    return f"+{country}{digits[1:]}" if country else ""


def strongest(kinds: set[str]) -> str:
    """Of these kinds the one that decides."""
    return min(kinds, key=RANK.__getitem__)
