"""Long work of the customers app."""

from typing import Any

from django.utils.translation import gettext_noop

from core.jobs import Progress, job_runner
from core.privacy import all_tables, stores
from core.privacy.erasing import Done
from customers.actions.privacy.access import ACCESS, export_customer
from customers.actions.privacy.erasure import ERASURE, erase_customer
from customers.models import PrivacyRequest


@job_runner(ERASURE)
def erase_person(progress: Progress) -> dict[str, Any]:
    """Erases the person of the request that the job names; started again it finds what is left, or the receipt."""
    request = _request(progress)
    progress.step(gettext_noop("Erasing"), total=len(all_tables()) + len(list(stores)))

    def tell(_done: Done) -> None:
        progress.advance()

    done = erase_customer(request.customer, request=request, staff=progress.job.asked_by, tell=tell)
    places = done.receipt.get("places", [])
    return {
        "request": done.pk,
        "deleted": sum(place["deleted"] for place in places),
        "blanked": sum(place["blanked"] for place in places),
    }


@job_runner(ACCESS)
def export_person(progress: Progress) -> dict[str, Any]:
    """Writes the files of an access request; started again it writes them anew."""
    request = _request(progress)
    progress.step(gettext_noop("Collecting"))
    return {"request": request.pk, "rows": export_customer(request, tell=progress.advance)}


def _request(progress: Progress) -> PrivacyRequest:
    rows = PrivacyRequest.objects.for_merchant(progress.job.merchant_id).select_related("merchant", "customer")
    found: PrivacyRequest = rows.get(pk=progress.job.parameters["request"])
    return found
