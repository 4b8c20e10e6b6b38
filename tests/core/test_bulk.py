"""Many rows at once: stored like single ones, refused like single ones."""

import gc

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.bulk import MANY, collecting_no_garbage, insert_rows
from customers.models import Customer, Identity
from merchants.models import Merchant
from tests.factories import CustomerFactory, MerchantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return MerchantFactory()


@pytest.mark.parametrize("count", [0, 3, MANY])
def test_few_and_many_are_stored_in_their_order_and_know_their_ids(merchant: Merchant, count: int) -> None:
    details = {"first_name": "Ада\t\\N", "details_at": {"first_name": "[1]"}, "updated_at": timezone.now()}
    rows = [Customer(merchant=merchant, last_name=f"n{n}", **details) for n in range(count)]
    insert_rows(rows)
    stored = list(Customer.objects.for_merchant(merchant).order_by("pk"))
    assert [(row.pk, row.last_name) for row in stored] == [(row.pk, f"n{n}") for n, row in enumerate(rows)]
    assert all(row.first_name == "Ада\t\\N" and row.details_at == {"first_name": "[1]"} for row in stored)
    assert not any(row._state.adding for row in rows)


@pytest.mark.parametrize("count", [1, MANY])
def test_what_is_there_already_is_refused_and_nothing_is_left(merchant: Merchant, count: int) -> None:
    owner = CustomerFactory(merchant=merchant)
    known = {"merchant": merchant, "customer": owner, "kind": "external_id"}
    Identity.objects.create(**known, value="0")
    before = Identity.objects.for_merchant(merchant).count()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([Identity(**known, value=str(n)) for n in reversed(range(count))])
    assert Identity.objects.for_merchant(merchant).count() == before


def test_garbage_is_collected_again_afterwards_whatever_happens() -> None:
    def fail() -> None:
        with collecting_no_garbage():
            assert not gc.isenabled()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.isenabled()
