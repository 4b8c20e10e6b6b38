"""Operations: what staff see of jobs and deliveries, and what they may do about them."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.health import note_worker_alive
from core.models import Delivery, Job
from core.redis import redis_client
from merchants.models import Membership, Merchant, Role
from tests.factories import MerchantFactory
from tests.queries import queries_of


def _job(merchant: Merchant, **fields: Any) -> Job:
    return Job.objects.create(**{"merchant": merchant, "kind": "train", "title": "Training", **fields})


def _delivery(merchant: Merchant, **fields: Any) -> Delivery:
    defaults = {"event": "OrderPlaced", "handler": "a.b", "payload": {}, "state": Delivery.State.FAILED, "attempts": 12}
    return Delivery.objects.create(**{"merchant": merchant, "error": "ValueError: no", **defaults, **fields})


def _as(membership: Membership, role: Role) -> Client:
    membership.role = role
    membership.save()
    browser = Client()
    browser.force_login(membership.staff)
    return browser


@pytest.mark.parametrize("page", ["operations/", "operations/jobs/", "operations/deliveries/"])
def test_each_page_costs_the_same_for_one_row_and_for_three(client: Client, merchant: Merchant, page: str) -> None:
    url = f"/m/{merchant.slug}/{page}"
    for _once in range(1):
        _job(merchant, asked_by=None)
        _delivery(merchant)
    few = queries_of(client, url)
    for _more in range(2):
        _job(merchant)
        _job(merchant, state=Job.State.DONE, finished_at=timezone.now())
        _delivery(merchant)
    assert queries_of(client, url) <= few + (1 if page == "operations/" else 0)


def test_empty_pages_say_what_they_are_for(client: Client, merchant: Merchant) -> None:
    assert "No jobs yet" in client.get(f"/m/{merchant.slug}/operations/jobs/").text
    assert "No deliveries yet" in client.get(f"/m/{merchant.slug}/operations/deliveries/").text
    assert "Nothing failed" in client.get(f"/m/{merchant.slug}/operations/").text


def test_the_overview_shows_nothing_of_another_merchant(client: Client, merchant: Merchant) -> None:
    other = MerchantFactory()
    _job(other, title="Secret training")
    _delivery(other, error="secret error")
    page = client.get(f"/m/{merchant.slug}/operations/").text
    assert "Secret" not in page
    assert "secret" not in page


def test_progress_asks_for_itself_until_the_job_has_ended(client: Client, merchant: Merchant) -> None:
    job = _job(merchant, state=Job.State.RUNNING, step="Reading", done=25, total=100)
    url = f"/m/{merchant.slug}/operations/jobs/{job.pk}/progress"
    running = client.get(url, headers={"HX-Request": "true"})
    assert 'hx-trigger="every 1s"' in running.text
    assert "width: 25%" in running.text
    assert "25 of 100" in running.text
    Job.objects.for_merchant(merchant).update(state=Job.State.DONE, finished_at=timezone.now())
    ended = client.get(url, headers={"HX-Request": "true"})
    assert "every 1s" not in ended.text
    assert ended["HX-Refresh"] == "true"


def test_a_job_is_cancelled_once(client: Client, merchant: Merchant) -> None:
    job = _job(merchant)
    url = f"/m/{merchant.slug}/operations/jobs/{job.pk}/cancel"
    assert client.post(url).status_code == 302
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    again = client.post(url, headers={"HX-Request": "true"})
    assert "already ended" in again["HX-Trigger"]


def test_a_failed_job_says_why_and_its_result_is_readable(client: Client, merchant: Merchant) -> None:
    failed = _job(merchant, state=Job.State.FAILED, error="Line 3: no SKU", finished_at=timezone.now())
    result = {"rows_read": 1200, "dry_run": True, "file": None, "by_reason": {"no_sku": 2}}
    done = _job(merchant, state=Job.State.DONE, result=result, finished_at=timezone.now())
    assert "Line 3: no SKU" in client.get(f"/m/{merchant.slug}/operations/jobs/{failed.pk}/").text
    page = client.get(f"/m/{merchant.slug}/operations/jobs/{done.pk}/").text
    assert "Rows read" in page
    assert "1,200" in page
    assert "No sku: 2" in page
    assert "None" not in page
    assert "True" not in page


def test_retrying_one_delivery_answers_its_row(client: Client, merchant: Merchant) -> None:
    delivery = _delivery(merchant)
    url = f"/m/{merchant.slug}/operations/deliveries/{delivery.pk}/retry"
    answer = client.post(url, headers={"HX-Request": "true"})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (Delivery.State.WAITING, 0)
    assert answer.text.strip().startswith("<tr>")
    assert "tried again" in answer["HX-Trigger"]
    assert client.post(url).url == f"/m/{merchant.slug}/operations/deliveries/"


def test_retrying_all_leaves_other_merchants_and_other_states_alone(client: Client, merchant: Merchant) -> None:
    ours = [_delivery(merchant), _delivery(merchant)]
    done = _delivery(merchant, state=Delivery.State.DONE)
    foreign = _delivery(MerchantFactory())
    page = client.post(f"/m/{merchant.slug}/operations/deliveries/retry", follow=True)
    assert "2 deliveries will be tried again" in page.text
    states = [Delivery.objects.for_merchant(row.merchant).get(pk=row.pk).state for row in (*ours, done, foreign)]
    assert states == ["waiting", "waiting", "done", "failed"]


def test_the_filter_keeps_failed_ones_only(client: Client, merchant: Merchant) -> None:
    _delivery(merchant, event="Failed")
    _delivery(merchant, event="Done", state=Delivery.State.DONE)
    listing = client.get(f"/m/{merchant.slug}/operations/deliveries/?state=failed").context["listing"]
    assert [row.event for row in listing.rows] == ["Failed"]


def test_an_analyst_sees_and_may_not_retry(merchant: Merchant, membership: Membership) -> None:
    delivery, job = _delivery(merchant), _job(merchant)
    browser = _as(membership, Role.ANALYST)
    page = browser.get(f"/m/{merchant.slug}/operations/deliveries/")
    assert page.status_code == 200
    assert "Retry" not in page.text
    for path in (f"deliveries/{delivery.pk}/retry", "deliveries/retry", f"jobs/{job.pk}/cancel"):
        assert browser.post(f"/m/{merchant.slug}/operations/{path}").status_code == 403


def test_health_tells_a_silent_worker_from_a_busy_one(client: Client, merchant: Merchant) -> None:
    redis_client().delete("cx:worker-alive")
    assert "has not reported yet" in client.get(f"/m/{merchant.slug}/operations/").text
    note_worker_alive()
    assert "at work" in client.get(f"/m/{merchant.slug}/operations/").text
    redis_client().set("cx:worker-alive", 1_700_000_000)
    assert "silent since" in client.get(f"/m/{merchant.slug}/operations/").text
    redis_client().delete("cx:worker-alive")


def test_health_counts_failed_deliveries(client: Client, merchant: Merchant) -> None:
    _delivery(merchant)
    checks = {check.label: check for check in client.get(f"/m/{merchant.slug}/operations/").context["health"]}
    assert (checks["Deliveries"].state, checks["Deliveries"].detail) == ("danger", "1 failed")
