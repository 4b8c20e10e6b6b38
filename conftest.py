"""Servers for the tests: real PostgreSQL and Redis.

``DATABASE_URL`` and ``REDIS_URL`` of the environment are used where set; otherwise embedded servers run in ``var/test``
for the length of the run. A second run beside the first gets ``var/test-2``, and so on. Under xdist the controller
starts them and the workers inherit their addresses; every worker has a Redis database of its own.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cxapp.embedded import EmbeddedServerError, EmbeddedServers

# Set here and not in pyproject.toml: pytest-django would read the settings before the servers have addresses.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxapp.settings")
VAR = Path(__file__).resolve().parent / "var"
PARALLEL_RUNS = 16
_running = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.help or config.option.version:
        return
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _running.enter_context(_servers())
    os.environ["REDIS_URL"] = _own_redis_database(os.environ["REDIS_URL"])


def pytest_unconfigure() -> None:
    _running.close()


@contextmanager
def _servers() -> Iterator[None]:
    """Start what the environment does not name and put its address there."""
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if not missing:
        yield
        return
    with ExitStack() as stack:
        servers = _claim(stack)
        stack.callback(servers.stop)
        try:
            known = servers.start()
        except EmbeddedServerError as error:
            raise pytest.UsageError(str(error)) from error
        found = {"DATABASE_URL": known.database or "", "REDIS_URL": known.redis or ""}
        os.environ |= {name: found[name] for name in missing}
        yield


def _claim(stack: ExitStack) -> EmbeddedServers:
    """The first ``var/test…`` directory that no other run holds."""
    for number in range(1, PARALLEL_RUNS + 1):
        servers = EmbeddedServers(VAR / ("test" if number == 1 else f"test-{number}"), durable=False, tied=True)
        try:
            stack.enter_context(servers.claimed())
        except EmbeddedServerError:
            continue
        return servers
    raise pytest.UsageError(f"{PARALLEL_RUNS} test runs hold servers in {VAR} already.")


def _own_redis_database(url: str) -> str:
    """The address with the worker's own database number: gw0 has 1, gw1 has 2, a run without xdist keeps its own."""
    worker = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
    return urlsplit(url)._replace(path=f"/{int(worker[1]) + 1}").geturl() if worker else url
