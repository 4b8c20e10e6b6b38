"""Files of many people at the erasure of one: those that hold the person go, the others stay, and the receipt says which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core.jobs import run
from core.models import Job
from core.privacy import Person
from customers.actions import exports
from customers.actions.exports import request_export
from customers.actions.imports import store_upload
from customers.actions.privacy import open_request
from customers.actions.privacy.erasure import erase_customer
from customers.actions.profiles import Person as Given
from customers.actions.profiles import resolve_customer
from customers.importing.mentions import holds
from customers.models import Customer, CustomerImport, PrivacyRequest
from merchants.models import Membership, Merchant
from tests.factories import CustomerFactory


@pytest.fixture
def ada(merchant: Merchant) -> Customer:
    given = Given(
        external_id="C-77", email="ada@example.org", phone="030 1234567", first_name="Ada", last_name="Lovelace"
    )
    return resolve_customer(merchant, given)


@pytest.fixture
def grace(merchant: Merchant) -> Customer:
    person: Customer = CustomerFactory(merchant=merchant, email="grace@example.org", country="AT")
    return person


def export(membership: Membership, query: str = "") -> Job:
    asked: dict[str, Any] = {"query": query, "columns": ["country"], "file_format": "csv", "with_consents": False}
    return run(request_export(membership.merchant, staff=membership.staff, **asked))


def upload(merchant: Merchant, text: str) -> CustomerImport:
    return store_upload(merchant, ContentFile(text.encode(), name="people.csv"), staff=None)


def erase(customer: Customer, membership: Membership) -> PrivacyRequest:
    request = open_request(
        customer.merchant, kind="erasure", channel="email", customer=customer, identity_evidence="known"
    )
    return erase_customer(customer, request=request, staff=membership.staff)


def files_of(receipt: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(place for place in receipt["places"] if place.get("store") == "files")
    return found


def left(merchant: Merchant) -> set[str]:
    return {
        name
        for folder in ("exports", "imports")
        if default_storage.exists(f"{folder}/{merchant.pk}")
        for name in default_storage.listdir(f"{folder}/{merchant.pk}")[1]
    }


def test_only_the_files_with_the_person_go_and_the_receipt_says_which(
    ada: Customer, grace: Customer, membership: Membership, client: Client
) -> None:
    everybody, austrians = export(membership), export(membership, "country=AT")
    with_ada = upload(ada.merchant, "email,city\nADA@example.org ,Bonn\n")
    without = upload(ada.merchant, "email,city\nlinus@example.org,Bonn\n")
    request = erase(ada, membership)

    place = files_of(request.receipt)
    assert place["deleted"] == 2
    said = [(detail["what"], detail.get("number"), detail.get("why")) for detail in place["details"]]
    assert said == [("export", everybody.pk, "holds"), ("upload", with_ada.pk, "holds"), ("kept", None, None)]
    for row in (everybody, austrians, with_ada, without):
        row.refresh_from_db()
    assert "export" not in everybody.result
    assert (with_ada.upload, bool(without.upload)) == ("", True)
    name = Path(austrians.result["export"]).name
    assert left(ada.merchant) == {name, f"{name}.ids", Path(without.upload).name}

    with translation.override("en"):
        page = client.get(reverse("privacy_receipt", args=[ada.merchant.slug, request.pk])).text
    assert f"Exported list no. {everybody.pk}" in page
    assert "held this person" in page
    assert "2 files do not hold the person and stay." in page
    assert "people.csv" not in page


def test_a_list_of_which_nobody_knows_who_is_in_it_goes(ada: Customer, grace: Customer, membership: Membership) -> None:
    job = export(membership, "country=AT")
    default_storage.delete(f"{job.result['export']}.ids")
    [detail] = files_of(erase(ada, membership).receipt)["details"]
    assert (detail["what"], detail["why"]) == ("export", "unknown")
    assert left(ada.merchant) == set()


def test_a_list_with_a_profile_that_was_merged_into_the_persons_goes(
    ada: Customer, merchant: Merchant, membership: Membership
) -> None:
    resolve_customer(merchant, Given(email="countess@example.org", country="FR"))
    export(membership, "country=FR")
    resolve_customer(merchant, Given(external_id="C-77", email="countess@example.org"))
    assert files_of(erase(ada, membership).receipt)["deleted"] == 1


def test_who_leaves_while_a_list_is_written_is_not_in_it(
    ada: Customer, grace: Customer, membership: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = exports._csv

    def and_then_ada_leaves(*given: Any) -> Iterator[str]:
        yield from written(*given)
        monkeypatch.setattr(exports, "_csv", written)
        erase(ada, membership)

    monkeypatch.setattr(exports, "_csv", and_then_ada_leaves)
    job = export(membership)
    name = Path(job.result["export"]).name
    assert job.result["rows"] == 1
    assert left(ada.merchant) == {name, f"{name}.ids"}


PERSON = Person(
    merchant_id=1,
    ids=(1,),
    addresses=("ada@example.org", "+49301234567"),
    numbers=("C-77",),
    names=(("Ada", "Lovelace"),),
)


@pytest.mark.parametrize(
    ("row", "is_in"),
    [
        ("ADA@Example.org;x", True),
        ("write to ada@example.org;x", True),
        ("030/123 45 67;x", True),
        ("0049 30 1234567;x", True),
        ("c-77;x", True),
        ("Lovelace, Ada;x", True),
        ("Ada;LOVELACE", True),
        ("Ada;Berg", False),
        ("C-778;x", False),
        ("grace@example.org;030 7654321", False),
        ("4567;1234", False),
    ],
)
def test_a_person_is_found_in_a_file_however_it_is_written(tmp_path: Path, row: str, *, is_in: bool) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"first;second\nx;y\n{row}\n")
    assert holds(path, PERSON) is is_in


@pytest.mark.parametrize(
    "text", ["", '{"email": "x@example.org"}\n{"email": ', "a;b\nx;y\nonly one\n", "\0\0\0"], ids=str.strip
)
def test_of_a_file_that_cannot_be_read_to_its_end_nothing_is_known(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    assert holds(path, PERSON) is None


def test_of_somebody_with_nothing_to_look_for_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("first;second\nx;y\n")
    assert holds(path, Person(merchant_id=1, ids=(1,))) is None


def test_what_lies_deep_in_json_is_found(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_text('[{"id": 1, "tags": [{"mail": "ada@example.org"}]}]')
    assert holds(path, PERSON) is True
