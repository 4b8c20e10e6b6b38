"""Whose events these are: profiles, visits that join by consent alone, consents that are told."""

from typing import Any

import pytest

from core.privacy import Person as PrivatePerson
from core.privacy import stores
from customers.actions.consent import record_consent
from customers.actions.profiles import Person, resolve_customer
from customers.models import CompanyPerson, ConsentRecord, Customer, Event, Identity, Purpose, Trait
from customers.tracking import visitor
from merchants.models import Membership, Merchant
from tests.customers.tracking_samples import CONSENTED, codes, events_of, moment, send, statuses, viewed
from tests.storefront import Storefront, storefront

NO = {"consent": {"tracking": False}}


def identify(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "type": "identify",
        "messageId": f"i-{number}",
        "anonymousId": "visitor-1",
        "userId": "c-1",
        "timestamp": moment(minutes=-30),
        "traits": {"email": "Ada@Example.org", "firstName": "Ada", "plan": "gold"},
    } | fields


def customer(merchant: Merchant) -> Customer:
    return Customer.objects.for_merchant(merchant).get()


def identities(merchant: Merchant) -> dict[str, str]:
    return dict(Identity.objects.for_merchant(merchant).values_list("kind", "value"))


def test_identify_makes_a_profile_with_traits_and_details(api: Storefront, merchant: Merchant) -> None:
    assert statuses(send(api, [identify(), viewed(1, userId="c-1")])) == ["stored", "stored"]
    profile = customer(merchant)
    assert profile.first_name == "Ada"
    assert identities(merchant) == {"external_id": "c-1", "email": "ada@example.org"}
    assert Trait.objects.for_merchant(merchant).get(name="plan").value == "gold"
    assert {event.customer_id for event in events_of(merchant).values()} == {profile.pk}


def test_a_user_who_was_never_identified_is_a_profile_at_the_first_event(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, userId=4711, anonymousId=None), viewed(2, userId="4711", anonymousId=None)])
    assert {event.customer_id for event in events_of(merchant).values()} == {customer(merchant).pk}
    assert identities(merchant) == {"external_id": "4711"}


@pytest.mark.parametrize("nobody", ["null", "undefined", "0000", "anonymous", " "])
def test_values_that_name_nobody_make_no_profile(api: Storefront, merchant: Merchant, nobody: str) -> None:
    assert statuses(send(api, [viewed(1, userId=nobody)])) == ["stored"]
    assert events_of(merchant)["m-1"].anonymous_id == "visitor-1"
    assert not Customer.objects.for_merchant(merchant).exists()


def test_a_visit_joins_the_profile_with_consent(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, context=CONSENTED)])
    send(api, [identify(context=CONSENTED)])
    send(api, [viewed(2, context=CONSENTED)])
    profile, found = customer(merchant), events_of(merchant)
    assert identities(merchant)["anonymous_id"] == "visitor-1"
    assert (found["m-1"].customer_id, found["m-2"].customer_id) == (None, profile.pk)  # events are never rewritten
    assert found["i-1"].anonymous_id == "visitor-1"


@pytest.mark.parametrize(
    "context", [None, {}, NO, {"consent": {}}, {"consent": {"categoryPreferences": {"ads": True}}}]
)
def test_without_consent_no_visit_joins_and_no_row_holds_both(
    api: Storefront, merchant: Merchant, context: Any
) -> None:
    send(api, [viewed(1, context=context), identify(context=context), viewed(2, userId="c-1", context=context)])
    send(api, [viewed(3, context=context)])
    found = events_of(merchant)
    assert "anonymous_id" not in identities(merchant)
    assert (found["i-1"].anonymous_id, found["m-2"].anonymous_id) == ("", "")
    assert (found["m-1"].customer_id, found["m-3"].customer_id) == (None, None)
    assert found["m-2"].customer_id == customer(merchant).pk


def test_a_recorded_consent_holds_where_the_event_says_nothing(api: Storefront, merchant: Merchant) -> None:
    profile = resolve_customer(merchant, Person(external_id="c-1"))
    record_consent(
        profile, purpose=Purpose.TRACKING, channel="", text_version="2026-01", source="account", evidence={"page": "x"}
    )
    send(api, [viewed(1, userId="c-1")])
    assert identities(merchant)["anonymous_id"] == "visitor-1"
    assert ConsentRecord.objects.for_merchant(merchant).count() == 1


