"""Makes the demo shops in the database, with staff and keys, and takes them away again."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Model

from core.bulk import Tick, collecting_no_garbage, copy_rows
from core.errors import DomainError
from core.statistics import refresh_statistics
from customers.models import PrivacyRequest
from cxapp.demo.assortment import MAIN, SECOND, Assortment, load
from cxapp.demo.duplicates import add_duplicates
from cxapp.demo.loyalty import add_loyalty
from cxapp.demo.privacy import write_privacy_requests
from cxapp.demo.promoting import add_promotions
from cxapp.demo.recommending import add_recommendations
from cxapp.demo.relations import relation_rows
from cxapp.demo.rows import ShopRows
from cxapp.demo.searches import write_searches
from cxapp.demo.shop import generate
from merchants.actions import create_api_key, set_membership
from merchants.models import ApiKey, Merchant, MerchantModel, Role, Staff
from orders.actions.valuation import value_customers
from orders.models import Order
from promotions.models import PointEntry, Redemption
from recommendations.models import Impression, SearchTerm

SECOND_CUSTOMERS = 18
# A COPY of a big shop on a slow disk; settings.py ends statements that a person waits for after half a minute.
TIMEOUT = "10min"
ROLES = {"owner": Role.OWNER, "editor": Role.EDITOR, "analyst": Role.ANALYST, "support": Role.SUPPORT}
# Opens a step of the work; what it yields is told how much was done.
Watch = Callable[[str, int | None], AbstractContextManager[Tick]]


@dataclass(frozen=True)
class Access:
    """How to get into the main demo shop; the secrets are known here and nowhere else."""

    merchant: str
    team: dict[str, str]
    password: str
    secret_key: str
    publishable_key: str

    def as_json(self) -> dict[str, object]:
        """What the credentials file holds; the owner is the ``staff`` to log in with."""
        return {
            "merchant": self.merchant,
            "staff": {"email": self.team["owner"], "password": self.password},
            "secret_key": self.secret_key,
            "publishable_key": self.publishable_key,
            "team": self.team,
        }


def demo_merchants() -> list[Merchant]:
    """The demo shops that are there. Raises DomainError for a real shop under one of their names."""
    found = list(Merchant.objects.filter(slug__in=[MAIN, SECOND]))
    for merchant in found:
        if not _is_demo(merchant):
            raise DomainError(
                "not_a_demo_shop",
                f"The merchant “{merchant.slug}” is no demo shop, so it stays as it is. "
                "Give it another short name to make room for the demo.",
            )
    return found


def _is_demo(merchant: Merchant) -> bool:
    """Only we write demo orders; the website tells of a shop too small to have any, and may be edited."""
    orders = Order.objects.for_merchant(merchant).filter(source=Order.Source.DEMO)
    return orders.exists() or merchant.website == load(merchant.slug).merchant["website"]


@transaction.atomic
def build(*, customers: int, seed: int, now: datetime, watch: Watch) -> tuple[Access, Counter[str]]:
    """Both demo shops, whole or not at all; the main one's access, and its rows by their plural name."""
    _allow_time()
    password = secrets.token_urlsafe(12)
    hashed = make_password(password)  # once: it is slow on purpose
    main = _make_merchant(load(MAIN), hashed)
    counts = _fill(main, customers=customers, seed=seed, now=now, watch=watch)
    second = _make_merchant(load(SECOND), hashed)
    _fill(second, customers=SECOND_CUSTOMERS, seed=seed, now=now, watch=watch)
    owner = Staff.objects.get(email=load(MAIN).staff["owner"])
    with watch(f"{main.name}: meeting some people twice", None):
        add_duplicates(main, staff=owner)
    keys = {
        kind: create_api_key(main, kind=kind, name="Demo", staff=owner)[1]
        for kind in (ApiKey.Kind.SECRET, ApiKey.Kind.PUBLISHABLE)
    }
    access = Access(
        main.slug, dict(load(MAIN).staff), password, keys[ApiKey.Kind.SECRET], keys[ApiKey.Kind.PUBLISHABLE]
    )
    return access, counts


