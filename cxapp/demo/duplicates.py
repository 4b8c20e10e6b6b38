"""People whom a demo shop knows twice: what merging, undoing it and the list of duplicates are shown with."""

from __future__ import annotations

from datetime import timedelta

from customers.actions.duplicates import find_duplicates
from customers.actions.merging import merge_customers
from customers.actions.profiles import Person, resolve_customer
from customers.models import Customer
from merchants.models import Merchant, Staff

PLACES = [("10437", "Berlin"), ("50674", "Köln"), ("80469", "München"), ("04109", "Leipzig"), ("22765", "Hamburg")]
PHONE = "+49 30 23125{:03}"  # a range that the regulator keeps for films and examples
DAY = timedelta(days=1)
# So many people have two profiles until staff merge them.
KNOWN_TWICE = len(PLACES)


def add_duplicates(merchant: Merchant, *, staff: Staff | None) -> int:
    """The same names again at the till and under a second address; returns how many pairs staff have to decide."""
    buyers = Customer.objects.for_merchant(merchant).filter(orders_count__gt=1).with_identities()
    known = list(buyers.order_by("-last_order_at", "pk")[: 2 * KNOWN_TWICE])
    for number, (place, customer) in enumerate(zip(PLACES, known, strict=False)):
        _seen_again(customer, number, *place)
    for number, customer in enumerate(known[KNOWN_TWICE:]):
        _at_the_till(customer, number, staff)
    return find_duplicates(merchant)


def _person(customer: Customer, **details: str) -> Person:
    names = {"first_name": customer.first_name, "last_name": customer.last_name}
    return Person(**names | {"locale": customer.locale, "country": customer.country} | details)


def _seen_again(customer: Customer, number: int, postal_code: str, city: str) -> None:
    """An order under another address, by the same name from the same place, or with the same telephone."""
    merchant, last = customer.merchant, customer.last_order_at
    if last is None:
        return
    place = {"postal_code": postal_code, "city": city}
    phone = {"phone": PHONE.format(number)} if number % 2 else {}
    resolve_customer(merchant, _person(customer, external_id=customer.external_id, **place, **phone), as_of=last)
    _local, _at, domain = customer.email.partition("@")
    other = f"{customer.last_name[:1]}.{customer.first_name}{70 + number}@{domain}".lower()
    ascii_only = other.encode("ascii", "ignore").decode()
    resolve_customer(merchant, _person(customer, email=ascii_only, **place, **phone), as_of=last + DAY / 24)


def _at_the_till(customer: Customer, number: int, staff: Staff | None) -> None:
    """A loyalty card filled in at the till. The shop learnt by itself whose it is, or staff knew."""
    merchant, last = customer.merchant, customer.last_order_at
    if last is None:
        return
    card = f"29800{customer.pk % 100_000:05}{number}"
    holder = resolve_customer(merchant, _person(customer, loyalty_card=card), as_of=last - 30 * DAY)
    if number == 0:
        merge_customers(Customer.objects.for_merchant(merchant).get(pk=customer.pk), holder, staff=staff)
    else:
        resolve_customer(merchant, Person(external_id=customer.external_id, loyalty_card=card), as_of=last)
