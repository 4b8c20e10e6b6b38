"""What people were shown, agreed to, took back and objected to, in the order of time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from cxapp.demo.ledger import OrderPlan, StatementPlan
from cxapp.demo.people import Person

NEWSLETTER, RECOMMENDATIONS = 0.36, 0.13
WITHDRAWN, OBJECTED = 0.08, 0.05
EVERYTHING = ""


class Statements:
    """The consent records of one shop's people."""

    def __init__(self, rng: np.random.Generator, start: datetime, now: datetime) -> None:
        self.rng, self.start, self.now = rng, start, now

    def all(self, people: Sequence[Person], orders: Sequence[OrderPlan]) -> list[StatementPlan]:
        """Of everybody who has a profile, oldest first."""
        found = [self._notice(order) for order in orders if order.notice]
        for index, person in enumerate(people):
            if not person.is_guest:
                found += self._decisions(index, self.start + timedelta(days=person.joined))
        return sorted(found, key=lambda statement: (statement.occurred_at, statement.person))

    def _notice(self, order: OrderPlan) -> StatementPlan:
        """Shown at checkout: UWG § 7(3) wants it with the sale that the address came with."""
        return StatementPlan(
            order.person,
            "notice_shown",
            "product_recommendations",
            order.notice,
            "order",
            order.placed_at,
            {"order": order.number},
        )

    def _decisions(self, person: int, joined: datetime) -> Iterator[StatementPlan]:
        for purpose, share in (("newsletter", NEWSLETTER), ("product_recommendations", RECOMMENDATIONS)):
            if self._happens(share):
                yield from self._consent(person, purpose, joined)
        if self._happens(OBJECTED):
            at = self._later(joined)
            how = "preference page" if self._happens(0.7) else "e-mail to support"
            yield StatementPlan(person, "objected", EVERYTHING, "", how, at, {})

    def _consent(self, person: int, purpose: str, joined: datetime) -> Iterator[StatementPlan]:
        """Double opt-in: asked for with the first visit, confirmed soon after; some take it back."""
        confirmed = joined + timedelta(minutes=float(self.rng.exponential(50)) + 1)
        if confirmed > self.now:
            return
        evidence = {"requested_at": joined.isoformat(), "confirmed_at": confirmed.isoformat()}
        yield StatementPlan(person, "granted", purpose, f"{joined.year}-01", "double opt-in", confirmed, evidence)
        if self._happens(WITHDRAWN):
            at = self._later(confirmed)
            yield StatementPlan(person, "withdrawn", purpose, "", "unsubscribe link", at, {})

    def _later(self, after: datetime) -> datetime:
        """Some moment until now."""
        return after + (self.now - after) * float(self.rng.uniform(0.05, 1))

    def _happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)