def test_who_says_no_is_a_stranger_again(api: Storefront, merchant: Merchant) -> None:
    send(api, [identify(context=CONSENTED), viewed(1, context=NO)])
    assert events_of(merchant)["m-1"].customer_id is None


def test_segments_own_way_to_tell_consent_counts(api: Storefront, merchant: Merchant) -> None:
    context = {"consent": {"categoryPreferences": {"tracking": True}}}
    send(api, [identify(context=context)])
    assert identities(merchant)["anonymous_id"] == "visitor-1"
    assert not ConsentRecord.objects.for_merchant(merchant).exists()  # without a text nothing is proved


def test_consent_with_its_text_is_recorded_once(api: Storefront, merchant: Merchant) -> None:
    send(api, [identify(context=CONSENTED), viewed(1, userId="c-1", context=CONSENTED)])
    send(api, [viewed(2, userId="c-1", context=CONSENTED)])
    record = ConsentRecord.objects.for_merchant(merchant).get()
    assert (record.kind, record.purpose, record.channel) == ("granted", "tracking", "")
    assert (record.text_version, record.source, record.evidence) == ("2026-01", "tracking", {"message_id": "i-1"})


@pytest.mark.parametrize("apart", [True, False])
def test_what_a_visitor_agreed_to_is_recorded_when_they_are_known(
    api: Storefront, merchant: Merchant, apart: bool
) -> None:
    context = {"consent": {"categoryPreferences": {"tracking": True}}}
    told = viewed(1, event="Consent Given", properties={"purpose": "tracking", "textVersion": "v7"}, context=context)
    if apart:
        send(api, [told])
        assert not Customer.objects.for_merchant(merchant).exists()
        send(api, [identify(context=context)])
    else:
        send(api, [told, identify(context=context)])
    assert ConsentRecord.objects.for_merchant(merchant).get().text_version == "v7"


def test_a_withdrawal_is_recorded_and_no_repetition_outweighs_it(api: Storefront, merchant: Merchant) -> None:
    send(api, [identify(context=CONSENTED)])
    send(api, [viewed(1, event="Consent Withdrawn", userId="c-1", properties={"purpose": "tracking"}, context=NO)])
    send(api, [viewed(2, userId="c-1", context=CONSENTED)])
    kinds = ConsentRecord.objects.for_merchant(merchant).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["granted", "withdrawn"]


def test_a_script_cannot_consent_to_messages(api: Storefront, merchant: Merchant) -> None:
    told = viewed(1, event="Consent Given", userId="c-1", properties={"purpose": "newsletter", "textVersion": "v1"})
    assert statuses(send(api, [told])) == ["stored"]
    assert not ConsentRecord.objects.for_merchant(merchant).exists()


def test_an_alias_joins_the_visit_with_consent(api: Storefront, merchant: Merchant) -> None:
    alias = {"type": "alias", "messageId": "a-1", "previousId": "visitor-1", "userId": "c-1"}
    send(api, [alias | {"context": NO}])
    assert "anonymous_id" not in identities(merchant)
    send(api, [alias | {"messageId": "a-2", "context": CONSENTED}])
    assert identities(merchant)["anonymous_id"] == "visitor-1"


def test_a_duplicate_changes_nobody_again(api: Storefront, merchant: Merchant) -> None:
    send(api, [identify()])
    send(api, [identify(2, timestamp=moment(minutes=-10), traits={"firstName": "Grace"})])
    assert statuses(send(api, [identify()])) == ["duplicate"]
    assert customer(merchant).first_name == "Grace"


def test_traits_that_cannot_be_kept_reject_their_event_alone(api: Storefront, merchant: Merchant) -> None:
    answer = send(api, [identify(traits={"x" * 121: 1}), viewed(1)])
    assert codes(answer) == ["trait_name_invalid", "stored"]
    assert set(events_of(merchant)) == {"m-1"}
    assert not Customer.objects.for_merchant(merchant).exists()


