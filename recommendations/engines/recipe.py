"""How engines learn from a shop: the few numbers and the additional engines that a training may find for it.

:mod:`.recipes` searches them; a version's manifest keeps what was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Recipe:
    """The defaults are what a shop starts with, and what it keeps where nothing else is clearly better."""

    factors: int = 64
    regularization: float = 10.0  # of ALS
    history_days: float = 120.0
    popularity_half_life: float = 14.0
    season_half_life: float = 7.0
    ease_regularization: float = 300.0
    ease_length: int = 200
    extras: tuple[str, ...] = ()  # engines that are learnt only where they help

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        return {**asdict(self), "extras": list(self.extras)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`as_dict` gave, perhaps of an older version: what is not in it is as usual."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        return cls(**{**known, "extras": tuple(known.get("extras", ()))})


USUAL = Recipe()
