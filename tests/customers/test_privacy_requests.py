"""Privacy requests from their receipt to the answer: rules, screens, links."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import jobs
from core.errors import DomainError
from core.models import Job
from customers.actions.consent import record_consent, record_objection
from customers.actions.privacy import open_request
from customers.actions.privacy.access import request_export
from customers.actions.privacy.erasure import erase_customer, request_erasure
from customers.actions.privacy.requests import check_identity, complete_request, extend_deadline, refuse_request
from customers.models import ConsentProof, Customer, PrivacyRequest, Suppression, address_digest
from customers.rules.deadlines import due_on
from merchants.models import AuditEntry, Membership, Merchant, Role
from orders.models import Order
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory
from tests.queries import queries_of

KINDS = PrivacyRequest.Kind


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, first_name="Ada", last_name="Lovelace", email="ada@example.org")


def opened(customer: Customer, kind: str = "erasure", **fields: object) -> PrivacyRequest:
    return open_request(customer.merchant, kind=kind, channel="email", customer=customer, **fields)  # type: ignore[arg-type]


def checked(customer: Customer, membership: Membership, kind: str = "erasure") -> PrivacyRequest:
    request = opened(customer, kind, staff=membership.staff)
    return check_identity(request, customer=customer, evidence="wrote from the address on file", staff=membership.staff)


# --- deadlines


@pytest.mark.parametrize(
    ("received", "extended", "due"),
    [
        (date(2026, 11, 25), False, date(2026, 12, 25)),
        (date(2026, 1, 31), False, date(2026, 3, 2)),  # the 28th of February is a Saturday
        (date(2027, 1, 31), False, date(2027, 3, 1)),
        (date(2026, 12, 15), True, date(2027, 3, 15)),
        (date(2026, 11, 30), False, date(2026, 12, 30)),
        (date(2028, 1, 31), False, date(2028, 2, 29)),
    ],
)
def test_the_answer_is_due_in_a_month_on_a_working_day(received: date, extended: bool, due: date) -> None:
    assert due_on(received, extended=extended) == due


def test_the_deadline_is_extended_once_with_a_reason(customer: Customer, membership: Membership) -> None:
    request = opened(customer, "access", received_at=datetime(2026, 11, 2, 12, tzinfo=UTC))
    assert request.due_on == date(2026, 12, 2)
    with pytest.raises(DomainError):
        extend_deadline(request, reason=" ", staff=membership.staff)
    assert extend_deadline(request, reason="many orders", staff=membership.staff).due_on == date(2027, 2, 2)
    with pytest.raises(DomainError, match="once"):
        extend_deadline(request, reason="more", staff=membership.staff)


# --- the way of a request


def test_a_person_who_asks_twice_has_one_request(customer: Customer) -> None:
    first = opened(customer, identity_evidence="signed link")
    assert first.state == "checked"
    assert opened(customer) == first
    assert opened(customer, "access") != first


def test_nothing_is_erased_before_the_identity_is_checked(customer: Customer, membership: Membership) -> None:
    request = opened(customer, staff=membership.staff)
    with pytest.raises(DomainError, match="who asks"):
        request_erasure(request, staff=membership.staff)
    with pytest.raises(DomainError, match="erasure"):
        complete_request(request, outcome="done", staff=membership.staff)
    assert not Job.objects.for_merchant(customer.merchant).exists()


def test_an_answered_request_stays_answered(customer: Customer, membership: Membership) -> None:
    request = checked(customer, membership, "access")
    complete_request(request, outcome="sent by letter", staff=membership.staff)
    for act in (
        lambda: refuse_request(request, reason="no", staff=membership.staff),
        lambda: extend_deadline(request, reason="no", staff=membership.staff),
    ):
        with pytest.raises(DomainError, match="answered"):
            act()


def test_an_objection_takes_effect_with_its_answer(customer: Customer, membership: Membership) -> None:
    complete_request(checked(customer, membership, "objection"), outcome="", staff=membership.staff)
    assert Suppression.objects.for_merchant(customer.merchant).of("ada@example.org").exists()


# --- the erasure


def test_an_erasure_gives_a_receipt_and_runs_once(customer: Customer, membership: Membership) -> None:
    OrderFactory(customer=customer, number="A-7", email="ada@example.org")
    record_consent(
        customer, purpose="newsletter", channel="email", text_version="2026-01", source="checkout",
        evidence={"confirmed_at": "2026-01-02T03:04:05+00:00", "ip": "192.0.2.1"},
    )  # fmt: skip
    record_objection(customer, purpose="reviews", channel="email", source="page")
    request = checked(customer, membership)
    job = jobs.run(request_erasure(request, staff=membership.staff))
    assert job.state == "done", job.error
    request.refresh_from_db()
    assert (request.state, request.customer, request.identity_evidence) == ("done", None, "")
    places = {place.get("table") or place["store"]: place for place in request.receipt["places"]}
    assert places["customers.Identity"]["deleted"] == 2
    assert places["orders.Order"] == {"table": "orders.Order", "deleted": 0, "blanked": 1}
    order = Order.objects.for_merchant(customer.merchant).get()
    assert (order.number, order.total, order.email, order.customer) == ("A-7", 1999, "", None)
    receipt = dict(request.receipt)
    assert erase_customer(customer, request=request, staff=membership.staff).receipt == receipt
    proof = ConsentProof.objects.for_merchant(customer.merchant).get(kind="granted")
    assert proof.digest == address_digest("Ada@Example.org")
    assert proof.moments == {"confirmed_at": "2026-01-02T03:04:05+00:00"}
    assert Suppression.objects.for_merchant(customer.merchant).of("ada@example.org").exists()
    assert AuditEntry.objects.for_merchant(customer.merchant).filter(action="privacy_request.erased").exists()


def test_a_broken_erasure_changes_nothing_and_can_be_started_again(
    customer: Customer, membership: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = checked(customer, membership)
    job = request_erasure(request, staff=membership.staff)

    def broken(*_args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("core.privacy.erasing._scrub", broken)
    with pytest.raises(OSError, match="disk full"):
        jobs.run(job)
    customer.refresh_from_db()
    assert (customer.first_name, customer.email) == ("Ada", "ada@example.org")
    monkeypatch.undo()
    request.refresh_from_db()
    again = jobs.run(request_erasure(request, staff=membership.staff))
    assert again.state == "done"
    customer.refresh_from_db()
    assert customer.first_name == ""


def test_other_people_with_the_same_name_or_a_shared_mailbox_keep_everything(
    customer: Customer, membership: Membership
) -> None:
    twin = CustomerFactory(merchant=customer.merchant, first_name="Ada", last_name="Lovelace", email="twin@example.org")
    shared = OrderFactory(customer=customer, number="S-1", email="twin@example.org")
    own = OrderFactory(customer=twin, number="T-1", email="twin@example.org")
    foreign = CustomerFactory(first_name="Ada", last_name="Lovelace", email="ada@example.org")
    jobs.run(request_erasure(checked(customer, membership), staff=membership.staff))
    for kept in (twin, foreign):
        kept.refresh_from_db()
        assert kept.name == "Ada Lovelace"
        assert kept.identities.count() == 2
    own.refresh_from_db()
    shared.refresh_from_db()
    assert (own.email, own.customer) == ("twin@example.org", twin)
    assert (shared.email, shared.customer) == ("", None)


# --- screens


def test_the_queue_shows_who_asks_what_until_when(client: Client, customer: Customer, merchant: Merchant) -> None:
    late = opened(customer, received_at=timezone.now() - timedelta(days=60))
    page = client.get(reverse("privacy_list", args=[merchant.slug])).text
    assert "Ada Lovelace" in page
    assert "overdue" in page
    assert client.get(reverse("privacy_list", args=[merchant.slug]), {"state": "done"}).text.count("Lovelace") == 0
    assert (
        f"#{late.pk}"
        in client.get(reverse("privacy_list", args=[merchant.slug]), {"state": "overdue", "q": "ada"}).text
    )


def test_the_queue_costs_the_same_for_one_and_for_three(client: Client, merchant: Merchant) -> None:
    url = reverse("privacy_list", args=[merchant.slug])
    opened(CustomerFactory(merchant=merchant))
    few = queries_of(client, url)
    for _number in range(3):
        opened(CustomerFactory(merchant=merchant))
    assert queries_of(client, url) == few


def test_a_request_is_written_down_checked_and_erased_in_the_browser(
    client: Client, customer: Customer, merchant: Merchant
) -> None:
    profile = client.get(reverse("customer_detail", args=[merchant.slug, customer.pk])).text
    new = f"{reverse('privacy_new', args=[merchant.slug])}?customer={customer.pk}&kind=erasure"
    assert new.replace("&", "&amp;") in profile
    data = {
        "kind": "erasure",
        "channel": "phone",
        "received_on": timezone.localdate().isoformat(),
        "contact": "ada@example.org",
    }
    answer = client.post(new, data)
    request = PrivacyRequest.objects.for_merchant(merchant).get()
    detail = reverse("privacy_detail", args=[merchant.slug, request.pk])
    assert answer.url == detail
    assert "check who asks" in client.get(detail).text

    def post(name: str, **data: str) -> int:
        return client.post(reverse(name, args=[merchant.slug, request.pk]), data).status_code

    assert post("privacy_check", customer="nobody@example.org", evidence="x") == 422
    assert post("privacy_check", customer="Ada@example.org", evidence="called back") == 302
    page = client.get(detail).text
    assert "How you are recognised" in page
    assert post("privacy_erase", word="erase") == 422
    assert post("privacy_erase", word="ERASE") == 302
    jobs.run(Job.objects.for_merchant(merchant).get(kind="privacy_erasure"))
    done = client.get(detail).text
    assert "What was done" in done
    assert "Lovelace" not in done
    assert "ada@example.org" not in done
    assert "Receipt of an erasure" in client.get(reverse("privacy_receipt", args=[merchant.slug, request.pk])).text
    assert client.get(reverse("customer_detail", args=[merchant.slug, customer.pk])).status_code == 200


def test_the_person_downloads_by_a_link_without_login(
    client: Client, customer: Customer, membership: Membership
) -> None:
    request, merchant = checked(customer, membership, "access"), membership.merchant

    def post(name: str) -> None:
        assert client.post(reverse(name, args=[merchant.slug, request.pk])).status_code == 302

    post("privacy_export")
    jobs.run(Job.objects.for_merchant(merchant).get(kind="privacy_export"))
    post("privacy_issue_link")
    page = client.get(reverse("privacy_detail", args=[merchant.slug, request.pk])).text
    link = page.split('id="privacy-link" value="')[1].split('"')[0]
    stranger = Client()
    shown = stranger.get(link)
    assert "Ihre Daten" in shown.text
    assert "Lovelace" not in shown.text
    assert shown["Referrer-Policy"] == "no-referrer"
    for browser, url in [
        (stranger, f"{link}?download"),
        (client, reverse("privacy_download", args=[merchant.slug, request.pk])),
    ]:
        answer = browser.get(url)
        files = ZipFile(BytesIO(b"".join(answer.streaming_content)))
        for close in answer._resource_closers:
            close()
        assert "data.json" in files.namelist()
    assert stranger.get(link + "x").status_code == 404


def test_a_download_without_a_file_says_why(client: Client, customer: Customer, membership: Membership) -> None:
    def said(request: PrivacyRequest) -> str:
        return client.get(reverse("privacy_download", args=[customer.merchant.slug, request.pk])).text

    assert "only a request for access collects some" in said(checked(customer, membership, "objection"))
    request = checked(customer, membership, "access")
    assert "nobody has collected the data" in said(request)
    job = request_export(request, staff=membership.staff)
    assert "the data is being collected" in said(request)
    jobs.run(job)
    request.refresh_from_db()
    default_storage.delete(request.file)
    assert "The file is no longer here" in said(request)
    receipt = client.get(reverse("privacy_receipt", args=[customer.merchant.slug, request.pk])).text
    assert "nothing was erased for this request" in receipt


def test_support_may_not_erase(customer: Customer, membership: Membership) -> None:
    support = MembershipFactory(merchant=customer.merchant, role=Role.SUPPORT)
    request = checked(customer, membership)
    browser = Client()
    browser.force_login(support.staff)
    url = reverse("privacy_erase", args=[customer.merchant.slug, request.pk])
    assert browser.post(url, {"word": "ERASE"}).status_code == 403
    page = browser.get(reverse("privacy_detail", args=[customer.merchant.slug, request.pk])).text
    assert "An editor or owner" in page


def test_mistakes_are_shown_where_they_were_made(client: Client, customer: Customer, membership: Membership) -> None:
    request, slug = checked(customer, membership, "access"), membership.merchant.slug
    for name, data in [("privacy_refuse", {}), ("privacy_extend", {}), ("privacy_care", {"assignee": "999999"})]:
        answer = client.post(reverse(name, args=[slug, request.pk]), data)
        assert answer.status_code == 422
        assert "cx-field-error" in answer.text
    future = (timezone.localdate() + timedelta(days=3)).isoformat()
    for day, cause in [(future, "in the future"), ("0202-11-20", "check the year")]:
        new = {"kind": "access", "channel": "post", "received_on": day}
        answer = client.post(reverse("privacy_new", args=[slug]), new)
        assert answer.status_code == 422
        assert cause in answer.text
