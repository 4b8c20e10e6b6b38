"""Inputs made from the OpenAPI schema, valid and not: no 5xx, and every answer is one that the schema declares."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cxapp.wsgi import application
from merchants.actions import create_api_key
from merchants.models import Merchant
from tests.orders.samples import ORDER
from tests.storefront import Storefront

# The application is called as by a web server, which closes and opens connections between requests.
pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = 15
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Identifiers that exist, so that half of the requests get past "not found".
KNOWN = {"number": "A-1001", "sku": "84029E", "external_id": "c-1"}


@pytest.fixture
def token(merchant: Merchant, settings: Any) -> str:
    """A key of a shop with a product, an order and a customer, and no limit."""
    settings.API_REQUESTS_PER_SECOND = 10**6
    _key, token = create_api_key(merchant, kind="sk", name="tests")
    server = Storefront(token)
    assert server.put("/api/v1/products/84029E", {"title": "Mug", "price": 1999}).status_code == 201
    assert server.post("/api/v1/orders", ORDER).status_code == 201
    return token


def operations() -> list[APIOperation[Any, Any, Any, Any]]:
    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
    return [found.ok() for found in schema.get_all_operations()]


def attack(operation: APIOperation[Any, Any, Any, Any], token: str) -> None:
    """Send generated requests, the same ones in every run."""
    cases = st.one_of(operation.as_strategy(mode) for mode in GenerationMode)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, is_known=st.booleans())
    def send(case: Case, is_known: bool) -> None:
        if is_known:
            case.path_parameters |= {name: KNOWN[name] for name in case.path_parameters if name in KNOWN}
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

    send()


def test_no_input_breaks_the_server(token: str) -> None:
    found = operations()
    assert {operation.label for operation in found} >= {"POST /api/v1/orders", "PUT /api/v1/products/{sku}"}
    for operation in found:
        attack(operation, token)
