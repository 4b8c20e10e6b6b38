"""100,000 events with 5 % duplicates, shuffled, while PostgreSQL dies twice: the exact set is stored."""

from __future__ import annotations

import http.client
import json
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
import pytest
from django.db import connection

from bench.load import web_server
from cxapp.embedded import EmbeddedServers, postgres
from merchants.actions import create_api_key
from merchants.models import Merchant

EVENTS, TWICE, IN_BATCH, CLIENTS = 100_000, 5_000, 500, 3
KILLS = (0.25, 0.6)  # when so much was sent
PATIENCE = 240.0


@pytest.fixture
def token(transactional_db: None, merchant: Merchant) -> str:
    return create_api_key(merchant, kind="sk", name="tests")[1]


@pytest.fixture
def server(token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """A PostgreSQL of the test's own, durable, with a copy of the test's database: schema, merchant and key."""
    servers = EmbeddedServers(tmp_path_factory.mktemp("failing"), durable=True, tied=True)
    url = servers.start(("postgres",)).database
    assert url
    own = connection.settings_dict
    source = f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    dump = subprocess.run([postgres.BINARIES / "pg_dump", source], capture_output=True, check=True)
    subprocess.run([postgres.BINARIES / "psql", "-q", url], input=dump.stdout, capture_output=True, check=True)
    try:
        yield servers
    finally:
        servers.stop(("postgres",))


def _batches() -> list[bytes]:
    """Every event once and some twice, in no order, as bodies of requests."""
    chance = random.Random(3)
    numbers = [*range(EVENTS), *chance.sample(range(EVENTS), TWICE)]
    chance.shuffle(numbers)
    return [
        json.dumps({"batch": [_event(number) for number in numbers[first : first + IN_BATCH]]}).encode()
        for first in range(0, len(numbers), IN_BATCH)
    ]


def _event(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": f"m-{number}",
        "anonymousId": f"visitor-{number % 997}",
        "event": "Product Viewed",
        "properties": {"sku": f"sku-{number % 89}"},
    }


class Clients:
    """Send every batch until it is answered by a 200, as SDKs do; count what they were told."""

    def __init__(self, port: int, token: str, batches: list[bytes]) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._waiting: SimpleQueue[bytes] = SimpleQueue()
        for batch in batches:
            self._waiting.put(batch)
        self._until = time.monotonic() + PATIENCE
        self.answers: Counter[int] = Counter()
        self.told: Counter[str] = Counter()

    def run(self) -> None:
        while time.monotonic() < self._until:
            try:
                batch = self._waiting.get_nowait()
            except Empty:
                return
            while time.monotonic() < self._until and not self._send(batch):
                time.sleep(0.1)

    def _send(self, batch: bytes) -> bool:
        caller = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            caller.request("POST", "/api/v1/batch", batch, self._headers)
            answer = caller.getresponse()
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return False
        finally:
            caller.close()
        self.answers[answer.status] += 1
        if answer.status == 200:
            self.told.update({name: body[name] for name in ("stored", "duplicates", "rejected")})
        return answer.status == 200


def _kill(servers: EmbeddedServers) -> None:
    """As if the machine had lost it: no farewell, no checkpoint."""
    for process in servers.processes():
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
    servers.start(("postgres",))


def test_the_exact_set_is_stored_while_the_database_dies(
    server: EmbeddedServers, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.start(("postgres",)).database
    assert url
    monkeypatch.setenv("DATABASE_URL", url)
    batches = _batches()
    with web_server("cxapp.settings", workers=2) as port:
        clients = Clients(port, token, batches)
        threads = [threading.Thread(target=clients.run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for share in KILLS:
            while clients.answers[200] < share * len(batches) and any(thread.is_alive() for thread in threads):
                time.sleep(0.02)
            _kill(server)
        for thread in threads:
            thread.join()
    assert clients.answers[200] == len(batches), clients.answers
    assert set(clients.answers) <= {200, 503}, clients.answers  # away is away: an SDK comes again
    with psycopg.connect(url) as database:
        stored = [message for (message,) in database.execute("SELECT message_id FROM customers_event")]
        receipts = database.execute("SELECT count(*) FROM customers_eventreceipt").fetchone()
    assert len(stored) == EVENTS
    assert set(stored) == {f"m-{number}" for number in range(EVENTS)}
    assert receipts == (EVENTS,)
    assert clients.told.total() == EVENTS + TWICE
    assert clients.told["rejected"] == 0
    assert clients.told["stored"] <= EVENTS  # what was stored by an answer that got lost is a duplicate
