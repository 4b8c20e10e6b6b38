"""What holds for every import, whatever the file: nothing twice, nothing half, nothing lost."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError

from catalog.models import Product
from core.jobs import cancel_job, run
from core.models import Delivery, ImportRejection, Job
from customers.actions.profiles import Person
from customers.models import Customer
from merchants.models import AuditEntry, Membership, Merchant
from orders.actions.imports import request_import
from orders.actions.incoming import LineData, OrderData
from orders.actions.placement import place_order
from orders.importing import importer, writing
from orders.importing.reasons import REASONS, explain
from orders.models import Order, OrderLine, Refund, Return, ReturnLine
from tests.orders.importing import as_csv, import_path, import_text, rejected, tally
from tests.orders.test_importing_cxapp_csv import row
from tests.orders.test_importing_online_retail import invoice

CSV, RETAIL = "cxapp-csv", "online-retail"
BOOK = as_csv(
    [
        invoice("1", "10001", 5, 1.00, at="2011-07-01 10:00:00"),
        invoice("2", "10002", 5, 1.00, at="2011-07-02 10:00:00", customer="2"),
        invoice("2", "10003", 5, 0.00, at="2011-07-02 10:00:00", customer="2"),
        invoice("3", "10001", 5, 1.00, at="2011-07-03 10:00:00"),
        invoice("C4", "10001", -7, 1.00, at="2011-07-04 10:00:00"),
        invoice("C5", "10001", -2, 1.00, at="2011-07-05 10:00:00"),
        invoice("C6", "10001", -2, 1.00, at="2011-07-06 10:00:00"),
        invoice("C7", "10009", -2, 1.00, at="2011-07-07 10:00:00"),
        invoice("8", "M", 1, 5.00),
    ]
)
LISTED = {8: "return_partly_matched", 9: "return_without_sale", 10: "manual_entry"}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text(BOOK)
    return path


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every invoice is a batch, every return a group."""
    monkeypatch.setattr("orders.importing.online_retail.CHUNK", 1)
    monkeypatch.setattr("orders.importing.source.CHUNK", 1)
    monkeypatch.setattr("orders.importing.importer.RETURNS_AT_ONCE", 1)


def everything() -> dict[str, list[Any]]:
    """All that an import can write, without ids."""
    return {
        "orders": list(
            Order.objects.order_by("number").values_list("number", "total", "refunded", "customer__orders_count")
        ),
        "lines": list(
            OrderLine.objects.order_by("order__number", "position").values_list(
                "order__number", "quantity", "returned", "refunded"
            )
        ),
        "returns": list(
            ReturnLine.objects.order_by("parcel__reference", "order_line__order__number").values_list(
                "parcel__reference", "order_line__order__number", "quantity", "refund"
            )
        ),
        "refunds": list(Refund.objects.order_by("amount", "order__number").values_list("order__number", "amount")),
        "products": list(Product.objects.order_by("sku").values_list("sku", "title", "price", "active", "source")),
        "customers": list(
            Customer.objects.order_by("identities__value").values_list("identities__value", "revenue", "orders_count")
        ),
    }


