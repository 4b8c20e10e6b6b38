"""A mail server that takes everything and keeps nothing, in a process of its own."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say(b"220 null")
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self._take()
            self._say(b"221 bye" if verb == b"QUIT" else b"250 ok")
            if verb == b"QUIT":
                return

    def _take(self) -> None:
        self._say(b"354 go on")
        for line in self.rfile:
            if line == b".\r\n":
                return

    def _say(self, reply: bytes) -> None:
        self.wfile.write(reply + b"\r\n")


def _serve(ready: Connection) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        ready.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def null_smtp() -> Iterator[int]:
    """Yields the server's port on loopback."""
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        yield here.recv()
    finally:
        server.terminate()
        server.join()
