"""One question put to many blends."""

from __future__ import annotations

import numpy as np

from recommendations.engines.blend import SEASONAL, Model
from recommendations.engines.blends import Blend
from recommendations.engines.interface import Context, Floats
from recommendations.engines.season import Season


class Asked:
    """Every engine is asked once, whatever the number of blends."""

    def __init__(self, model: Model, context: Context) -> None:
        self._model, self._context = model, context
        self._raw: dict[str, Floats | None] = {}
        self._scaled: dict[tuple[str, float], Floats | None] = {}

    @property
    def products(self) -> int:
        return self._model.products

    def scores(self, blend: Blend) -> Floats:
        """The blend's score per product."""
        total = np.zeros(self._model.products, np.float32)
        for name, weight in blend.items():
            said = self.scaled(name, blend.get(Season.name, 0)) if weight else None
            if said is not None:
                total += np.float32(weight) * said
        return total

    def scaled(self, name: str, power: float) -> Floats | None:
        """What one engine says in a season of this power, as the blend adds it at weight 1; None: nothing."""
        key = name, power if name in SEASONAL else 0
        if key not in self._scaled:
            self._scaled[key] = self._scale(*key)
        return self._scaled[key]

    def _scale(self, name: str, power: float) -> Floats | None:
        if name not in self._raw:
            self._raw[name] = self._model.spoken(name, self._context)[1]
        raw = self._raw[name]
        if raw is None:
            return None
        out = np.empty(self._model.products, np.float32)
        self._model.scale(name, raw, self._context, power, 1.0, out=out)
        return out
