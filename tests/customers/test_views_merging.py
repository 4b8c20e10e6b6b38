"""Staff decide who is who: duplicates, merging, undoing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.actions.duplicates import find_duplicates
from customers.actions.merging import merge_customers
from customers.actions.profiles import Person, resolve_customer
from customers.models import Customer, Duplicate, Identity, Merge
from customers.rules.identities import SHARED
from merchants.models import AuditEntry, Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory
from tests.queries import queries_of

AT = datetime(2026, 3, 20, tzinfo=UTC)


def namesake(merchant: Merchant, number: int, **details: Any) -> Customer:
    person = {"first_name": "Ada", "last_name": "Berg", "postal_code": "10115"} | details
    return resolve_customer(merchant, Person(external_id=str(number), **person), as_of=AT)


def test_the_same_name_and_postcode_and_shared_identities_are_suggested(
    merchant: Merchant, stranger: Membership
) -> None:
    one, two = namesake(merchant, 1), namesake(merchant, 2, first_name="ADA")
    namesake(merchant, 3, postal_code="99999")
    namesake(stranger.merchant, 4)  # could leak: another merchant's
    for number, kind in ((5, "email"), (6, "email"), (7, "phone"), (8, "phone")):
        shared = {"email": "family@example.org"} if kind == "email" else {"phone": "+4930123456"}
        resolve_customer(merchant, Person(external_id=str(number), **shared), as_of=AT)
    assert find_duplicates(merchant) == 3
    found = {(pair.reason, pair.detail) for pair in Duplicate.objects.for_merchant(merchant)}
    assert found == {("name", "Ada Berg, 10115"), ("conflict", "family@example.org"), ("phone", "+4930123456")}
    assert {(pair.first_id, pair.second_id) for pair in Duplicate.objects.filter(reason="name")} == {(one.pk, two.pk)}
    assert find_duplicates(merchant) == 3
    Customer.objects.filter(pk=two.pk).update(postal_code="1")
    assert find_duplicates(merchant) == 2


def test_pairs_are_shown_and_what_staff_decide_is_remembered(client: Client, merchant: Merchant) -> None:
    namesake(merchant, 1)
    namesake(merchant, 2)
    client.post(reverse("duplicate_search", args=[merchant.slug]))
    url = reverse("duplicate_list", args=[merchant.slug])
    assert "Ada Berg, 10115" in client.get(url).content.decode()
    client.post(reverse("duplicate_dismiss", args=[merchant.slug, Duplicate.objects.get().pk]))
    assert "Ada Berg, 10115" not in client.get(url).content.decode()
    assert find_duplicates(merchant) == 0


def test_the_list_costs_the_same_for_one_pair_and_for_three(client: Client, merchant: Merchant) -> None:
    url = reverse("duplicate_list", args=[merchant.slug])
    for number in (1, 2):
        namesake(merchant, number)
    find_duplicates(merchant)
    few = queries_of(client, url)
    namesake(merchant, 3)
    assert find_duplicates(merchant) == 3
    assert queries_of(client, url) == few


def test_a_blocked_identity_is_shown(client: Client, merchant: Merchant) -> None:
    Identity.objects.create(
        merchant=merchant, customer=CustomerFactory(merchant=merchant), kind="email", value="till@x.de", blocked_at=AT
    )
    assert "till@x.de" in client.get(reverse("duplicate_list", args=[merchant.slug])).content.decode()


def test_what_staff_unblock_joins_again_but_nobody_of_before(
    client: Client, merchant: Merchant, membership: Membership
) -> None:
    people = SHARED[Identity.Kind.EMAIL] + 1
    for number in range(people):
        resolve_customer(merchant, Person(email=f"person{number}@example.org", loyalty_card="TILL"))
    card = Identity.objects.for_merchant(merchant).get(kind="loyalty_card")
    assert card.blocked_at
    before = Customer.objects.for_merchant(merchant).count()
    profile = reverse("customer_detail", args=[merchant.slug, card.customer_id])
    url = reverse("identity_unblock", args=[merchant.slug, card.pk])
    for page in (profile, reverse("duplicate_list", args=[merchant.slug])):
        assert url in client.get(page).text
    assert client.post(url, follow=True).redirect_chain == [(profile, 302)]
    assert client.post(url).status_code == 302, "twice is once"
    card.refresh_from_db()
    assert card.blocked_at is None
    assert url not in client.get(profile).text
    entry = AuditEntry.objects.for_merchant(merchant).get(action="customer.identity_unblocked")
    assert (entry.staff, entry.changes) == (membership.staff, {"kind": "loyalty_card", "value": "TILL"})

    owner = resolve_customer(merchant, Person(email="new@example.org", loyalty_card="TILL"))
    card.refresh_from_db()
    assert (owner.pk, card.blocked_at) == (card.customer_id, None)
    assert Customer.objects.for_merchant(merchant).count() <= before
    assert Identity.objects.for_merchant(merchant).filter(customer=owner).count() <= 3


def test_an_analyst_unblocks_nothing(merchant: Merchant) -> None:
    card = Identity.objects.create(
        merchant=merchant, customer=CustomerFactory(merchant=merchant), kind="email", value="till@x.de", blocked_at=AT
    )
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
    url = reverse("identity_unblock", args=[merchant.slug, card.pk])
    assert browser.post(url).status_code == 403
    assert url not in browser.get(reverse("duplicate_list", args=[merchant.slug])).text


def test_merging_and_undoing_it_in_the_browser(client: Client, merchant: Merchant) -> None:
    kept, other = namesake(merchant, 1, city="Berlin"), namesake(merchant, 2, city="Bonn")
    OrderFactory(customer=other, merchant=merchant)
    url = reverse("customer_merge", args=[merchant.slug, kept.pk])
    assert str(other.pk) in client.get(url, {"q": "ada"}).content.decode()
    preview = client.get(url, {"other": other.pk})
    assert preview.context["moving"]
    unsure = client.post(url, {"other": other.pk})
    assert unsure.status_code == 422
    assert Customer.objects.filter(pk=other.pk).exists()
    merged = client.post(url, {"other": other.pk, "sure": "1"})
    page = reverse("customer_detail", args=[merchant.slug, kept.pk])
    assert merged.url == page  # type: ignore[attr-defined]
    assert client.get(reverse("customer_detail", args=[merchant.slug, other.pk])).url == page  # type: ignore[attr-defined]
    merge = Merge.objects.get()
    assert reverse("merge_undo", args=[merchant.slug, merge.pk]) in client.get(page).content.decode()
    undone = client.post(reverse("merge_undo", args=[merchant.slug, merge.pk]))
    assert undone.url == reverse("customer_detail", args=[merchant.slug, other.pk])  # type: ignore[attr-defined]
    assert Customer.objects.get(pk=other.pk).orders_count == 1
    again = client.post(reverse("merge_undo", args=[merchant.slug, merge.pk]))
    assert again.url == page  # type: ignore[attr-defined]


def test_the_page_of_a_profile_shows_possible_duplicates(client: Client, merchant: Merchant) -> None:
    one, two = namesake(merchant, 1), namesake(merchant, 2)
    find_duplicates(merchant)
    page = client.get(reverse("customer_detail", args=[merchant.slug, two.pk])).content.decode()
    assert f"{reverse('customer_merge', args=[merchant.slug, two.pk])}?other={one.pk}" in page


@pytest.mark.parametrize("other", ["stranger", "itself", "nonsense", "9" * 30])
def test_nobody_is_merged_with_a_stranger(client: Client, merchant: Merchant, stranger: Membership, other: str) -> None:
    kept = namesake(merchant, 1)
    names = {"stranger": str(namesake(stranger.merchant, 1).pk), "itself": str(kept.pk)}
    given = names.get(other, other)
    url = reverse("customer_merge", args=[merchant.slug, kept.pk])
    assert client.get(url, {"other": given}).status_code == 404
    assert client.post(url, {"other": given, "sure": "1"}).status_code == 404
    assert not Merge.objects.exists()


def test_an_analyst_looks_and_changes_nothing(merchant: Merchant) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
    kept, other = namesake(merchant, 1), namesake(merchant, 2)
    merge = merge_customers(kept, other)
    assert browser.get(reverse("duplicate_list", args=[merchant.slug])).status_code == 200
    assert browser.post(reverse("merge_undo", args=[merchant.slug, merge.pk])).status_code == 403
    assert browser.get(reverse("customer_merge", args=[merchant.slug, kept.pk])).status_code == 403
