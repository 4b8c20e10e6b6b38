"""The gate for JSON bodies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from core.api.parsers import MAX_DEPTH, MAX_INTEGER, parse_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc ä", max_size=4), inner, max_size=4),
    max_leaves=20,
)


CODES = {"", "not_json", "not_utf8", "nul_byte", "too_deep", "lone_surrogate"}


@given(VALUES)
def test_what_json_can_say_comes_through(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False, indent=1).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    code, value = taken(body)
    assert code in CODES
    assert code or value == json.loads(body)


def taken(body: bytes) -> tuple[str, Any]:
    """Why it was refused, or nothing and what it says."""
    try:
        return "", parse_json(body)
    except ParseError as error:
        return str(error.get_codes()), None


HOSTILE = [
    (b"", "not_json"),
    (b"{", "not_json"),
    (b"{} {}", "not_json"),
    (b"\xff\xfe{\x00}\x00", "not_utf8"),
    (b'{"a": "\xc3\x28"}', "not_utf8"),
    (b"NaN", "not_json"),
    (b"[-Infinity]", "not_json"),
    (b"1e400", "not_json"),
    (b'{"a": -1e999}', "not_json"),
    (b"9223372036854775808", "not_json"),
    (b"1" * 5000, "not_json"),
    (b'{"a": 1, "a": 2}', "not_json"),
    (b'{"a": "x\\u0000"}', "nul_byte"),
    (b'{"a\\u0000": 1}', "nul_byte"),
    (b'["\\ud800"]', "lone_surrogate"),
    (b'{"\\udfff": 1}', "lone_surrogate"),
    (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "too_deep"),
    (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
    (b'"\x00"', "not_json"),
    (b"\xef\xbb\xbf{}", "not_json"),
]


@pytest.mark.parametrize(("body", "code"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bodies_are_refused_by_name(body: bytes, code: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse_json(body)
    assert refused.value.get_codes() == code


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
