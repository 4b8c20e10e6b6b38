"""A real Redis hangs, and then dies, while a shop asks: every answer comes from the artefact, and clicks act when it is back."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from bench.load import web_server
from cxapp.embedded import EmbeddedServers
from merchants.actions import create_api_key
from merchants.models import Merchant
from recommendations.actions import train_models
from recommendations.models import ModelVersion
from tests.orders.samples import order_json
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet

LIMIT = 5  # too few places for an explored product: the same question has the same answer
CLIENTS, OUTAGE_SECONDS = 3, 4.0
# A process asks Redis again after five seconds, once for reading and once for writing.
BACK_SECONDS = 30.0
numbers = count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    seconds: float

    @property
    def skus(self) -> list[str]:
        assert self.status == 200, self.body
        return [item["sku"] for item in self.body["items"]]


@dataclass(slots=True)
class Shop:
    """Asks over HTTP as a storefront does."""

    port: int
    token: str
    answers: list[tuple[str, Answer]] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        begin = time.monotonic()
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers |= {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            caller.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), headers)
            answer = caller.getresponse()
            return Answer(answer.status, json.loads(answer.read()), time.monotonic() - begin)
        finally:
            caller.close()

    def home(self, who: str) -> Answer:
        return self.ask("GET", f"recommendations?placement=home&limit={LIMIT}&{who}")

    def click(self, visitor: str, product: str) -> Answer:
        event = {"type": "track", "event": "Product Viewed", "properties": {"sku": product}}
        event |= {"messageId": f"click-{next(numbers)}", "anonymousId": visitor}
        return self.ask("POST", "batch", {"batch": [event]})

    def order(self) -> Answer:
        number = next(numbers)
        order = order_json(number=f"R-{number}", customer=None)
        return self.ask("POST", "orders", order, **{"Idempotency-Key": f"order-{number}"})

    @contextmanager
    def under_load(self) -> Iterator[list[tuple[str, Answer]]]:
        """Three clients ask for whatever a storefront asks for, until the block ends; yields what they were answered."""
        answers: list[tuple[str, Answer]] = []
        over = threading.Event()
        clients = [threading.Thread(target=self._load, args=(first, answers, over)) for first in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield answers
        finally:
            over.set()
            for client in clients:
                client.join()

    def _load(self, turn: int, answers: list[tuple[str, Answer]], over: threading.Event) -> None:
        while not over.is_set():
            turn += 1
            visitor = f"anonymous_id=visitor-{turn}"
            match turn % 6:
                case 0:
                    asked = "click", self.click(f"visitor-{turn}", sku(turn % 4, turn % 8))
                case 1:
                    asked = "search", self.ask("GET", f"search?q=thing&{visitor}")
                case 2:
                    asked = "order", self.order()
                case 3:
                    asked = (
                        "basket",
                        self.ask("GET", f"recommendations?placement=basket&limit={LIMIT}&basket={sku(1, 1)}&{visitor}"),
                    )
                case 4:
                    asked = "customer", self.home(f"customer=c-{turn % 25 * 4 + 1}")
                case _:
                    asked = "visitor", self.home(visitor)
            answers.append(asked)


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedServers]:
    """A Redis of the test's own, which the web server started by the test uses."""
    servers = EmbeddedServers(tmp_path / "redis", durable=False, tied=True)
    url = servers.start(("redis",)).redis
    assert url
    monkeypatch.setenv("REDIS_URL", url)
    try:
        yield servers
    finally:
        _send(servers, signal.SIGCONT)
        servers.stop(("redis",))


@pytest.fixture
def live(transactional_db: None, merchant: Merchant) -> ModelVersion:
    stocked_shop(merchant)
    return train_models(merchant, progress=Quiet())


@pytest.fixture
def shop(redis: EmbeddedServers, live: ModelVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    own = connection.settings_dict
    url = f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    variables = {"DATABASE_URL": url, "VAR_DIR": str(tmp_path), "SECRET_KEY": settings.SECRET_KEY}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _key, token = create_api_key(live.merchant, kind="sk", name="tests")
    with web_server("cxapp.settings", workers=2) as port:
        yield Shop(port, token)


def _send(servers: EmbeddedServers, number: signal.Signals) -> None:
    for process in servers.processes():
        process.send_signal(number)


def _of_group(answer: Answer, group: int) -> int:
    return sum(each.startswith(f"G{group}-") for each in answer.skus)


def _acts(shop: Shop, group: int, stranger: list[str]) -> bool:
    """Whether what a visitor clicks is in the next answer, whichever process gives it."""
    visitor = f"newcomer-{next(numbers)}"
    clicks = [shop.click(visitor, sku(group, number)) for number in range(2)]
    assert {click.status for click in clicks} == {200}
    answers = [shop.home(f"anonymous_id={visitor}") for _ in range(6)]
    return all(answer.skus != stranger and _of_group(answer, group) >= 3 for answer in answers)


def _wait_until_it_acts(shop: Shop, group: int, stranger: list[str]) -> None:
    until = time.monotonic() + BACK_SECONDS
    while not _acts(shop, group, stranger):
        assert time.monotonic() < until, "clicks do not act although Redis is back"
        time.sleep(0.2)


def _check(answers: list[tuple[str, Answer]], live: ModelVersion) -> None:
    assert {asked for asked, _answer in answers} == {"click", "search", "order", "basket", "customer", "visitor"}
    statuses = {(asked, answer.status) for asked, answer in answers if answer.status not in (200, 201)}
    assert not statuses
    for asked, answer in answers:
        if asked in ("basket", "customer", "visitor"):
            assert answer.body["model_version"] == live.version
            assert len(answer.skus) == LIMIT
        if asked == "customer":  # all of those who are asked about like the second group
            assert _of_group(answer, 1) >= 4, answer.skus
        if asked == "click":
            assert answer.body["stored"] == 1


def _outage(shop: Shop, group: int, stranger: list[str], live: ModelVersion) -> None:
    """Ask for some seconds; meanwhile a visitor's clicks are stored and the answer is a stranger's."""
    with shop.under_load() as answers:
        until = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < until:
            assert shop.click("in-the-outage", sku(group, 0)).status == 200
            assert shop.home("anonymous_id=in-the-outage").skus == stranger
            time.sleep(0.05)
    _check(answers, live)
    # Whoever asks first waits for a time-out or two; the others are answered without Redis.
    taken = sorted(answer.seconds for _asked, answer in answers)
    assert taken[len(taken) // 2] < 0.25
    assert taken[-1] < 5


def test_redis_hangs_and_dies_under_load(shop: Shop, redis: EmbeddedServers, live: ModelVersion):
    stranger = shop.home("anonymous_id=nobody").skus
    rarest = min(range(4), key=lambda group: sum(each.startswith(f"G{group}-") for each in stranger))
    _wait_until_it_acts(shop, rarest, stranger)

    _send(redis, signal.SIGSTOP)
    _outage(shop, rarest, stranger, live)
    _send(redis, signal.SIGCONT)
    _wait_until_it_acts(shop, rarest, stranger)

    _send(redis, signal.SIGKILL)
    _outage(shop, rarest, stranger, live)
    assert not redis.running()
    redis.start(("redis",))
    _wait_until_it_acts(shop, rarest, stranger)
    with shop.under_load() as answers:
        time.sleep(1)
    _check(answers, live)
