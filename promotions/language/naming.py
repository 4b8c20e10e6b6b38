"""What a definition knows by a key, so that it can be called by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SELECTED = {"products": "product", "categories": "category", "brands": "brand", "tags": "tag"}
_ASKED = {"customer": "customer", "segment": "segment"}
Name = tuple[str, str]


def names_in(definition: Mapping[str, Any]) -> set[Name]:
    """``("product", "L-1")``, ``("customer", "C-1")``, ``("batch", "WELCOME")`` …: all that it speaks of."""
    return set(_walk(definition))


def _walk(said: Any) -> Iterator[Name]:
    if isinstance(said, list):
        for part in said:
            yield from _walk(part)
    elif isinstance(said, Mapping):
        if said.get("kind") in _ASKED and isinstance(said.get("wanted"), list):  # what a decision says is missing
            yield from ((_ASKED[said["kind"]], str(entry)) for entry in said["wanted"])
        for key, value in said.items():
            yield from _under(key, value)


def _under(key: str, value: Any) -> Iterator[Name]:
    source = _SELECTED.get(key) or _ASKED.get(key)
    if source and isinstance(value, list):
        yield from ((source, entry) for entry in value if isinstance(entry, str))
    elif key == "code" and isinstance(value, list):
        yield from (("batch", str(code)[1:]) for code in value if str(code).startswith("@"))
    elif key == "sku":
        yield "product", str(value)
    else:
        yield from _walk(value)
