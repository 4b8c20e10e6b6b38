"""The system's Chromium, headless, against a real web server on loopback."""

import os
import shutil
from collections.abc import Iterator
from threading import Condition, current_thread, main_thread
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import connections
from playwright.sync_api import BrowserContext, Playwright
from pytest_django.live_server_helper import LiveServer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Nothing but loopback is reachable, and a browser of its own accord asks for updates, suggestions and synchronisation.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Skips where there is no Chromium; as root its sandbox cannot work."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; as root: apt-get install chromium")
    # Playwright keeps an event loop in this thread, in which Django would otherwise refuse every query of the tests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": [*QUIET, *sandbox]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """An English browser on a laptop, unless a test says otherwise."""
    return browser_context_args | {"locale": "en-GB", "viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    """``page.goto("/")`` opens the product."""
    return str(live_server.url)


@pytest.fixture(scope="session", autouse=True)
def _connection_beside_the_loop(django_db_setup: None, playwright: Playwright) -> Iterator[None]:
    """While Playwright's event loop runs, Django gives this thread a second connection (asgiref's ``Local``).

    It can be seen, and so closed, only as long as the loop runs; open, it would keep the database from being dropped.
    """
    yield
    connections.close_all()


class _InFlight:
    """Requests that the web server has begun and not finished. Those of Django's test client run in the main thread."""

    def __init__(self) -> None:
        self._changed, self._number = Condition(), 0

    def begin(self, **_signal: Any) -> None:
        self._add(1)

    def end(self, **_signal: Any) -> None:
        self._add(-1)

    def _add(self, number: int) -> None:
        if current_thread() is not main_thread():
            with self._changed:
                self._number += number
                self._changed.notify_all()

    def wait_for_none(self, seconds: float) -> bool:
        with self._changed:
            is_quiet = self._changed.wait_for(lambda: self._number <= 0, seconds)
            self._number = 0
            return is_quiet


@pytest.fixture(scope="session")
def _in_flight() -> Iterator[_InFlight]:
    counted = _InFlight()
    request_started.connect(counted.begin)
    request_finished.connect(counted.end)
    yield counted
    request_started.disconnect(counted.begin)
    request_finished.disconnect(counted.end)


@pytest.fixture(autouse=True)
def _no_request_outlives_its_test(
    transactional_db: None, context: BrowserContext, _in_flight: _InFlight
) -> Iterator[None]:
    """A page may still be asking when its test is done: the database is emptied only after the last answer."""
    _in_flight.wait_for_none(0)
    yield
    for page in context.pages:
        page.close()
    assert _in_flight.wait_for_none(10), "a page of the test is still waited for"
