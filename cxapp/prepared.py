"""Whether ``manage.py prepare`` has anything to do, known without starting Django.

Loading Django, its checks and its migrations takes most of the time of a start. Nothing of that can have another outcome
than last time while the code, the packages, the settings and the state of the database are the same.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg

from cxapp.config import BASE_DIR, Config
from cxapp.embedded import urls

PACKAGES = ("requirements.lock", "node_modules/.package-lock.json", ".venv/installed")
NO_CODE = {"__pycache__", "bench", "docs", "node_modules", "tests", "var"}


def is_current(config: Config) -> bool:
    """Whether the last preparation still holds."""
    try:
        return _record(config).read_text() == _fingerprint(config)
    except (FileNotFoundError, psycopg.Error):
        return False


def remember(config: Config) -> None:
    """To be called after a preparation that succeeded."""
    _record(config).write_text(_fingerprint(config))


def _record(config: Config) -> Path:
    return config.var_dir / "prepared.sha256"


def _fingerprint(config: Config) -> str:
    parts = [config.model_dump_json(), os.environ.get("DEMO", ""), _applied_migrations(config)]
    parts += sorted(_state(path) for path in _sources())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sources() -> Iterator[Path]:
    """Every file of the product, and what says which packages are installed."""
    for directory, names, files in os.walk(BASE_DIR):
        names[:] = [name for name in names if name not in NO_CODE and not name.startswith(".")]
        yield from (Path(directory, name) for name in files)
    yield from (BASE_DIR / name for name in PACKAGES)


def _state(path: Path) -> str:
    status = path.stat() if path.exists() else None
    return f"{path} {status.st_size} {status.st_mtime_ns}" if status else f"{path} missing"


def _applied_migrations(config: Config) -> str:
    """Number and time of the last: another database, or a restored one, differs."""
    known = urls(config.var_dir)
    address = config.database_url or (known and known.database) or ""
    with psycopg.connect(address, connect_timeout=5) as connection:
        row = connection.execute("SELECT count(*), max(applied) FROM django_migrations").fetchone()
    return str(row)
