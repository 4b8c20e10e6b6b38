"""One gate for JSON bodies: size, depth, duplicate keys, NaN, NUL bytes, lone surrogates, huge numbers."""

from __future__ import annotations

import json
import math
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 20
MAX_INTEGER = 2**63 - 1


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "body_too_large"


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 means it, of at most ``settings.API_MAX_BODY_BYTES``."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.API_MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body may have {limit} bytes at most.")
        return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Raises ParseError (400) with a sentence that says what is wrong with the body."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_bounded,
            object_pairs_hook=_no_duplicates,
        )
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.", "not_utf8") from error
    except RecursionError as error:
        raise ParseError(f"The body is nested more than {MAX_DEPTH} deep.", "too_deep") from error
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}", "not_json") from error
    _check(value, 0)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


def _bounded(text: str) -> int:
    if len(text) > 20 or abs(value := int(text)) > MAX_INTEGER:
        raise ValueError("an integer is out of range")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object names a key twice")
    return result


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError(f"The body is nested more than {MAX_DEPTH} deep.", "too_deep")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ParseError("A text contains a NUL byte.", "nul_byte")
    if any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else False:
        raise ParseError("A text contains half a surrogate pair.", "lone_surrogate")
