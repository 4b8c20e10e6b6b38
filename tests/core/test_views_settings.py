"""Settings: what an owner may change, and that everybody else may not."""

import pytest
from django.test import Client

from merchants.actions import find_api_key
from merchants.models import ApiKey, AuditEntry, Membership, Merchant, Role, Staff
from tests.factories import PASSWORD, MembershipFactory, StaffFactory
from tests.queries import queries_of

PAGES = ["", "legal", "marketing", "team/", "keys/", "audit/"]


def _audit(merchant: Merchant) -> list[str]:
    return list(AuditEntry.objects.for_merchant(merchant).order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.ANALYST, Role.SUPPORT, Role.EDITOR])
def test_only_owners_see_settings(merchant: Merchant, page: str, role: Role) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=role).staff)
    assert browser.get(f"/m/{merchant.slug}/settings/{page}").status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_owners_see_settings(client: Client, merchant: Merchant, page: str) -> None:
    answer = client.get(f"/m/{merchant.slug}/settings/{page}")
    assert answer.status_code == 200
    assert ">None<" not in answer.text


SHOP = {"name": "Neu", "website": "shop.example", "language": "en", "country": "AT", "time_zone": "Europe/Vienna"}


def test_saving_the_shop_writes_the_changes_down(client: Client, merchant: Merchant) -> None:
    answer = client.post(f"/m/{merchant.slug}/settings/", SHOP)
    assert answer.status_code == 302
    merchant.refresh_from_db()
    assert (merchant.name, merchant.country, merchant.time_zone) == ("Neu", "AT", "Europe/Vienna")
    assert merchant.website == "https://shop.example"
    entry = AuditEntry.objects.for_merchant(merchant).get(action="settings.updated")
    assert entry.changes["name"] == {"from": "Muster", "to": "Neu"}
    assert "currency" not in entry.changes


