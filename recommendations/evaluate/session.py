"""Predict every next click of sessions that the training has not seen, from those before it."""

from __future__ import annotations

from argparse import Namespace, _ArgumentGroup
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from recommendations.engines.als import Als
from recommendations.engines.blend import Model, best
from recommendations.engines.blends import BLENDS, Blend
from recommendations.engines.columns import DAY
from recommendations.engines.copurchase import CoPurchase
from recommendations.engines.evaluation.intervals import SEED
from recommendations.engines.evaluation.lists import Answers, Collector, Range, figures
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Engine, Floats, Ints
from recommendations.engines.item_knn import ItemKnn
from recommendations.engines.popularity import Popularity
from recommendations.engines.popularity import Range as WholeRange
from recommendations.engines.request import HOME, Request
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.sessions.engine import SessionKnn
from recommendations.engines.sessions.knn import V_STAN, VARIANTS, Current, SessionNeighbours, Variant
from recommendations.engines.sessions.tuning import GRID, tuned
from recommendations.evaluate.data import HELD_OUT, DataError
from recommendations.evaluate.report import Report, Table

TITLE = "every next click of sessions after a cut; ALL counts what the session saw before, NEW does not"
DEPTH = 20
# What can be said of somebody who is known by this visit alone.
ENGINES: tuple[type[Engine], ...] = (SessionKnn, Als, ItemKnn, CoPurchase, Popularity, WholeRange)

# The scores of all products after some clicks.
Method = Callable[[Ints], Floats | None]


def add_arguments(group: _ArgumentGroup) -> None:
    group.add_argument(
        "--test-days", type=float, default=1.0, help="sessions that begin in the last so many days are predicted"
    )
    group.add_argument("--most-sessions", type=int, default=0, help="predict a sample of so many sessions; 0: all")


def evaluate(events: pl.DataFrame, options: Namespace) -> Report:
    """The family of session neighbours, each other engine, and the blend; raises DataError without sessions."""
    train, test = split(events, options)
    learnt = as_interactions(train)
    model = Model.fit(learnt, ENGINES)
    tuned_to = tuned(train, V_STAN)
    every, new = rank(methods(model, tuned_to), test, depth=options.depth or DEPTH)
    known = Range.of(learnt.matrix())
    facts = {
        "sessions learnt from": train.count,
        "sessions predicted": test.count,
        "products": train.products,
        "clicks learnt from": len(train),
        "v-stan tuned to": ", ".join(f"{name} {getattr(tuned_to, name):g}" for name in GRID),
    }
    return Report("session", facts, [_table("ALL", every, known), _table("NEW", new, known)])


def _table(title: str, answers: Mapping[str, Answers], known: Range) -> Table:
    first = next(iter(answers.values()))
    return Table(
        title,
        len(first),
        first.depth,
        {name: figures(found, known) for name, found in answers.items() if found.says_anything},
    )


def split(events: pl.DataFrame, options: Namespace) -> tuple[Sessions, Sessions]:
    """Sessions to learn from, and those to predict: at least two clicks on products that occur in the former."""
    clicks = _clicks(events)
    if clicks[HELD_OUT].any():
        train, test = _sessions(clicks, ~clicks[HELD_OUT]), _sessions(clicks, clicks[HELD_OUT])
    else:
        every = _sessions(clicks, ~clicks[HELD_OUT])
        # A session belongs to the day on which it began.
        first = np.flatnonzero(np.diff(every.session, prepend=-1))
        late = (every.age[first] < _days(options, every.until))[every.session]
        train, test = every.where(~late), every.where(late)
    known = np.bincount(train.product, minlength=train.products) > 0
    train, test = train.among(known), _of_two_clicks(test.among(known))
    if not (len(train) and len(test)):
        raise DataError("No session of two clicks on known products after the cut. See --cut, --test-days and --test.")
    return train, _sample(test, options.most_sessions)


def _clicks(events: pl.DataFrame) -> pl.DataFrame:
    """Views where there are any, else whatever was done."""
    views = events.filter(pl.col("kind") == "view")
    return events if views.is_empty() else views


def _sessions(clicks: pl.DataFrame, rows: pl.Series) -> Sessions:
    """By the file's sessions; without any, by customer and pause."""
    by, theirs = ("session", "session") if clicks["session"].is_not_null().any() else ("visitor", "customer")
    own = clicks.filter(rows & clicks[theirs].is_not_null())
    ids = np.arange(_highest(clicks["product"]) + 1, dtype=np.int64)
    return Sessions.from_frame(own.select(pl.col(theirs).alias(by), "product", "occurred_at"), ids, _end(clicks))


