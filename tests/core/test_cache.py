"""A Redis that is away is an empty cache, and never keeps anybody out."""

import socket
from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from core.cache import ForgivingRedisCache
from merchants.models import Membership
from tests.factories import PASSWORD


@pytest.fixture
def hanging_redis(settings: Settings) -> Iterator[None]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": address}}
        yield
    ForgivingRedisCache._rests_until = 0.0


def test_a_hanging_redis_reads_as_empty(hanging_redis: None) -> None:
    cache = caches["default"]
    cache.set("a", 1)
    assert cache.get("a", "nothing") == "nothing"
    assert cache.add("a", 1) is True
    assert cache.get_many(["a"]) == {}
    assert cache.delete("a") is False
    assert cache.set_many({"a": 1}) == ["a"]


def test_people_log_in_while_redis_hangs(hanging_redis: None, membership: Membership) -> None:
    browser = Client()
    answer = browser.post("/accounts/login/", {"login": membership.staff.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert browser.get(f"/m/{membership.merchant.slug}/").status_code == 200


def test_redis_is_used_while_it_answers() -> None:
    cache = caches["default"]
    cache.set("a", 1)
    assert cache.get("a") == 1
    assert cache.add("a", 2) is False
    assert cache.delete("a") is True
