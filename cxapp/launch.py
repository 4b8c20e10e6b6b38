"""``make run``: servers, database, demo shop and every process of the installation, in one terminal.

What it does is listed in ``Launch.run``. SIGINT (Ctrl-C), SIGTERM and SIGHUP stop everything that was started here, and
nothing else.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import psutil
from dotenv import dotenv_values
from pydantic import ValidationError

from cxapp import prepared
from cxapp.config import BASE_DIR, Config
from cxapp.embedded import EmbeddedServerError, EmbeddedServers
from cxapp.embedded.servers import Name
from cxapp.family import Family

BACKGROUND = ("worker", "trainer", "beat")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OFF = {"0", "no", "false", "off"}


class LaunchError(RuntimeError):
    """cxapp cannot run; the message says why and what to do."""


class Stopped(BaseException):
    """Somebody asked us to stop; no ``except Exception`` may swallow that."""


def main() -> int:
    for signum in STOP_SIGNALS:
        signal.signal(signum, _stop)
    try:
        Launch().run()
    except (LaunchError, EmbeddedServerError) as error:
        sys.stderr.write(f"\nerror: {error}\n")
        return 1
    except Stopped:
        _say("Everything is stopped.")
        return 0


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    _ignore_signals()
    _say("Stopping …")
    raise Stopped


def stop_with_make() -> None:
    """Stop when the ``make`` that runs us got a SIGINT or SIGHUP meant for it alone.

    GNU make passes on a SIGTERM. Of these two it expects that the terminal sent them to everybody, so it blocks them and
    waits for us, for ever.
    """
    try:
        if psutil.Process(os.getppid()).name() not in {"make", "gmake"}:
            return
        status = Path(f"/proc/{os.getppid()}/status").read_text()
    except (psutil.NoSuchProcess, FileNotFoundError):  # it is gone; we go on without it
        return
    blocked = int(status.partition("SigBlk:")[2].split(maxsplit=1)[0], 16)
    if blocked & (1 << signal.SIGINT - 1 | 1 << signal.SIGHUP - 1):
        _stop(signal.SIGINT, None)


def _ignore_signals() -> None:
    """We are stopping already, and nothing may interrupt that."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


class Launch:
    """One run, from the settings to the last process."""

    def __init__(self) -> None:
        self.config = _config()
        self.var = self.config.var_dir.resolve()
        self.environment = _environment(self.config)
        self.credentials = self.var / "demo.json"
        self.servers = EmbeddedServers(self.var, tied=True)
        self.needed = _needed(self.config)
        self.family = Family()

    def run(self) -> NoReturn:
        with ExitStack() as running:
            running.enter_context(self.servers.claimed())
            self._check_port()
            running.callback(self.servers.stop)
            running.callback(self.family.end, self.servers.processes)
            running.callback(_ignore_signals)
            if self.needed:
                _say("PostgreSQL and Redis")
                self.servers.start(self.needed)
            if not prepared.is_current(self.config):
                self._prepare()
            self._serve()

    def _check_port(self) -> None:
        host, port = self.environment["BIND"], self.config.port
        try:
            _listen(host, port)
        except OSError as error:
            free = _free_port_after(host, port)
            raise LaunchError(
                f"{host}:{port} cannot be used: {error.strerror}{_holder(port)}. "
                f"Stop that one, or choose another port: PORT={free} make run"
            ) from error

    def _prepare(self) -> None:
        """Everything that needs Django, in one process of its own."""
        _say("Settings")
        command = [sys.executable, "manage.py", "prepare", "--credentials", str(self.credentials)]
        if self.environment.get("DEMO", "").lower() in OFF:
            command.append("--no-demo")
        preparation = self.family.start(command, self.environment)
        while (code := preparation.poll()) is None:
            stop_with_make()
            time.sleep(0.1)
        if code:
            raise LaunchError(f"The installation could not be prepared (exit code {code}); the lines above say why.")
        prepared.remember(self.config)

    def _serve(self) -> NoReturn:
        """Run the Procfile until we are stopped, or until the web server ends.

        The web server goes first: loading everything at once would keep people waiting for the first page.
        """
        _say("Web server")
        web = self._start("web")
        while not self._answers():
            stop_with_make()
            _check(web)
            time.sleep(0.1)
        self._announce()
        background = {name: self._start(name) for name in BACKGROUND}
        while True:
            stop_with_make()
            _check(web)
            self._mend()
            self._restart(background)
            time.sleep(1)

    def _restart(self, background: dict[str, subprocess.Popen[bytes]]) -> None:
        """A worker that was killed, by a person or for want of memory, comes back; web never notices."""
        for name, process in background.items():
            if process.poll() is not None:
                _say(f"The {name} ended; starting it again")
                background[name] = self._start(name)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        # The environment is complete: honcho must not read .env, whose quoting it understands differently.
        honcho = [sys.executable, "-m", "honcho", "-e", os.devnull, "-f", str(BASE_DIR / "Procfile"), "start"]
        return self.family.start([*honcho, name], self.environment)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._local_url()}/readyz", timeout=5):  # noqa: S310
                return True
        except urllib.error.HTTPError as error:
            # Below 500 the server works and only refuses this host name (ALLOWED_HOSTS).
            return error.code < 500
        except OSError:
            return False

    def _local_url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.environment["BIND"], self.environment["BIND"])  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.config.port}"

    def _mend(self) -> None:
        """A server of ours that was killed comes back, on its old port."""
        if set(self.needed) <= set(self.servers.running()):
            return
        _say("A server ended; starting it again")
        self.servers.start(self.needed)

    def _announce(self) -> None:
        details = _read(self.credentials)
        if details:
            details |= {"url": self.config.base_url}
            _write_private(self.credentials, details)
        sys.stdout.write(_banner(self.config, details, self.credentials))
        sys.stdout.flush()