def test_saving_nothing_new_writes_nothing_down(client: Client, merchant: Merchant) -> None:
    same = {name: getattr(merchant, name) for name in SHOP}
    assert client.post(f"/m/{merchant.slug}/settings/", same).status_code == 302
    assert _audit(merchant) == []


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("country", "Germany"), ("time_zone", "Mars/Olympus"), ("website", "not a url")]
)
def test_bad_input_is_refused_at_its_field_and_changes_nothing(
    client: Client, merchant: Merchant, field: str, value: str
) -> None:
    answer = client.post(f"/m/{merchant.slug}/settings/", {**SHOP, field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}
    assert "Muster" in answer.text  # the shell shows the shop as it is
    merchant.refresh_from_db()
    assert merchant.name == "Muster"


def test_the_currency_cannot_be_changed(client: Client, merchant: Merchant) -> None:
    client.post(f"/m/{merchant.slug}/settings/", {**SHOP, "currency": "USD"})
    merchant.refresh_from_db()
    assert merchant.currency == "EUR"


def test_the_legal_footer_says_what_is_missing(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/settings/legal"
    assert "Messages may leave" in client.get(url).text
    client.post(url, {"legal_name": "Testladen GmbH", "city": "Berlin"})
    page = client.get(url).text
    assert "No message leaves until this is filled in" in page
    assert "Managing directors" in page


def test_the_marketing_switch_is_stored_and_written_down(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/settings/marketing"
    client.post(url, {})
    merchant.refresh_from_db()
    assert not merchant.existing_customer_exception
    client.post(url, {"existing_customer_exception": "on"})
    merchant.refresh_from_db()
    assert merchant.existing_customer_exception
    assert _audit(merchant) == ["settings.updated"] * 2


# Team


def test_a_new_person_gets_a_link_that_works_once(client: Client, merchant: Merchant) -> None:
    answer = client.post(f"/m/{merchant.slug}/settings/team/invite", {"email": "New@Shop.example", "role": 20})
    link = answer.context["link"]
    assert "no-store" in answer["Cache-Control"]
    person = Staff.objects.get(email="new@shop.example")
    assert not person.has_usable_password()
    browser = Client()
    form = browser.get(link, follow=True)
    target = form.redirect_chain[-1][0]
    browser.post(target, {"password1": PASSWORD, "password2": PASSWORD})
    assert Client().login(email=person.email, password=PASSWORD)
    assert "token" in Client().get(link, follow=True).text.lower() or not Client().get(link).context.get("form")
    assert Membership.objects.for_merchant(merchant).get(staff=person).role == Role.SUPPORT
    assert _audit(merchant) == ["membership.set"]


def test_a_used_link_sets_no_second_password(client: Client, merchant: Merchant) -> None:
    link = client.post(f"/m/{merchant.slug}/settings/team/invite", {"email": "n@shop.example", "role": 20}).context[
        "link"
    ]
    for password in (PASSWORD, "another long password"):
        browser = Client()
        answer = browser.get(link, follow=True)
        target = answer.redirect_chain[-1][0] if answer.redirect_chain else link
        browser.post(target, {"password1": password, "password2": password})
    assert Client().login(email="n@shop.example", password=PASSWORD)
    assert not Client().login(email="n@shop.example", password="another long password")


def test_somebody_with_an_account_joins_without_a_link(client: Client, merchant: Merchant) -> None:
    person = StaffFactory(email="known@shop.example")
    answer = client.post(f"/m/{merchant.slug}/settings/team/invite", {"email": "Known@shop.example", "role": 30})
    assert answer.status_code == 302
    assert Membership.objects.for_merchant(merchant).get(staff=person).role == Role.EDITOR


def test_no_link_is_handed_out_to_an_account_that_another_merchant_counts_on(
    client: Client, merchant: Merchant, stranger: Membership
) -> None:
    person = Staff.objects.create_user("pending@shop.example")
    MembershipFactory(merchant=stranger.merchant, staff=person)
    answer = client.post(f"/m/{merchant.slug}/settings/team/invite", {"email": person.email, "role": 20})
    assert answer.status_code == 302  # joined; whoever invited first holds the link


def test_a_lost_link_is_made_again(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/settings/team/invite"
    for _once_and_again in range(2):
        assert client.post(url, {"email": "n@shop.example", "role": 20}).context["link"]
    assert Membership.objects.for_merchant(merchant).filter(staff__email="n@shop.example").count() == 1


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c"])
def test_an_invitation_needs_an_address(client: Client, merchant: Merchant, email: str) -> None:
    assert client.post(f"/m/{merchant.slug}/settings/team/invite", {"email": email, "role": 20}).status_code == 422


def test_a_member_is_not_invited_twice(client: Client, merchant: Merchant, membership: Membership) -> None:
    data = {"email": membership.staff.email, "role": 10}
    answer = client.post(f"/m/{merchant.slug}/settings/team/invite", data)
    assert answer.status_code == 422
    assert "already belongs" in answer.text
    membership.refresh_from_db()
    assert membership.role == Role.OWNER


def test_a_role_is_changed_and_a_member_removed(client: Client, merchant: Merchant) -> None:
    member = MembershipFactory(merchant=merchant, role=Role.SUPPORT)
    client.post(f"/m/{merchant.slug}/settings/team/{member.pk}/role", {"role": 30})
    member.refresh_from_db()
    assert member.role == Role.EDITOR
    client.post(f"/m/{merchant.slug}/settings/team/{member.pk}/remove")
    assert not Membership.objects.for_merchant(merchant).filter(pk=member.pk).exists()
    assert Staff.objects.filter(pk=member.staff_id).exists()
    assert _audit(merchant) == ["membership.set", "membership.removed"]


@pytest.mark.parametrize("action", ["role", "remove"])
def test_the_last_owner_stays(client: Client, merchant: Merchant, membership: Membership, action: str) -> None:
    url = f"/m/{merchant.slug}/settings/team/{membership.pk}/{action}"
    assert "needs an owner" in client.post(url, {"role": 10}, follow=True).text
    membership.refresh_from_db()
    assert membership.role == Role.OWNER
    MembershipFactory(merchant=merchant, role=Role.OWNER)
    assert client.post(url, {"role": 10}).status_code == 302
    assert not Membership.objects.for_merchant(merchant).filter(pk=membership.pk, role=Role.OWNER).exists()


def test_a_role_that_does_not_exist_changes_nothing(client: Client, merchant: Merchant) -> None:
    member = MembershipFactory(merchant=merchant, role=Role.SUPPORT)
    client.post(f"/m/{merchant.slug}/settings/team/{member.pk}/role", {"role": 99})
    member.refresh_from_db()
    assert member.role == Role.SUPPORT


def test_the_team_costs_the_same_for_two_and_for_five(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/settings/team/"
    MembershipFactory(merchant=merchant)
    few = queries_of(client, url)
    MembershipFactory.create_batch(3, merchant=merchant)
    assert queries_of(client, url) == few


# API keys


def test_a_key_is_shown_once_and_works(client: Client, merchant: Merchant) -> None:
    data = {"name": "Shop", "kind": "sk", "scopes": ["orders:read"]}
    answer = client.post(f"/m/{merchant.slug}/settings/keys/create", data)
    token = answer.context["token"]
    assert token in answer.text
    assert "no-store" in answer["Cache-Control"]
    key = find_api_key(token)
    assert key is not None
    assert key.scopes == ["orders:read"]
    again = client.get(f"/m/{merchant.slug}/settings/keys/").text
    assert token not in again
    assert key.digest not in again


def test_a_publishable_key_takes_no_scopes_of_servers(client: Client, merchant: Merchant) -> None:
    data = {"name": "Shop", "kind": "pk", "scopes": ["orders:write"]}
    client.post(f"/m/{merchant.slug}/settings/keys/create", data)
    assert ApiKey.objects.for_merchant(merchant).get().scopes == ["recommendations:read", "events:write"]


@pytest.mark.parametrize(
    "data",
    [
        {"name": "", "kind": "sk", "scopes": ["orders:read"]},
        {"name": "Shop", "kind": "sk", "scopes": []},
        {"name": "Shop", "kind": "sk", "scopes": ["everything"]},
        {"name": "Shop", "kind": "xx", "scopes": ["orders:read"]},
    ],
)
def test_a_key_needs_a_name_a_kind_and_scopes(client: Client, merchant: Merchant, data: dict[str, object]) -> None:
    assert client.post(f"/m/{merchant.slug}/settings/keys/create", data).status_code == 422
    assert not ApiKey.objects.for_merchant(merchant).exists()


def test_a_revoked_key_does_not_work(client: Client, merchant: Merchant) -> None:
    data = {"name": "Shop", "kind": "sk", "scopes": ["orders:read"]}
    answer = client.post(f"/m/{merchant.slug}/settings/keys/create", data)
    key = answer.context["created"]
    client.post(f"/m/{merchant.slug}/settings/keys/{key.pk}/revoke")
    assert find_api_key(answer.context["token"]) is None
    assert "revoked" in client.get(f"/m/{merchant.slug}/settings/keys/").text


def test_the_audit_log_names_who_did_what_to_what(client: Client, merchant: Merchant, membership: Membership) -> None:
    client.post(f"/m/{merchant.slug}/settings/", SHOP)
    page = client.get(f"/m/{merchant.slug}/settings/audit/?action=settings.updated")
    assert membership.staff.email in page.text
    assert "Muster" in page.text
    assert "Neu" in page.text
    assert client.get(f"/m/{merchant.slug}/settings/audit/?action=api_key.revoked").context["listing"].rows == []


def test_the_audit_log_costs_the_same_for_one_entry_and_for_three(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/settings/audit/"
    client.post(f"/m/{merchant.slug}/settings/", SHOP)
    few = queries_of(client, url)
    for name in ("A", "B"):
        client.post(f"/m/{merchant.slug}/settings/", {**SHOP, "name": name})
    assert queries_of(client, url) == few
