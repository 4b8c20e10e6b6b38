"""Scripts of a storefront's pages may call what is meant for them, and nothing else."""

from typing import Any

import pytest

from core.api.problems import CONTENT_TYPE
from merchants.models import Merchant
from tests.api_operations import Operation, api_operations
from tests.storefront import Storefront, storefront

ORIGIN = "https://shop.example"
RECOMMENDATIONS = "/api/v1/recommendations"
# Reading, and what is sent: everything else is for servers.
TRACKING = {f"/api/v1/{name}" for name in ("batch", "track", "identify", "page", "screen", "alias", "group")}
SEARCH = {"/api/v1/search", "/api/v1/search/suggestions"}
FOR_BROWSERS = {RECOMMENDATIONS, *SEARCH, *TRACKING}


def _preflight(path: str, method: str, **headers: str) -> Any:
    return Storefront(**{"Origin": ORIGIN, "Access-Control-Request-Method": method} | headers).options(path)


@pytest.mark.parametrize("operation", api_operations(), ids=str)
def test_a_preflight_is_answered_for_what_browsers_may_call_alone(operation: Operation, db: None) -> None:
    answer = _preflight(operation.path, operation.method)
    if operation.path in FOR_BROWSERS:
        assert answer.status_code == 204
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert operation.method in answer["Access-Control-Allow-Methods"].split(", ")
        assert answer["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    else:
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_reads_what_a_publishable_key_is_answered(merchant: Merchant) -> None:
    answer = storefront(merchant, kind="pk", Origin=ORIGIN).get(RECOMMENDATIONS, {"placement": "home"})
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_a_page_reads_why_it_was_refused(merchant: Merchant) -> None:
    for shop, status in ((Storefront(Origin=ORIGIN), 401), (storefront(merchant, kind="pk", Origin=ORIGIN), 400)):
        answer = shop.get(RECOMMENDATIONS)
        assert (answer.status_code, answer["Content-Type"]) == (status, CONTENT_TYPE)
        assert answer["Access-Control-Allow-Origin"] == "*"


def test_a_secret_key_in_a_page_gets_nothing_that_the_page_could_read(merchant: Merchant) -> None:
    answer = storefront(merchant, Origin=ORIGIN).get(RECOMMENDATIONS, {"placement": "home"})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
