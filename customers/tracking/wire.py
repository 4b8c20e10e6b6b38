"""The body of a tracking request: JSON, gzipped or not, of at most 1 MB when unpacked.

Other than ``core.api.parsers`` this takes objects that name a key twice (the last counts) and integers of any size:
events hold what a shop's own code put into them. ``msgspec`` checks all of the text and makes values only of what is
asked for, which is ten times as fast.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from msgspec import Raw
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from core.api.parsers import BodyTooLarge
from customers.tracking.reading import NULL

NUL = b"\\u0000"
_GZIP = 31  # zlib's word for "with a gzip header"


class Head(msgspec.Struct, rename="camel", gc=False):
    """What a body says beside its events."""

    batch: Raw = NULL
    context: Raw = NULL
    sent_at: Any = None
    write_key: Any = None


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent: valid JSON. ``head`` is None where it is no object.

    ``may_hold_nul``: it has the six letters in it, so that a second look is worth it.
    """

    text: bytes
    head: Head | None = None
    may_hold_nul: bool = False

    def events(self) -> list[Raw] | None:
        """Those of the batch; None without one."""
        try:
            return _read_list(self.head.batch) if self.head else None
        except msgspec.ValidationError:
            return None


_read_head = msgspec.json.Decoder(Head).decode
_read_list = msgspec.json.Decoder(list[Raw]).decode


class EventParser(BaseParser):
    """JSON whatever it is called: browsers send it as text, so as not to ask for permission first."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.API_MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise _too_large(limit)
        encoding = stream.headers.get("Content-Encoding", "")
        return parse_events(unpacked(body, encoding.strip().lower(), limit))


class TextEventParser(EventParser):
    """What ``navigator.sendBeacon`` sends."""

    media_type = "text/plain"


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its compression. No more than ``limit`` bytes are ever unpacked."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise UnsupportedMediaType(encoding[:40], "Content-Encoding may be gzip or nothing.")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        text = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise ParseError("The body says that it is gzipped, and is not.", "not_gzip") from error
    if len(text) > limit:
        raise _too_large(limit)
    if not unpacker.eof:
        raise ParseError("The gzipped body ends too early.", "not_gzip")
    return text


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body may have {limit} bytes at most, unpacked.")


def parse_events(body: bytes) -> Body:
    """Raises ParseError (400) with a sentence that says what is wrong with the body."""
    try:
        body.decode()  # what is only passed on, nobody would find to be no UTF-8
        return Body(body, _read_head(body), NUL in body)
    except msgspec.ValidationError:
        return Body(body, None)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ParseError(f"The body is not valid JSON: {error}", "not_json") from error
    except RecursionError as error:
        raise ParseError("The body is nested too deep.", "too_deep") from error
