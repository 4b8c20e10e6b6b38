import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from core.redis import redis_client
from recommendations import loading, recent

# Several test processes share the cores, and the matrices are tiny: OpenMP's threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _own_memory(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Models of a test lie in its own directory, and nothing a process remembers outlives it."""
    settings.MODELS_DIR = tmp_path / "models"
    recent._rests_until = 0.0
    loading.forget()
    yield
    loading.forget()
    redis_client().flushdb()
