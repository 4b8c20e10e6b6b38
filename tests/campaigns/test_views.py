"""Messages in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Message
from campaigns.sending import send_due
from merchants.models import AuditEntry, Role
from tests.campaigns.conftest import Shop
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(shop: Shop, smtp_server: object) -> Message:
    message = shop.queue(shop.order(number="A-1"))
    send_due()
    return message


@pytest.fixture
def blocked(shop: Shop, smtp_server: object) -> Message:
    message = shop.queue(shop.order(number="A-2", notice=False, email="ada@"))
    send_due()
    return message


def page(client: Client, path: str = "", **query: str) -> str:
    response = client.get(f"/m/muster/messages/{path}", query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"A-1", "A-2"}),
        ({"state": "sent"}, {"A-1"}),
        ({"state": "blocked"}, {"A-2"}),
        ({"needs_staff": "true"}, {"A-2"}),
        ({"kind": "order_confirmation"}, {"A-1", "A-2"}),
        ({"q": "A-1"}, {"A-1"}),
        ({"q": "ADA@"}, {"A-2"}),
        ({"q": "nobody"}, set()),
    ],
)
def test_message_list_finds_by_state_kind_order_number_and_address(client, sent, blocked, query, found):
    html = page(client, **query)
    assert {number for number in ("A-1", "A-2") if f"Order {number}" in html} == found


def test_message_list_costs_the_same_for_one_row_and_for_many(client, shop, django_assert_max_num_queries):
    shop.queue()
    page(client)
    with django_assert_max_num_queries(12) as one:
        page(client)
    for _number in range(5):
        shop.queue()
    with django_assert_max_num_queries(len(one)):
        page(client)


def test_message_list_does_not_read_the_bytes(client, sent, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as asked:
        page(client)
    assert not any('"campaigns_message"."body"' in query["sql"] for query in asked.captured_queries)


def test_message_detail_shows_the_legal_decision_with_its_evidence(client, sent):
    html = page(client, f"{sent.pk}/")
    for told in ["UWG § 7(3)", "2026-01", "Existing-customer exception", "Sleeping bag", sent.message_id.strip("<>")]:
        assert told in html
    assert "Send again" not in html


def test_message_detail_says_why_a_block_was_left_out(client, shop, smtp_server):
    message = shop.queue(shop.order(notice=False))
    send_due()
    html = page(client, f"{message.pk}/")
    assert "no notice was shown" in html
    assert "left out" in html


def test_message_detail_of_a_message_that_is_not_written_yet(client, shop):
    assert "Not written yet" in page(client, f"{shop.queue().pk}/")


def test_the_preview_is_the_html_part_as_sent_and_can_do_nothing(client, sent, smtp_server):
    response = client.get(f"/m/muster/messages/{sent.pk}/preview")
    assert response.content.decode().split() == smtp_server.html().split()
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    frame = page(client, f"{sent.pk}/").partition("<iframe")[2].partition(">")[0]
    assert " sandbox " in frame
    assert "allow-" not in frame


def test_the_source_is_the_exact_message_as_a_file(client, sent, smtp_server):
    response = client.get(f"/m/muster/messages/{sent.pk}/source")
    assert response.content.rstrip() == smtp_server.bodies[0].rstrip()
    assert response["Content-Type"] == "message/rfc822"
    assert response["Content-Disposition"] == 'attachment; filename="order_confirmation-A-1.eml"'


@pytest.mark.parametrize("part", ["preview", "source"])
def test_what_is_not_written_yet_has_no_preview_and_no_source(client, shop, part):
    assert client.get(f"/m/muster/messages/{shop.queue().pk}/{part}").status_code == 404


def test_message_retry_queues_again_and_is_audited(client, blocked):
    response = client.post(f"/m/muster/messages/{blocked.pk}/retry")
    assert response.status_code == 302
    blocked.refresh_from_db()
    assert blocked.state == Message.State.QUEUED
    entry = AuditEntry.objects.for_merchant(blocked.merchant).get(action="message.retried")
    assert entry.changes == {"code": "address_invalid"}
    html = page(client, f"{blocked.pk}/")
    assert str(entry.staff) in html, "the history names who did it"


def test_message_retry_of_a_sent_message_does_nothing(client, sent):
    client.post(f"/m/muster/messages/{sent.pk}/retry")
    sent.refresh_from_db()
    assert sent.state == Message.State.SENT


def test_message_retry_is_for_those_who_look_after_customers(merchant, blocked):
    browser = Client()
    for role, status in [(Role.ANALYST, 403), (Role.SUPPORT, 302)]:
        browser.force_login(MembershipFactory(merchant=merchant, role=role).staff)
        assert ("Send again" in page(browser, f"{blocked.pk}/")) == (status == 302)
        assert browser.post(f"/m/muster/messages/{blocked.pk}/retry").status_code == status


@pytest.mark.parametrize("path", ["", "{pk}/", "{pk}/preview", "{pk}/source"])
def test_a_strangers_messages_are_not_there(sent, stranger, path):
    browser = Client()
    browser.force_login(stranger.staff)
    for slug in ("muster", stranger.merchant.slug):
        status = browser.get(f"/m/{slug}/messages/{path.format(pk=sent.pk)}").status_code
        assert status == (200 if slug != "muster" and not path else 404)


def test_an_orders_page_and_its_customers_page_show_its_messages(client, sent):
    link = f"/m/muster/messages/{sent.pk}/"
    order = client.get(f"/m/muster/orders/{sent.order_id}/")
    assert link in order.content.decode()
    customer = client.get(f"/m/muster/customers/{sent.customer_id}/")
    assert customer.content.decode().count(link) == 2, "in the panel and in the timeline"
