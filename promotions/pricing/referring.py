"""Whether somebody invited themselves: pure comparison of what two profiles are known by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

# Mailboxes that take dots and upper case as nothing.
_WITHOUT_DOTS = {"gmail.com", "googlemail.com"}


@dataclass(frozen=True)
class Person:
    """``names`` and ``place`` are compared only where all parts are known."""

    id: int
    emails: Collection[str] = ()
    phones: Collection[str] = ()
    names: tuple[str, str] = ("", "")
    place: tuple[str, str] = ("", "")


def mailbox(email: str) -> str:
    """The mailbox behind an address: ``Ada+shop@example.org`` and ``ada@example.org`` are one."""
    local, _at, domain = email.strip().lower().rpartition("@")
    local = local.split("+")[0]
    if domain in _WITHOUT_DOTS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def refusal(referrer: Person, invited: Person) -> str:
    """Why the two may be one person; empty where nothing says so."""
    if referrer.id == invited.id:
        return "same_profile"
    if {mailbox(email) for email in referrer.emails} & {mailbox(email) for email in invited.emails}:
        return "same_email"
    if set(referrer.phones) & set(invited.phones):
        return "same_phone"
    mine, theirs = (_where(person) for person in (referrer, invited))
    return "same_address" if all(mine) and mine == theirs else ""


def _where(person: Person) -> tuple[str, ...]:
    return tuple(part.strip().casefold() for part in (*person.names, *person.place))
