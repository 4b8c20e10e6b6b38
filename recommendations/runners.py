"""Jobs of this app."""

from typing import Any

from core.jobs import Progress, job_runner
from recommendations.actions import TRAINING, train_models
from recommendations.models import ModelVersion


# Whoever takes three processes along (out of memory, say) would take the fourth one too.
@job_runner(TRAINING, task="recommendations.tasks.train", most_starts=3)
def train(progress: Progress) -> dict[str, Any]:
    """Trains the job's merchant; the result names the version and what became of it."""
    job = progress.job
    engine = job.parameters.get("engine", ModelVersion.Engine.IMPLICIT)
    version = train_models(job.merchant, progress=progress, job=job, engine=engine)
    return {"version": version.version, "status": version.status, "rows": version.rows}
