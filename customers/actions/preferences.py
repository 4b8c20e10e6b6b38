"""What a person decides in the preference centre, recorded at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from customers.actions.consent import record_consent, record_objection, record_withdrawal
from customers.models import ConsentRecord, ConsentText, Customer
from customers.queries.preferences import Choice, preferences
from customers.rules.legal_basis import Basis

SOURCE = "preference centre"


@dataclass(frozen=True)
class Turn:
    """A switch that was turned; ``text`` is the id of the words that stood beside it."""

    on: bool
    text: int | None = None


@transaction.atomic
def save_preferences(
    customer: Customer, turns: Mapping[str, Turn], *, language: str, evidence: Mapping[str, Any]
) -> list[ConsentRecord]:
    """Record the switches that were turned; ``turns`` names only those, by ``Choice.key``. Others stay as they are.

    On is a consent to the words that were shown; off takes a consent back, or objects where none was needed. What
    cannot be changed, or stands so already, adds nothing.
    """
    Customer.objects.for_merchant(customer.merchant_id).select_for_update(no_key=True).get(pk=customer.pk)
    records: list[ConsentRecord] = []
    for subject in preferences(customer, language):
        for choice in subject.choices:
            turn = turns.get(choice.key)
            if turn and turn.on != choice.is_on and choice.can_change:
                records += _records(customer, choice, turn, dict(evidence))
    return records


def _records(customer: Customer, choice: Choice, turn: Turn, evidence: dict[str, Any]) -> list[ConsentRecord]:
    cell = choice.cell
    about: dict[str, Any] = {
        "purpose": cell.purpose,
        "channel": cell.channel,
        "source": SOURCE,
        "evidence": evidence,
    }
    if turn.on:
        text = _shown(customer, choice, turn)
        return [record_consent(customer, text=text, address=cell.address, **about)] if text else []
    if cell.decision.basis == Basis.CONSENT:
        return [record_withdrawal(customer, **about)]
    return [record_objection(customer, address=cell.address, **about)]


def _shown(customer: Customer, choice: Choice, turn: Turn) -> ConsentText | None:
    """The words beside the switch: a newer version may have come while the person read."""
    texts = ConsentText.objects.for_merchant(customer.merchant_id).about(choice.cell.purpose, choice.cell.channel)
    return texts.filter(pk=turn.text or 0, source=ConsentText.Source.SETTINGS).first()
