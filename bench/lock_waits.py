"""How much of their time checkouts wait for each other, while many reserve the same promotion at once.

Part of ``python -m bench redemptions``: threads reserve one hot promotion as fast as they can, and what PostgreSQL says
about waiting is sampled meanwhile. Without a limit there is no row that all of them change; with one there is.
"""

from __future__ import annotations

import threading
import time

from django.db import connection

from bench.figures import Figure
from merchants.models import Merchant
from promotions.actions.offers import PromotionData, VersionData, activate_promotion, create_promotion
from promotions.actions.redemptions import ReservationData, reserve
from promotions.deciding import Basket

THREADS, EACH = 8, 40
_WAITING = """
    SELECT count(*) FILTER (WHERE wait_event_type = 'Lock'), count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'
"""


def run() -> list[Figure]:
    """The share of samples in which a reservation waited for a lock, in percent; and reservations per second."""
    free, free_rate = _reserving({})
    counted, counted_rate = _reserving({"uses_limit": 10**9})
    return [
        Figure(f"{THREADS} threads on an unlimited promotion: waiting for a lock", free, "%", at_most=0),
        Figure(f"{THREADS} threads on an unlimited promotion: reservations", free_rate, "/s"),
        Figure(f"{THREADS} threads on a limited promotion: waiting for a lock", counted, "%"),
        Figure(f"{THREADS} threads on a limited promotion: reservations", counted_rate, "/s"),
    ]


def _reserving(limits: dict[str, int]) -> tuple[float, float]:
    merchant = Merchant.objects.create(slug=f"hot-{time.time_ns()}", name="Hot")
    version = VersionData(definition={"benefit": {"percent": {"percent": "5"}}})
    activate_promotion(create_promotion(merchant, PromotionData(key="hot", name="Hot", version=version, limits=limits)))
    data = ReservationData(basket=Basket(lines=[{"sku": "A", "quantity": 1, "unit_price": 1000}]))
    if reserve(merchant, data).discount != 50:  # and what a process looks up once
        raise RuntimeError("The hot promotion does not decide.")
    failed: list[Exception] = []
    threads = [threading.Thread(target=_reserve_all, args=(merchant, data, failed)) for _ in range(THREADS)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    waiting, active = _sampled(threads)
    seconds = time.perf_counter() - begin
    if failed:
        raise failed[0]
    return 100 * waiting / max(active, 1), THREADS * EACH / seconds


def _reserve_all(merchant: Merchant, data: ReservationData, failed: list[Exception]) -> None:
    try:
        for _number in range(EACH):
            reserve(merchant, data)
    except Exception as error:  # noqa: BLE001 - told by whoever waits for the thread
        failed.append(error)
    finally:
        connection.close()


def _sampled(threads: list[threading.Thread]) -> tuple[int, int]:
    """Backends that waited for a lock, and those at work, summed over samples."""
    waiting = active = 0
    with connection.cursor() as cursor:
        while any(thread.is_alive() for thread in threads):
            cursor.execute(_WAITING)
            one, other = cursor.fetchone()
            waiting, active = waiting + one, active + other
            time.sleep(0.002)
    return waiting, active
