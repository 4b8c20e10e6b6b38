"""Importing customers: every row is accounted for, nothing twice, nothing half, no consent without proof."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from core.errors import DomainError, InvalidInput
from core.importing.report import rejections_of
from core.jobs import Cancelled, run
from core.models import Job
from customers.actions import imports as actions
from customers.actions.imports import (
    checked_mapping,
    describe_file,
    forget_old_uploads,
    request_import,
    store_upload,
)
from customers.importing import importer
from customers.importing.fields import guess
from customers.importing.reading import open_people, read_through
from customers.importing.rows import country_code, language_code, moment
from customers.models import Company, CompanyPerson, ConsentRecord, Customer, CustomerImport, Identity, Trait
from merchants.models import Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory
from tests.queries import queries_of

HEADER = "Kundennummer;E-Mail;Vorname;Nachname;Land"
PROOF = {"consent_purpose": "newsletter", "consent_channel": "email"}


def _import(merchant: Merchant, path: Path, *, dry_run: bool = False, **given: Any) -> Job:
    file = open_people(path)
    imported = describe_file(merchant, file, name=path.name, staff=None)
    columns = {**imported.mapping["columns"], **given.get("columns", {})}
    mapping = checked_mapping(file.header, columns, given.get("defaults", {}))
    return run(request_import(imported, mapping=mapping, dry_run=dry_run, staff=None, path=path))


def _report(job: Job) -> dict[int, str]:
    return dict(rejections_of(job).values_list("line", "code"))


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(text: str | bytes, name: str = "people.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


# Files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_dialect_that_spreadsheets_write_is_read(
    merchant: Merchant, write: Any, encoding: str, delimiter: str
) -> None:
    lines = ["E-Mail", "Vorname", "Ort"], ["jörg@example.org", "Jörg", '"Bad\nHomburg"']
    job = _import(merchant, write("\r\n".join(delimiter.join(cells) for cells in lines).encode(encoding)))
    assert job.state == "done", job.error
    customer = Customer.objects.for_merchant(merchant).get()
    assert (customer.first_name, customer.city, customer.email) == ("Jörg", "Bad\nHomburg", "jörg@example.org")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"E-Mail;Vorname\n", "file_without_rows"),
        (b'E-Mail;Vorname\na@example.org;"Ada\n', "broken_quotes"),
        (b"E-Mail;Vorname\na@example.org;" + b"x" * 1_000_000, "cell_too_large"),
        (b"E-Mail;e-mail \na@example.org;b@example.org\n", "columns_repeated"),
        (b";;\na;b;c\n", "columns_missing"),
        (b"PK\x03\x04 no text", "file_not_text"),
        (b"\x00\x01\x02\x03" * 100, "file_not_text"),
        (b"E-Mail\n\x81\x8d\x8f\n", "file_encoding"),
        (b"x" * 200 + b";E-Mail\n1;a@example.org\n", "column_name"),
        (b";".join(b"c%d" % number for number in range(600)) + b"\n1\n", "too_many_columns"),
        (b'[{"email": "a@example.org"}', "not_json"),
        (b'[{"email": NaN}]', "not_json"),
        (b'[{"email": "a@example.org", "name": "\\uD83D"}]', "not_json"),
        (b'[{"email": "a@example.org", "\\udc00": 1}]', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "columns_missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_cause(
    client: Client, merchant: Merchant, content: bytes, code: str
) -> None:
    answer = client.post(
        "/m/muster/customers/imports/start", {"file": SimpleUploadedFile("people.csv", content or b" ")}
    )
    assert answer.status_code == 422
    assert "cx-field-error" in answer.text
    if content:
        with pytest.raises(InvalidInput) as refused:
            store_upload(merchant, SimpleUploadedFile("people.csv", content), staff=None)
        assert refused.value.code == code
    assert not CustomerImport.objects.for_merchant(merchant).exists()
    folder = f"imports/{merchant.pk}"
    assert not default_storage.exists(folder) or default_storage.listdir(folder)[1] == []


def test_hostile_cells_are_rejected_row_by_row(merchant: Merchant, write: Any) -> None:
    rows = [
        "K-1;ada@example.org;Ada;Berg;DE",
        "K-2;ada\x00@example.org;Ada;Berg;DE",
        f"K-3;c@example.org;{'x' * 200};Berg;DE",
        "K-4;nonsense;Ada;Berg;DE",
        "K-5;e@example.org;Ada;Berg;Atlantis",
        "n/a;;Nobody;Berg;DE",
        "K-7;too;few",
        "K-8;h@example.org;=cmd|' /C calc'!A0;@SUM(1);DE",
        ";;;;",
        "K-10;i@example.org;<script>alert(1)</script>;Berg;Österreich",
    ]
    job = _import(merchant, write("\n".join([HEADER, *rows])))
    assert _report(job) == {
        3: "control_character", 4: "too_long", 5: "bad_email", 6: "bad_country", 7: "unidentified", 8: "column_count",
    }  # fmt: skip
    tally = job.result["tally"]
    assert (tally["rows"], tally["imported"], tally["rejected"], tally["added"]) == (9, 3, 6, 3)
    assert Identity.objects.for_merchant(merchant).filter(value="K-10").get().customer.country == "AT"


def test_json_comes_as_an_array_or_line_by_line(merchant: Merchant, write: Any) -> None:
    people = [
        {"id": 7, "email": "ada@example.org", "address": {"city": "Kiel"}, "tags": ["vip", "b2b"]},
        {"id": "8", "email": None, "phone": "030 1234567", "vip": True},
    ]
    array = write(json.dumps(people), "array.json")
    lines = write("\n".join([json.dumps(people[0]), "{broken", "[1]", "", json.dumps(people[1])]), "lines.jsonl")
    extra = {"columns": {"tags": "trait:tags", "vip": "trait:vip"}}
    first = _import(merchant, array, **extra)
    assert (first.result["tally"]["imported"], first.result["tally"]["added"]) == (2, 2)
    second = _import(merchant, lines, **extra)
    assert _report(second) == {2: "bad_json", 3: "not_an_object"}
    assert second.result["tally"]["added"] == 0
    ada = Identity.objects.for_merchant(merchant).get(value="7").customer
    assert ada.city == "Kiel"
    traits = {(trait.customer_id, trait.name): trait.value for trait in Trait.objects.for_merchant(merchant)}
    assert traits[ada.pk, "tags"] == ["vip", "b2b"]
    assert True in traits.values()
    assert Identity.objects.for_merchant(merchant).filter(value="+49301234567").exists()


# What columns mean


def test_german_and_english_headers_are_guessed_each_field_once() -> None:
    german = guess(["Kunden-Nr.", "E-Mail-Adresse", "Mobil", "Vorname", "Nachname", "PLZ", "Ort", "Firma", "Straße"])
    assert list(german.values()) == [
        "external_id", "email", "phone", "first_name", "last_name", "postal_code", "city", "company", "",
    ]  # fmt: skip
    english = guess(["Customer ID", "Email", "mail", "Full name", "Opt-in date", "Country Code"])
    assert list(english.values()) == ["external_id", "email", "", "name", "consent_at", "country"]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"A": "email", "B": "email"}, "target_twice"),
        ({"A": "nonsense"}, "unknown_target"),
        ({"A": "trait:"}, "unknown_target"),
        ({"A": "first_name"}, "no_identity"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(columns: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_mapping(["A", "B"], columns, {})
    assert refused.value.code == code


def test_values_are_read_as_people_write_them(merchant: Merchant) -> None:
    assert [country_code(text) for text in ("de", "Germany", "Deutschland", "Österreich", "XX", "")] == [
        "DE", "DE", "DE", "AT", "", "",
    ]  # fmt: skip
    assert [language_code(text) for text in ("de", "de_AT", "German", "Deutsch", "zz", "??")] == [
        "de", "de-AT", "de", "de", "", "",
    ]  # fmt: skip
    assert moment("24.12.2025 14:30", merchant.tz) == datetime(2025, 12, 24, 13, 30, tzinfo=UTC)
    assert moment("2025-12-24T14:30:00Z", merchant.tz) == datetime(2025, 12, 24, 14, 30, tzinfo=UTC)
    assert moment("2025-07-01", merchant.tz) == datetime(2025, 6, 30, 22, tzinfo=UTC)
    assert [moment(text, merchant.tz) for text in ("", "soon", "31.02.2025", "1.1.0001")] == [None] * 4


# People, companies, consents


def test_the_same_file_adds_nobody_the_second_time(merchant: Merchant, write: Any) -> None:
    known = CustomerFactory(merchant=merchant, first_name="", last_name="", email="ada@example.org", external_id=None)
    CustomerFactory(email="bob@example.org")  # could be taken for the row's
    path = write(
        f"{HEADER};Firma;Rolle\nK-1;ADA@example.org;Ada;Berg;DE;Nordlicht;Freigabe\nK-2;bob@example.org;Bob;;;;"
    )
    first, second = _import(merchant, path), _import(merchant, path)
    assert [job.result["tally"]["added"] for job in (first, second)] == [1, 0]
    assert [job.result["tally"]["imported"] for job in (first, second)] == [2, 2]
    known.refresh_from_db()
    assert (known.first_name, known.last_name) == ("Ada", "Berg")
    person = CompanyPerson.objects.for_merchant(merchant).get()
    assert (person.company.name, person.role, person.customer, person.source) == (
        "Nordlicht",
        "approver",
        known,
        "import",
    )
    assert Company.objects.for_merchant(merchant).count() == 1


def test_consents_come_with_their_proof_or_not_at_all(merchant: Merchant, write: Any) -> None:
    header = "email;newsletter;opt-in date;consent source;text version;consent text"
    good = "2025-03-01T10:00:00Z;checkout;2025-01;Yes, write to me."
    rows = [
        f"a@example.org;ja;{good}",
        "b@example.org;ja;;checkout;2025-01;",
        "c@example.org;ja;2025-03-01;;2025-01;",
        "d@example.org;ja;2025-03-01;checkout;;",
        "e@example.org;perhaps;2025-03-01;checkout;2025-01;",
        "f@example.org;nein;;;;",
        "g@example.org;widerrufen;2025-04-01;unsubscribe link;;",
        "h@example.org;ja;2999-01-01;checkout;2025-01;",
        "i@example.org;;;;;",
    ]
    path = write("\n".join([header, *rows]))
    for _time in range(2):
        job = _import(merchant, path, defaults=PROOF)
        assert _report(job) == {
            3: "consent_date", 4: "consent_source", 5: "consent_text_version", 6: "consent_state", 9: "consent_date",
        }  # fmt: skip
        tally = job.result["tally"]
        assert (tally["imported"], tally["rejected"], tally["consents"], tally["consents_refused"]) == (9, 0, 2, 5)
    assert Customer.objects.for_merchant(merchant).count() == 9
    records = ConsentRecord.objects.for_merchant(merchant).order_by("pk")
    told = [(record.customer.email, record.kind, record.purpose, record.channel, record.source) for record in records]
    assert told == [
        ("a@example.org", "granted", "newsletter", "email", "checkout"),
        ("g@example.org", "withdrawn", "newsletter", "email", "unsubscribe link"),
    ]
    assert records[0].occurred_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert records[0].evidence["line"] == 2


def test_a_trial_writes_nothing_and_reports_the_same(merchant: Merchant, write: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(importer, "BATCH", 2)
    rows = [f"K-{number % 3};p{number % 3}@example.org;Ada;Berg;DE" for number in range(7)]
    path = write("\n".join([HEADER, *rows, "K-9;nonsense;;;"]))
    trial = _import(merchant, path, dry_run=True)
    assert not Customer.objects.for_merchant(merchant).exists()
    assert not Identity.objects.for_merchant(merchant).exists()
    real = _import(merchant, path)
    assert trial.result["tally"] == real.result["tally"]
    assert real.result["tally"]["added"] == 3
    assert _report(trial) == _report(real) == {9: "bad_email"}


def test_an_interrupted_import_goes_on_behind_the_last_batch(
    merchant: Merchant, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH", 2)
    rows = [f"K-{number};p{number}@example.org;Ada;Berg;DE" for number in range(5)]
    path = write("\n".join([HEADER, "K-x;nonsense;;;", *rows]))
    file = open_people(path)
    imported = describe_file(merchant, file, name="people.csv", staff=None)
    job = request_import(imported, mapping=imported.mapping, dry_run=False, staff=None, path=path)
    written = importer.write_people
    calls: list[int] = []

    def dies(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise Cancelled
        return written(*args, **kwargs)

    monkeypatch.setattr(importer, "write_people", dies)
    run(job)
    assert Customer.objects.for_merchant(merchant).count() == 1
    Job.objects.for_merchant(merchant).filter(pk=job.pk).update(state="queued", cancel_requested=False)
    run(job)
    assert job.state == "done", job.error
    tally = job.result["tally"]
    assert (tally["imported"], tally["rejected"], tally["added"]) == (5, 1, 5)
    assert len(_report(job)) == 1
    assert len(calls) == 4


def test_nothing_of_a_file_that_is_broken_at_its_end_is_written(merchant: Merchant, write: Any) -> None:
    path = write(f'{HEADER}\nK-1;a@example.org;Ada;Berg;DE\nK-2;"b@example.org;Bob;Cole;DE\n')
    job = _import(merchant, path)
    assert job.state == "failed"
    assert "line 3" in job.error or "Zeile 3" in job.error
    assert not Customer.objects.for_merchant(merchant).exists()


def test_reading_through_counts_rows(write: Any) -> None:
    assert read_through(open_people(write("email\na@example.org\n\nb@example.org\n"))) == 2


# Screens


def test_a_file_is_uploaded_described_tried_and_imported(
    client: Client, merchant: Merchant, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Job] = []
    monkeypatch.setattr("core.jobs.ring_job", rung.append)
    content = f"{HEADER};Lieblingsfarbe\nK-1;ada@example.org;Ada;Berg;DE;blau\nK-2;nonsense;;;;\n".encode()
    url = "/m/muster/customers/imports/"
    assert "An import takes over people" in client.get(url).text
    answer = client.post(f"{url}start", {"file": SimpleUploadedFile("kunden.csv", content)})
    imported = CustomerImport.objects.for_merchant(merchant).get()
    assert answer.url == f"{url}{imported.pk}/columns"
    page = client.get(answer.url)
    for text in ("Lieblingsfarbe", "blau", "ada@example.org"):
        assert text in page.text
    chosen = {f"column-{number}": field.initial for number, (_n, field) in enumerate(page.context["form"].columns)}
    assert chosen["column-0"] == "external_id"
    chosen["column-5"] = "trait:Lieblingsfarbe"
    twice = client.post(answer.url, {**chosen, "column-2": "email"})
    assert twice.status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        trial = client.post(answer.url, {**chosen, "trial": "yes"})
    assert trial.url == f"{url}{imported.pk}/"
    run(rung[0])
    report = client.get(trial.url).text
    assert "This was a trial" in report
    assert "nonsense" in report
    assert "<html" not in client.get(trial.url, headers={"HX-Request": "true"}).text
    assert not Customer.objects.for_merchant(merchant).exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}{imported.pk}/confirm")
    run(rung[1])
    trait = Trait.objects.for_merchant(merchant).get()
    assert (trait.name, trait.value, trait.customer.first_name) == ("Lieblingsfarbe", "blau", "Ada")
    imported.refresh_from_db()
    assert imported.upload == ""
    assert default_storage.listdir(f"imports/{merchant.pk}")[1] == []
    rejected = b"".join(client.post(f"{url}{imported.pk}/rejected.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "K-2" in rejected
    # The next file with these columns needs no description.
    client.post(f"{url}start", {"file": SimpleUploadedFile("again.csv", content)})
    again = CustomerImport.objects.for_merchant(merchant).latest("pk")
    assert again.mapping["columns"]["Lieblingsfarbe"] == "trait:Lieblingsfarbe"
    assert "no longer here" in client.post(f"{url}{imported.pk}/confirm", follow=True).text


def test_a_file_is_not_imported_twice_at_once(merchant: Merchant) -> None:
    upload = SimpleUploadedFile("a.csv", b"email\na@example.org\n")
    imported = store_upload(merchant, upload, staff=None)
    request_import(imported, mapping=imported.mapping, dry_run=False, staff=None)
    with pytest.raises(DomainError) as refused:
        request_import(imported, mapping=imported.mapping, dry_run=False, staff=None)
    assert refused.value.code == "import_running"


def test_uploads_that_nobody_imports_are_deleted_after_a_day(merchant: Merchant, monkeypatch: Any) -> None:
    imported = store_upload(merchant, SimpleUploadedFile("a.csv", b"email\na@example.org\n"), staff=None)
    assert forget_old_uploads() == 0
    monkeypatch.setattr(actions, "KEPT", -actions.KEPT)
    assert forget_old_uploads() == 1
    assert not default_storage.exists(imported.upload)
    imported.refresh_from_db()
    assert imported.upload == ""


def test_a_support_member_may_not_import(merchant: Merchant) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.SUPPORT).staff)
    assert browser.get("/m/muster/customers/imports/start").status_code == 403
    assert browser.get("/m/muster/customers/imports/").status_code == 200


def test_the_list_costs_the_same_for_one_file_and_for_three(
    client: Client, merchant: Merchant, membership: Membership, write: Any
) -> None:
    path = write("email\na@example.org\n")
    _import(merchant, path)
    few = queries_of(client, "/m/muster/customers/imports/")
    _import(merchant, path)
    _import(merchant, path, dry_run=True)
    assert queries_of(client, "/m/muster/customers/imports/") == few


# The command


def test_the_command_imports_with_a_mapping_and_prints_the_report(
    merchant: Merchant, write: Any, tmp_path: Path
) -> None:
    path = write("adresse;farbe\na@example.org;blau\nnonsense;rot\n")
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"columns": {"adresse": "email", "farbe": "trait:color"}}))
    out = StringIO()
    call_command("import_customers", path, merchant="muster", mapping=mapping, stdout=out)
    assert "2 rows: 1 imported, 1 rejected" in out.getvalue()
    assert "bad_email" in out.getvalue()
    assert Trait.objects.for_merchant(merchant).get().name == "color"
    with pytest.raises(CommandError):
        call_command("import_customers", path, merchant="nobody", stdout=out)
    with pytest.raises(CommandError):
        call_command("import_customers", write("farbe\nblau\n", "other.csv"), merchant="muster", stdout=out)
