"""Requests over loopback: a web server of our own, and clients that cost little beside it.

The clients speak HTTP over raw keep-alive sockets, because a client library would eat the cores that the
server is measured on. They run in a process of their own.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, count
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0


@contextmanager
def web_server(settings: str, *, workers: int = 2, threads: int = 4) -> Iterator[int]:
    """Granian as the Procfile starts it, on a free port of loopback; yields the port."""
    port = _free_port()
    command: list[str | Path] = [
        Path(sys.executable).with_name("granian"),
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--no-ws",
    ]
    command += ["--port", str(port), "--workers", str(workers), "--blocking-threads", str(threads)]
    command += ["--log-level", "warning", "cxapp.wsgi:application"]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": settings})
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The web server did not start; its lines above say why.")


def get(path: str, token: str) -> bytes:
    """A request ready to be sent."""
    head = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\r\n"
    )
    return head.encode()


def page(path: str, cookie: str) -> bytes:
    """A page of the back office, asked for by a browser that is logged in."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n".encode()


def post(path: str, token: str, body: bytes) -> bytes:
    """A request with JSON ready to be sent."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def seconds_for(port: int, requests: Sequence[bytes], *, connections: int = 8) -> float:
    """How long it takes until each of the requests was answered once. Raises RuntimeError for any status but 200."""
    return _apart(_seconds_for, port, requests, connections)


def throughput(port: int, requests: Sequence[bytes], *, seconds: float, connections: int = 8) -> float:
    """Answers per second while ``connections`` ask one after the other. Raises RuntimeError for any status but 200."""
    return _apart(_throughput, port, requests, seconds, connections)


def latencies(port: int, requests: Sequence[bytes], *, rate: float, seconds: float) -> list[float]:
    """Milliseconds of each answer, ascending, when a request is due every 1/``rate`` seconds whatever came back.

    Counted from the moment a request was due, so that waiting for a slow predecessor counts.
    """
    return _apart(_latencies, port, requests, rate, seconds)


def _apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def _throughput(port: int, requests: Sequence[bytes], seconds: float, connections: int) -> float:
    until = time.perf_counter() + seconds
    turn = count()

    def ask() -> int:
        answered = 0
        with _Client(port) as client:
            while time.perf_counter() < until:
                client.ask(requests[next(turn) % len(requests)])
                answered += 1
        return answered

    return sum(_in_threads(ask, connections)) / seconds


def _seconds_for(port: int, requests: Sequence[bytes], connections: int) -> float:
    turn = count()

    def ask() -> None:
        with _Client(port) as client:
            while (number := next(turn)) < len(requests):
                client.ask(requests[number])

    begin = time.perf_counter()
    _in_threads(ask, connections)
    return time.perf_counter() - begin


def _latencies(port: int, requests: Sequence[bytes], rate: float, seconds: float) -> list[float]:
    begin, turn, total = time.perf_counter() + 0.1, count(), int(rate * seconds)

    def ask() -> list[float]:
        taken = []
        with _Client(port) as client:
            while (number := next(turn)) < total:
                due = begin + number / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                client.ask(requests[number % len(requests)])
                taken.append((time.perf_counter() - due) * 1000)
        return taken

    return sorted(chain.from_iterable(_in_threads(ask, 4)))


def _in_threads(work: Callable[[], R], number: int) -> list[R]:
    results: list[R] = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) < number:
        raise RuntimeError("A client failed; its traceback is above.")
    return results


class _Client:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> None:
        """Sends, and reads the whole answer. Raises RuntimeError unless it is a 200."""
        self._socket.sendall(request)
        head, _, body = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.split(b"\r\n")[0].decode())
        missing = _content_length(head) - len(body)
        while missing > 0:
            missing -= len(self._receive())

    def _until(self, mark: bytes) -> bytes:
        received = self._receive()
        while mark not in received:
            received += self._receive()
        return received

    def _receive(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise RuntimeError("The server closed the connection.")
        return received


def _content_length(head: bytes) -> int:
    start = head.lower().index(b"content-length:") + len(b"content-length:")
    return int(head[start:].split(b"\r\n", 1)[0])
