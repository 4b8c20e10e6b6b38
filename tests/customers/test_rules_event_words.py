"""What an event is about, in a few words."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules.event_words import MOST_LETTERS, headline
from tests.customers.sdks.ecommerce import CALLS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "products", "page", "path", "x"]), inner)
    ),
    max_leaves=8,
)
OBJECT = st.dictionaries(st.sampled_from(["name", "products", "page", "sku", "order_id"]), JSON)


@pytest.mark.parametrize(
    ("properties", "context", "words"),
    [
        ({"sku": "mug-blue", "name": "Mug, blue"}, {}, "Mug, blue"),
        ({"sku": "mug-blue"}, {}, "mug-blue"),
        ({"order_id": 4711}, {}, "4711"),
        ({"query": "  red\n mug "}, {}, "red mug"),
        ({"products": [{"name": "Mug"}]}, {}, "Mug"),
        ({"products": [{"sku": "mug"}, {}, {}]}, {}, "mug +2"),
        ({}, {"page": {"path": "/mugs", "url": "https://shop.example/mugs"}}, "/mugs"),
        ({}, {"page": {"url": "https://shop.example/mugs"}}, "https://shop.example/mugs"),
        ({"name": True, "products": "none"}, {"page": None}, ""),
        ({"name": "x" * 500}, {}, "x" * MOST_LETTERS),
    ],
)
def test_headlines(properties: dict[str, Any], context: dict[str, Any], words: str) -> None:
    assert headline(properties, context) == words


@pytest.mark.parametrize(("name", "properties"), CALLS, ids=[name for name, _properties in CALLS])
def test_every_event_of_the_spec_has_a_headline(name: str, properties: dict[str, Any]) -> None:
    assert headline(properties, {}) or name.startswith("Checkout Step")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(OBJECT, OBJECT)
def test_whatever_a_shop_sends_has_words(properties: dict[str, Any], context: dict[str, Any]) -> None:
    assert len(headline(properties, context)) <= MOST_LETTERS + 8
