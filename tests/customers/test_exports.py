"""Exporting the list of customers: what the list shows, harmless to spreadsheets, kept for a week."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from core import exports as core_exports
from core.exports import forget_old_exports
from core.jobs import run
from core.models import Job
from customers.actions import exports
from customers.actions.companies import add_company, link_person
from customers.actions.consent import record_withdrawal
from customers.actions.exports import COLUMNS
from customers.models import Trait
from merchants.models import AuditEntry, Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory

URL = "/m/muster/customers/export"


def _export(client: Client, query: str = "", **given: Any) -> Job:
    answer = client.post(f"{URL}?{query}", {"file_format": "csv", "columns": ["email", "first_name"], **given})
    assert answer.status_code == 302, answer.text
    return run(Job.objects.get(pk=int(answer.url.rstrip("/").rsplit("/", 1)[1]), merchant__slug="muster"))


def _download(client: Client, job: Job) -> bytes:
    answer = client.post(f"/m/muster/customers/exports/{job.pk}/file")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def _table(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_file_holds_what_the_list_shows(client: Client, merchant: Merchant, monkeypatch: Any) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    for number in range(5):
        CustomerFactory(merchant=merchant, first_name=f"A{number}", country="AT", email=f"a{number}@example.org")
    CustomerFactory(merchant=merchant, country="DE")
    CustomerFactory(country="AT")  # could leak
    job = _export(client, "country=AT&sort=-revenue")
    assert job.state == "done", job.error
    rows = _table(_download(client, job))
    assert rows == [["E-Mail", "Vorname"], *([f"a{number}@example.org", f"A{number}"] for number in range(5))]
    assert (job.result["rows"], job.done, job.total) == (5, 5, 5)
    searched = _export(client, "q=a3@")
    assert len(_table(_download(client, searched))) == 2


def test_an_empty_list_is_a_file_with_names_of_columns(client: Client, merchant: Merchant) -> None:
    job = _export(client, "country=AT")
    assert _table(_download(client, job)) == [["E-Mail", "Vorname"]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(client: Client, merchant: Merchant, start: str) -> None:
    CustomerFactory(merchant=merchant, first_name=f"{start}1+1", email="a@example.org")
    assert _table(_download(client, _export(client)))[1] == ["a@example.org", f"'{start}1+1"]


def test_json_lines_hold_every_column_and_consents(client: Client, merchant: Merchant) -> None:
    customer = CustomerFactory(
        merchant=merchant, first_name="=Ada", email="a@example.org", revenue=1050, orders_count=1
    )
    Trait.objects.create(merchant=merchant, customer=customer, name="color", value=["blau"])
    link_person(add_company(merchant, staff=None, name="Nordlicht", price_group="trade"), customer)
    record_withdrawal(customer, purpose="newsletter", channel="email", source="link")
    job = _export(client, file_format="jsonl", columns=list(COLUMNS), with_consents="on")
    (person,) = [json.loads(line) for line in _download(client, job).decode().splitlines()]
    assert list(person) == [*COLUMNS, "consents"]
    assert (person["first_name"], person["revenue"], person["company"], person["price_group"]) == (
        "=Ada", 10.5, "Nordlicht", "trade",
    )  # fmt: skip
    assert person["traits"] == {"color": ["blau"]}
    assert [(one["decision"], one["purpose"], one["source"]) for one in person["consents"]] == [
        ("withdrawn", "newsletter", "link")
    ]
    without = _export(client, columns=["email", "traits"])
    assert _table(_download(client, without))[1] == ["a@example.org", '{"color": ["blau"]}']


@pytest.mark.parametrize(
    ("currency", "cell", "number"), [("EUR", "10.50", 10.5), ("JPY", "1050", 1050), ("KWD", "1.050", 1.05)]
)
def test_amounts_have_the_digits_of_the_shops_currency(
    client: Client, merchant: Merchant, currency: str, cell: str, number: float
) -> None:
    Merchant.objects.filter(pk=merchant.pk).update(currency=currency)
    CustomerFactory(merchant=merchant, email="a@example.org", revenue=1050, orders_count=1)
    columns = ["email", "revenue", "currency"]
    assert _table(_download(client, _export(client, columns=columns)))[1] == ["a@example.org", cell, currency]
    lines = _download(client, _export(client, file_format="jsonl", columns=columns)).decode().splitlines()
    assert [json.loads(line)["revenue"] for line in lines] == [number]


def test_only_editors_export_and_download_and_it_is_written_down(client: Client, merchant: Merchant) -> None:
    job = _export(client)
    _download(client, job)
    actions = AuditEntry.objects.for_merchant(merchant).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["export.requested", "export.downloaded"]
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.SUPPORT).staff)
    assert browser.get(URL).status_code == 403
    assert browser.post(f"/m/muster/customers/exports/{job.pk}/file").status_code == 403
    assert "Export this list" not in browser.get("/m/muster/customers/").text


def test_a_file_of_another_shop_does_not_exist(client: Client, merchant: Merchant, stranger: Membership) -> None:
    foreign = Client()
    foreign.force_login(stranger.staff)
    job = _export(client)
    assert foreign.post(f"/m/stranger/customers/exports/{job.pk}/file").status_code == 404


def test_files_are_kept_for_a_week(client: Client, merchant: Merchant, monkeypatch: Any) -> None:
    CustomerFactory(merchant=merchant)
    job = _export(client, "q=ada%20canary")
    name = job.result["export"]
    assert forget_old_exports() == 0
    monkeypatch.setattr(core_exports, "KEPT", timedelta(days=-1))
    assert forget_old_exports() == 1
    assert forget_old_exports() == 0
    assert not default_storage.exists(name)
    job.refresh_from_db()
    assert "canary" not in str(job.parameters)
    assert client.post(f"/m/muster/customers/exports/{job.pk}/file").status_code == 404
    assert "deleted after 7 days" in client.get(f"/m/muster/operations/jobs/{job.pk}/").text


def test_no_half_a_file_is_left(client: Client, merchant: Merchant, monkeypatch: Any) -> None:
    CustomerFactory(merchant=merchant)

    def fails(*_args: Any) -> Any:
        raise RuntimeError("disk full")

    monkeypatch.setattr(exports, "_value", fails)
    with pytest.raises(RuntimeError):
        _export(client)
    assert default_storage.listdir(f"exports/{merchant.pk}") == ([], [])


def test_the_page_says_what_is_exported_and_wants_a_column(client: Client, merchant: Merchant) -> None:
    CustomerFactory(merchant=merchant, country="AT")
    page = client.get(f"{URL}?country=AT").text
    assert "1 customer, as the list shows" in page
    assert "Austria" in page
    refused = client.post(URL, {"file_format": "csv"})
    assert refused.status_code == 422
    assert "at least one column" in refused.text
