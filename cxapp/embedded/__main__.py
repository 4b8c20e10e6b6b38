"""``python -m cxapp.embedded start|stop|status|exec``."""

import argparse
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from cxapp.embedded import EmbeddedServerError, EmbeddedServers, ServerUrls, postgres, redis, urls
from cxapp.embedded.servers import BOTH

DEFAULT_VAR = Path(__file__).resolve().parents[2] / "var"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: str = options.command
    try:
        return {"start": _start, "stop": _stop, "status": _status, "exec": _exec}[command](options)
    except EmbeddedServerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cxapp.embedded", description="PostgreSQL and Redis under var/.")
    parser.add_argument(
        "--var", type=Path, default=DEFAULT_VAR, help="directory of data, logs and state (default: %(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start both servers and leave them running")
    commands.add_parser("stop", help="stop both servers; data stays")
    commands.add_parser("status", help="say what runs, and where")
    execute = commands.add_parser(
        "exec", help="run a command with both servers, DATABASE_URL and REDIS_URL; stop what was started"
    )
    execute.add_argument("--fast", action="store_true", help="give up durability; for tests and other throw-away data")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    return parser


def _start(options: argparse.Namespace) -> int:
    _show(EmbeddedServers(options.var).start())
    return 0


def _stop(options: argparse.Namespace) -> int:
    servers = EmbeddedServers(options.var)
    with servers.claimed():
        servers.stop()
    sys.stdout.write("PostgreSQL and Redis are stopped.\n")
    return 0


def _status(options: argparse.Namespace) -> int:
    known = urls(options.var)
    _show(known or ServerUrls(None, None))
    return 0 if known and known.database and known.redis else 3


def _show(known: ServerUrls) -> None:
    rows = {"PostgreSQL": known.database, "Redis": known.redis}
    sys.stdout.writelines(f"{name:<12}{url or 'is not running'}\n" for name, url in rows.items())


def _exec(options: argparse.Namespace) -> int:
    """The exit code of the command; a signal that ends it gives 128 + its number, as in a shell."""
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    if not argv:
        raise EmbeddedServerError("exec needs a command: python -m cxapp.embedded exec -- COMMAND ...")
    servers = EmbeddedServers(options.var, durable=not options.fast, tied=True)
    with ExitStack() as running:
        if len(servers.running()) < len(BOTH):
            running.enter_context(servers.claimed())
            running.callback(servers.stop)
        known = servers.start()
        # pg_dump, psql and redis-cli of the right versions are at hand, too.
        path = os.pathsep.join([str(postgres.BINARIES), str(redis.BINARY.parent), os.environ.get("PATH", os.defpath)])
        found = {"DATABASE_URL": known.database or "", "REDIS_URL": known.redis or "", "PATH": path}
        code = subprocess.run(argv, env=os.environ | found, check=False).returncode  # noqa: S603
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
