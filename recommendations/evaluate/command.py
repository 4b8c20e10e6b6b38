"""Arguments in, a table out."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

from recommendations.evaluate.data import COLUMNS, KINDS, DataError, read
from recommendations.evaluate.protocols import PROTOCOLS


def main(arguments: Sequence[str]) -> int:
    """Evaluates as the command line says; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        events = read(options.interactions, test=options.test, names=dict(options.column))
        report = PROTOCOLS[options.protocol].evaluate(events, options)
    except DataError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    text = json.dumps(report.as_dict(), indent=1, default=str) if options.json else "\n".join(report.lines())
    sys.stdout.write(f"{text}\n")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m recommendations.evaluate",
        description="Measures every engine and the blend on a file of interactions; all products are ranked.",
        epilog=f"Columns: {', '.join(COLUMNS)}. Kinds: {', '.join(KINDS)}. "
        + " ".join(f"{name}: {protocol.TITLE}." for name, protocol in PROTOCOLS.items()),
    )
    parser.add_argument("--interactions", type=Path, required=True, help="Parquet or CSV; what is learnt from")
    parser.add_argument("--test", type=Path, help="a file of its own with what is to be predicted")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="temporal")
    parser.add_argument("--depth", type=_count, help="length of the lists (k); by default 10, for sessions 20")
    parser.add_argument(
        "--column",
        type=_renamed,
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="what the file calls a column, e.g. product=StockCode",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    for name, protocol in PROTOCOLS.items():
        protocol.add_arguments(parser.add_argument_group(name, protocol.TITLE))
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ArgumentTypeError("must be at least 1")
    return value


def _renamed(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (equals and theirs) or ours not in COLUMNS:
        raise ArgumentTypeError(f"OURS=THEIRS, where OURS is one of {', '.join(COLUMNS)}")
    return ours, theirs
