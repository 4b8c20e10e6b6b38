"""What a merchant wants of a placement, as arrays: compiled from rules when a process loads them, used by the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interface import Bools, Floats

# A merchant may push and dampen, but not silence what people want: that is said by excluding.
LEAST_FACTOR, MOST_FACTOR = 0.2, 5.0
# Why a product may not be shown; the trace says it by these codes.
EXCLUDED, PRICE_BAND, OUT_OF_STOCK = "excluded", "price_band", "out_of_stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """The wishes for one placement. Arrays have one entry per product of the artefact; None: no such wish.

    ``factor`` multiplies scores, 1 leaves them as they are; it is clipped to 0.2–5. ``barred``: by code
    what may not be shown. ``buried``: shown only when nothing else is left. ``pinned``: (slot, product),
    slots count from 0; a pinned product still has to be available and must not annoy the person.
    ``caps``: (members, most): at most so many of these products in one answer.
    ``most_per_category``: the same for every category by itself.
    """

    factor: Floats | None = None
    barred: Mapping[str, Bools] = field(default_factory=dict)
    buried: Bools | None = None
    pinned: tuple[tuple[int, int], ...] = ()
    caps: tuple[tuple[Bools, int], ...] = ()
    most_per_category: int | None = None

    def __post_init__(self) -> None:
        if self.factor is not None:
            clipped = np.clip(self.factor, LEAST_FACTOR, MOST_FACTOR).astype(np.float32)
            object.__setattr__(self, "factor", clipped)


UNSTEERED = Steering()


@dataclass(frozen=True, slots=True)
class Steered:
    """A steering and whom it is for: ascending ids of customers, None for everybody, strangers included."""

    steering: Steering
    members: NDArray[np.int64] | None = None

    def is_for(self, customer_id: int | None) -> bool:
        if self.members is None:
            return True
        if customer_id is None:
            return False
        place = int(self.members.searchsorted(customer_id))
        return place < len(self.members) and int(self.members[place]) == customer_id


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A merchant's steerings by placement. All that are for a person act together."""

    by_placement: Mapping[str, tuple[Steered, ...]] = field(default_factory=dict)
    # Who is in the same segments gets the same: joining arrays at every request would cost more than ranking.
    _joined: dict[tuple[str, tuple[int, ...]], Steering] = field(default_factory=dict, repr=False, compare=False)

    def of(self, placement: str, customer_id: int | None = None) -> Steering:
        """What acts at a placement for a person; ``customer_id`` None for a stranger."""
        steered = self.by_placement.get(placement)
        if not steered:
            return UNSTEERED
        acting = tuple(number for number, one in enumerate(steered) if one.is_for(customer_id))
        found = self._joined.get((placement, acting))
        if found is None:
            found = join([steered[number].steering for number in acting])
            self._joined[placement, acting] = found
        return found


NO_RULES = Rulebook()


def join(steerings: list[Steering]) -> Steering:
    """Several as one: factors multiply, bars and burials add up, of two pins for a slot the first stands."""
    if len(steerings) < 2:
        return steerings[0] if steerings else UNSTEERED
    pins: dict[int, int] = {}
    for steering in steerings:
        for slot, product in steering.pinned:
            pins.setdefault(slot, product)
    caps = [steering.most_per_category for steering in steerings if steering.most_per_category is not None]
    return Steering(
        factor=_product([steering.factor for steering in steerings if steering.factor is not None]),
        barred=_any_by_code(steerings),
        buried=_any([steering.buried for steering in steerings if steering.buried is not None]),
        pinned=tuple(sorted(pins.items())),
        caps=tuple(cap for steering in steerings for cap in steering.caps),
        most_per_category=min(caps, default=None),
    )


def _product(factors: list[Floats]) -> Floats | None:
    return np.prod(factors, axis=0) if factors else None


def _any(masks: list[Bools]) -> Bools | None:
    return np.logical_or.reduce(masks) if masks else None


def _any_by_code(steerings: list[Steering]) -> dict[str, Bools]:
    barred: dict[str, Bools] = {}
    for steering in steerings:
        for code, mask in steering.barred.items():
            barred[code] = barred[code] | mask if code in barred else mask
    return barred
