"""Long work of the customers app."""

from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import OperationalError
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from core.jobs import Progress, job_runner
from core.privacy import all_tables, stores
from core.privacy.erasing import Done
from customers.actions.exports import EXPORT, write_export
from customers.actions.imports import forget_upload
from customers.actions.privacy.access import ACCESS, export_customer
from customers.actions.privacy.erasure import ERASURE, erase_customer
from customers.filters import CustomerFilter
from customers.importing import IMPORT
from customers.importing.importer import import_people
from customers.models import Customer, PrivacyRequest


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


@job_runner(IMPORT)
def import_customers_file(progress: Progress) -> dict[str, Any]:
    """Imports the file that the job names. An uploaded one is deleted with the import; a trial leaves it for it."""
    parameters = progress.job.parameters
    upload = parameters.get("upload", "")
    path = Path(default_storage.path(upload) if upload else parameters["path"])
    keep = parameters["dry_run"]
    try:
        return import_people(progress, path=path, mapping=parameters["mapping"], dry_run=parameters["dry_run"])
    except OperationalError:
        keep = True  # the database is away: beat starts the job again, and it needs its file
        raise
    finally:
        if upload and not keep:
            forget_upload(progress.job.merchant_id, parameters["import"], upload)


@job_runner(EXPORT)
def export_customers(progress: Progress) -> dict[str, Any]:
    """The list that the address in the job shows, with days in the shop's time zone, headers in the reader's language."""
    job, merchant = progress.job, progress.job.merchant
    language = (job.asked_by.language if job.asked_by else "") or merchant.language
    with timezone.override(merchant.tz), translation.override(language):
        people = Customer.objects.for_merchant(merchant).present()
        asked = CustomerFilter(QueryDict(job.parameters["query"]), queryset=people, merchant=merchant)
        return write_export(progress, asked.qs)
