"""Django's admin: every model is there, every page answers, at a cost that does not grow with the rows."""

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from merchants.models import ApiKey, Membership, Merchant, Staff
from tests.architecture.shop import OURS, rows_of, stock_up
from tests.factories import MembershipFactory, StaffFactory
from tests.queries import queries_of

NAMES = [model._meta.label_lower for model in OURS]


@pytest.fixture
def administrator(db: None) -> Client:
    browser = Client()
    browser.force_login(StaffFactory(is_staff=True, is_superuser=True))
    return browser


def _url(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", OURS, ids=NAMES)
def test_every_model_is_registered_without_slow_counts(model: type[models.Model]) -> None:
    registered = admin.site._registry.get(model)
    assert registered is not None, f"{model._meta.label} has no admin"
    assert registered.show_full_result_count is False
    assert registered.date_hierarchy is None


@pytest.mark.parametrize("model", OURS, ids=NAMES)
def test_every_list_answers_at_the_same_cost_for_one_row_and_for_three(
    administrator: Client, membership: Membership, model: type[models.Model]
) -> None:
    stock_up(membership, 1)
    assert rows_of(model, membership.merchant).exists(), f"tests/architecture/shop.py makes no {model._meta.label}"
    url = _url(model, "changelist")
    few = queries_of(administrator, url)
    stock_up(membership, 2)
    stock_up(MembershipFactory(), 3)
    assert queries_of(administrator, url) == few


@pytest.mark.parametrize("model", OURS, ids=NAMES)
def test_every_search_and_filter_answers(
    administrator: Client, membership: Membership, model: type[models.Model]
) -> None:
    stock_up(membership, 1)
    url = _url(model, "changelist")
    for query in ({"q": "a b"}, {"q": "\x00"}, {"merchant": str(membership.merchant.pk)}, {"merchant": "x"}):
        registered = admin.site._registry[model]
        if ("q" in query and not registered.search_fields) or (
            "merchant" in query and len(registered.list_filter) == 0
        ):
            continue
        assert administrator.get(url, query).status_code in (200, 302)


@pytest.mark.parametrize("model", OURS, ids=NAMES)
def test_every_row_and_every_form_answers(
    administrator: Client, membership: Membership, model: type[models.Model]
) -> None:
    stock_up(membership, 1)
    row = rows_of(model, membership.merchant).first()
    assert row is not None
    page = administrator.get(_url(model, "change", row.pk))
    assert page.status_code == 200
    addable = model in (Merchant, Staff, Membership)
    assert administrator.get(_url(model, "add")).status_code == (200 if addable else 403)


def test_the_digest_of_a_key_is_never_shown(administrator: Client, membership: Membership) -> None:
    stock_up(membership, 1)
    key = ApiKey.objects.for_merchant(membership.merchant).get()
    for url in (_url(ApiKey, "changelist"), _url(ApiKey, "change", key.pk)):
        assert key.digest not in administrator.get(url).text


def test_the_login_of_the_admin_is_the_login_of_everybody(db: None, membership: Membership) -> None:
    answer = Client().get("/admin/")
    answer = Client().get(answer.url)
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login/")


def test_staff_of_a_shop_do_not_enter_the_admin(client: Client) -> None:
    assert client.get("/admin/orders/order/").status_code in (302, 403)
    assert client.get("/admin/orders/order/", follow=True).status_code == 403


def test_a_merchant_a_person_and_a_membership_can_be_made(administrator: Client) -> None:
    merchant = {
        "slug": "new", "name": "New", "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "language": "de",
        "website": "shop.example",
    }  # fmt: skip
    administrator.post(_url(Merchant, "add"), merchant)
    person = {"email": "Grace@new.example", "usable_password": "false"}
    administrator.post(_url(Staff, "add"), person)
    made = Staff.objects.get(email__iexact="grace@new.example")
    assert not made.has_usable_password()
    data = {"staff": made.pk, "merchant": Merchant.objects.get(slug="new").pk, "role": 40}
    assert administrator.post(_url(Membership, "add"), data).status_code == 302
    assert Membership.objects.for_merchant(Merchant.objects.get(slug="new")).get().staff == made


def test_a_fact_cannot_be_changed_here(administrator: Client, membership: Membership) -> None:
    stock_up(membership, 1)
    for model in OURS:
        row = rows_of(model, membership.merchant).first()
        assert row is not None
        if model in (Membership, Staff):
            continue
        assert administrator.post(_url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
