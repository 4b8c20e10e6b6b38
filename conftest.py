"""Servers for the tests: real PostgreSQL and Redis.

``DATABASE_URL`` and ``REDIS_URL`` of the environment are used where set; otherwise embedded servers run in ``var/test``
for the length of the run. A second run beside the first gets ``var/test-2``, and so on. Under xdist the controller
starts them and the workers inherit their addresses; every worker has a Redis database and a ``VAR_DIR`` of its own.
"""

import atexit
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import pytest
from django.conf import settings

from cxapp.embedded import EmbeddedServerError, EmbeddedServers

VAR = Path(__file__).resolve().parent / "var"
PARALLEL_RUNS = 16
# Plain names: what a page loads is not collected and hashed for tests.
STATIC_FILES = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def _set_up() -> None:
    """Servers, then Django. A worker finds everything in its environment."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        running = ExitStack()
        atexit.register(running.close)
        servers = _claim(running)
        _start_missing(servers, running)
        files = servers.var / "files"
        shutil.rmtree(files, ignore_errors=True)
        os.environ["VAR_DIR"] = str(files / "main")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxapp.settings")
    settings.STORAGES["staticfiles"] = STATIC_FILES
    # The live server's threads would keep connections to a database that is dropped at the end.
    settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
    # A thread sees nothing of a test's transaction.
    settings.RECOMMENDATIONS_RENEW_ASIDE = False
    django.setup()


def _start_missing(servers: EmbeddedServers, running: ExitStack) -> None:
    """Start what the environment does not name and put its address there."""
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if missing:
        running.callback(servers.stop)
        known = servers.start()
        found = {"DATABASE_URL": known.database or "", "REDIS_URL": known.redis or ""}
        os.environ.update({name: found[name] for name in missing})


def _claim(running: ExitStack) -> EmbeddedServers:
    """The first ``var/test…`` directory that no other run holds."""
    for number in range(1, PARALLEL_RUNS + 1):
        servers = EmbeddedServers(VAR / ("test" if number == 1 else f"test-{number}"), durable=False, tied=True)
        try:
            running.enter_context(servers.claimed())
        except EmbeddedServerError:
            continue
        return servers
    raise EmbeddedServerError(f"{PARALLEL_RUNS} test runs hold servers in {VAR} already.")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the xdist worker gw0 the Redis database 1, gw1 the 2, and so on; the controller keeps its own."""
    name = node.gateway.id
    number = int(name.removeprefix("gw")) + 1
    own = {
        "REDIS_URL": urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl(),
        "VAR_DIR": str(Path(os.environ["VAR_DIR"]).with_name(name)),
    }
    channel = node.gateway.remote_exec("import os; os.environ.update(channel.receive())")
    channel.send(own)
    channel.waitclose()


# While pytest loads this file, and not in a hook: the conftest files below import models, so the settings must be
# complete by then. For the same reason pyproject.toml names no settings module: pytest-django would read it first.
_set_up()
