"""The doorbell: rung after commit, and never in anybody's way."""

import threading
import time
from typing import Any

import pytest
from celery import current_app

from core import rings
from core.rings import ring


def settle() -> None:
    """Wait until every ring so far was tried."""
    rings._ringers.submit(lambda: None).result(30)


def test_a_broker_that_is_away_costs_the_caller_nothing(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    tried = threading.Event()

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        tried.set()
        time.sleep(0.2)
        raise ConnectionError

    monkeypatch.setattr(current_app, "send_task", refuse)
    begun = time.monotonic()
    ring("core.tasks.drain_deliveries")
    assert time.monotonic() - begun < 0.1
    settle()
    assert tried.is_set()
    assert "no ring for core.tasks.drain_deliveries: ConnectionError" in caplog.text


def test_rings_do_not_pile_up_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, sent = threading.Event(), []

    def wait(task: str, **_kwargs: Any) -> None:
        gate.wait(10)
        sent.append(task)

    monkeypatch.setattr(current_app, "send_task", wait)
    monkeypatch.setattr(rings, "_MAX_WAITING", 5)
    for _time in range(50):
        ring("core.tasks.drain_deliveries")
    gate.set()
    settle()
    assert 5 <= len(sent) <= 7
