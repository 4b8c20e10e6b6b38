"""Both servers of one ``var`` directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, TextIO

import psutil

from cxapp.embedded import postgres, processes, redis, state
from cxapp.embedded.errors import EmbeddedServerError
from cxapp.embedded.state import Server, ServerUrls, State

Name = Literal["postgres", "redis"]
BOTH: tuple[Name, ...] = ("postgres", "redis")
_STOP_STEPS = {"postgres": postgres.STOP_STEPS, "redis": redis.STOP_STEPS}


class EmbeddedServers:
    """Starts and stops the servers of ``var``; every operation waits for its turn, so that callers never fight.

    Args:
        var: directory of data, logs and state; made when missing. Every ``var`` has its own servers.
        durable: a committed transaction survives a power cut. Tests do without.
        tied: the servers stop when the process that started them dies, even by SIGKILL.
    """

    def __init__(self, var: Path, *, durable: bool = True, tied: bool = False) -> None:
        self.var = var.resolve()
        self.durable = durable
        self.tied = tied

    def start(self, names: tuple[Name, ...] = BOTH) -> ServerUrls:
        """Start what does not run yet; returns where everything answers.

        Raises:
            EmbeddedServerError: a server cannot be started; those that were started stay.
        """
        with self._turn():
            for name in names:
                if not self._server(name).process():
                    self._start(name)
            return state.read(self.var).urls()

    def stop(self, names: tuple[Name, ...] = BOTH) -> None:
        """Stop what runs, in good order; data stays.

        Raises:
            EmbeddedServerError: a server belongs to another user.
        """
        with self._turn():
            for name in names:
                server = self._server(name)
                if process := server.process():
                    processes.stop(process, _STOP_STEPS[name])
                self._record(name, server.without_process())
            processes.reap()

    def running(self) -> tuple[Name, ...]:
        """The servers whose processes live."""
        return tuple(name for name in BOTH if self._server(name).process())

    def processes(self) -> list[psutil.Process]:
        """The living server processes, without their children."""
        return [process for name in BOTH if (process := self._server(name).process())]

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold these servers for one launcher; ends with the process, however it ends.

        Raises:
            EmbeddedServerError: another process holds them.
        """
        with self._locked("owner.lock", wait=False):
            yield

    def _start(self, name: Name) -> None:
        """Start on the port of last time or a free one; another one when somebody took it in between."""
        known = self._server(name)
        server = Server(port=processes.free_port(known.port), password=known.password or state.new_password())
        self._record(name, server)
        try:
            process = self._spawn(name, server, new_password=not known.password)
        except EmbeddedServerError:
            if processes.free_port(server.port) == server.port:
                raise
            self._start(name)
        else:
            self._record(name, server.with_process(process))

    def _spawn(self, name: Name, server: Server, *, new_password: bool) -> psutil.Process:
        if name == "postgres":
            tied, durable = self.tied, self.durable
            return postgres.start(self.var, server, new_password=new_password, durable=durable, tied=tied)
        return redis.start(self.var, server, tied=self.tied)

    def _server(self, name: Name) -> Server:
        current = state.read(self.var)
        return current.postgres if name == "postgres" else current.redis

    def _record(self, name: Name, server: Server) -> None:
        current: State = state.read(self.var)
        state.write(
            self.var, replace(current, postgres=server) if name == "postgres" else replace(current, redis=server)
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._locked("servers.lock", wait=True):
            yield

    def _open(self, name: str) -> TextIO:
        try:
            self.var.mkdir(parents=True, exist_ok=True)
            return (self.var / name).open("a+")
        except PermissionError as error:
            raise EmbeddedServerError(f"{self.var} belongs to another user. Run as that user.") from error

    @contextmanager
    def _locked(self, name: str, *, wait: bool) -> Iterator[None]:
        with self._open(name) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise EmbeddedServerError(f"{self.var} is in use by process {holder}. Stop that one first.") from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
