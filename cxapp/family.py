"""The processes that a launcher started, together with everything that these started."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

import psutil

PR_SET_CHILD_SUBREAPER = 36
GRACE_SECONDS = 8.0


class Family:
    """Starts processes outside the terminal's process group and ends them with all their descendants.

    The terminal's Ctrl-C thus reaches only this process, which then ends the others in good order. A descendant whose
    parent died is adopted, so that it cannot escape; and should this process be killed, its children are told to stop.
    """

    def __init__(self) -> None:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start ``argv`` with this process's output."""
        tie = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        child = subprocess.Popen(  # noqa: S603
            [*tie, *argv], env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._children.append(child)
        return child

    def end(self, spared: Callable[[], list[psutil.Process]]) -> None:
        """Ask the started processes to stop, wait a little, kill whoever is left.

        Args:
            spared: processes that are ended by somebody else, e.g. database servers; their descendants are spared too.
        """
        started, asked = time.monotonic(), set[int]()
        while living := _living(spared()):
            waited = time.monotonic() - started
            for process in living:
                with contextlib.suppress(psutil.NoSuchProcess):
                    _end(process, asked, waited)
            time.sleep(0.05)
        for child in self._children:
            child.wait()


def _end(process: psutil.Process, asked: set[int], waited: float) -> None:
    """Ask our own children and adopted orphans, who end theirs; then everybody, once; then ask no more."""
    if waited > GRACE_SECONDS:
        process.kill()
    elif process.pid not in asked and (waited > GRACE_SECONDS / 2 or process.ppid() == os.getpid()):
        asked.add(process.pid)
        process.terminate()


def _living(spared: list[psutil.Process]) -> list[psutil.Process]:
    """Descendants of this process without the spared ones."""
    kept = {process.pid for root in spared for process in [root, *_descendants(root)]}
    return [process for process in _descendants(psutil.Process()) if process.pid not in kept]


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in process.children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:  # ended while we looked
        return _descendants(process) if process.is_running() else []
