"""Two profiles become one, and two again, with everything that belongs to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from core.models import Delivery
from customers.actions.absorbing import relations
from customers.actions.consent import record_consent, record_objection
from customers.actions.merging import dismiss_duplicate, keep_apart, merge_customers, unmerge, what_moves
from customers.actions.profiles import Person, resolve_customer
from customers.actions.rows import row_values
from customers.actions.traits import record_traits
from customers.events import CustomersMerged, CustomersUnmerged
from customers.models import (
    Company,
    CompanyPerson,
    ConsentRecord,
    Customer,
    Duplicate,
    Identity,
    Merge,
    Note,
    Trait,
)
from customers.queries.consent import consent_decisions
from customers.queries.profiles import absorbed_into, profile_ids
from merchants.models import AuditEntry, Membership, Merchant
from orders.actions.facts import recount_customers
from orders.models import Order
from tests.factories import CustomerFactory, MerchantFactory, OrderFactory

AT = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.fixture
def ada(merchant: Merchant) -> Customer:
    return known(merchant, "ada")


@pytest.fixture
def eve(merchant: Merchant) -> Customer:
    return known(merchant, "eve")


def known(merchant: Merchant, name: str, day: int = 0) -> Customer:
    """A person with an order, a trait, a note and a decision."""
    person = Person(external_id=name, email=f"{name}@example.org", first_name=name.title())
    customer = resolve_customer(merchant, person, as_of=AT + timedelta(days=day))
    record_traits(customer, {"size": name, name: 1}, source="api", at=AT + timedelta(days=day))
    Note.objects.create(merchant=merchant, customer=customer, text=f"about {name}")
    return customer


def everything(*shops: Merchant) -> dict[str, list[Any]]:
    """Every row about people but for the records of the merging itself, and when rows were last touched."""
    own = {Merge, Duplicate}
    found: dict[str, list[Any]] = {}
    for shop in shops:
        models = {relation.model for relation in relations()} - own
        for model in sorted({Customer, *models}, key=lambda model: model._meta.label):
            rows = [row_values(row) for row in model._default_manager.for_merchant(shop).order_by("pk")]  # type: ignore[attr-defined]
            found.setdefault(model._meta.label, []).extend(
                {name: value for name, value in row.items() if name not in ("updated_at", "computed_at")}
                for row in rows
            )
    return found


def test_everything_moves_to_the_kept_profile(ada: Customer, eve: Customer, listen: Any) -> None:
    order = OrderFactory(customer=eve, merchant=eve.merchant, total=1999)
    heard = listen(CustomersMerged)
    merge = merge_customers(ada, eve)
    ada.refresh_from_db()
    order.refresh_from_db()
    assert order.customer == ada
    assert (ada.orders_count, ada.revenue) == (1, 1999)
    assert {note.text for note in ada.notes.all()} == {"about ada", "about eve"}
    assert {identity.value for identity in ada.identities.all()} == {"ada", "ada@example.org", "eve", "eve@example.org"}
    assert not Customer.objects.filter(pk=merge.absorbed_id).exists()
    assert absorbed_into(ada.merchant, merge.absorbed_id) == ada
    assert profile_ids(ada) == [ada.pk, merge.absorbed_id]
    assert AuditEntry.objects.get(action="customer.merged").subject_id == str(ada.pk)
    assert Delivery.objects.filter(event="CustomersMerged", handler="test").count() == 1
    assert heard == []


def test_the_newest_known_of_each_detail_wins(merchant: Merchant) -> None:
    first = Person(external_id="1", first_name="Ada", city="Berlin")
    ada = resolve_customer(merchant, first, as_of=AT)
    newer = resolve_customer(
        merchant, Person(external_id="2", first_name="Adele", last_name="Muster"), as_of=AT + timedelta(days=1)
    )
    older = resolve_customer(
        merchant, Person(external_id="3", first_name="Old", country="DE"), as_of=AT - timedelta(days=1)
    )
    merge_customers(ada, newer)
    merge_customers(ada, older)
    ada.refresh_from_db()
    assert (ada.first_name, ada.last_name, ada.city, ada.country) == ("Adele", "Muster", "Berlin", "DE")
    assert ada.created_at == AT - timedelta(days=1)


@pytest.mark.parametrize("day", [-1, 1])
def test_the_newer_trait_wins_and_the_other_comes_back(merchant: Merchant, ada: Customer, day: int) -> None:
    eve = known(merchant, "eve", day)
    merge = merge_customers(ada, eve)
    traits = {trait.name: trait.value for trait in Trait.objects.filter(customer=ada)}
    assert traits == {"ada": 1, "eve": 1, "size": "eve" if day > 0 else "ada"}
    restored = unmerge(merge, staff=None)
    assert Trait.objects.get(customer=ada, name="size").value == "ada"
    assert Trait.objects.get(customer=restored, name="size").value == "eve"


def test_consents_move_and_the_newest_decision_counts(ada: Customer, eve: Customer) -> None:
    proof: dict[str, Any] = {"channel": "email", "purpose": "newsletter", "source": "test", "evidence": {}}
    record_consent(ada, **proof, text_version="1", given_at=AT)
    record_objection(eve, source="test")
    merge_customers(ada, eve)
    assert consent_decisions(ada)[0].kind == ConsentRecord.Kind.OBJECTED


def test_a_company_has_the_person_once(ada: Customer, eve: Customer) -> None:
    company = Company.objects.create(merchant=ada.merchant, name="Works")
    for customer in (ada, eve):
        CompanyPerson.objects.create(merchant=ada.merchant, company=company, customer=customer)
    merge = merge_customers(ada, eve)
    assert CompanyPerson.objects.get().customer == ada
    unmerge(merge, staff=None)
    assert CompanyPerson.objects.count() == 2


def test_unmerging_parts_them_for_good(ada: Customer, eve: Customer, membership: Membership, listen: Any) -> None:
    listen(CustomersUnmerged)
    merge = merge_customers(ada, eve, staff=membership.staff)
    restored = unmerge(merge, staff=membership.staff)
    assert restored == eve
    assert resolve_customer(ada.merchant, Person(external_id="eve", email="ada@example.org")) == eve
    assert resolve_customer(ada.merchant, Person(email="ada@example.org")) == ada
    assert absorbed_into(ada.merchant, eve.pk) is None
    assert not Duplicate.objects.open().filter(merchant=ada.merchant).exists()
    assert Delivery.objects.filter(event="CustomersUnmerged").exists()
    with pytest.raises(DomainError, match="undone already"):
        unmerge(merge, staff=membership.staff)


def test_an_automatic_merge_can_be_undone_and_stays_undone(merchant: Merchant) -> None:
    card = resolve_customer(merchant, Person(loyalty_card="77", first_name="Ada"), as_of=AT)
    shop = resolve_customer(merchant, Person(external_id="1", first_name="Eve"), as_of=AT + timedelta(days=1))
    both = Person(external_id="1", loyalty_card="77")
    assert resolve_customer(merchant, both) == card
    merge = Merge.objects.get(reason=Merge.Reason.RESOLVED)
    assert (merge.kept, merge.absorbed_id) == (card, shop.pk)
    assert unmerge(merge, staff=None) == shop
    assert resolve_customer(merchant, both) == shop
    assert resolve_customer(merchant, Person(loyalty_card="77")) == card
    assert Customer.objects.get(pk=card.pk).first_name == "Ada"


def test_what_came_since_goes_by_its_address(ada: Customer, eve: Customer) -> None:
    before = OrderFactory(customer=ada, merchant=ada.merchant, email="eve@example.org", received_at=AT)
    merge = merge_customers(ada, eve)
    later = merge.merged_at + timedelta(hours=1)
    of_eve = OrderFactory(customer=ada, merchant=ada.merchant, email="eve@example.org", received_at=later)
    of_ada = OrderFactory(customer=ada, merchant=ada.merchant, email="", received_at=later)
    unmerge(merge, staff=None)
    owners = {order.pk: order.customer_id for order in Order.objects.all()}
    assert owners == {before.pk: ada.pk, of_eve.pk: eve.pk, of_ada.pk: ada.pk}
    assert Customer.objects.get(pk=eve.pk).orders_count == 1


def test_staff_outrank_limits_and_may_change_their_mind(ada: Customer, eve: Customer) -> None:
    keep_apart(ada, eve, staff=None)
    merge_customers(ada, eve)
    assert resolve_customer(ada.merchant, Person(external_id="eve")) == ada
    assert resolve_customer(ada.merchant, Person(external_id="ada", email="new@example.org")) == ada


def test_who_is_not_the_same_is_not_suggested_again(ada: Customer, eve: Customer, membership: Membership) -> None:
    first, second = sorted([ada, eve], key=lambda row: row.pk)
    pair = Duplicate.objects.create(merchant=ada.merchant, first=first, second=second, reason="name")
    dismiss_duplicate(pair, staff=membership.staff)
    assert not Duplicate.objects.open().filter(merchant=ada.merchant).exists()
    assert AuditEntry.objects.filter(action="customer.kept_apart", staff=membership.staff).exists()


def test_nobody_is_merged_with_oneself_or_with_an_erased_profile(ada: Customer, eve: Customer) -> None:
    with pytest.raises(DomainError) as itself:
        merge_customers(ada, ada)
    Customer.objects.filter(pk=eve.pk).update(erased_at=AT)
    with pytest.raises(DomainError) as gone:
        merge_customers(ada, eve)
    assert (itself.value.code, gone.value.code) == ("merge_with_itself", "profile_gone")


def test_what_moves_is_said_before(ada: Customer, eve: Customer) -> None:
    OrderFactory.create_batch(3, customer=eve, merchant=eve.merchant)
    OrderFactory(customer=ada, merchant=ada.merchant)
    assert what_moves(eve) == {"Bestellungen": 3, "Identitäten": 2, "Merkmale": 2, "Notizen": 1} or what_moves(eve) == {
        "orders": 3,
        "identities": 2,
        "traits": 2,
        "notes": 1,
    }


@pytest.mark.parametrize("undone", [(2, 1, 0), (0, 1, 2), (1, 2, 0), (0, 2, 1)])
def test_merges_are_undone_in_any_order(merchant: Merchant, undone: tuple[int, ...]) -> None:
    """D into B, B into A, and A into C: chains, with traits and details that give way at every step."""
    a, b, c, d = (known(merchant, name, day) for name, day in (("a", 1), ("b", 3), ("c", 0), ("d", 2)))
    recount_customers(merchant, [a.pk, b.pk, c.pk, d.pk])
    before = everything(merchant)
    merges = [merge_customers(b, d), merge_customers(a, b), merge_customers(c, a)]
    assert Customer.objects.get().pk == c.pk
    assert profile_ids(c) == [c.pk, a.pk, b.pk, d.pk]
    for index in undone:
        unmerge(Merge.objects.get(pk=merges[index].pk), staff=None)
    assert everything(merchant) == before


facts = st.lists(st.sampled_from(["order", "trait", "note", "consent", "company", "name", "phone"]), max_size=6)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(facts, facts, st.sampled_from(["kept", "absorbed", "same"]))
def test_merge_and_unmerge_is_the_identity(mine: list[str], theirs: list[str], newer: str) -> None:
    """Over all tables of all apps, whatever the two profiles hold."""
    shop = MerchantFactory()
    company = Company.objects.create(merchant=shop, name="Works")
    pair = [CustomerFactory(merchant=shop, email=None), CustomerFactory(merchant=shop)]
    for index, (customer, happened) in enumerate(zip(pair, (mine, theirs), strict=True)):
        day = index * {"kept": -1, "absorbed": 1, "same": 0}[newer]
        for number, what in enumerate(happened):
            happen(customer, what, number, AT + timedelta(days=day), company)
    recount_customers(shop, [customer.pk for customer in pair])
    before = everything(shop)
    assert len(before) > 8
    unmerge(merge_customers(*pair), staff=None)
    assert everything(shop) == before


def happen(customer: Customer, what: str, number: int, at: datetime, company: Company) -> None:
    merchant = customer.merchant
    if what == "order":
        OrderFactory(customer=customer, merchant=merchant, placed_at=at)
    elif what == "trait":
        record_traits(customer, {"size": number}, source="api", at=at)
    elif what == "note":
        Note.objects.create(merchant=merchant, customer=customer, text=str(number))
    elif what == "consent":
        proof: dict[str, Any] = {"channel": "email", "purpose": "newsletter", "source": "test", "evidence": {}}
        record_consent(customer, **proof, text_version=str(number), given_at=at)
    elif what == "company":
        CompanyPerson.objects.get_or_create(merchant=merchant, company=company, customer=customer)
    else:
        details = {"first_name": f"Name {number}"} if what == "name" else {"phone": f"+49301234{customer.pk % 1000:03}"}
        external_id = Identity.objects.get(customer=customer, kind="external_id").value
        resolve_customer(merchant, Person(external_id=external_id, **details), as_of=at)
