"""The id of an answer carries the answer: placement, arm, moment, person, products and sources, sealed.

So a request stores nothing, neither in the database nor in Redis, and whoever reports an impression can only report
what was really answered. A ticket is ``id`` + sealed body: the body is encrypted (who the person is, and whether they
are held back, is nobody's business) and signed for one merchant. docs/decisions say why.
"""

from __future__ import annotations

import secrets
import struct
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings

from customers.tracking.memory import SEARCHED

# Events about an answer are taken for so long: a page may stay open over night, and apps send late.
VALID = timedelta(days=7)
MAX_TICKET = 1300
ID_BYTES, SEAL_BYTES, BLOCK = 8, 8, 64
# The first byte of the body: answers of the recommender, and of the search, whose ids say so in the open as well.
_RECOMMENDED, _FOUND = 1, 2
# Codes are places in these lists: entries are only ever added, at the end.
PLACES = (
    "home",
    "product",
    "similar",
    "complementary",
    "basket",
    "order_confirmation",
    "search",
    "category",
    "replenish",
    "till",
    "not_found",
    "discover",
)
ARMS = ("open", "treated", "holdout")
SOURCES = (
    "other",
    "history",
    "als",
    "item_knn",
    "copurchase",
    "popularity",
    "category_popularity",
    "range",
    "bpr",
    "ease",
    "content",
    "sessions",
    "tifu",
    "pinned",
    "explored",
    "season",
    "repurchase",
    "search",
)
_PLACE = {name: code for code, name in enumerate(PLACES)}
_ARM = {name: code for code, name in enumerate(ARMS)}
_SOURCE = {name: code for code, name in enumerate(SOURCES)}
# Kind of answer, seconds since 1970, placement, arm, customer.
_HEAD = struct.Struct(">BIBBQ")
_SMALL = 2**32


class BadTicket(ValueError):  # noqa: N818  # reads as what it says
    """This is no id that this merchant's recommender gave out."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What was answered. ``sources`` are codes (``SOURCES``), one for each of ``products``, best first."""

    id: int
    at: datetime
    placement: str
    arm: str
    customer_id: int | None
    products: tuple[int, ...]
    sources: tuple[int, ...]

    def takes(self, moment: datetime) -> bool:
        """Whether what happened at ``moment`` can be about this answer."""
        return self.at - timedelta(minutes=5) <= moment <= self.at + VALID


def new_id() -> bytes:
    """The short part, by which an answer is told from others."""
    return secrets.token_bytes(ID_BYTES)


def source_code(source: str, placed: str = "ranked") -> int:
    """``placed`` outdoes the engine: what the merchant pinned, or chance explored, was not ranked by anybody."""
    return _SOURCE.get(placed if placed in _SOURCE else source, 0)


def issue(
    merchant_id: int,
    answer: bytes,
    *,
    placement: str,
    arm: str,
    customer_id: int | None,
    products: Sequence[int],
    sources: Sequence[int],
    is_search: bool = False,
) -> str:
    """The ticket of an answer; about ten microseconds. ``is_search``: its products were searched for."""
    wide = any(product >= _SMALL for product in products)
    arm_code = _ARM[arm] | (0x80 if wide else 0)
    kind = _FOUND if is_search else _RECOMMENDED
    head = _HEAD.pack(kind, int(time.time()), _PLACE[placement], arm_code, customer_id or 0)
    goods = struct.pack(f">{len(products)}{'Q' if wide else 'I'}", *products)
    key = _key(merchant_id)
    sealed = _masked(head + goods + bytes(sources), answer, key)
    text = urlsafe_b64encode(answer + sealed + _seal(answer + sealed, key)).rstrip(b"=").decode()
    return f"{SEARCHED}{text}" if is_search else text


def read(merchant_id: int, ticket: str) -> Ticket:
    """What a ticket says. Raises BadTicket."""
    key = _key(merchant_id)
    answer, sealed = _opened(ticket.removeprefix(SEARCHED), key)
    plain = _masked(sealed, answer, key)
    kind_of_answer, seconds, place, arm_code, customer = _HEAD.unpack_from(plain)
    if kind_of_answer != (_FOUND if ticket.startswith(SEARCHED) else _RECOMMENDED):
        raise BadTicket("from another version, or of another kind than it says")
    width, kind = (8, "Q") if arm_code & 0x80 else (4, "I")
    count = (len(plain) - _HEAD.size) // (width + 1)
    products = struct.unpack_from(f">{count}{kind}", plain, _HEAD.size)
    return Ticket(
        id=int.from_bytes(answer, signed=True),
        at=datetime.fromtimestamp(seconds, UTC),
        placement=PLACES[place],
        arm=ARMS[arm_code & 0x7F],
        customer_id=customer or None,
        products=products,
        sources=tuple(plain[_HEAD.size + count * width :]),
    )


def _opened(ticket: str, key: bytes) -> tuple[bytes, bytes]:
    """Id and sealed body of a ticket whose seal is ours."""
    if len(ticket) > MAX_TICKET or not ticket.isascii():
        raise BadTicket("no ticket")
    try:
        raw = urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    except ValueError as error:
        raise BadTicket("no ticket") from error
    body, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
    if len(body) < ID_BYTES + _HEAD.size or not secrets.compare_digest(seal, _seal(body, key)):
        raise BadTicket("not ours")
    return body[:ID_BYTES], body[ID_BYTES:]


@lru_cache(maxsize=1024)
def _key(merchant_id: int) -> bytes:
    secret = settings.SECRET_KEY.encode()
    return blake2b(f"recommendation ticket {merchant_id} ".encode() + secret, digest_size=32).digest()


def _seal(body: bytes, key: bytes) -> bytes:
    return blake2b(body, digest_size=SEAL_BYTES, key=key, person=b"seal").digest()


def _masked(text: bytes, answer: bytes, key: bytes) -> bytes:
    """Text XOR a key stream made of the answer's id: the same again undoes it."""
    blocks = -(-len(text) // BLOCK)
    stream = b"".join(
        blake2b(answer + number.to_bytes(2), digest_size=BLOCK, key=key, person=b"mask").digest()
        for number in range(blocks)
    )[: len(text)]
    masked = int.from_bytes(text) ^ int.from_bytes(stream)
    return masked.to_bytes(len(text))
