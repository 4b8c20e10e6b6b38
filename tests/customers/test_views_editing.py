"""Staff correct a person's details: in place, without scripts, and never over somebody else's change."""

import json

import pytest
from django.test import Client

from customers.models import Customer
from merchants.models import AuditEntry, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory

IN_PLACE = {"HX-Request": "true"}
STORED = {
    "first_name": "Ada",
    "last_name": "Berg",
    "locale": "de",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, **STORED)


@pytest.fixture
def url(customer: Customer) -> str:
    return f"/m/{customer.merchant.slug}/customers/{customer.pk}/edit"


def _posted(seen: dict[str, str] | None = None, **wanted: str) -> dict[str, str]:
    return {**STORED, **wanted, "seen": json.dumps(seen or STORED)}


def _stored(customer: Customer) -> dict[str, str]:
    customer.refresh_from_db()
    return {name: getattr(customer, name) for name in STORED}


def test_a_change_is_stored_shown_and_written_down(client: Client, customer: Customer, url: str) -> None:
    answer = client.post(url, _posted(last_name="Lindgrün", country="AT"), headers=IN_PLACE)
    assert answer.status_code == 200
    assert "Lindgrün" in answer.text
    assert "Austria" in answer.text
    assert _stored(customer) == STORED | {"last_name": "Lindgrün", "country": "AT"}
    entry = AuditEntry.objects.for_merchant(customer.merchant).get()
    assert (entry.action, entry.subject_id, entry.staff is not None) == ("customer.edited", str(customer.pk), True)
    assert entry.changes == {"last_name": {"from": "Berg", "to": "Lindgrün"}, "country": {"from": "DE", "to": "AT"}}
    assert "Customer edited" in client.get(f"/m/{customer.merchant.slug}/settings/audit/").text


def test_it_works_without_scripts(client: Client, customer: Customer, url: str) -> None:
    page = client.get(url)
    assert "<html" in page.text
    form = page.context["form"]
    posted = {name: form[name].value() for name in form.fields} | {"first_name": "Grace"}
    answer = client.post(url, posted, follow=True)
    assert answer.redirect_chain == [(f"/m/{customer.merchant.slug}/customers/{customer.pk}/", 302)]
    assert "Grace Berg" in answer.text


def test_a_stale_edit_comes_back_and_changes_nothing(client: Client, customer: Customer, url: str) -> None:
    Customer.objects.for_merchant(customer.merchant).filter(pk=customer.pk).update(last_name="Cole")
    answer = client.post(url, _posted(last_name="Dunn", first_name="Adele"), headers=IN_PLACE)
    assert answer.status_code == 409
    assert "Somebody else changed this to “Cole” meanwhile." in answer.text
    assert 'value="Dunn"' in answer.text  # what was typed is not lost
    assert _stored(customer) == STORED | {"last_name": "Cole"}
    assert not AuditEntry.objects.for_merchant(customer.merchant).exists()
    # Whoever has read that and saves again means it.
    again = answer.context["form"]
    posted = {name: again[name].value() for name in again.fields}
    assert client.post(url, posted, headers=IN_PLACE).status_code == 200
    assert _stored(customer) == STORED | {"last_name": "Dunn", "first_name": "Adele"}


def test_changes_of_different_things_do_not_disturb_each_other(client: Client, customer: Customer, url: str) -> None:
    Customer.objects.for_merchant(customer.merchant).filter(pk=customer.pk).update(country="CH")
    assert client.post(url, _posted(first_name="Adele"), headers=IN_PLACE).status_code == 200
    assert _stored(customer) == STORED | {"first_name": "Adele", "country": "CH"}


def test_saving_what_is_stored_changes_nothing(client: Client, customer: Customer, url: str) -> None:
    assert client.post(url, _posted(), headers=IN_PLACE).status_code == 200
    assert not AuditEntry.objects.for_merchant(customer.merchant).exists()


@pytest.mark.parametrize(
    "wrong",
    [{"country": "XX"}, {"locale": "klingon"}, {"first_name": "x" * 121}, {"seen": "{}"}, {"seen": "["}, {"seen": ""}],
)
def test_bad_input_is_refused_with_the_form(
    client: Client, customer: Customer, url: str, wrong: dict[str, str]
) -> None:
    answer = client.post(url, _posted() | wrong, headers=IN_PLACE)
    assert answer.status_code == 422
    assert "<form" in answer.text
    assert _stored(customer) == STORED


def test_an_unusual_language_stays_as_it_was_given(client: Client, customer: Customer, url: str) -> None:
    customer.locale = "gsw-CH"
    customer.save()
    seen = STORED | {"locale": "gsw-CH"}
    assert client.post(url, _posted(seen, first_name="Uli", locale="gsw-CH"), headers=IN_PLACE).status_code == 200
    assert _stored(customer) == seen | {"first_name": "Uli"}


def test_an_analyst_reads_but_does_not_edit(customer: Customer, url: str) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=customer.merchant, role=Role.ANALYST).staff)
    assert url not in browser.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/").text
    assert browser.post(url, _posted(first_name="Eve")).status_code == 403
    assert _stored(customer) == STORED
