"""Nothing that a process remembers of promotions outlives a test."""

from collections.abc import Iterator

import pytest

from promotions import active


@pytest.fixture(autouse=True)
def _forget_promotions() -> Iterator[None]:
    active.forget()
    yield
    active.forget()
