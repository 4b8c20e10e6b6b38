"""Statements that are executed in one call of libpq behave as Django's own."""

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from core.prepared import PreparedStatement
from merchants.models import Merchant

ECHO = PreparedStatement("echo", "SELECT $1::bigint + 1, $2::text")
INSERT = PreparedStatement(
    "insert_merchant",
    "INSERT INTO merchants_merchant (slug, name) SELECT $1::text, $1::text RETURNING id",
)


@pytest.mark.django_db
def test_values_go_there_and_rows_come_back_as_text():
    assert ECHO.rows("41", "Straße € 'quoted' \\ $1") == [("42", "Straße € 'quoted' \\ $1")]
    assert ECHO.rows("1", None) == [("2", None)]


@pytest.mark.django_db
def test_it_sees_and_joins_the_transaction_it_is_called_in(merchant):
    rename = PreparedStatement(
        "rename", "UPDATE merchants_merchant SET name = $2::text WHERE id = $1::bigint RETURNING id"
    )
    with transaction.atomic():
        rename.rows(str(merchant.pk), "Renamed")
        assert Merchant.objects.get(pk=merchant.pk).name == "Renamed"
        transaction.set_rollback(True)
    assert Merchant.objects.get(pk=merchant.pk).name == merchant.name


@pytest.mark.django_db(transaction=True)
def test_the_first_statement_of_a_transaction_is_undone_with_it():
    make = PreparedStatement("make_table", "SELECT set_config('cx.probe', $1::text, true)")
    with transaction.atomic():
        make.rows("in here")
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('cx.probe')")
            assert cursor.fetchone() == ("in here",)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('cx.probe', true)")
        assert cursor.fetchone() == ("",)  # it was local to the transaction


@pytest.mark.django_db(transaction=True)
def test_errors_are_djangos():
    with pytest.raises(DataError):
        ECHO.rows("no number", "")
    with pytest.raises(IntegrityError):
        INSERT.rows("x")  # columns that may not be empty
    assert ECHO.rows("1", "works on") == [("2", "works on")]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_an_operational_error_and_a_new_one_prepares_again():
    assert ECHO.rows("1", "") == [("2", "")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()
    with pytest.raises(OperationalError):
        ECHO.rows("1", "")
    connection.close()
    assert ECHO.rows("1", "") == [("2", "")]
