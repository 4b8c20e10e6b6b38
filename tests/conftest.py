"""Fixtures of every test: a member of one shop, and a stranger who works for another."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from core.api.authentication import forget_known_keys
from core.events import DomainEvent, _handlers
from merchants.models import Membership, Merchant
from tests.factories import MembershipFactory, MerchantFactory
from tests.storefront import Storefront, storefront

# Static files as they lie in the tree: nothing is collected for a test. At import, because the middleware reads them once.
settings.WHITENOISE_AUTOREFRESH = True
# A password that takes half a second to check would be most of what a test with people waits for.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Nothing a process remembers outlives a test, the language of its last reader included."""
    forget_known_keys()
    translation.deactivate()
    yield
    cache.clear()


@pytest.fixture
def merchant(db: None) -> Merchant:
    return MerchantFactory(slug="muster", name="Muster")


@pytest.fixture
def membership(merchant: Merchant) -> Membership:
    """An owner at ``merchant``."""
    return MembershipFactory(merchant=merchant)


@pytest.fixture
def stranger(db: None) -> Membership:
    """An owner of another shop on the same installation."""
    return MembershipFactory(merchant__slug="stranger")


@pytest.fixture
def client(membership: Membership) -> Client:
    """A browser in which the owner is logged in."""
    browser = Client()
    browser.force_login(membership.staff)
    return browser


@pytest.fixture
def api(merchant: Merchant) -> Storefront:
    """A storefront's server with a secret key of ``merchant``."""
    return storefront(merchant)


@pytest.fixture
def listen() -> Iterator[Callable[..., list[DomainEvent]]]:
    """``heard = listen(OrderPlaced, …)`` subscribes a handler of the test's, called ``test``, to these events."""
    heard: list[DomainEvent] = []
    subscribed: list[str] = []

    def subscribe_test(*kinds: type[DomainEvent]) -> list[DomainEvent]:
        for kind in kinds:
            subscribed.append(kind.__name__)
            _handlers[kind.__name__]["test"] = heard.append
        return heard

    yield subscribe_test
    for name in subscribed:
        _handlers[name].pop("test", None)
