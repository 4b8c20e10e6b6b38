"""``make bench``: every benchmark in one run, as a table of figures with their bars.

``python -m bench importing recommendations`` runs the named ones only. Exit status 1 when a bar is missed.
"""

import importlib
import sys

from bench.figures import Figure

BENCHES = ["importing", "recommendations", "sessions", "search", "confirmations", "profiles", "tracking"]
# Run by name: those of a capability that is still growing, and parts of others.
ON_REQUEST = ["promotions", "offers", "redemptions", "replays", "quality", "training"]


def run(name: str) -> list[Figure]:
    """One bench module's figures."""
    print(f"\n{name}", flush=True)
    figures: list[Figure] = importlib.import_module(f"bench.{name}").run()
    for figure in figures:
        print(figure.line(), flush=True)
    return figures


def main(names: list[str]) -> int:
    if unknown := set(names) - {*BENCHES, *ON_REQUEST}:
        print(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join([*BENCHES, *ON_REQUEST])}.")
        return 2
    figures = [figure for name in names or BENCHES for figure in run(name)]
    missed = [figure for figure in figures if figure.holds is False]
    print(f"\n{len(figures)} figures, {len(missed)} below their bar")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
