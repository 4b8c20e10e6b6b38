"""What a bench reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value; with a bar it is judged, without one it is there to be read.

    ``at_least`` and ``at_most`` are the bars, in the unit of ``value``.
    """

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the bar is met; None without a bar."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.value <= self.at_most if self.at_most is not None else None

    def line(self) -> str:
        verdict = {None: "    ", True: "ok  ", False: "MISS"}[self.holds]
        bar = f"≥ {self.at_least:g}" if self.at_least is not None else ""
        bar = f"≤ {self.at_most:g}" if self.at_most is not None else bar
        return f"  {verdict} {self.name:<62} {self.value:>12,.3f} {self.unit:<8} {bar}"