def _check(web: subprocess.Popen[bytes]) -> None:
    if web.poll() is not None:
        raise LaunchError("The web server ended, so everything was stopped; the lines above say why.")


def _config() -> Config:
    try:
        return Config()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise LaunchError(f"The settings in the environment or in .env are wrong. {problems}") from error


def _needed(config: Config) -> tuple[Name, ...]:
    """The servers that the installation does not name."""
    named: dict[Name, str | None] = {"postgres": config.database_url, "redis": config.redis_url}
    return tuple(name for name, url in named.items() if not url)


def _environment(config: Config) -> dict[str, str]:
    """What every process sees: the environment, below it ``.env``, and what they must agree on."""
    given = {name: value for name, value in dotenv_values(BASE_DIR / ".env").items() if value} | os.environ
    return given | {
        "PORT": str(config.port),
        "BIND": given.get("BIND") or "127.0.0.1",
        # honcho gives every process a PORT of its own, so the address in messages must not depend on it.
        "PUBLIC_URL": config.base_url,
        "VAR_DIR": str(config.var_dir.resolve()),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        # Celery says at every start that root should not run it. Who starts all of this as root knows.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def _listen(host: str, port: int) -> None:
    """Raises OSError when the web server could not listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host, port), family=family).close()


def _free_port_after(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 100, 65536)):
        try:
            _listen(host, candidate)
        except OSError:
            continue
        return candidate
    return 0


def _holder(port: int) -> str:
    """Who listens there, as far as this user may know."""
    try:
        listening = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return ""
    for found in listening:
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port and found.pid:
            return f" (process {found.pid}, {psutil.Process(found.pid).name()})"
    return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        details: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return details


def _write_private(path: Path, details: dict[str, Any]) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(details, indent=2) + "\n")
    draft.replace(path)


def _banner(config: Config, details: dict[str, Any], credentials: Path) -> str:
    rows = {"cxapp runs at": config.base_url}
    if details:
        rows |= {
            "Staff login": f"{details['staff']['email']}   {details['staff']['password']}",
            "Secret API key": f"{details['secret_key']}   (for servers)",
            "Publishable key": f"{details['publishable_key']}   (for browsers)",
            "The same in": _relative(credentials),
        }
    if config.email_url.startswith("demo:"):
        rows["E-mail"] = "stays here and is shown in the back office; EMAIL_URL sends it"
    rows["To stop"] = "Ctrl-C"
    line = "─" * 78
    return "\n".join(["", line, *(f"  {name:<17}{value}" for name, value in rows.items()), line, "", ""])


def _relative(path: Path) -> str:
    return str(path.relative_to(BASE_DIR)) if path.is_relative_to(BASE_DIR) else str(path)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone
        sys.stdout.write(f"▸ {text}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
