"""Which protocols there are. A new one: write its module, and name it here."""

from __future__ import annotations

from argparse import Namespace, _ArgumentGroup
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from recommendations.evaluate import next_basket, session, temporal
from recommendations.evaluate.report import Report

if TYPE_CHECKING:
    import polars as pl


class EvaluationProtocol(Protocol):
    """One way to ask and to judge."""

    TITLE: str  # one line for --help

    def add_arguments(self, group: _ArgumentGroup) -> None:
        """Its own options; all protocols share one namespace, so names are told apart."""

    def evaluate(self, events: pl.DataFrame, options: Namespace) -> Report:
        """``events`` as :func:`~.data.read` gives them. Raises DataError where they do not do for this protocol."""


PROTOCOLS: Mapping[str, EvaluationProtocol] = {
    "temporal": temporal,
    "next-basket": next_basket,
    "session": session,
}
