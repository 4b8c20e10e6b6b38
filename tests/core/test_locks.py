"""Locks on names."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from core.locks import lock_name, try_lock_name

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(name: str) -> bool:
    """Whether another connection could lock ``name`` now."""

    def attempt() -> bool:
        try:
            with transaction.atomic():
                return try_lock_name(name)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(attempt).result()


def test_a_name_is_locked_until_the_transaction_ends() -> None:
    with transaction.atomic():
        lock_name("order:1:Ä-1")
        assert try_lock_name("order:1:Ä-1")  # ours already
        assert not elsewhere("order:1:Ä-1")
        assert elsewhere("order:1:A-1")
    assert elsewhere("order:1:Ä-1")
