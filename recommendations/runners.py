"""Jobs of this app."""

from typing import Any

from core.jobs import Progress, job_runner
from recommendations.actions import TRAINING, train_models


@job_runner(TRAINING, task="recommendations.tasks.train")
def train(progress: Progress) -> dict[str, Any]:
    """Trains the job's merchant; the result names the version and what became of it."""
    version = train_models(progress.job.merchant, progress=progress)
    return {"version": version.version, "status": version.status, "rows": version.rows}
