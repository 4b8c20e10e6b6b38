"""Counting what a page asks the database."""

from unittest import mock

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations import loading


def queries_of(browser: Client, url: str) -> int:
    """How many statements a page costs; session and process are warm, so that only the page counts.

    What the process looks up again every few seconds would make the count depend on the clock.
    """
    loading.forget()
    with mock.patch.multiple(loading, POINTER_SECONDS=3600, SHELF_SECONDS=3600):
        browser.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(url).status_code == 200
    return len(captured)
