"""Workers killed with SIGKILL while they send: nothing is lost, and each kill costs at most one duplicate."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Message
from tests.campaigns.conftest import Mailbox, Shop

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
WORKER = "import django; django.setup(); from campaigns.sending import send_due; send_due()"
MESSAGES, KILLS = 25, 3


class Killer(Mailbox):
    """Accepts a message, and kills the worker that sent it before it hears of that."""

    def __init__(self) -> None:
        super().__init__()
        self.worker: subprocess.Popen[bytes] | None = None
        self.kills_at: set[int] = set()

    async def handle_DATA(self, *args: object) -> str:  # noqa: N802  # aiosmtpd names its hooks so
        answer = await super().handle_DATA(*args)  # type: ignore[arg-type]
        if len(self.messages) in self.kills_at and self.worker:
            os.kill(self.worker.pid, signal.SIGKILL)
            self.worker.wait()
        return answer


@pytest.fixture
def mailbox() -> Killer:
    return Killer()


def start_worker(settings: object) -> subprocess.Popen[bytes]:
    database = connection.settings_dict
    host = quote(database["HOST"], safe="")
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "cxapp.settings",
        "DATABASE_URL": f"postgresql://{login}@{host}:{database['PORT']}/{database['NAME']}",
        "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}",  # type: ignore[attr-defined]
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=environment)


def test_workers_killed_at_random_lose_nothing_and_duplicate_at_most_once_each(
    shop: Shop, smtp_server: Killer, settings: object
) -> None:
    messages = [shop.queue() for _number in range(MESSAGES)]
    smtp_server.kills_at = set(Random(9).sample(range(1, MESSAGES), KILLS))
    exits = []
    for _round in range(KILLS + 1):
        smtp_server.worker = start_worker(settings)
        exits.append(smtp_server.worker.wait(timeout=120))
        # The dead worker's leases run out.
        Message.objects.for_merchant(shop.merchant).filter(state__in=Message.OPEN).update(due_at=timezone.now())
    assert exits == [-signal.SIGKILL] * KILLS + [0]
    arrived = Counter(mail["Message-ID"] for mail in smtp_server.messages)
    assert set(arrived) == {message.message_id for message in messages}
    assert arrived.total() == MESSAGES + KILLS
    assert max(arrived.values()) == 2
    states = Message.objects.for_merchant(shop.merchant).values_list("state", flat=True)
    assert set(states) == {Message.State.SENT}
