"""``python manage.py train --merchant SLUG``: one training, here and now, with a bar on the terminal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from core import jobs
from core.errors import DomainError
from core.models import Job
from merchants.models import Merchant
from recommendations.actions import request_training
from recommendations.models import ModelVersion

FIGURES = {"all_hr": "HR@10", "all_ndcg": "NDCG@10", "new_hr": "new HR@10", "new_ndcg": "new NDCG@10"}


class Command(BaseCommand):
    help = "Trains the recommendations of one shop and publishes the model if it passes the gate."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", required=True, metavar="SLUG", help="the shop's short name")
        parser.add_argument(
            "--engine",
            choices=ModelVersion.Engine.values,
            default=ModelVersion.Engine.IMPLICIT,
            help="spark computes the factors on the cluster SPARK_MASTER (extra “spark”)",
        )

    def handle(self, *args: Any, merchant: str, engine: str = ModelVersion.Engine.IMPLICIT, **options: Any) -> None:
        try:
            shop = Merchant.objects.get(slug=merchant)
            job = request_training(shop, staff=None, ring_worker=False, engine=engine)
        except Merchant.DoesNotExist as error:
            raise CommandError(f"There is no merchant “{merchant}”.") from error
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        with _Bar() as bar:
            job = jobs.run(job, echo=bar.show)
        if job.state != Job.State.DONE:
            raise CommandError(f"The training ended as {job.state}: {job.error}")
        self._tell(ModelVersion.objects.for_merchant(shop).get(version=job.result["version"]))

    def _tell(self, version: ModelVersion) -> None:
        self.stdout.write(
            f"{version.version}: {version.status}, {version.mode}, {version.rows:,} purchases, "
            f"{version.duration.total_seconds():.1f} s, {version.size / 1e6:.1f} MB"
        )
        for method, figures in version.metrics.get("methods", {}).items():
            shown = "  ".join(f"{label} {figures[name]:.3f}" for name, label in FIGURES.items())
            self.stdout.write(f"  {method:<11} {shown}")
        if version.reason:
            self.stdout.write(f"  refused: {version.reason}")


class _Bar:
    """The job's progress as a bar of its current step."""

    def __enter__(self) -> "_Bar":
        self._bar: tqdm[Any] = tqdm(total=None, unit="step", leave=True, dynamic_ncols=True)
        return self

    def show(self, job: Job) -> None:
        self._bar.set_description(job.spoken_step, refresh=False)
        self._bar.total, self._bar.n = job.total, job.done
        self._bar.refresh()

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
