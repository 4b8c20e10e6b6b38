"""``make run``, for real: on an empty directory, until the first page, and down again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = [sys.executable, "-m", "cxapp.launch"]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
ESCAPING = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True)
"""
PARENT = """
import os, sys, time
from cxapp import family as of_launcher
of_launcher.GRACE_SECONDS = 1
family = of_launcher.Family()
family.start([sys.executable, "-c", sys.argv[1], sys.argv[2]], os.environ).wait()
family.start(["sleep", "60"], os.environ)
sys.stdout.write("ready\\n"), sys.stdout.flush()
sys.stdin.read()
family.end(lambda: [])
"""

UNDER_MAKE = """
import signal, sys, time
from cxapp import launch
for signum in launch.STOP_SIGNALS:
    signal.signal(signum, launch._stop)
sys.stdout.write("ready\\n"), sys.stdout.flush()
while True:
    launch.stop_with_make()
    time.sleep(0.05)
"""
# Also when these tests themselves run under make.
PLAIN = {name: value for name, value in os.environ.items() if "MAKE" not in name} | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path, port: int) -> dict[str, str]:
    """As of a fresh checkout: no servers named, an empty ``var``, and no demo shop, which has tests of its own."""
    named = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in named}
    return kept | {"VAR_DIR": str(tmp_path / "var"), "PORT": str(port), "DEMO": "0", "WEB_WORKERS": "1"}


@pytest.fixture
def launcher(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            LAUNCH, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    yield process
    if process.poll() is None:
        process.terminate()
    process.wait(60)


def wait_for_page(url: str, process: subprocess.Popen[bytes], log: Path) -> bytes:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return bytes(response.read())
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def family_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_one_command_runs_everything_and_one_signal_stops_it(launcher, environment, port, tmp_path):
    log = tmp_path / "output"
    assert wait_for_page(f"http://127.0.0.1:{port}/readyz", launcher, log) == b'{"database": true, "redis": true}'
    wait_for_text(log, f"http://localhost:{port}")

    again = subprocess.run(LAUNCH, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert f"in use by process {launcher.pid}" in again.stderr

    servers = [p for p in family_of(launcher) if p.name() in {"postgres", "redis-server"} and p.ppid() == launcher.pid]
    assert len(servers) == 2
    for server in servers:
        server.kill()
    assert wait_for_page(f"http://127.0.0.1:{port}/readyz", launcher, log)

    process_of(launcher, "beat").kill()
    wait_for_text(log, "The beat ended; starting it again")
    assert wait_for_page(f"http://127.0.0.1:{port}/readyz", launcher, log), "the web server must not notice"
    assert process_of(launcher, "beat").is_running()

    running = family_of(launcher)
    assert len(running) > 10
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait(60) == 0
    assert alive(running) == []


def process_of(launcher: subprocess.Popen[bytes], role: str) -> psutil.Process:
    """The Celery process of a role, as soon as it runs."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in family_of(launcher):
            with contextlib.suppress(psutil.NoSuchProcess):
                if role in process.cmdline() and any(part.endswith("/celery") for part in process.cmdline()):
                    return process
        time.sleep(0.1)
    raise AssertionError(f"no {role} runs")


def wait_for_text(path: Path, text: str) -> None:
    deadline = time.monotonic() + 30
    while text not in path.read_text():
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_signal_for_make_alone_reaches_us(signum, tmp_path):
    (tmp_path / "loop.py").write_text(UNDER_MAKE)
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {sys.executable} {tmp_path}/loop.py\n")
    # Who runs the tests in the background has them ignore SIGINT, and children inherit that.
    command = ["env", "--default-signal=INT,HUP,TERM", "make", "-f", tmp_path / "Makefile"]
    make = subprocess.Popen(command, cwd=ROOT, env=PLAIN, stdout=subprocess.PIPE)
    with make:
        assert make.stdout is not None
        assert make.stdout.readline() == b"ready\n"
        make.send_signal(signum)
        assert make.wait(20) != 0
        assert b"Stopping" in make.stdout.read()


def test_a_taken_port_is_explained(environment, port):
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(LAUNCH, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be used" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert "PORT=" in done.stderr


def test_a_wrong_setting_is_named(environment):
    environment["PORT"] = "http"
    done = subprocess.run(LAUNCH, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PORT: Input should be a valid integer" in done.stderr


def test_a_descendant_that_ignores_signals_and_left_its_parents_is_ended_too():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, ESCAPING, STUBBORN], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        running = family_of(parent)
        assert len(running) == 3
        parent.communicate()
    assert alive(running) == []


def test_reset_deletes_what_a_run_made_and_nothing_else(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "demo.json").write_text("{}")
    (tmp_path / "precious").write_text("kept")
    environment = os.environ | {"VAR_DIR": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": ""}
    done = subprocess.run(
        [sys.executable, "-m", "cxapp.reset"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert f"Deleting {tmp_path}/postgres" in done.stdout
    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "demo.json").exists()
    assert (tmp_path / "precious").read_text() == "kept"
