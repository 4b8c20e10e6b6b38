"""How good answers are: ranked lists against what was wanted, over all products and never over a sample of them.

* :mod:`~.lists`: the figures of ranked lists, whatever made them,
* :mod:`~.intervals`: how far chance could have moved a figure,
* :mod:`~.temporal`: learn from the past, rank what was bought next: what every training measures itself by.
"""

from recommendations.engines.evaluation.intervals import gain_interval
from recommendations.engines.evaluation.temporal import (
    BASELINES,
    DEPTH,
    Measured,
    Target,
    measure,
    targets,
)

__all__ = ["BASELINES", "DEPTH", "Measured", "Target", "gain_interval", "measure", "targets"]
