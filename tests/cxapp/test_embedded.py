"""The embedded servers: started, stopped, killed, moved and shared, for real."""

import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from cxapp.embedded import EmbeddedServerError, EmbeddedServers, state, urls

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def make_servers(tmp_path: Path) -> Iterator[Callable[..., EmbeddedServers]]:
    """Servers in directories of their own, stopped after the test."""
    made: list[EmbeddedServers] = []

    def make(name: str = "var", **options: bool) -> EmbeddedServers:
        made.append(EmbeddedServers(tmp_path / name, **{"durable": False, "tied": True, **options}))
        return made[-1]

    yield make
    for servers in made:
        servers.stop()


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def command(var: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "cxapp.embedded", "--var", str(var), *arguments]


def sql(servers: EmbeddedServers, statement: str) -> list[tuple[object, ...]]:
    known = urls(servers.var)
    assert known is not None
    assert known.database is not None
    with psycopg.connect(known.database) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def ping(servers: EmbeddedServers) -> bool:
    known = urls(servers.var)
    assert known is not None
    assert known.redis is not None
    with redis.Redis.from_url(known.redis) as client:
        return bool(client.ping())


def processes_of(servers: EmbeddedServers) -> list[psutil.Process]:
    """Both servers with all their children."""
    recorded = state.read(servers.var)
    found = [process for server in (recorded.postgres, recorded.redis) if (process := server.process())]
    return [*found, *(child for process in found for child in process.children(recursive=True))]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_servers_answer_with_the_extensions_we_need_and_stop_without_a_trace(make_servers):
    servers = make_servers()
    known = servers.start()
    assert known == urls(servers.var)
    sql(servers, "CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent; CREATE EXTENSION vector")
    assert sql(servers, "SELECT lower('ÄÖÜẞ')") == [("äöüß",)]
    assert ping(servers)
    running = processes_of(servers)
    assert len(running) > 2
    servers.stop()
    assert alive(running) == []
    assert urls(servers.var) == state.ServerUrls(None, None)


