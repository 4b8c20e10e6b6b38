"""The upload, its progress, and the report of every rejected row."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.jobs import run
from core.models import ImportRejection, Job
from merchants.models import Membership, Merchant, Role
from orders.forms import MAX_UPLOAD, ImportForm
from orders.importing.described import COLUMNS
from orders.importing.layouts import CXAPP_CSV
from orders.models import Order
from tests.orders.importing import as_csv, import_path, import_text, rejected
from tests.orders.test_importing_cxapp_csv import row
from tests.queries import queries_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "static/cxapp/orders-example.csv"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "f"}}
    }


@pytest.fixture(autouse=True)
def _english(merchant: Merchant, membership: Membership) -> None:
    merchant.language = membership.staff.language = "en"
    merchant.save()
    membership.staff.save()


def upload(client: Client, merchant: Merchant, content: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("orders.csv", content, content_type="text/csv")
    data = {"file": file, "file_format": "cxapp-csv"} | fields
    return client.post(reverse("import_start", args=[merchant.slug]), data)


def page(client: Client, job: Job, **query: str) -> str:
    response = client.get(reverse("import_detail", args=[job.merchant.slug, job.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_an_upload_becomes_a_job_whose_progress_is_shown(client: Client, merchant: Merchant):
    response = upload(client, merchant, as_csv([row("A-1")]).encode())
    job = Job.objects.get(kind="import_orders")
    assert response.status_code == 302
    assert response.url == reverse("import_detail", args=[merchant.slug, job.pk])
    assert reverse("job_progress", args=[merchant.slug, job.pk]) in page(client, job)
    run(job)
    assert "Every row was taken over." in page(client, job)
    assert Order.objects.count() == 1


def test_a_trial_says_that_it_was_one(client: Client, merchant: Merchant):
    upload(client, merchant, as_csv([row("A-1")]).encode(), dry_run="on")
    job = run(Job.objects.get(kind="import_orders"))
    assert "This was a trial" in page(client, job)
    assert not Order.objects.exists()


@pytest.mark.parametrize("fields", [{"file": ""}, {"file_format": "xml"}])
def test_a_wrong_upload_is_told_in_the_form(client: Client, merchant: Merchant, fields: dict[str, str]):
    response = upload(client, merchant, b"x", **fields)
    assert response.status_code == 422
    assert "cx-field-error" in response.content.decode()
    assert not Job.objects.exists()


def test_a_file_too_large_is_refused():
    file = SimpleUploadedFile("orders.csv", b"x")
    file.size = MAX_UPLOAD + 1
    form = ImportForm({"file_format": "cxapp-csv"}, {"file": file})
    assert "500" in form.errors["file"][0]


def test_a_file_that_cannot_be_read_is_explained(client: Client, merchant: Merchant):
    upload(client, merchant, b"a,b\n1,2\n")
    job = run(Job.objects.get(kind="import_orders"))
    assert "lacks these columns: order_number" in page(client, job)


@pytest.mark.parametrize(("role", "status"), [(Role.SUPPORT, 403), (Role.EDITOR, 302)])
def test_editors_import(client: Client, merchant: Merchant, membership: Membership, role: Role, status: int):
    Membership.objects.filter(pk=membership.pk).update(role=role)
    assert upload(client, merchant, as_csv([row("A-1")]).encode()).status_code == status
    assert Job.objects.exists() == (status == 302)


@pytest.fixture
def report(merchant: Merchant, tmp_path: Path) -> Job:
    rows = [row("A-1", quantity="x", title="=1+1"), row("A-2", total="1.00"), row("A-3"), row("A-4", total="2.00")]
    return import_text(merchant, tmp_path / "orders.csv", as_csv(rows), "cxapp-csv")


def test_the_report_lists_every_rejected_row_with_its_reason(client: Client, report: Job):
    text = page(client, report)
    assert "quantity is “x”, which is no whole number within reason." in text
    assert "The total does not add up" in text
    assert "3 results" in text


def test_the_report_is_narrowed_by_reason(client: Client, report: Job):
    text = page(client, report, code="total_mismatch")
    assert "quantity is “x”" not in text
    assert "2 results" in text


def test_a_long_report_has_pages(client: Client, report: Job):
    rows = [
        ImportRejection(merchant=report.merchant, job=report, line=line, code="fee", reason=f"Fee {line}.")
        for line in range(10, 90)
    ]
    ImportRejection.objects.bulk_create(rows)
    first = page(client, report)
    assert ("Fee 10." in first, "Fee 89." in first) == (True, False)
    assert 'rel="next"' in first


def test_the_report_costs_the_same_for_three_rows_and_for_more(client: Client, report: Job):
    url = reverse("import_detail", args=[report.merchant.slug, report.pk])
    few = queries_of(client, url)
    ImportRejection.objects.create(merchant=report.merchant, job=report, line=9, code="fee", reason="Fee.")
    assert queries_of(client, url) == few


def test_rejected_rows_can_be_downloaded_corrected_and_imported(
    client: Client, merchant: Merchant, report: Job, tmp_path: Path
):
    response = client.get(reverse("import_rejected", args=[merchant.slug, report.pk]))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [found["Line"] for found in rows] == ["2", "3", "5"]
    assert rows[0]["title"] == "'=1+1"  # no spreadsheet calculates it
    for found in rows:
        found |= {"quantity": "2", "total": "44.97"}
    job = import_text(merchant, tmp_path / "again.csv", as_csv(rows), "cxapp-csv")
    assert rejected(job) == {}
    assert Order.objects.count() == 4


def test_an_import_of_another_shop_is_not_found(client: Client, merchant: Merchant, stranger: Membership):
    theirs = import_path(stranger.merchant, EXAMPLE, "cxapp-csv")
    for name in ("import_detail", "import_rejected"):
        assert client.get(reverse(name, args=[merchant.slug, theirs.pk])).status_code == 404


def test_a_job_of_another_kind_is_no_import(client: Client, merchant: Merchant):
    job = Job.objects.create(merchant=merchant, kind="train", title="Train")
    assert client.get(reverse("import_detail", args=[merchant.slug, job.pk])).status_code == 404


def test_the_page_of_the_job_leads_to_the_report(client: Client, merchant: Merchant, report: Job):
    text = client.get(reverse("job_detail", args=[merchant.slug, report.pk])).content.decode()
    assert reverse("import_detail", args=[merchant.slug, report.pk]) in text


def test_the_list_shows_imports_only(client: Client, merchant: Merchant, report: Job):
    Job.objects.create(merchant=merchant, kind="train", title="Train models")
    text = client.get(reverse("import_list", args=[merchant.slug])).content.decode()
    assert "orders.csv" in text
    assert "Train models" not in text


def test_the_example_can_be_imported(merchant: Merchant):
    job = import_path(merchant, EXAMPLE, "cxapp-csv")
    assert (job.state, rejected(job), Order.objects.count()) == ("done", {}, 2)


def test_the_columns_are_described_where_people_look():
    described = [column.name for column in COLUMNS]
    assert sorted(described) == sorted(CXAPP_CSV.columns)
    manual = (ROOT / "docs/importing.md").read_text()
    assert [name for name in described if f"`{name}`" not in manual] == []
