"""Which account the servers run as.

A normal user's servers run as that user. PostgreSQL refuses to run as root, so root's servers run as ``nobody``, which
owns nothing but the two data directories under ``var/``. Where a parent directory is closed to ``nobody`` (a checkout
in ``/root``), the servers keep one single capability to pass it; no permission outside ``var/`` is ever changed.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from cxapp.embedded.errors import EmbeddedServerError

_UNPRIVILEGED = "nobody"
# From least to most: nothing, may read and traverse, may also write (the default set of containers has only the last).
_CAPABILITIES = (None, "dac_read_search", "dac_override")


def make_data_directory(path: Path) -> None:
    """Create ``path`` with mode 0700, owned by the account that its server will run as.

    Raises:
        EmbeddedServerError: it exists and belongs to another account.
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        _check_owner(path)
    else:
        if os.geteuid() == 0:
            account = pwd.getpwnam(_UNPRIVILEGED)
            os.chown(path, account.pw_uid, account.pw_gid)


def _check_owner(path: Path) -> None:
    owner = path.stat().st_uid
    if os.geteuid() == 0 and owner == 0:
        raise EmbeddedServerError(
            f"{path} belongs to root, and PostgreSQL refuses to run as root. Give it away: chown -R nobody: {path}"
        )
    if os.geteuid() not in (0, owner):
        raise EmbeddedServerError(
            f"{path} belongs to user id {owner}, because the servers were started by another user before. "
            "Start them as root or as that user, or begin anew with `make reset` (as root)."
        )


def command_prefix(data: Path, binary: Path, *, tied: bool) -> list[str]:
    """What to put before a server's command line so that it runs as the owner of ``data``.

    Args:
        tied: the server is asked to stop when the process that started it dies, however it dies.

    Raises:
        EmbeddedServerError: nothing works here.
    """
    # Both servers take SIGINT as "finish now"; PostgreSQL's SIGTERM would wait for every client to leave.
    tie = ["--pdeathsig", "INT"] if tied else []
    if os.geteuid() != 0:
        return ["setpriv", *tie] if tied and shutil.which("setpriv") else []
    if not shutil.which("setpriv"):
        raise EmbeddedServerError(
            "Running as root needs `setpriv` (package util-linux). Install it, or run as a normal user."
        )
    owner = data.stat()
    identity = ["--reuid", str(owner.st_uid), "--regid", str(owner.st_gid), "--clear-groups"]
    for capability in _CAPABILITIES:
        prefix = ["setpriv", *identity, *_keep(capability)]
        if _reaches(prefix, data, binary):
            return [*prefix, *tie]
    raise EmbeddedServerError(
        f"As root the servers run as user id {owner.st_uid}, which cannot reach {data} and {binary} here. "
        "Run as a normal user, move the checkout below directories that everybody may pass, "
        "or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _keep(capability: str | None) -> list[str]:
    if capability is None:
        return ["--inh-caps=-all"]
    # Without no_setuid_fixup access(2), with which PostgreSQL looks for its own files, ignores capabilities.
    return ["--securebits", "+no_setuid_fixup", f"--inh-caps=-all,+{capability}", f"--ambient-caps=-all,+{capability}"]


def _reaches(prefix: list[str], data: Path, binary: Path) -> bool:
    probe = [*prefix, "test", "-x", str(data), "-a", "-x", str(binary)]
    return subprocess.run(probe, cwd="/", capture_output=True, check=False).returncode == 0  # noqa: S603