def interrupt(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *, at_call: int, error: Exception) -> None:
    """Let the ``at_call``-th call of a function do its work and then break."""
    original, calls = getattr(module, name), []

    def broken(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        calls.append(1)
        if len(calls) == at_call:
            raise error
        return result

    monkeypatch.setattr(module, name, broken)


def test_importing_a_file_twice_changes_nothing(merchant: Merchant, book: Path):
    first = import_path(merchant, book, RETAIL)
    before = everything()
    second = import_path(merchant, book, RETAIL)
    assert everything() == before
    assert rejected(first) == rejected(second) == LISTED
    assert tally(first) | {"imported": 6, "unchanged": 0, "rejected": 3} == tally(first)
    assert tally(second) | {"imported": 0, "unchanged": 6, "rejected": 3, "orders": 0, "returns": 0} == tally(second)


def test_a_return_that_was_left_over_finds_its_sale_in_a_later_file(merchant: Merchant, tmp_path: Path):
    import_text(merchant, tmp_path / "a.csv", as_csv([invoice("C4", "10001", -2, 1.00)]), RETAIL)
    sale = invoice("1", "10001", 5, 1.00, at="2011-06-01 10:00:00")
    job = import_text(merchant, tmp_path / "b.csv", as_csv([sale, invoice("C4", "10001", -2, 1.00)]), RETAIL)
    assert rejected(job) == {}
    assert OrderLine.objects.get().returned == 2


def test_a_return_finds_its_sale_in_an_earlier_file(merchant: Merchant, tmp_path: Path):
    sale = invoice("1", "10001", 5, 1.00, at="2011-06-01 10:00:00")
    import_text(merchant, tmp_path / "a.csv", as_csv([sale]), RETAIL)
    job = import_text(merchant, tmp_path / "b.csv", as_csv([invoice("C4", "10001", -2, 1.00)]), RETAIL)
    assert (rejected(job), OrderLine.objects.get().returned) == ({}, 2)


def test_a_dry_run_writes_nothing_but_the_report(merchant: Merchant, book: Path):
    rehearsed = import_path(merchant, book, RETAIL, dry_run=True)
    assert rehearsed.state == Job.State.DONE
    assert all(not rows for rows in everything().values())
    assert not Delivery.objects.exists()
    real = import_path(merchant, book, RETAIL)
    assert rejected(rehearsed) == rejected(real) == LISTED
    assert tally(rehearsed) | {"products": 2} == tally(real)


@pytest.mark.parametrize(
    ("module", "name", "at_call"),
    [
        (importer, "write_new", 1),
        (importer, "write_new", 2),
        (importer, "record_returns", 2),
        (importer, "save_tally", 4),
    ],
)
def test_a_job_that_died_goes_on_where_it_was(
    merchant: Merchant,
    book: Path,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    at_call: int,
):
    whole = MerchantCopy(book)
    with monkeypatch.context() as patch:
        interrupt(patch, module, name, at_call=at_call, error=OperationalError("the database went away"))
        job = request_import(merchant, file_format=RETAIL, dry_run=False, staff=None, path=book)
        with pytest.raises(OperationalError):
            run(job)
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED)
    job = run(Job.objects.get(pk=job.pk))
    assert job.state == Job.State.DONE
    assert rejected(job) == LISTED
    assert tally(job) == whole.tally
    assert everything() == whole.everything


class MerchantCopy:
    """What an undisturbed import of the same file leaves, in a shop that is gone again."""

    def __init__(self, book: Path) -> None:
        shop = Merchant.objects.create(slug="undisturbed", name="Undisturbed")
        job = import_path(shop, book, RETAIL)
        self.tally, self.everything = tally(job), everything()
        job.delete()
        Return.objects.filter(merchant=shop).delete()
        Order.objects.filter(merchant=shop).delete()
        shop.delete()


def test_a_cancelled_job_stops_between_two_batches(
    merchant: Merchant, book: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
):
    original = importer.write_new

    def cancelling(*args: Any) -> None:
        original(*args)
        cancel_job(job)
        # The bar is written once a second; here that is now.
        monkeypatch.setattr("core.jobs.time.monotonic", lambda: 10.0**9)

    monkeypatch.setattr(importer, "write_new", cancelling)
    job = request_import(merchant, file_format=RETAIL, dry_run=False, staff=None, path=book)
    job = run(job)
    assert job.state == Job.State.CANCELLED
    assert list(Order.objects.values_list("number", flat=True)) == ["1"]
    assert Product.objects.get().source == Product.Source.CATALOG
    assert tally(job) | {"imported": 1, "orders": 1, "batches": 1} == tally(job)
    told = list(Delivery.objects.values_list("event", "handler"))
    assert len(told) == len(set(told))  # of the first batch alone


