"""Long work of the promotions app."""

from typing import Any

from django.utils.translation import gettext_noop

from core.jobs import Progress, job_runner
from promotions.actions.coupons import COUPONS, fill_batch
from promotions.measuring.figures import RESULTS, make_report
from promotions.models import CouponBatch, Promotion, Replay
from promotions.replaying.running import REPLAY, run_replay


@job_runner(COUPONS)
def make_coupons(progress: Progress) -> dict[str, Any]:
    """Makes the codes of the batch that the job names; started again it makes those that are missing."""
    parameters = progress.job.parameters
    batch = CouponBatch.objects.for_merchant(progress.job.merchant_id).get(pk=parameters["batch"])
    progress.step(gettext_noop("Making codes"), total=batch.wanted)
    fill_batch(batch, customers=parameters["customers"], tick=progress.advance)
    batch.refresh_from_db()
    return {"codes": batch.made}


@job_runner(REPLAY, most_starts=3)
def replay_promotion(progress: Progress) -> dict[str, Any]:
    """Decides the version that the job names on past orders."""
    replays = Replay.objects.for_merchant(progress.job.merchant_id).select_related("promotion__merchant", "version")
    replay = replays.get(pk=progress.job.parameters["replay"])
    progress.step(gettext_noop("Deciding past orders"), total=replay.wanted)
    return run_replay(replay, progress.advance)


@job_runner(RESULTS)
def figure_promotion(progress: Progress) -> dict[str, Any]:
    """Compares what both arms of a promotion bought."""
    promotion = Promotion.objects.for_merchant(progress.job.merchant_id).get(pk=progress.job.parameters["promotion"])
    progress.step(gettext_noop("Adding up what people bought"))
    make_report(promotion)
    return {}
