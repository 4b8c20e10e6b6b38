"""Starting, watching and stopping one server process."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from cxapp.embedded.errors import EmbeddedServerError
from cxapp.embedded.state import HOST

LOG_LIMIT_BYTES = 5_000_000
READY_SECONDS = 60.0
_children: dict[int, subprocess.Popen[bytes]] = {}


def wheel_directory(package: str) -> Path:
    """Where an installed package lies, without importing it (the wheels' own code has side effects)."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            f"The Python package {package} is missing. Install requirements.lock, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def free_port(preferred: int) -> int:
    """The preferred TCP port when nobody listens there, otherwise any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EmbeddedServerError(f"No free TCP port on {HOST}.")


def spawn(command: Sequence[str], log: Path, *, stdin: str = "") -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (a terminal's Ctrl-C does not reach it), output appended to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".old"))
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # wait_until_ready reports why it ended
        pipe.write(stdin.encode())
    reap()
    _children[process.pid] = process
    return process


def reap() -> None:
    """Take note of our children that ended meanwhile."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            del _children[pid]


def _environment() -> dict[str, str]:
    """Only what a server needs: variables like PGDATA or PGPORT of the caller must not change its meaning."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def wait_until_ready(process: subprocess.Popen[bytes], answers: Callable[[], bool], name: str, log: Path) -> None:
    """Block until ``answers()`` is true.

    Raises:
        EmbeddedServerError: the process ended, or does not answer in time; the end of its log is in the message.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not answers():
        if process.poll() is not None:
            raise EmbeddedServerError(
                f"{name} ended at once (exit code {process.returncode}). Its log says:\n{_tail(log)}"
            )
        if time.monotonic() > deadline:
            process.kill()
            raise EmbeddedServerError(
                f"{name} does not answer after {READY_SECONDS:.0f} s. Its log says:\n{_tail(log)}"
            )
        time.sleep(0.03)


def stop(process: psutil.Process, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn until the process is gone; SIGKILL comes after the last.

    Args:
        steps: signals with the seconds that each may take.

    Raises:
        EmbeddedServerError: the process belongs to another user.
    """
    for signum, seconds in (*steps, (signal.SIGKILL, 10.0)):
        try:
            process.send_signal(signum)
        except psutil.NoSuchProcess:
            break
        except psutil.AccessDenied as error:
            raise EmbeddedServerError(
                f"Process {process.pid} belongs to another user and cannot be stopped."
            ) from error
        if _ended(process, time.monotonic() + seconds):
            break
    if child := _children.pop(process.pid, None):
        child.wait()


def _ended(process: psutil.Process, deadline: float) -> bool:
    """Wait; a process that only waits for its parent to notice counts as ended."""
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
