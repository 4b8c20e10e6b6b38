"""``make reset``: stop the embedded servers of this checkout and delete what ``make run`` made."""

import shutil
import sys
from pathlib import Path

from cxapp.config import BASE_DIR, Config
from cxapp.embedded import EmbeddedServerError, EmbeddedServers

# By name: a VAR_DIR that holds other things keeps them.
OURS = (
    "postgres",
    "redis",
    "models",
    "files",
    "static",
    "static.sha256",
    "prepared.sha256",
    "demo.json",
    "beat*",
    "secret_key",
    "log",
    "servers.json",
)


def main() -> int:
    config = Config()
    var = config.var_dir.resolve()
    servers = EmbeddedServers(var)
    try:
        with servers.claimed():
            servers.stop()
            _delete([path for pattern in OURS for path in sorted(var.glob(pattern))])
    except EmbeddedServerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except PermissionError as error:
        sys.stderr.write(
            f"error: {error.filename} belongs to another user: run `make reset` as that user or as root.\n"
        )
        return 1
    for name, url in (("DATABASE_URL", config.database_url), ("REDIS_URL", config.redis_url)):
        if url:
            sys.stdout.write(f"{name} is set: the data of that server stays, delete it there.\n")
    return 0


def _delete(paths: list[Path]) -> None:
    if not paths:
        sys.stdout.write("Nothing to delete.\n")
    for path in paths:
        sys.stdout.write(f"Deleting {path.relative_to(BASE_DIR) if path.is_relative_to(BASE_DIR) else path}\n")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
