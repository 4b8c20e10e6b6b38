"""The guards of tenancy, over code that exists and code that is not written yet.

A new address below ``/m/`` fails here until its arguments are known to ``ROWS`` (so that the sweep can call it).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from campaigns.models import Message
from catalog.models import Product
from core.models import Delivery, Job
from customers.models import (
    Company,
    CompanyPerson,
    ConsentRecord,
    Customer,
    CustomerImport,
    Duplicate,
    Event,
    Identity,
    Merge,
    Note,
    PrivacyRequest,
    Task,
)
from merchants.models import ApiKey, Membership, Role
from orders.models import Order
from promotions.models import Coupon, CouponBatch, Promotion, Reward, Tier
from recommendations.models import ModelVersion, Rule, Synonym
from tests.architecture.shop import rows_of, stock_up
from tests.factories import MembershipFactory

# Which model's id an address takes; an address without arguments needs no entry.
ROWS: dict[str, type[Any]] = {
    "api_key_revoke": ApiKey,
    "coupon_detail": CouponBatch,
    "coupon_export": CouponBatch,
    "coupon_revoke": CouponBatch,
    "coupon_code_revoke": Coupon,
    "promotion_figure": Promotion,
    "promotion_replay": Promotion,
    "promotion_replay_start": Promotion,
    "promotion_results": Promotion,
    "promotion_detail": Promotion,
    "promotion_edit": Promotion,
    "promotion_publish": Promotion,
    "promotion_pause": Promotion,
    "promotion_end": Promotion,
    "promotion_duplicate": Promotion,
    "promotion_limits": Promotion,
    "promotion_versions": Promotion,
    "promotion_try": Promotion,
    "promotion_bring_back": Promotion,
    "loyalty_member": Customer,
    "loyalty_adjust": Customer,
    "tier_edit": Tier,
    "tier_delete": Tier,
    "reward_withdraw": Reward,
    "consent_proof": ConsentRecord,
    "consent_record": Customer,
    "customer_detail": Customer,
    "customer_merge": Customer,
    "duplicate_dismiss": Duplicate,
    "merge_undo": Merge,
    "customer_edit": Customer,
    "identity_add": Customer,
    "identity_remove": Identity,
    "identity_unblock": Identity,
    "trait_edit": Customer,
    "customer_object": Customer,
    "customer_timeline": Customer,
    "delivery_retry": Delivery,
    "event_detail": Event,
    "import_detail": Job,
    "import_rejected": Job,
    "job_cancel": Job,
    "job_detail": Job,
    "job_progress": Job,
    "company_delete": Company,
    "company_detail": Company,
    "company_edit": Company,
    "company_person_add": Company,
    "company_person_remove": CompanyPerson,
    "company_person_role": CompanyPerson,
    "company_suggestions": Company,
    "customer_company_add": Customer,
    "customer_export_download": Job,
    "customer_import_confirm": CustomerImport,
    "customer_import_detail": CustomerImport,
    "customer_import_mapping": CustomerImport,
    "customer_import_rejected": CustomerImport,
    "note_add": Customer,
    "note_delete": Note,
    "note_edit": Note,
    "note_pin": Note,
    "task_add": Customer,
    "task_delete": Task,
    "task_done": Task,
    "task_edit": Task,
    "task_reopen": Task,
    "message_detail": Message,
    "preference_link": Customer,
    "message_preview": Message,
    "message_retry": Message,
    "message_source": Message,
    "order_detail": Order,
    "model_version": ModelVersion,
    "model_version_roll_back": ModelVersion,
    "privacy_check": PrivacyRequest,
    "privacy_care": PrivacyRequest,
    "privacy_complete": PrivacyRequest,
    "privacy_detail": PrivacyRequest,
    "privacy_download": PrivacyRequest,
    "privacy_erase": PrivacyRequest,
    "privacy_export": PrivacyRequest,
    "privacy_extend": PrivacyRequest,
    "privacy_issue_link": PrivacyRequest,
    "privacy_receipt": PrivacyRequest,
    "privacy_lift": PrivacyRequest,
    "privacy_refuse": PrivacyRequest,
    "product_detail": Product,
    "synonym_delete": Synonym,
    "synonym_edit": Synonym,
    "rule_delete": Rule,
    "rule_edit": Rule,
    "rule_switch": Rule,
    "team_remove": Membership,
    "team_role": Membership,
}


@dataclass(frozen=True)
class Address:
    """One route below ``/m/<slug>/``: its name, its view, the names of its arguments beside the slug."""

    name: str
    view: Any
    arguments: tuple[str, ...]

    def url(self, membership: Membership, **ids: Any) -> str:
        return reverse(self.name, kwargs={"slug": membership.merchant.slug, **ids})


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry, route)
        else:
            yield route, entry


BACK_OFFICE = [
    Address(str(entry.name), entry.callback, tuple(re.findall(r"<(?:\w+:)?(\w+)>", route))[1:])
    for route, entry in _routes(get_resolver())
    if route.startswith("m/<slug:slug>/")
]
IDS = [address.name for address in BACK_OFFICE]
every_address = pytest.mark.parametrize("address", BACK_OFFICE, ids=IDS)


def _browser(membership: Membership) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(membership.staff)
    return browser


def _arguments(address: Address, membership: Membership) -> dict[str, Any]:
    """Ids of the membership's own merchant for the address."""
    if not address.arguments:
        return {}
    assert address.name in ROWS, f"{address.name} takes {address.arguments}: name its model in ROWS"
    row = rows_of(ROWS[address.name], membership.merchant).first()
    assert row is not None, f"tests/architecture/shop.py makes no {ROWS[address.name].__name__}"
    return {"pk": row.pk}


