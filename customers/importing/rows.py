"""A row of a file as a person, with the first thing that is wrong about it. Pure.

A wrong cell rejects the row: half a person is worse than a line in the report. A consent that proves nothing is left
out and listed, and the person is taken over without it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from babel.core import Locale

from customers.importing.fields import BY_NAME, CONSENT_FIELDS, IDENTITIES, IGNORED, TRAIT, header_key
from customers.importing.reading import Row
from customers.rules.identities import clean_identity, is_placeholder

_EMAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+\Z")
_LOCALE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*\Z", re.IGNORECASE)
_GERMAN_TIME = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\Z")
_WORD_STATES = {
    "granted": ("granted", "yes", "ja", "true", "wahr", "1", "x", "subscribed", "confirmed", "optin", "given",
                "erteilt", "bestaetigt", "angemeldet", "aktiv", "active"),
    "withdrawn": ("withdrawn", "unsubscribed", "revoked", "optout", "widerrufen", "abgemeldet", "ausgetragen"),
    "objected": ("objected", "objection", "widersprochen", "widerspruch"),
    # Never asked, or said no: there is nothing to record.
    "": ("no", "nein", "false", "falsch", "0", "none", "never", "nie", "pending", "ausstehend"),
}  # fmt: skip
_STATES = {word: state for state, words in _WORD_STATES.items() for word in words}
_ROLES = {"buyer": "buyer", "einkauf": "buyer", "einkaeufer": "buyer", "approver": "approver", "freigabe": "approver",
          "freigeber": "approver", "other": "other", "sonstige": "other"}  # fmt: skip


class Flaw(NamedTuple):
    """Why something is not taken over: a code of ``reasons``, with what it quotes."""

    code: str
    column: str = ""
    value: str = ""


@dataclass(frozen=True)
class Consent:
    """A decision as the file tells of it."""

    kind: str
    purpose: str
    channel: str
    at: datetime
    source: str
    text_version: str = ""
    text: str = ""


@dataclass(frozen=True)
class Parsed:
    """What a row says. ``person`` holds arguments of ``Person``; with ``flaw`` nothing of it counts."""

    row: Row
    person: Mapping[str, str] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    company: Mapping[str, str] = field(default_factory=dict)
    consent: Consent | None = None
    consent_flaw: Flaw | None = None
    flaw: Flaw | None = None


@dataclass(frozen=True)
class Mapped:
    """What columns are (by their names in the file), and what stands for columns that the file lacks."""

    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    zone: ZoneInfo
    region: str  # the shop's country: it reads telephone numbers without a prefix
    purposes: Mapping[str, str]  # by their names and labels
    channels: Mapping[str, str]
    now: datetime


def parse(row: Row, mapped: Mapped) -> Parsed:
    """The row as a person."""
    if row.code:
        return Parsed(row, flaw=Flaw(row.code, value=row.value))
    cells, names, traits = _cells(row, mapped.columns)
    flaw = _general_flaw(row, cells, names) or _trait_flaw(traits)
    if flaw:
        return Parsed(row, flaw=flaw)
    person, flaw = _person(cells, names, mapped)
    if flaw:
        return Parsed(row, flaw=flaw)
    consent, consent_flaw = _consent(cells, names, mapped)
    company = {name: cells[name] for name in ("company", "company_id") if cells.get(name)}
    if company:
        company["role"] = _ROLES.get(_word(cells.get("company_role", "")), "buyer")
    return Parsed(row, person, traits, company, consent, consent_flaw)


def _cells(row: Row, columns: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """Values by field, the columns they stand in, and traits by their names; what is empty is absent."""
    cells: dict[str, str] = {}
    names: dict[str, str] = {}
    traits: dict[str, Any] = {}
    for column, target in columns.items():
        value = row.values.get(column)
        if target == IGNORED or value is None or value == "":
            continue
        if target.startswith(TRAIT):
            traits[target.removeprefix(TRAIT)] = value
        else:
            cells[target], names[target] = _text(value), column
    return cells, names, traits


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value).strip()


def _general_flaw(row: Row, cells: Mapping[str, str], names: Mapping[str, str]) -> Flaw | None:
    for name, text in cells.items():
        if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\r\t" for sign in text):
            return Flaw("control_character", names[name])
        if len(text) > BY_NAME[name].longest:
            return Flaw("too_long", names[name], text[:80])
    return None


def _trait_flaw(traits: Mapping[str, Any]) -> Flaw | None:
    for name, value in traits.items():
        text = str(value)
        if "\0" in text or any(unicodedata.category(sign) == "Cs" for sign in text):
            return Flaw("control_character", name)
        if len(text) > 3900:
            return Flaw("too_long", name, text[:80])
    return None


def _person(cells: Mapping[str, str], names: Mapping[str, str], mapped: Mapped) -> tuple[dict[str, str], Flaw | None]:
    person = {name: cells[name] for name in ("first_name", "last_name", "postal_code", "city") if cells.get(name)}
    if cells.get("name"):
        first, last = _split_name(cells["name"])
        person.setdefault("first_name", first)
        person.setdefault("last_name", last)
    country = country_code(cells.get("country", ""))
    locale = language_code(cells.get("locale", ""))
    if cells.get("country") and not country:
        return {}, Flaw("bad_country", names["country"], cells["country"])
    if cells.get("locale") and not locale:
        return {}, Flaw("bad_language", names["locale"], cells["locale"])
    person |= {"country": country, "locale": locale}
    identities, flaw = _identities(cells, names, region=country or mapped.region)
    if flaw:
        return {}, flaw
    return {name: value for name, value in (person | identities).items() if value}, None


def _identities(
    cells: Mapping[str, str], names: Mapping[str, str], *, region: str
) -> tuple[dict[str, str], Flaw | None]:
    """As they stand in the file; what only says that nothing is known (``n/a``, ``0000``) is nothing."""
    given = {name: cells[name] for name in IDENTITIES if cells.get(name) and not is_placeholder(cells[name])}
    email, phone = given.get("email", ""), given.get("phone", "")
    if email and not _EMAIL.match(email):
        return {}, Flaw("bad_email", names["email"], email)
    if phone and not clean_identity("phone", phone, region=region):
        return {}, Flaw("bad_phone", names["phone"], phone)
    if not any(clean_identity(name, value, region=region) for name, value in given.items()):
        return {}, Flaw("unidentified")
    return given, None


def _split_name(name: str) -> tuple[str, str]:
    """``"Lovelace, Ada"`` and ``"Ada Lovelace"``; one word is a last name. Cut to what a profile holds."""
    if "," in name:
        last, _comma, first = name.partition(",")
    else:
        first, _blank, last = name.rpartition(" ")
    return first.strip()[:120], last.strip()[:120]


def _consent(cells: Mapping[str, str], names: Mapping[str, str], mapped: Mapped) -> tuple[Consent | None, Flaw | None]:
    """The decision, or why it proves nothing; neither where the row says nothing about one."""
    if not any(cells.get(name) for name in ("consent_state", "consent_at")):
        return None, None
    said = {name: cells.get(name) or mapped.defaults.get(name, "") for name in CONSENT_FIELDS}
    # A date of consent without a word beside it is that of a given one.
    state = _STATES.get(_word(said["consent_state"] or "granted"))
    if state is None:
        return None, Flaw("consent_state", names.get("consent_state", ""), said["consent_state"])
    if not state:
        return None, None
    flaw = _proof_flaw(said, state)
    purpose = mapped.purposes.get(_word(said["consent_purpose"]), "")
    channel = mapped.channels.get(_word(said["consent_channel"]), "")
    at = moment(said["consent_at"], mapped.zone)
    if (said["consent_purpose"] and not purpose) or (said["consent_channel"] and not channel):
        flaw = flaw or Flaw("consent_subject", value=f"{said['consent_purpose']} / {said['consent_channel']}")
    if at is None or at > mapped.now:
        flaw = flaw or Flaw("consent_date", names.get("consent_at", ""), said["consent_at"])
    if flaw or at is None:
        return None, flaw
    return Consent(
        state, purpose, channel, at, said["consent_source"], said["consent_text_version"], said["consent_text"]
    ), None


def _proof_flaw(said: Mapping[str, str], state: str) -> Flaw | None:
    if not said["consent_source"]:
        return Flaw("consent_source")
    if state == "granted" and not said["consent_text_version"]:
        return Flaw("consent_text_version")
    return None


def _word(text: str) -> str:
    """How words of a fixed vocabulary are compared."""
    return header_key(text)


def vocabulary(choices: Mapping[str, Any]) -> dict[str, str]:
    """Values by themselves and by their labels in the active language, for ``Mapped``."""
    return {_word(str(word)): value for value, label in choices.items() for word in (value, label)}


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """ISO 8601, ``24.12.2025`` or ``24.12.2025 14:30``; without an offset in the shop's time zone."""
    try:
        if german := _GERMAN_TIME.match(text):
            day, month, year, hour, minute, second = (int(part or 0) for part in german.groups())
            found = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the zone comes below
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1970 <= found.year < 2200:
        return None
    return found if found.tzinfo else datetime.combine(found, found.time() or time(), tzinfo=zone)


@cache
def _country_names() -> dict[str, str]:
    """Codes by their German and English names."""
    return {
        _word(name): code
        for language in ("en", "de")
        for code, name in Locale.parse(language).territories.items()
        if len(code) == 2 and code.isalpha()
    }


@cache
def _country_codes() -> frozenset[str]:
    return frozenset(_country_names().values())


def country_code(text: str) -> str:
    """``de``, ``Germany`` or ``Deutschland`` → ``DE``; empty for what is no country."""
    code = text.upper()
    if len(code) == 2:
        return code if code in _country_codes() else ""
    return _country_names().get(_word(text), "")


@cache
def _language_names() -> dict[str, str]:
    return {_word(name): code for language in ("en", "de") for code, name in Locale.parse(language).languages.items()}


@cache
def _language_codes() -> frozenset[str]:
    return frozenset(_language_names().values())


def language_code(text: str) -> str:
    """``de``, ``de_AT`` or ``Deutsch`` → ``de``, ``de-AT``, ``de``; empty for what is no language."""
    code = text.replace("_", "-")
    if _LOCALE.match(code) and len(code) <= 10 and code.split("-")[0].lower() in _language_codes():
        return code
    return _language_names().get(_word(text), "")[:10]
