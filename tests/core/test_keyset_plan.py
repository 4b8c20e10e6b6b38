"""A page deep in a list costs what the first page costs: both are read off an index."""

from typing import Any

import pytest
from django.db import connection

from core.keyset import paginate
from customers.models import Customer
from merchants.models import Merchant
from tests.factories import CustomerFactory


@pytest.mark.django_db
@pytest.mark.parametrize("ordering", [["-revenue", "-id"], ["revenue", "id"], ["-id"]])
def test_a_column_without_nulls_is_taken_from_its_index(merchant: Merchant, ordering: list[str]) -> None:
    CustomerFactory.create_batch(3, merchant=merchant, email=None, external_id=None)
    rows = Customer.objects.for_merchant(merchant)
    first = paginate(rows, ordering, {}, size=1)
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}", params)
            plans.extend(line for (line,) in cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:  # three rows are no reason for an index by themselves
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
    with connection.execute_wrapper(explain):
        paginate(rows, ordering, {"after": first.after}, size=1)
    plan = "\n".join(plans)
    assert "Index" in plan
    assert "Sort" not in plan
    assert "Index Cond" in plan
