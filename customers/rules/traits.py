"""What a shop declares about a person: which names are the profile's own, and what fits into a trait. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_TRAITS = 200
MAX_NAME = 120
MAX_VALUE = 4000  # characters of JSON

# Names of the Segment spec, and the ways they are written, by what they are here. What is an object is flattened.
OWN_NAMES = {
    "email": "email",
    "phone": "phone",
    "loyalty_card": "loyalty_card",
    "loyaltyCard": "loyalty_card",
    "loyaltyCardNumber": "loyalty_card",
    "first_name": "first_name",
    "firstName": "first_name",
    "firstname": "first_name",
    "last_name": "last_name",
    "lastName": "last_name",
    "lastname": "last_name",
    "locale": "locale",
    "language": "locale",
    "country": "country",
    "postal_code": "postal_code",
    "postalCode": "postal_code",
    "city": "city",
    "address.country": "country",
    "address.postal_code": "postal_code",
    "address.postalCode": "postal_code",
    "address.zip": "postal_code",
    "address.city": "city",
}
_SIZES = {"first_name": 120, "last_name": 120, "locale": 10, "country": 2, "postal_code": 20, "city": 100}


@dataclass(frozen=True)
class Declared:
    """What was declared: ``own`` by names of ``Person``, ``traits`` by their own."""

    own: dict[str, str] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)


class TraitError(ValueError):
    """A trait that cannot be stored; ``code`` is stable."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(code)
        self.code, self.name = code, name


def read_traits(values: Mapping[str, Any]) -> Declared:
    """Sort what was declared; raises TraitError for what is too long, too big or too much."""
    if len(values) > MAX_TRAITS:
        raise TraitError("too_many_traits", "")
    found = Declared()
    for name, value in values.items():
        _check(name, value)
        if name == "address" and isinstance(value, Mapping):
            _sort_address(found, value)
        elif not _take(found, name, value):
            found.traits[name] = value
    _split_name(found)
    return found


def _check(name: str, value: Any) -> None:
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise TraitError("trait_name_invalid", name[:MAX_NAME])
    written = json.dumps(value, ensure_ascii=False)
    if len(written) > MAX_VALUE:
        raise TraitError("trait_too_big", name)
    if "\\u0000" in written or "\0" in written:
        raise TraitError("trait_value_invalid", name)


def _sort_address(found: Declared, address: Mapping[str, Any]) -> None:
    rest = {part: value for part, value in address.items() if not _take(found, f"address.{part}", value)}
    if rest:
        found.traits["address"] = rest


def _take(found: Declared, name: str, value: Any) -> bool:
    """Whether this is a detail or identity of the profile's own; it is noted, unless it says nothing."""
    own = OWN_NAMES.get(name)
    text = _own_text(own, value) if own else None
    if own is None or text is None:
        return False
    if text:
        found.own.setdefault(own, text)
    return True


def _own_text(own: str, value: Any) -> str | None:
    """None for what does not fit the profile's column: it stays a trait under the name it came with."""
    if value is None:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = str(value).replace("\0", "").strip()
    if own == "country":
        return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else None
    return text if len(text) <= _SIZES.get(own, 320) else None


def _split_name(found: Declared) -> None:
    """A full name is the first and last one where nothing better is said."""
    full = found.traits.get("name")
    if isinstance(full, str) and not {"first_name", "last_name"} & found.own.keys():
        first, _space, last = full.strip().rpartition(" ")
        parts = {"first_name": first or last, "last_name": last if first else ""}
        if all(len(part) <= _SIZES[name] for name, part in parts.items()):
            del found.traits["name"]
            found.own.update({name: part for name, part in parts.items() if part})
