"""Long work of the promotions app."""

from typing import Any

from django.utils.translation import gettext_noop

from core.jobs import Progress, job_runner
from promotions.actions.coupons import COUPONS, fill_batch
from promotions.models import CouponBatch


@job_runner(COUPONS)
def make_coupons(progress: Progress) -> dict[str, Any]:
    """Makes the codes of the batch that the job names; started again it makes those that are missing."""
    parameters = progress.job.parameters
    batch = CouponBatch.objects.for_merchant(progress.job.merchant_id).get(pk=parameters["batch"])
    progress.step(gettext_noop("Making codes"), total=batch.wanted)
    fill_batch(batch, customers=parameters["customers"], tick=progress.advance)
    batch.refresh_from_db()
    return {"codes": batch.made}
