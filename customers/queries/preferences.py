"""What a person can decide in the preference centre: each purpose on each channel, with the words that ask for it."""

from __future__ import annotations

from dataclasses import dataclass

from customers.models import Customer, Purpose
from customers.models.consent_texts import ConsentText
from customers.queries.consent import ADDRESS_KINDS, ConsentCell, consent_state
from customers.queries.consent_texts import choose_text, current_texts
from customers.rules.legal_basis import Code

# No switch helps here: messages to the address come back, its owner complained, or had the use of the data restricted.
UNREACHABLE = frozenset({Code.ADDRESS_BOUNCED, Code.ADDRESS_COMPLAINED, Code.RESTRICTED})


@dataclass(frozen=True)
class Choice:
    """One switch. Without a ``text`` to agree to it can only be turned off."""

    cell: ConsentCell
    text: ConsentText | None

    @property
    def key(self) -> str:
        """Its name in the form: ``newsletter.email``."""
        return f"{self.cell.purpose}.{self.cell.channel}"

    @property
    def is_on(self) -> bool:
        return self.cell.decision.allowed

    @property
    def can_change(self) -> bool:
        return self.cell.decision.code not in UNREACHABLE and (self.is_on or self.text is not None)


@dataclass(frozen=True)
class Subject:
    """A purpose with its switches."""

    purpose: Purpose
    choices: list[Choice]


def preferences(customer: Customer, language: str) -> list[Subject]:
    """The purposes that the shop asks about or makes use of, in the order of ``Purpose``.

    A channel without an address of this person has no switch, nor has what is neither allowed nor asked for.
    """
    texts = current_texts(customer.merchant)
    subjects: dict[Purpose, list[Choice]] = {}
    for cell in consent_state(customer):
        text = choose_text(texts, purpose=cell.purpose, channel=cell.channel, language=language)
        choice = Choice(cell, text)
        if _is_offered(choice):
            subjects.setdefault(cell.purpose, []).append(choice)
    return [Subject(purpose, choices) for purpose, choices in subjects.items()]


def _is_offered(choice: Choice) -> bool:
    cell = choice.cell
    if cell.channel in ADDRESS_KINDS and not cell.address:
        return False
    return choice.is_on or choice.text is not None
