"""Rows for tests. Amounts are minor units; every factory takes ``merchant=``."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from catalog.models import Category, Product
from customers.models import Customer, Identity, IdentityLink
from merchants.models import Membership, Merchant, Role, Staff
from orders.models import Order, OrderLine

PASSWORD = "correct horse battery"


class MerchantFactory(DjangoModelFactory[Merchant]):
    """A shop whose legal footer is complete, so that it may send messages."""

    class Meta:
        model = Merchant

    slug = factory.Sequence(lambda n: f"shop-{n}")
    name = factory.Sequence(lambda n: f"Shop {n}")
    currency = "EUR"
    language = "de"
    legal_name = "Testladen GmbH"
    street = "Hauptstraße 1"
    postal_code = "10115"
    city = "Berlin"
    register_court = "Amtsgericht Charlottenburg"
    register_number = "HRB 1"
    directors = "Grace Muster"
    contact_email = "service@shop.example"
    sender_name = "Testladen"
    sender_email = "shop@shop.example"
    website = "https://shop.example"


class StaffFactory(DjangoModelFactory[Staff]):
    class Meta:
        model = Staff
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"staff{n}@shop.example")
    password = factory.django.Password(PASSWORD)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    merchant = factory.SubFactory(MerchantFactory)
    staff = factory.SubFactory(StaffFactory)
    role = Role.OWNER


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    merchant = factory.SubFactory(MerchantFactory)
    name = factory.Sequence(lambda n: f"Category {n}")
    path = factory.SelfAttribute("name")


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product

    merchant = factory.SubFactory(MerchantFactory)
    sku = factory.Sequence(lambda n: f"SKU-{n}")
    title = factory.Sequence(lambda n: f"Product {n}")
    price = 1999
    tax_rate = Decimal("0.19")
    stock = 10


class CustomerFactory(DjangoModelFactory[Customer]):
    """``email=`` and ``external_id=`` become identities; ``None`` leaves one out."""

    class Meta:
        model = Customer
        skip_postgeneration_save = True

    merchant = factory.SubFactory(MerchantFactory)
    first_name = "Ada"
    last_name = factory.Sequence(lambda n: f"Muster{n}")
    locale = "de"
    country = "DE"

    @classmethod
    def _create(cls, model_class: type[Customer], *args: Any, **kwargs: Any) -> Customer:
        given = {kind: kwargs.pop(kind, "") for kind in ("email", "external_id")}
        customer = super()._create(model_class, *args, **kwargs)
        defaults = {"email": f"c{customer.pk}@example.org", "external_id": f"c-{customer.pk}"}
        added = {
            kind: Identity.objects.create(
                merchant=customer.merchant, customer=customer, kind=kind, value=value or defaults[kind]
            )
            for kind, value in given.items()
            if value is not None
        }
        if len(added) == len(given):
            IdentityLink.objects.create(
                merchant=customer.merchant,
                first=added["external_id"],
                second=added["email"],
                first_seen_at=customer.created_at,
            )
        return customer


class OrderFactory(DjangoModelFactory[Order]):
    class Meta:
        model = Order

    customer = factory.SubFactory(CustomerFactory)
    merchant = factory.SelfAttribute("customer.merchant")
    number = factory.Sequence(lambda n: f"A-{n}")
    placed_at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    currency = "EUR"
    total = 1999


class OrderLineFactory(DjangoModelFactory[OrderLine]):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    merchant = factory.SelfAttribute("order.merchant")
    product = factory.SubFactory(ProductFactory, merchant=factory.SelfAttribute("..order.merchant"))
    position = factory.Sequence(lambda n: n % 30_000)
    title = factory.SelfAttribute("product.title")
    quantity = 1
    unit_price = 1999
    tax_rate = Decimal("0.19")
    total = factory.LazyAttribute(lambda line: line.quantity * line.unit_price)