def test_an_order_that_somebody_else_just_stored_is_left_alone(
    merchant: Merchant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Between looking and writing the shop itself sends the order: the batch is tried again and finds it."""
    original, calls = writing.copy_rows, []

    def racing(model: Any, frame: Any) -> None:
        if not calls:
            calls.append(1)
            raise IntegrityError("order_number_once")
        original(model, frame)

    monkeypatch.setattr(writing, "copy_rows", racing)
    job = import_text(merchant, tmp_path / "a.csv", as_csv([row("A-1"), row("A-2")]), CSV)
    assert job.state == Job.State.DONE
    assert Order.objects.count() == 2
    assert Customer.objects.count() == 2


def test_orders_of_the_api_are_not_touched(merchant: Merchant, tmp_path: Path):
    job = import_text(merchant, tmp_path / "a.csv", as_csv([row("A-1")]), CSV)
    Order.objects.update(source=Order.Source.API, payment_method="invoice")
    job = import_text(merchant, tmp_path / "a.csv", as_csv([row("A-1", payment_method="card")]), CSV)
    assert tally(job)["unchanged"] == 1
    assert Order.objects.get().payment_method == "invoice"


def test_another_shop_with_the_same_numbers_is_not_touched(merchant: Merchant, stranger: Membership, tmp_path: Path):
    import_text(stranger.merchant, tmp_path / "a.csv", as_csv([row("A-1", customer_id="c-1", total="44.97")]), CSV)
    theirs = Order.objects.get()
    job = import_text(
        merchant,
        tmp_path / "a.csv",
        as_csv([row("A-1", customer_id="c-1", quantity="x"), row("A-2", customer_id="c-1")]),
        CSV,
    )
    assert tally(job)["imported"] == 1
    theirs.refresh_from_db()
    assert theirs.total == 4497
    mine = Order.objects.get(number="A-2")
    assert mine.merchant == merchant
    assert mine.customer_id != theirs.customer_id
    assert mine.lines.get().product_id != theirs.lines.get().product_id
    assert not ImportRejection.objects.filter(merchant=stranger.merchant).exists()


def test_what_the_shop_sends_after_an_import_joins_the_same_profile(merchant: Merchant, tmp_path: Path):
    import_text(merchant, tmp_path / "a.csv", as_csv([row("A-1", customer_id="c-1")]), CSV)
    later = OrderData(
        number="A-2",
        placed_at=Order.objects.get().placed_at,
        currency="EUR",
        total=100,
        lines=[LineData(sku="84029E", quantity=1, unit_price=100, tax_rate=Product.objects.get().tax_rate)],
        customer=Person(external_id="c-1"),
    )
    place_order(merchant, later)
    assert Customer.objects.get().orders_count == 2


def test_that_orders_were_imported_is_published_once(
    merchant: Merchant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    published: list[Any] = []
    monkeypatch.setattr(importer, "publish", published.append)
    job = import_text(merchant, tmp_path / "a.csv", as_csv([row("A-1")]), CSV)
    assert [(event.merchant_id, event.job_id) for event in published] == [(merchant.pk, job.pk)]
    import_text(merchant, tmp_path / "a.csv", as_csv([row("A-1")]), CSV)
    assert len(published) == 1


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 99, b"order_number\nA-1\n", b'order_number,"x\n'])
def test_a_file_that_cannot_be_read_fails_the_job_with_a_sentence(merchant: Merchant, tmp_path: Path, content: bytes):
    job = import_text(merchant, tmp_path / "a.csv", content, CSV)
    assert job.state == Job.State.FAILED
    assert job.error.endswith(".")
    assert not Order.objects.exists()


def test_reasons_are_in_the_language_of_the_shop(merchant: Merchant, tmp_path: Path):
    merchant.language = "en"
    merchant.save()
    job = import_text(merchant, tmp_path / "a.csv", as_csv([row(quantity="x")]), CSV)
    rejection = ImportRejection.objects.get(job=job)
    assert rejection.reason == "quantity is “x”, which is no whole number within reason."
    assert rejection.row["order_number"] == "A-1"


def test_every_code_has_a_sentence_and_every_sentence_its_values():
    for code in REASONS:
        assert explain(code, column="quantity", value="x" * 500)
        assert len(explain(code, column="quantity", value="x" * 500)) <= 300


class TestUploads:
    @pytest.fixture
    def job(self, merchant: Merchant, membership: Membership, settings: Any, tmp_path: Path) -> Job:
        settings.STORAGES = settings.STORAGES | {
            "default": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": tmp_path / "files"},
            }
        }
        upload = ContentFile(as_csv([row("A-1")]).encode(), name="C:\\secret\\orders.csv")
        return request_import(merchant, file_format=CSV, dry_run=False, staff=membership.staff, upload=upload)

    def test_an_uploaded_file_is_imported_and_deleted(self, job: Job):
        stored = job.parameters["upload"]
        assert default_storage.exists(stored)
        assert run(job).state == Job.State.DONE
        assert not default_storage.exists(stored)
        assert Order.objects.count() == 1

    def test_who_asked_is_in_the_audit_log(self, job: Job, membership: Membership):
        entry = AuditEntry.objects.get(action="import.requested")
        assert (entry.staff, entry.subject_id) == (membership.staff, str(job.pk))

    def test_a_file_is_kept_while_the_database_is_away(self, job: Job, monkeypatch: pytest.MonkeyPatch):
        interrupt(monkeypatch, importer, "write_new", at_call=1, error=OperationalError("away"))
        with pytest.raises(OperationalError):
            run(job)
        assert default_storage.exists(job.parameters["upload"])

    def test_a_broken_file_is_deleted_too(self, job: Job, monkeypatch: pytest.MonkeyPatch):
        interrupt(monkeypatch, importer, "write_new", at_call=1, error=RuntimeError("broken"))
        with pytest.raises(RuntimeError):
            run(job)
        assert not default_storage.exists(job.parameters["upload"])


class TestCommand:
    def test_it_prints_what_became_of_the_file(self, merchant: Merchant, book: Path):
        out = StringIO()
        call_command("import_orders", str(book), merchant=merchant.slug, format=RETAIL, stdout=out)
        assert "9 rows: 6 imported, 0 known already, 3 rejected" in out.getvalue()
        assert "1  manual_entry" in out.getvalue()
        assert Order.objects.count() == 3

    def test_a_dry_run(self, merchant: Merchant, book: Path):
        call_command("import_orders", str(book), merchant=merchant.slug, format=RETAIL, dry_run=True, stdout=StringIO())
        assert not Order.objects.exists()

    def test_an_unknown_shop_is_an_error_with_the_known_ones(self, merchant: Merchant, book: Path):
        with pytest.raises(CommandError, match=merchant.slug):
            call_command("import_orders", str(book), merchant="nobody", format=RETAIL, stdout=StringIO())
        assert not Job.objects.exists()

    def test_it_can_make_the_shop(self, db: None, book: Path):
        call_command("import_orders", str(book), merchant="new", format=RETAIL, create_merchant=True, stdout=StringIO())
        shop = Merchant.objects.get(slug="new")
        assert (shop.currency, shop.language, shop.time_zone) == ("GBP", "en", "Europe/London")
        assert Order.objects.filter(currency="GBP").count() == 3

    def test_a_file_that_cannot_be_read_is_an_error(self, merchant: Merchant, tmp_path: Path):
        with pytest.raises(CommandError, match=r"no file “nowhere\.csv”|nowhere\.csv"):
            call_command(
                "import_orders", str(tmp_path / "nowhere.csv"), merchant=merchant.slug, format=CSV, stdout=StringIO()
            )
