"""A person's language and appearance follow the person."""

import pytest
from django.test import Client

from merchants.models import Membership, Merchant
from tests.factories import PASSWORD


def test_the_theme_is_stored_and_rendered_without_a_flash(
    client: Client, merchant: Merchant, membership: Membership
) -> None:
    answer = client.post("/preferences/theme", {"theme": "dark", "next": f"/m/{merchant.slug}/profile"})
    assert answer.url == f"/m/{merchant.slug}/profile"
    membership.staff.refresh_from_db()
    assert membership.staff.theme == "dark"
    assert 'data-bs-theme="dark"' in client.get(f"/m/{merchant.slug}/profile").text


@pytest.mark.parametrize("theme", ["", "pink", "\x00"])
def test_an_unknown_theme_changes_nothing(client: Client, membership: Membership, theme: str) -> None:
    client.post("/preferences/theme", {"theme": theme})
    membership.staff.refresh_from_db()
    assert membership.staff.theme == "auto"


def test_the_language_is_kept_with_the_person_and_comes_back_at_login(client: Client, membership: Membership) -> None:
    client.post("/preferences/language", {"language": "de", "next": "/"})
    membership.staff.refresh_from_db()
    assert membership.staff.language == "de"
    elsewhere = Client()
    answer = elsewhere.post("/accounts/login/", {"login": membership.staff.email, "password": PASSWORD})
    assert answer.cookies["django_language"].value == "de"


def test_the_language_can_be_chosen_before_the_login(db: None) -> None:
    browser = Client()
    answer = browser.post("/preferences/language", {"language": "de", "next": "/accounts/login/"})
    assert answer.url == "/accounts/login/"
    assert 'lang="de"' in browser.get("/accounts/login/").text


@pytest.mark.parametrize("language", ["", "fr", "../de", "\x00"])
def test_an_unknown_language_sets_no_cookie(client: Client, language: str) -> None:
    assert "django_language" not in client.post("/preferences/language", {"language": language}).cookies


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
@pytest.mark.parametrize("address", ["/preferences/language", "/preferences/theme"])
def test_the_way_back_stays_on_this_host(client: Client, address: str, target: str) -> None:
    assert client.post(address, {"language": "de", "theme": "dark", "next": target}).url == "/"


def test_the_profile_is_for_every_role(client: Client, merchant: Merchant, membership: Membership) -> None:
    data = {"first_name": "Grace", "last_name": "Hopper", "language": "de", "theme": "light"}
    answer = client.post(f"/m/{merchant.slug}/profile", data)
    assert answer.status_code == 302
    assert answer.cookies["django_language"].value == "de"
    membership.staff.refresh_from_db()
    assert str(membership.staff) == "Grace Hopper"