@transaction.atomic
def remove(merchants: list[Merchant]) -> None:
    """Delete these merchants with everything that is theirs, models on disk included; staff keep their accounts."""
    _allow_time()
    for merchant in merchants:
        models = Path(settings.MODELS_DIR) / str(merchant.pk)
        transaction.on_commit(partial(shutil.rmtree, models, ignore_errors=True))
    for merchant in merchants:
        for model in _tables():
            # Foreign keys are checked when the transaction ends, so the order does not matter.
            rows = model.objects.for_merchant(merchant)
            rows._raw_delete(rows.db)
    Merchant.objects.filter(pk__in=[merchant.pk for merchant in merchants]).delete()


def _tables() -> Iterator[type[MerchantModel]]:
    return (model for model in apps.get_models() if issubclass(model, MerchantModel))


def _make_merchant(assortment: Assortment, hashed_password: str) -> Merchant:
    merchant = Merchant.objects.create(**assortment.merchant)
    for name, email in assortment.staff.items():
        set_membership(merchant, _member(email, hashed_password, is_owner=name == "owner"), ROLES[name], staff=None)
    return merchant


def _member(email: str, hashed_password: str, *, is_owner: bool) -> Staff:
    """The account with this password; the owner's also opens /admin/."""
    member = Staff.objects.filter(email=email).first() or Staff(email=email)
    member.is_staff = member.is_superuser = is_owner
    member.is_active = True
    member.password = hashed_password
    member.save()
    return member


def _fill(merchant: Merchant, *, customers: int, seed: int, now: datetime, watch: Watch) -> Counter[str]:
    with watch(f"{merchant.name}: inventing eighteen months", customers) as tick:
        shop = generate(merchant.slug, customers=customers, seed=seed, now=now, tick=tick)
    counts: Counter[str] = Counter()
    with watch(f"{merchant.name}: storing them", None) as tick, collecting_no_garbage():
        for batch in _batches(ShopRows(merchant, shop), seed=seed, now=now):
            copy_rows(batch, tick)
            if batch:
                counts[str(batch[0]._meta.verbose_name_plural)] += len(batch)
        refresh_statistics(_tables())
    with watch(f"{merchant.name}: seeing recommendations", None):
        counts[str(Impression._meta.verbose_name_plural)] += add_recommendations(merchant, seed=seed, now=now)
    with watch(f"{merchant.name}: giving points", None):
        counts[str(PointEntry._meta.verbose_name_plural)] += add_loyalty(merchant, seed=seed, now=now)
    with watch(f"{merchant.name}: adding up what customers are worth", None) as tick:
        value_customers(merchant, _Quiet(tick))
    with watch(f"{merchant.name}: offering promotions", None):
        counts[str(Redemption._meta.verbose_name_plural)] += add_promotions(merchant, seed=seed, now=now)
    with watch(f"{merchant.name}: indexing what can be searched for", None):
        today = now.astimezone(merchant.tz).date()
        counts[str(SearchTerm._meta.verbose_name_plural)] += write_searches(merchant, seed=seed, today=today)
    counts[str(PrivacyRequest._meta.verbose_name_plural)] += write_privacy_requests(merchant, now=now)
    return counts


class _Quiet:
    """The round over customers as a step of the demo: it only ticks."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick

    def step(self, text: str, *, total: int | None = None) -> None:
        pass

    def advance(self, count: int = 1) -> None:
        self._tick(count)


def _batches(rows: ShopRows, *, seed: int, now: datetime) -> Iterator[Sequence[Model]]:
    """What the shop's systems tell, then what its staff add: that is about people who are stored already."""
    yield from rows.batches()
    yield from relation_rows(rows.merchant, rows.customers, seed=seed, now=now)


def _allow_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIMEOUT])
