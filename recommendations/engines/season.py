"""What sells better now than it did all along: asters in autumn, asparagus in May, and whatever is new and wanted.

Not a source of its own: every blend multiplies what the engines of people say by a power of it. Who buys what is
learnt from everything; what of it is bought now, the last weeks tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import NOTHING, Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe

# Recent purchases that every product starts with as if it sold as always: a single one is no season.
SHRINKAGE = 1.0


@dataclass(frozen=True, slots=True)
class Season:
    """``rise`` (products,): recent purchases beside those to be expected from all there were; 1 is as always."""

    name: ClassVar[str] = "season"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    rise: Floats

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        tick()
        return cls(rise(interactions, recipe.season_half_life))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["rise"])

    def arrays(self) -> Arrays:
        return {"rise": self.rise}

    def scores(self, context: Context) -> Floats | None:
        return None

    def because(self, context: Context, products: Ints) -> Ints:
        return np.full(len(products), NOTHING, np.int32)

    def factor(self, power: float) -> Floats:
        """What scores are multiplied by."""
        return np.asarray(self.rise ** np.float32(power), np.float32)


def rise(interactions: Interactions, half_life: float = USUAL.season_half_life) -> Floats:
    """Shape (products,), positive: (recent + s) / (expected + s)."""
    products = interactions.shape[1]
    fading = np.exp2(-interactions.age.astype(np.float64) / half_life)
    recent = np.bincount(interactions.product, fading, minlength=products)
    ever = np.bincount(interactions.product, minlength=products)
    expected = ever * (recent.sum() / max(len(interactions), 1))
    return np.asarray((recent + SHRINKAGE) / (expected + SHRINKAGE), np.float32)
