"""Reads about messages that span models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime

from campaigns.models import Message, MessageBlock
from campaigns.reasons import left_out_reason, state_reason
from catalog.models import Product
from customers.models import ConsentRecord
from merchants.models import Staff


@dataclass(frozen=True)
class BlockDocument:
    """One block with what its decision rests on. ``products``: as shown, each with ``id`` if it still exists."""

    block: MessageBlock
    evidence: list[ConsentRecord]
    products: list[dict[str, Any]]
    left_out: list[dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """One entry of a message's history."""

    at: Any
    state: str
    reason: str
    staff: str


def block_documents(message: Message) -> list[BlockDocument]:
    """The blocks of a message in the order in which it shows them; three queries however many there are."""
    blocks = list(MessageBlock.objects.for_merchant(message.merchant_id).filter(message=message))
    ids = [pk for block in blocks for pk in block.evidence.get("consent_records", [])]
    records = ConsentRecord.objects.for_merchant(message.merchant_id).in_bulk(ids)
    known = _known_products(message, blocks)
    return [
        BlockDocument(
            block=block,
            evidence=[records[pk] for pk in block.evidence.get("consent_records", []) if pk in records],
            products=[shown | {"id": known.get(shown["sku"])} for shown in block.content.get("products", [])],
            left_out=[flaw | {"reason": left_out_reason(flaw["code"])} for flaw in block.content.get("left_out", [])],
        )
        for block in blocks
    ]


def _known_products(message: Message, blocks: list[MessageBlock]) -> dict[str, int]:
    skus = [shown["sku"] for block in blocks for shown in block.content.get("products", [])]
    products = Product.objects.for_merchant(message.merchant_id).filter(sku__in=skus)
    return dict(products.values_list("sku", "pk"))


def history_steps(message: Message) -> list[Step]:
    """What happened to a message, oldest first, in the reader's language."""
    ids = {entry["staff"] for entry in message.history if "staff" in entry}
    names = {staff.pk: str(staff) for staff in Staff.objects.filter(pk__in=ids)}
    labels = dict(Message.State.choices)
    return [
        Step(
            at=parse_datetime(entry["at"]),
            state=str(labels.get(entry["state"], entry["state"])),
            reason=state_reason(entry.get("code", "")),
            staff=names.get(entry.get("staff", 0), ""),
        )
        for entry in message.history
    ]
