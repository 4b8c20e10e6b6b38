"""How many statements a page costs, in a shop of one and in a shop of many."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.crowd import Crowd


def extra_queries(small: Crowd, large: Crowd) -> list[tuple[str, int, int]]:
    """Statements of page and list in the large shop beyond those in the small one, and how many there may be.

    Of more than a thousand rows the planner is asked how many there are: one statement more.
    """
    return [
        ("queries of the page for 100,000 events, beyond those for one", _page(large) - _page(small), 0),
        ("queries of the list of 200,000 customers, beyond those for one", _list(large) - _list(small), 1),
    ]


def _page(shop: Crowd) -> int:
    return _statements(shop, f"/m/{shop.merchant.slug}/customers/{shop.busiest}/")


def _list(shop: Crowd) -> int:
    return _statements(shop, f"/m/{shop.merchant.slug}/customers/")


def _statements(shop: Crowd, path: str) -> int:
    browser = Client(headers={"Cookie": shop.cookie}, SERVER_NAME="localhost")
    browser.get(path)  # what a process looks up once
    with CaptureQueriesContext(connection) as captured:
        if browser.get(path).status_code != 200:
            raise RuntimeError(f"{path} could not be read.")
    return len(captured)
