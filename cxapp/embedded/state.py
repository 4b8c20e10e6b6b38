"""What is known about the servers of one ``var`` directory: ``var/servers.json``, readable by its owner only."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import psutil

from cxapp.embedded.errors import EmbeddedServerError

USER = DATABASE = "cxapp"
HOST = "127.0.0.1"
CLOCK_STEP_SECONDS = 2.0


@dataclass(frozen=True)
class ServerUrls:
    """Where the embedded servers answer; ``None`` for a server that does not run."""

    database: str | None
    redis: str | None


@dataclass(frozen=True)
class Server:
    """One server: where it listens, its password, and which process it is.

    ``started`` is the process's start time in seconds since the epoch. Together with ``pid`` and ``name`` it means one
    process for ever, while a pid alone may long belong to somebody else.
    """

    port: int = 0
    password: str = ""
    pid: int | None = None
    name: str = ""
    started: float = 0.0

    def process(self) -> psutil.Process | None:
        """The running process, or ``None`` when it ended, whoever has its pid today."""
        if self.pid is None:
            return None
        try:
            process = psutil.Process(self.pid)
            # The clock may have been set since, which moves start times a little.
            same = process.name() == self.name and abs(process.create_time() - self.started) < CLOCK_STEP_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def with_process(self, process: psutil.Process) -> Self:
        return replace(self, pid=process.pid, name=process.name(), started=process.create_time())

    def without_process(self) -> Self:
        """Keeps port and password, so that clients find a restarted server where it was."""
        return replace(self, pid=None)


@dataclass(frozen=True)
class State:
    """Contents of ``servers.json``."""

    postgres: Server = Server()
    redis: Server = Server()

    def urls(self) -> ServerUrls:
        return ServerUrls(
            database=f"postgresql://{USER}:{self.postgres.password}@{HOST}:{self.postgres.port}/{DATABASE}"
            if self.postgres.process()
            else None,
            redis=f"redis://:{self.redis.password}@{HOST}:{self.redis.port}/0" if self.redis.process() else None,
        )


def urls(var: Path) -> ServerUrls | None:
    """Addresses of the servers that run from ``var``, or ``None`` when none was ever started there."""
    path = _path(var)
    return read(var).urls() if path.exists() else None


def read(var: Path) -> State:
    """The recorded state; empty when there is none yet.

    Raises:
        EmbeddedServerError: the file is damaged or belongs to somebody else.
    """
    path = _path(var)
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        return State(postgres=Server(**data["postgres"]), redis=Server(**data["redis"]))
    except FileNotFoundError:
        return State()
    except PermissionError as error:
        raise EmbeddedServerError(f"{path} cannot be read: it belongs to another user. Run as that user.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise EmbeddedServerError(
            f"{path} is damaged ({error}). Delete it: the data stay, and the next start makes new passwords."
        ) from error


def write(var: Path, state: State) -> None:
    """Replace the file in one step, so that a reader sees the old state or the new one."""
    draft = _path(var).with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(state), indent=2) + "\n")
    draft.replace(_path(var))


def new_password() -> str:
    return secrets.token_hex(24)


def _path(var: Path) -> Path:
    return var / "servers.json"
