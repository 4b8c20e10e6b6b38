"""The doorbell: asks Celery for work that is already written down."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import current_app

logger = logging.getLogger(__name__)

# A ring never holds up an answer: the broker may be slow or away, and beat rings again anyhow.
_ringers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ring")
_MAX_WAITING = 1000


def ring(task: str, **ids: Any) -> None:
    """Send a task by name, off the caller's path. A lost ring is made good by beat."""
    if current_app.conf.task_always_eager:
        current_app.tasks[task].apply(kwargs=ids)
    elif _ringers._work_queue.qsize() < _MAX_WAITING:
        _ringers.submit(_send, task, ids)


def _send(task: str, ids: dict[str, Any]) -> None:
    try:
        current_app.send_task(task, kwargs=ids, ignore_result=True, retry=False)
    except Exception as error:  # noqa: BLE001  # the broker's client raises many kinds; none of them may matter here
        logger.warning("no ring for %s: %s", task, type(error).__name__)