def test_the_back_office_is_found() -> None:
    assert len(BACK_OFFICE) > 20
    assert len(set(IDS)) == len(IDS)
    assert set(ROWS) <= set(IDS), "ROWS names an address that is gone"


@every_address
def test_every_view_stands_behind_the_door(address: Address) -> None:
    role = getattr(address.view, "minimum_role", None)
    assert isinstance(role, Role), f"{address.name} lacks @merchant_view(Role.…)"


@every_address
def test_a_stranger_finds_nothing(address: Address, membership: Membership, stranger: Membership) -> None:
    stock_up(membership, 1)
    browser, url = _browser(stranger), address.url(membership, **_arguments(address, membership))
    for method in (browser.get, browser.post):
        # 405 comes before the door; it tells nothing about the shop.
        assert method(url).status_code in (404, 405)
    assert 404 in (browser.get(url).status_code, browser.post(url).status_code)


@every_address
def test_somebody_who_is_not_logged_in_is_asked_to(address: Address, membership: Membership) -> None:
    stock_up(membership, 1)
    url = address.url(membership, **_arguments(address, membership))
    answers = [Client().get(url), Client().post(url)]
    assert {answer.status_code for answer in answers} <= {302, 405}
    assert any(answer.status_code == 302 and answer.url.startswith("/accounts/login/") for answer in answers)


@pytest.mark.parametrize("address", [address for address in BACK_OFFICE if address.arguments], ids=lambda a: a.name)
def test_ids_of_another_merchant_are_unknown(address: Address, membership: Membership, stranger: Membership) -> None:
    """The owner of one shop asks for rows of another, at the own address."""
    stock_up(membership, 1)
    stock_up(stranger, 2)
    browser, url = _browser(membership), address.url(membership, **_arguments(address, stranger))
    before = _fingerprint(stranger)
    for method in (browser.get, browser.post):
        assert method(url).status_code in (404, 405)
    assert 404 in (browser.get(url).status_code, browser.post(url).status_code)
    assert _fingerprint(stranger) == before


def _fingerprint(membership: Membership) -> list[list[dict[str, Any]]]:
    models = set(ROWS.values())
    rows = [rows_of(model, membership.merchant).order_by("pk") for model in sorted(models, key=lambda m: m.__name__)]
    return [list(found.values()) for found in rows]


@every_address
def test_a_role_below_is_refused(address: Address, membership: Membership) -> None:
    stock_up(membership, 1)
    below = [role for role in Role if role < address.view.minimum_role]
    url = address.url(membership, **_arguments(address, membership))
    for role in below:
        browser = _browser(MembershipFactory(merchant=membership.merchant, role=role))
        codes = {browser.get(url).status_code, browser.post(url).status_code}
        assert codes <= {403, 405}
        assert 403 in codes


@every_address
def test_reading_writes_nothing(address: Address, membership: Membership) -> None:
    """Every GET works in a transaction in which PostgreSQL refuses to write."""
    stock_up(membership, 1)
    browser, url = _browser(membership), address.url(membership, **_arguments(address, membership))
    browser.get(address.url(membership, **_arguments(address, membership)))  # the session remembers the shop
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        answer = browser.get(url)
        transaction.set_rollback(True)
    assert answer.status_code in (200, 405), answer.status_code


@every_address
def test_no_screen_says_none(address: Address, membership: Membership) -> None:
    stock_up(membership, 1)
    answer = _browser(membership).get(address.url(membership, **_arguments(address, membership)))
    if answer.status_code == 200 and "html" in answer["Content-Type"]:
        assert not re.search(r">\s*(None|True|False|\[\]|\{\})\s*<", answer.text)
