"""Several workers, and a round of one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from campaigns.actions import delivery
from campaigns.sending import send_due

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_message_once(shop, smtp_server):
    messages = [shop.queue() for _number in range(60)]

    def work(_number: int) -> int:
        try:
            return send_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == 60
    assert sorted(m["Message-ID"] for m in smtp_server.messages) == sorted(m.message_id for m in messages)


@pytest.mark.django_db(transaction=True)
def test_one_worker_writes_in_two_threads_and_sends_over_one_connection(shop, smtp_server):
    messages = [shop.queue() for _number in range(3 * delivery.BATCH)]
    assert send_due() == len(messages)
    assert len(smtp_server.connections) == 1
    assert sorted(m["Message-ID"] for m in smtp_server.messages) == sorted(m.message_id for m in messages)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [1, delivery.BATCH, delivery.BATCH + 5])
def test_a_round_ends_at_its_limit(shop, smtp_server, limit):
    for _number in range(2 * delivery.BATCH):
        shop.queue()
    assert send_due(limit=limit) == limit
    assert len(smtp_server.messages) == limit
