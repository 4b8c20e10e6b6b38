"""The weights that a shop starts with: what the tuner finds on windows of Online Retail before the window of the bars.

``python -m bench.defaults`` prints them. Every placement is asked in the 28 days after each of three cuts, all questions
together, from equal weights; nothing is chosen by hand. ``recommendations.engines.blend.BLENDS`` holds what it printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from bench.online_retail import World
from recommendations.engines.blend import Model
from recommendations.engines.blends import BLENDS
from recommendations.engines.evaluation import targets
from recommendations.engines.interface import Floats
from recommendations.engines.training import WINDOW_DAYS
from recommendations.engines.tuner import ASKED, Sheet, asked, search, unbiased

# Three windows tell smaller steps from chance than the one of a training does.
LEAST_GAIN, CERTAIN = 0.002, 0.0
CUTS = tuple(datetime(2011, month, day, tzinfo=UTC) for month, day in ((6, 13), (7, 13), (8, 12)))


def found(cuts: Sequence[datetime] = CUTS) -> dict[str, dict[str, float]]:
    """By placement."""
    sheets = [_sheets(cut) for cut in cuts]
    start = {placement: unbiased(blend) for placement, blend in BLENDS.items()}
    return {
        placement: search(joined([one[placement] for one in sheets]), start[placement], LEAST_GAIN, CERTAIN)
        for placement in ASKED
        if all(placement in one for one in sheets)
    }


def _sheets(cut: datetime) -> dict[str, Sheet]:
    """What a model that has learnt until ``cut`` is asked about the 28 days after it."""
    world = World.at(cut)
    days = world.days
    known = world.whole.older_than(days - WINDOW_DAYS)
    model = Model.fit(world.past)
    model = replace(model, blends={placement: unbiased(blend) for placement, blend in model.blends.items()})
    return asked(model, targets(known, WINDOW_DAYS), known.where(known.age <= WINDOW_DAYS))


def joined(sheets: Sequence[Sheet]) -> Sheet:
    """The questions of all."""
    width = max(sheet.wanted.shape[1] for sheet in sheets)
    keys = dict.fromkeys(key for sheet in sheets for key in sheet.said)
    said = {key: np.concatenate([_wide(sheet.said[key], width) for sheet in sheets]) for key in keys}
    wanted = np.concatenate([_wide(sheet.wanted.astype(np.float32), width) > 0 for sheet in sheets])
    ideal, of = (np.concatenate([getattr(sheet, name) for sheet in sheets]) for name in ("ideal", "of"))
    return Sheet(said, wanted, ideal, of)


def _wide(values: Floats, width: int) -> Floats:
    return np.pad(values, ((0, 0), (0, width - values.shape[1])))


if __name__ == "__main__":
    for placement, blend in found().items():
        print(placement, blend)
