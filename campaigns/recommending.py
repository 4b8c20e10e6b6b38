"""Asking the recommender without ever waiting for it: a contract message leaves on time, with or without its block."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from django.db import connection, connections

from campaigns.reasons import BlockCode
from recommendations import serving
from recommendations.serving import Recommendation

logger = logging.getLogger(__name__)

# A warm recommender answers in a few milliseconds; a process that asks for the first time may load a model first.
BUDGET, FIRST_BUDGET = 0.5, 2.0
# After a failure messages do not wait again for what will hardly have recovered.
REST = 30.0
# More than are shown, because the law and the stock leave some out.
CANDIDATES = 24


class NoRecommendation(Exception):  # noqa: N818  # the block falls away, the message does not fail
    """There is no answer; ``code`` says why."""

    def __init__(self, code: BlockCode, detail: str = "") -> None:
        super().__init__(detail or code.value)
        self.code = code
        self.detail = detail


class Recommender:
    """Asks in a thread of its own, for the length of one round of sending; use it as a context manager."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recommender")
        self._pending: Future[Recommendation] | None = None
        self._rests_until = 0.0
        self._known: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_free = self._pending is None or self._pending.done()
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=is_free)

    def ask(self, merchant_id: int, *, customer_id: int | None, basket: Sequence[str]) -> Recommendation:
        """What goes with the ``basket`` (SKUs). Raises NoRecommendation."""
        if time.monotonic() < self._rests_until:
            raise NoRecommendation(BlockCode.RECOMMENDER_RESTING)

        def question() -> Recommendation:
            return serving.recommend(
                merchant_id=merchant_id,
                placement="order_confirmation",
                customer_id=customer_id,
                basket=basket,
                limit=CANDIDATES,
            )

        budget = BUDGET if merchant_id in self._known else FIRST_BUDGET
        try:
            answer = self._in_time(question, budget)
        except Exception as error:
            self._rests_until = time.monotonic() + REST
            logger.warning("order confirmation without recommendations: %s", type(error).__name__)
            is_slow = isinstance(error, TimeoutError)
            code = BlockCode.RECOMMENDER_SLOW if is_slow else BlockCode.RECOMMENDER_FAILED
            raise NoRecommendation(code, type(error).__name__) from error
        self._known.add(merchant_id)
        return answer

    def _in_time(self, question: Callable[[], Recommendation], budget: float) -> Recommendation:
        # Another thread has another connection: it would not see what an open transaction has written.
        if connection.in_atomic_block:
            return question()
        self._pending = self._thread.submit(question)
        return self._pending.result(timeout=budget)