def _highest(codes: pl.Series) -> int:
    highest = codes.max()
    assert isinstance(highest, int)
    return highest


def _end(clicks: pl.DataFrame) -> datetime:
    newest = clicks["occurred_at"].max()
    assert isinstance(newest, datetime)
    return newest.replace(tzinfo=UTC) + timedelta(seconds=1)


def _days(options: Namespace, until: datetime) -> float:
    """Before ``until``: where the cut is."""
    cut: datetime | None = options.cut
    return float(options.test_days) if cut is None else (until - cut) / timedelta(days=1)


def _of_two_clicks(sessions: Sessions) -> Sessions:
    return sessions.where((np.bincount(sessions.session) >= 2)[sessions.session]) if len(sessions) else sessions


def _sample(sessions: Sessions, most: int) -> Sessions:
    """At most so many of them, the same on every run."""
    if not most or sessions.count <= most:
        return sessions
    chosen = np.zeros(sessions.count, np.bool_)
    chosen[np.random.default_rng(SEED).choice(sessions.count, most, replace=False)] = True
    return sessions.where(chosen[sessions.session])


def as_interactions(sessions: Sessions) -> Interactions:
    """Sessions as the engines that know only baskets take them: each is a basket of its own person."""
    rows = pl.DataFrame(
        {"customer": sessions.session, "product": sessions.product, "basket": sessions.session, "age": sessions.age}
    )
    until = sessions.until.replace(tzinfo=None)
    purchases = rows.select(
        pl.col("customer", "product", "basket").cast(pl.Int64),
        occurred_at=pl.lit(until)
        - pl.duration(microseconds=(pl.col("age").cast(pl.Float64) * DAY * 1e6).cast(pl.Int64)),
    )
    products = pl.DataFrame({"product": np.arange(sessions.products)}).with_columns(
        category=pl.lit(None, pl.Int64), created_at=pl.lit(until)
    )
    return replace(Interactions.from_frames(purchases, products, sessions.until), sessions=sessions)


def methods(model: Model, tuned_to: Variant) -> dict[str, Method]:
    """The family, V-STAN as tuned on the newest sessions learnt from, each other engine alone, and the home page's blend."""
    known = model.engines[SessionKnn.name]
    assert isinstance(known, SessionKnn)
    variants = {**VARIANTS, "v-stan tuned": tuned_to}
    family = {name: _family(SessionNeighbours(known.knn.index, variant)) for name, variant in variants.items()}
    others: dict[str, Blend] = {
        f"{kind.name} alone": {kind.name: 1.0} for kind in ENGINES if kind not in (SessionKnn, WholeRange)
    }
    return {
        **family,
        **{name: _blend(model, blend) for name, blend in others.items()},
        "blend": _blend(model, BLENDS[HOME]),
    }


def _family(knn: SessionNeighbours) -> Method:
    return lambda clicks: knn.scores(Current.of(clicks))


def _blend(model: Model, blend: Blend) -> Method:
    def scores(clicks: Ints) -> Floats | None:
        distinct = list(dict.fromkeys(clicks[::-1].tolist()))[::-1]
        context = model.context(Request(HOME, session=distinct))
        _names, added = model.contributions(context, blend)
        total: Floats = added.sum(axis=0)
        return total

    return scores


def rank(methods: Mapping[str, Method], test: Sessions, *, depth: int) -> tuple[dict[str, Answers], dict[str, Answers]]:
    """The lists of every method for every click but the first of a session: ALL, and NEW.

    NEW asks only for clicks on what the session had not seen before, and leaves that out of the lists.
    """
    every, new = ({method: Collector(depth) for method in methods} for _ in range(2))
    for session, clicks, wanted in _cases(test):
        is_new = wanted[0] not in clicks
        for method, scores_of in methods.items():
            scores = scores_of(clicks)
            found = np.empty(0, np.int32) if scores is None else best(scores, depth)
            every[method].add(session, found, wanted)
            if is_new:
                if scores is not None:
                    scores[clicks] = 0
                    found = best(scores, depth)
                new[method].add(session, found, wanted)
    return {m: found.answers() for m, found in every.items()}, {m: found.answers() for m, found in new.items()}


def _cases(test: Sessions) -> Iterator[tuple[int, Ints, Ints]]:
    """Session, the clicks so far, and the next one."""
    edges = np.flatnonzero(np.diff(test.session, prepend=-1, append=-1))
    for begin, end in pairwise(edges):
        for click in range(begin + 1, end):
            yield int(test.session[begin]), test.product[begin:click], test.product[click : click + 1]
