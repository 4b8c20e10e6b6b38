"""Long work of the orders app."""

from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import OperationalError

from core.jobs import Progress, job_runner
from orders.actions import valuation
from orders.actions.valuation import VALUATION
from orders.importing import IMPORT


@job_runner(IMPORT)
def import_orders_file(progress: Progress) -> dict[str, Any]:
    """Imports the file that the job names; an uploaded one is deleted when the job ends."""
    # polars brings a thread pool that does not survive a fork: only an import loads it.
    from orders.importing.importer import import_orders  # noqa: PLC0415

    parameters = progress.job.parameters
    upload = parameters.get("upload", "")
    path = Path(default_storage.path(upload) if upload else parameters["path"])
    try:
        result = import_orders(progress, path=path, file_format=parameters["format"], dry_run=parameters["dry_run"])
    except OperationalError:
        raise  # the database is away: beat starts the job again, and it needs its file
    except Exception:
        _forget(upload)
        raise
    _forget(upload)
    return result


@job_runner(VALUATION, task="orders.tasks.value_customers")
def value_customers(progress: Progress) -> dict[str, Any]:
    """Computes the figures and predictions of the job's merchant."""
    return valuation.value_customers(progress.job.merchant, progress)


def _forget(upload: str) -> None:
    if upload:
        default_storage.delete(upload)
