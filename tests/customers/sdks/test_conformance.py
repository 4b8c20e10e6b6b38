"""The public SDKs, unmodified and pointed at us: all 28 events of the e-commerce spec arrive, each once."""

import json
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment
from pytest_django.live_server_helper import LiveServer

from customers.models import Event
from merchants.actions import create_api_key
from merchants.models import Merchant
from tests.customers.sdks.ecommerce import CALLS

NODE = shutil.which("node")
# What an SDK is told: the id of the message, the event's name, its properties.
Call = tuple[str, str, dict[str, Any]]
Sdk = Callable[[str, str, list[Call]], None]
VISITOR = "visitor-1"


def _with_segment_python(url: str, key: str, calls: list[Call]) -> None:
    _with_python(segment.Client, url, key, calls)


def _with_rudder_python(url: str, key: str, calls: list[Call]) -> None:
    _with_python(rudder.Client, url, key, calls)


def _with_python(make: Any, url: str, key: str, calls: list[Call]) -> None:
    """In its normal mode, with a thread of its own that sends batches; a refusal fails the test."""
    refusals: list[Exception] = []
    client = make(
        write_key=key, host=url, upload_size=10, upload_interval=0.05, on_error=lambda e, _: refusals.append(e)
    )
    for message_id, name, properties in calls:
        client.track(anonymous_id=VISITOR, event=name, properties=properties, message_id=message_id)
    client.flush()
    client.join()
    assert refusals == []


def _with_segment_node(url: str, key: str, calls: list[Call]) -> None:
    if NODE is None:
        pytest.skip("no node on this machine; the product itself needs it to install (README.md)")
    told = [
        {"anonymousId": VISITOR, "event": name, "properties": properties, "messageId": message_id}
        for message_id, name, properties in calls
    ]
    script = Path(__file__).with_name("node.mjs")
    subprocess.run(
        [NODE, str(script)],
        input=json.dumps({"host": url, "writeKey": key, "calls": told}),
        text=True,
        check=True,
        timeout=60,
    )


SDKS = [_with_segment_python, _with_rudder_python, _with_segment_node]
every_sdk = pytest.mark.parametrize("send", SDKS, ids=["segment-python", "rudder-python", "segment-node"])


@pytest.fixture
def shop(transactional_db: None, merchant: Merchant) -> Merchant:
    return merchant


@pytest.fixture(params=["sk", "pk"], ids=["secret key", "publishable key"])
def key(request: pytest.FixtureRequest, shop: Merchant) -> str:
    return create_api_key(shop, kind=request.param, name="SDK")[1]


def _calls() -> list[Call]:
    return [(f"m-{number}", name, properties) for number, (name, properties) in enumerate(CALLS)]


def _stored(shop: Merchant) -> Iterator[Event]:
    return Event.objects.for_merchant(shop).order_by("message_id").iterator()


@every_sdk
def test_every_event_of_the_spec_is_stored_as_it_was_told(
    send: Sdk, live_server: LiveServer, shop: Merchant, key: str
) -> None:
    send(live_server.url, key, _calls())
    stored = {event.message_id: event for event in _stored(shop)}
    assert len(stored) == Event.objects.for_merchant(shop).count() == len(CALLS) == 28
    for message_id, name, properties in _calls():
        event = stored[message_id]
        assert (event.kind, event.name, event.anonymous_id) == ("track", name, VISITOR)
        assert event.properties == properties


@every_sdk
def test_sent_twice_and_shuffled_every_event_is_stored_once(
    send: Sdk, live_server: LiveServer, shop: Merchant, key: str
) -> None:
    for seed in (1, 2):
        calls = _calls() + _calls()
        random.Random(seed).shuffle(calls)
        send(live_server.url, key, calls)
    assert Counter(event.name for event in _stored(shop)) == Counter(name for name, _properties in CALLS)


def test_three_sdks_that_tell_of_the_same_visit_store_it_once(live_server: LiveServer, shop: Merchant) -> None:
    _row, key = create_api_key(shop, kind="sk", name="SDK")
    for send in SDKS:
        send(live_server.url, key, _calls())
    assert Event.objects.for_merchant(shop).count() == 28


def test_the_samples_are_the_whole_spec() -> None:
    assert len({name for name, _properties in CALLS}) == len(CALLS) == 28
