"""``/healthz``: this process answers. ``/readyz``: it can also do its work. And what staff see of either."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from core.models import Delivery
from core.redis import redis_client
from merchants.models import Merchant

WORKER_KEY = "cx:worker-alive"
# Beat rings the worker every five seconds; a minute of silence is no hiccup.
WORKER_SILENT_AFTER = timedelta(minutes=1)
DELIVERY_LATE_AFTER = timedelta(minutes=1)
QUEUES = ("default", "training")


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(redis_client().ping())
    except RedisError:
        return False


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """503 while the database is away. Redis away is told, but serving goes on without it."""
    state = {"database": _database_answers(), "redis": _redis_answers()}
    return JsonResponse(state, status=200 if state["database"] else 503)


@dataclass(frozen=True)
class Check:
    """One line of the health card: what, how it is (``ok``, ``warning``, ``danger``), and a sentence."""

    label: str
    state: str
    detail: str


def note_worker_alive() -> None:
    """A worker's sign of life; costs nothing when Redis is away."""
    with suppress(RedisError):
        redis_client().set(WORKER_KEY, int(time.time()), ex=86_400)


def system_health(merchant: Merchant) -> list[Check]:
    """What staff see: database, Redis, worker, queues, outbox. Never raises: that something is away is the news."""
    return [_database_check(), *_redis_checks(), _outbox_check(merchant)]


def _database_check() -> Check:
    begun = time.perf_counter()
    if not _database_answers():
        return Check(_("Database"), "danger", _("does not answer"))
    took = (time.perf_counter() - begun) * 1000
    return Check(_("Database"), "ok", _("answers in %(ms)s ms") % {"ms": max(1, round(took))})


def _redis_checks() -> list[Check]:
    try:
        pipe = redis_client().pipeline(transaction=False)
        pipe.get(WORKER_KEY)
        for queue in QUEUES:
            pipe.llen(queue)
        seen, *waiting = pipe.execute()
    except RedisError:
        gone = _("does not answer; pages and the API go on, background work waits")
        return [Check(_("Redis"), "danger", gone)]
    return [Check(_("Redis"), "ok", _("answers")), _worker_check(seen), _queue_check(sum(waiting))]


def _worker_check(seen: Any) -> Check:
    if seen is None:
        return Check(_("Worker"), "danger", _("has not reported yet; is it running?"))
    at = datetime.fromtimestamp(int(seen), UTC)
    if timezone.now() - at > WORKER_SILENT_AFTER:
        silent = _("silent since %(time)s; is the worker running?")
        return Check(_("Worker"), "danger", silent % {"time": timezone.localtime(at).strftime("%H:%M")})
    return Check(_("Worker"), "ok", _("at work"))


def _queue_check(waiting: int) -> Check:
    state = "ok" if waiting < 1000 else "warning"
    tasks = ngettext("%(count)s task waiting", "%(count)s tasks waiting", waiting) % {"count": waiting}
    return Check(_("Queue"), state, tasks if waiting else _("empty"))


def _outbox_check(merchant: Merchant) -> Check:
    rows = Delivery.objects.for_merchant(merchant)
    if failed := rows.failed()[:100].count():
        return Check(_("Deliveries"), "danger", _("%(count)s failed") % {"count": failed})
    if rows.due().filter(created_at__lt=timezone.now() - DELIVERY_LATE_AFTER).exists():
        return Check(_("Deliveries"), "warning", _("waiting longer than a minute"))
    return Check(_("Deliveries"), "ok", _("up to date"))
