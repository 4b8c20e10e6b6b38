"""Counting queries, for tests that a screen costs the same for one row and for many."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def queries_of(browser: Client, url: str) -> int:
    """How many statements a page costs; the session is warm, so that only the page counts."""
    browser.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)
