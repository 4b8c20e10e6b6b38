"""The shell around every page: navigation, messages, pages for what went wrong."""

import json

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from core.context import navigation_sections
from core.models import Job
from merchants.models import Membership, Merchant, Role
from tests.factories import MembershipFactory, StaffFactory


def _labels(merchant: Merchant, role: Role) -> list[str]:
    return [str(link.item.label) for section in navigation_sections(merchant, role, "/") for link in section.links]


def test_the_side_bar_lists_every_screen_in_its_order(merchant: Merchant) -> None:
    assert _labels(merchant, Role.OWNER) == [
        *["Start", "Orders", "Catalog"],
        *["Profiles", "Tasks", "Companies", "Duplicates", "Customer value", "Privacy requests", "Suppressed addresses"],
        *["Promotions", "Coupons", "Loyalty"],
        *["Messages", "Recommendations", "Search in the shop"],
        *["Events", "Set up tracking"],
        *["Operations", "Settings"],
    ]
    assert "Settings" not in _labels(merchant, Role.EDITOR)


@pytest.mark.parametrize(
    ("name", "current"),
    [("start", "Start"), ("customer_list", "Profiles"), ("job_list", "Operations"), ("api_key_list", "Settings")],
)
def test_the_side_bar_marks_where_one_is(client: Client, merchant: Merchant, name: str, current: str) -> None:
    url = reverse(name, args=[merchant.slug])
    marked = [
        str(link.item.label)
        for section in navigation_sections(merchant, Role.OWNER, url)
        for link in section.links
        if link.is_current
    ]
    assert marked == [current]
    assert client.get(url).text.count('aria-current="page"') >= 1


def test_the_switcher_lists_ones_own_shops_only(client: Client, merchant: Merchant, membership: Membership) -> None:
    MembershipFactory(staff=membership.staff, merchant__name="My second shop")
    MembershipFactory(merchant__name="Somebody else's shop")
    page = client.get(f"/m/{merchant.slug}/profile").text
    assert "My second shop" in page
    assert "Somebody else" not in page


def test_a_message_of_a_fragment_becomes_a_toast(client: Client, merchant: Merchant) -> None:
    job = Job.objects.create(merchant=merchant, kind="train", title="T", state=Job.State.DONE)
    url = f"/m/{merchant.slug}/operations/jobs/{job.pk}/cancel"
    answer = client.post(url, headers={"HX-Request": "true", "Accept-Language": "de"})
    toasts = json.loads(answer["HX-Trigger"])["toasts"]
    assert [toast["level"] for toast in toasts] == ["error"]
    assert answer["HX-Trigger"].isascii()
    assert 'class="cx-toast"' not in client.get(f"/m/{merchant.slug}/profile").text  # shown once


def test_a_message_of_a_redirect_waits_for_the_next_page(client: Client, merchant: Merchant) -> None:
    answer = client.post(f"/m/{merchant.slug}/settings/marketing", {"existing_customer_exception": "on"})
    assert "HX-Trigger" not in answer
    assert "Saved." in client.get(answer.url).text


def test_a_person_without_a_shop_is_told_what_to_do(db: None) -> None:
    browser = Client()
    person = StaffFactory()
    browser.force_login(person)
    answer = browser.get("/")
    assert answer.status_code == 403
    assert person.email in answer.text


def test_a_missing_page_is_a_page(client: Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "This page does not exist" in answer.text


def test_a_role_that_may_not_is_told_so(merchant: Merchant) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
    answer = browser.get(f"/m/{merchant.slug}/settings/")
    assert answer.status_code == 403
    assert "another role" in answer.text


def test_an_expired_form_is_told_so(merchant: Merchant, membership: Membership) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(membership.staff)
    answer = browser.post(f"/m/{merchant.slug}/settings/", {})
    assert answer.status_code == 403
    assert "This form has expired" in answer.text


@pytest.mark.parametrize("code", ["400", "403", "404", "500"])
def test_pages_of_failures_need_no_request(code: str) -> None:
    page = render_to_string(f"{code}.html")
    assert code in page
    assert 'lang="en"' in page


def test_nothing_runs_inline(client: Client, merchant: Merchant) -> None:
    for url in (f"/m/{merchant.slug}/", f"/m/{merchant.slug}/settings/team/", "/accounts/2fa/"):
        answer = client.get(url)
        scripts = [part.split(">")[0] for part in answer.text.split("<script")[1:]]
        assert all("src=" in script or "application/json" in script for script in scripts)
        assert "unsafe-eval" not in answer["Content-Security-Policy"]
        assert " onclick" not in answer.text