def test_nobody_gets_in_without_the_password_and_the_file_with_it_is_private(make_servers):
    servers = make_servers()
    servers.start()
    recorded = state.read(servers.var)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://cxapp:wrong@127.0.0.1:{recorded.postgres.port}/cxapp")
    with redis.Redis(port=recorded.redis.port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    assert (servers.var / "servers.json").stat().st_mode & 0o777 == 0o600
    visible = [argument for process in processes_of(servers) for argument in process.cmdline()]
    assert not [a for a in visible if recorded.postgres.password in a or recorded.redis.password in a]


def test_data_and_ports_survive_a_restart(make_servers):
    servers = make_servers(durable=True)
    before = servers.start()
    sql(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
    servers.stop()
    assert servers.start() == before
    assert sql(servers, "SELECT answer FROM kept") == [(42,)]


def test_a_second_start_leaves_running_servers_alone(make_servers):
    servers = make_servers()
    servers.start()
    before = state.read(servers.var)
    servers.start()
    assert state.read(servers.var) == before


def test_killed_servers_start_again_with_their_data(make_servers):
    servers = make_servers(durable=True)
    servers.start()
    sql(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
    recorded = state.read(servers.var)
    for server in (recorded.postgres, recorded.redis):
        os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: servers.running() == ())
    servers.start()
    assert sql(servers, "SELECT answer FROM kept") == [(42,)]
    assert ping(servers)


def test_pids_that_belong_to_somebody_else_by_now_do_no_harm(make_servers):
    servers = make_servers(durable=True)
    servers.start()
    sql(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
    recorded = state.read(servers.var)
    os.kill(recorded.postgres.pid, signal.SIGKILL)
    wait_for(lambda: servers.running() == ("redis",))
    with bystander(servers.var / "postgres") as stranger:
        pid_file = servers.var / "postgres/cluster/postmaster.pid"
        pid_file.write_text("\n".join([str(stranger.pid), *pid_file.read_text().splitlines()[1:]]) + "\n")
        state.write(servers.var, replace(recorded, postgres=replace(recorded.postgres, pid=stranger.pid)))
        assert servers.running() == ("redis",)
        servers.start()
        assert sql(servers, "SELECT answer FROM kept") == [(42,)]
        servers.stop()
        assert stranger.poll() is None


class bystander:  # noqa: N801, used like a function
    """A harmless process of the user that owns ``data``."""

    def __init__(self, data: Path) -> None:
        owner = data.stat()
        identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if AS_ROOT else {}
        self.process = subprocess.Popen(["sleep", "60"], cwd="/", **identity)

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self.process

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()


def test_servers_end_with_the_process_that_started_them_even_when_it_is_killed(make_servers):
    servers = make_servers()
    launcher = subprocess.Popen(command(servers.var, "exec", "--fast", "--", "sleep", "60"), cwd=ROOT)
    wait_for(lambda: len(servers.running()) == 2 and bool(sleepers(launcher)))
    running, left_behind = processes_of(servers), sleepers(launcher)
    launcher.kill()
    launcher.wait()
    wait_for(lambda: not alive(running))
    for process in left_behind:
        process.kill()
    servers.start()
    assert ping(servers)


def sleepers(launcher: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [p for p in psutil.Process(launcher.pid).children() if p.name() == "sleep"]


def test_two_checkouts_run_side_by_side(make_servers):
    one, other = make_servers("one"), make_servers("other")
    assert set(vars(one.start()).values()).isdisjoint(vars(other.start()).values())
    sql(one, "CREATE TABLE only_here AS SELECT 1")
    assert sql(other, "SELECT to_regclass('only_here')") == [(None,)]
    other.stop()
    assert ping(one)


def test_no_permission_outside_var_changes_and_a_closed_parent_is_no_obstacle(make_servers, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    servers = make_servers("closed/var")
    watched = [*closed.parents, closed, ROOT, *ROOT.parents]
    before = permissions(watched)
    servers.start()
    assert ping(servers)
    servers.stop()
    assert permissions(watched) == before


def permissions(paths: list[Path]) -> list[tuple[int, int, int]]:
    return [((status := path.stat()).st_mode, status.st_uid, status.st_gid) for path in paths]


@pytest.mark.skipif(not AS_ROOT, reason="only root can start the servers as another user")
def test_root_can_start_them_as_a_normal_user(tmp_path):
    user = pwd.getpwnam("nobody")
    var = tmp_path / "var"
    var.mkdir()
    os.chown(var, user.pw_uid, user.pw_gid)
    # The capability only lets that user read the interpreter and the checkout, wherever these are.
    reader = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    probe = ["sh", "-c", 'id -u && echo "$DATABASE_URL $REDIS_URL"']
    setpriv = ["setpriv", "--securebits", "+no_setuid_fixup", *identity, *reader]
    done = run(*setpriv, *command(var, "exec", "--", *probe))
    assert done.stderr == ""
    assert done.stdout.startswith(f"{user.pw_uid}\npostgresql://")
    assert {path.stat().st_uid for path in var.rglob("*")} == {user.pw_uid}


def test_a_taken_port_is_replaced(make_servers):
    servers = make_servers()
    servers.start()
    servers.stop()
    port = state.read(servers.var).redis.port
    with socket.create_server(("127.0.0.1", port)):
        servers.start()
        assert state.read(servers.var).redis.port != port
        assert ping(servers)


def test_only_one_launcher_holds_them(make_servers, tmp_path):
    with make_servers().claimed():
        other = EmbeddedServers(tmp_path / "var")
        with pytest.raises(EmbeddedServerError, match=f"in use by process {os.getpid()}"), other.claimed():
            pytest.fail("held twice")
        done = run(*command(tmp_path / "var", "stop"))
    assert done.returncode == 1
    assert "Stop that one first" in done.stderr


def test_data_of_another_major_version_is_refused_untouched(make_servers):
    servers = make_servers()
    servers.start()
    servers.stop()
    (servers.var / "postgres/cluster/PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 12, this is PostgreSQL 18"):
        servers.start()


def test_a_damaged_state_file_is_named(tmp_path):
    (tmp_path / "servers.json").write_text("{")
    with pytest.raises(EmbeddedServerError, match=r"servers\.json is damaged"):
        urls(tmp_path)


def test_lost_passwords_are_replaced_and_the_data_stay(make_servers):
    servers = make_servers()
    before = servers.start()
    sql(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
    servers.stop()
    (servers.var / "servers.json").unlink()
    assert servers.start() != before
    assert sql(servers, "SELECT answer FROM kept") == [(42,)]


def test_a_backup_is_restored(make_servers, tmp_path):
    source, target = make_servers("source"), make_servers("target")
    source.start()
    sql(source, "CREATE EXTENSION vector; CREATE TABLE kept AS SELECT 42 AS answer")
    dump = tmp_path / "backup.dump"
    save = 'pg_dump --format=custom --file="$0" "$DATABASE_URL"'
    load = 'pg_restore --clean --if-exists --no-owner --dbname="$DATABASE_URL" "$0"'
    assert run(*command(source.var, "exec", "--", "sh", "-c", save, str(dump))).stderr == ""
    target.start()
    assert run(*command(target.var, "exec", "--", "sh", "-c", load, str(dump))).stderr == ""
    assert sql(target, "SELECT answer FROM kept") == [(42,)]


def test_urls_of_a_directory_without_servers(tmp_path):
    assert urls(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_refused_rows_do_not_reach_the_log(make_servers):
    servers = make_servers()
    servers.start()
    sql(servers, "CREATE TABLE person (email text UNIQUE)")
    insert = "INSERT INTO person VALUES ('canary@example.org')"
    sql(servers, insert)
    with pytest.raises(psycopg.errors.UniqueViolation, match="canary"):
        sql(servers, insert)
    log = (servers.var / "log/postgres.log").read_text()
    assert "duplicate key" in log
    assert "canary" not in log


def test_the_command_line_starts_reports_and_stops(tmp_path):
    def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run(*command(tmp_path / "var", *arguments))

    assert cli("status").returncode == 3
    assert "postgresql://cxapp:" in cli("start").stdout
    servers = EmbeddedServers(tmp_path / "var")
    running = processes_of(servers)
    assert len(running) > 2
    assert cli("status").returncode == 0
    assert cli("exec", "--", "sh", "-c", 'test -n "$REDIS_URL" && exit 7').returncode == 7
    assert alive(running) == running
    assert cli("stop").returncode == 0
    assert alive(running) == []