def test_ids_of_another_shop_are_strangers(api: Storefront, merchant: Merchant, stranger: Membership) -> None:
    send(storefront(stranger.merchant), [identify(context=CONSENTED)])
    send(api, [viewed(1)])
    send(api, [viewed(2, userId="c-1", context=CONSENTED)])
    assert events_of(merchant)["m-1"].customer_id is None
    assert events_of(merchant)["m-2"].customer_id == customer(merchant).pk
    assert Event.objects.for_merchant(stranger.merchant).count() == 1


# --- groups, numbers, public keys -------------------------------------------------------------------------------------


def test_a_group_call_links_the_person_to_the_company(api: Storefront, merchant: Merchant) -> None:
    group = {"type": "group", "messageId": "g-1", "userId": "c-1", "groupId": "acme", "traits": {"name": "ACME GmbH"}}
    assert statuses(send(api, [group])) == ["stored"]
    link = CompanyPerson.objects.for_merchant(merchant).get()
    assert (link.customer, link.company.name) == (customer(merchant), "ACME GmbH")
    assert events_of(merchant)["g-1"].customer_id == link.customer_id


def test_a_group_call_of_a_stranger_is_stored_and_links_nobody(api: Storefront, merchant: Merchant) -> None:
    send(api, [{"type": "group", "messageId": "g-1", "anonymousId": "v", "groupId": "acme"}])
    assert set(events_of(merchant)) == {"g-1"}
    assert not CompanyPerson.objects.for_merchant(merchant).exists()


def test_an_alias_of_two_customer_numbers_makes_no_one_person_of_them(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, userId="c-1"), viewed(2, userId="c-2")])
    alias = {"type": "alias", "messageId": "a-1", "previousId": "c-2", "userId": "c-1", "context": CONSENTED}
    assert statuses(send(api, [alias])) == ["stored"]
    assert Customer.objects.for_merchant(merchant).count() == 2
    assert not Identity.objects.for_merchant(merchant).filter(kind="anonymous_id").exists()


def test_a_public_key_makes_a_new_profile(merchant: Merchant) -> None:
    send(storefront(merchant, kind="pk"), [identify(context=CONSENTED)])
    assert identities(merchant) == {"external_id": "c-1", "email": "ada@example.org", "anonymous_id": "visitor-1"}


def test_a_public_key_changes_neither_name_nor_address_of_a_profile(api: Storefront, merchant: Merchant) -> None:
    send(api, [identify()])
    anybody = storefront(merchant, kind="pk")
    forged = {"email": "mallory@example.org", "name": "Mallory M", "address": {"city": "X"}, "plan": "none"}
    assert statuses(send(anybody, [identify(2, traits=forged, timestamp=moment(minutes=-1))])) == ["stored"]
    assert identities(merchant) == {"external_id": "c-1", "email": "ada@example.org"}
    assert customer(merchant).first_name == "Ada"
    assert Trait.objects.for_merchant(merchant).get(name="plan").value == "none"


@pytest.mark.parametrize("user", [{"userId": "c-9"}, {"userId": None}])
def test_a_public_key_joins_no_two_profiles(api: Storefront, merchant: Merchant, user: dict[str, Any]) -> None:
    send(api, [identify()])
    send(storefront(merchant, kind="pk"), [identify(2, context=CONSENTED, **user)])
    profile = Customer.objects.for_merchant(merchant).get(identities__value="c-1")
    values = Identity.objects.for_merchant(merchant).filter(customer=profile).values_list("value", flat=True)
    assert set(values) == {"c-1", "ada@example.org"}
    assert events_of(merchant)["i-2"].customer_id != profile.pk


def test_an_erasure_forgets_what_was_looked_at(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, userId="c-1", event="Product Added", context=CONSENTED)])
    pk = customer(merchant).pk
    assert visitor.basket(merchant.pk, customer_ids=[pk])
    store = next(store for store in stores if store.name == "customers.visitors")
    person = PrivatePerson(merchant_id=merchant.pk, ids=(pk,), anonymous_ids=("visitor-1",))
    assert store.erase(person).deleted == 3  # its basket under both names, and how fast the visit was
    assert not visitor.basket(merchant.pk, customer_ids=[pk], anonymous_ids=["visitor-1"])
