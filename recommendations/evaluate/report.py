"""What an evaluation found, and how it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from recommendations.engines.evaluation.lists import Figure

WIDTH = 26


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of several methods on the same cases."""

    title: str
    cases: int
    depth: int
    methods: Mapping[str, Mapping[str, Figure]]

    def lines(self) -> Iterator[str]:
        """The table as text; intervals stand below their figures."""
        yield f"{self.title}: {self.cases:,} cases, lists of {self.depth}"
        names = list(next(iter(self.methods.values()), {}))
        yield "  " + " " * WIDTH + "".join(f"{name:>14}" for name in names)
        for method, figures in self.methods.items():
            yield f"  {method:<{WIDTH}}" + "".join(f"{figures[name].value:>14.4f}" for name in names if name in figures)
            yield "  " + " " * WIDTH + "".join(f"{_interval(figures[name]):>14}" for name in names if name in figures)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one protocol on one file."""

    protocol: str
    facts: Mapping[str, Any]
    tables: list[Table] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"protocol {self.protocol}; " + ", ".join(f"{name} {value}" for name, value in self.facts.items())
        for table in self.tables:
            yield ""
            yield from table.lines()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return asdict(self)


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{figure.low:.3f}–{figure.high:.3f}"
