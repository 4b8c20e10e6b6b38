"""A start skips what cannot have another outcome than last time, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cxapp import prepared
from cxapp.config import Config
from cxapp.embedded import EmbeddedServers


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """An installation with one source file, and a database in which one migration was applied."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/models.py").write_text("one = 1\n")
    monkeypatch.setattr(prepared, "BASE_DIR", tmp_path / "code")
    servers = EmbeddedServers(tmp_path / "var", durable=False, tied=True)
    known = servers.start(("postgres",))
    assert known.database is not None
    with psycopg.connect(known.database) as connection:
        connection.execute("CREATE TABLE django_migrations AS SELECT 1 AS id, now() AS applied")
    yield Config(var_dir=servers.var, database_url=known.database)
    servers.stop()


def test_only_a_preparation_of_the_same_things_counts(config, tmp_path):
    assert not prepared.is_current(config)
    prepared.remember(config)
    assert prepared.is_current(config)
    assert not prepared.is_current(config.model_copy(update={"email_url": "smtp://elsewhere"}))
    (tmp_path / "code/migration.py").touch()
    assert not prepared.is_current(config)


def test_a_restored_database_is_prepared_anew(config):
    prepared.remember(config)
    with psycopg.connect(config.database_url) as connection:
        connection.execute("UPDATE django_migrations SET applied = now() - interval '1 day'")
    assert not prepared.is_current(config)
    with psycopg.connect(config.database_url) as connection:
        connection.execute("DROP TABLE django_migrations")
    assert not prepared.is_current(config)
