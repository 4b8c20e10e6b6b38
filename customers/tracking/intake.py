"""The way of a batch: read, told apart, flagged, given to people, stored, remembered; a result for each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from customers.tracking import bots, visitor
from customers.tracking.people import assign_people
from customers.tracking.reading import Envelope, Refused, Tracked, message_id_of, read_event
from customers.tracking.storing import digest_of, known_digests, store
from merchants.models import Merchant

STORED, DUPLICATE, REJECTED = "stored", "duplicate", "rejected"


class Outcome(msgspec.Struct, omit_defaults=True, gc=False):
    """What became of one event: ``stored``, ``duplicate`` (it was stored before), or ``rejected`` and why.

    As JSON it is what the API answers.
    """

    index: int
    message_id: str
    status: str
    code: str = ""
    detail: str = ""


@dataclass(slots=True)
class _Batch:
    """Events that can be kept, each once, with their digests and outcomes at the same places."""

    events: list[Tracked]
    digests: list[str]
    outcomes: list[Outcome]


def take_in(
    merchant: Merchant,
    sent: Sequence[Raw | bytes],
    envelope: Envelope,
    *,
    user_agent: str = "",
    is_public: bool = False,
) -> list[Outcome]:
    """Store what is new; when it returns, the stored events are on disk.

    ``user_agent``: of a browser that sends. ``is_public``: it came with a publishable key, which everybody may use.

    Raises what the database raises: then nothing, or everything, was stored, and sending again tells which.
    """
    outcomes = [Outcome(index, "", STORED) for index in range(len(sent))]
    batch = _read(merchant, sent, envelope, outcomes)
    if not batch.events:
        return outcomes
    paces = bots.mark_bots(merchant.pk, batch.events, user_agent)
    batch = _with_people(merchant, batch, is_public)
    fresh = store(merchant.pk, batch.events, batch.digests, received_at=envelope.received_at)
    new = []
    for event, outcome in zip(batch.events, batch.outcomes, strict=True):
        if event.message_id in fresh:
            event.customer_id = fresh[event.message_id]
            new.append(event)
        else:
            outcome.status = DUPLICATE
    visitor.remember(merchant.pk, new, paces, envelope.received_at)
    return outcomes


def _read(merchant: Merchant, sent: Sequence[Raw | bytes], envelope: Envelope, outcomes: list[Outcome]) -> _Batch:
    batch, seen = _Batch([], [], []), set()
    for raw, outcome in zip(sent, outcomes, strict=True):
        try:
            event = read_event(raw, envelope)
        except Refused as error:
            _refuse(outcome, error.code, error.reason)
            outcome.message_id = message_id_of(raw)
            continue
        outcome.message_id = event.message_id
        digest = digest_of(merchant.pk, event.message_id)
        if digest in seen:
            outcome.status = DUPLICATE
            continue
        seen.add(digest)
        batch.events.append(event)
        batch.digests.append(digest)
        batch.outcomes.append(outcome)
    return batch


def _with_people(merchant: Merchant, batch: _Batch, is_public: bool) -> _Batch:
    """Without those that identity resolution refuses."""
    digests = {id(event): digest for event, digest in zip(batch.events, batch.digests, strict=True)}

    def is_new(events: Sequence[Tracked]) -> Sequence[Tracked]:
        known = known_digests(digests[id(event)] for event in events) if events else set()
        return [event for event in events if digests[id(event)] not in known]

    refused = assign_people(merchant, batch.events, is_new=is_new, is_public=is_public)
    if not refused:
        return batch
    for place, error in refused.items():
        _refuse(batch.outcomes[place], error.code, str(error.message))
    kept = [place for place in range(len(batch.events)) if place not in refused]
    return _Batch(
        [batch.events[place] for place in kept],
        [batch.digests[place] for place in kept],
        [batch.outcomes[place] for place in kept],
    )


def _refuse(outcome: Outcome, code: str, reason: str) -> None:
    outcome.status, outcome.code, outcome.detail = REJECTED, code, reason
