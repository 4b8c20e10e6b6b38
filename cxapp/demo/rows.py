"""A generated shop as rows of the database, in the order in which they can be stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Model

from catalog.models import Category, PriceChange, Product
from customers.models import Channel, ConsentRecord, Customer, Identity, Suppression, address_digest
from cxapp.demo.addresses import picture_url
from cxapp.demo.consent_texts import ConsentTexts
from cxapp.demo.earnings import FEES, PARCEL_COST, RETURN_COST
from cxapp.demo.ledger import OrderPlan, ParcelPlan, StatementPlan
from cxapp.demo.people import Person
from cxapp.demo.products import ProductPlan
from cxapp.demo.shop import DemoShop
from cxapp.demo.visit_rows import event_rows
from merchants.models import Merchant
from orders.models import (
    CostSettings,
    Order,
    OrderLine,
    Payment,
    PaymentFee,
    Refund,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)

FIRST_CUSTOMER = 10_001


@dataclass
class ShopRows:
    """Rows of one shop; each batch refers to the ids of earlier ones, so store them in the order of ``batches``."""

    merchant: Merchant
    shop: DemoShop
    products: list[Product] = field(default_factory=list)
    customers: dict[int, Customer] = field(default_factory=dict)

    def batches(self) -> Iterator[Sequence[Model]]:
        """Lists of rows of one model each. Before the next is asked for, the last must have its ids."""
        yield from self._catalog()
        yield from self._people()
        yield from self._orders()
        yield from self._statements()
        yield event_rows(self.merchant, self.customers, self.shop.visits)

    def _catalog(self) -> Iterator[Sequence[Model]]:
        categories: dict[tuple[str, ...], Category] = {}
        for depth in range(1, 4):
            paths = {leaf.path[:depth] for leaf in self.shop.assortment.leaves if len(leaf.path) >= depth}
            level = {path: self._category(path, categories) for path in sorted(paths)}
            yield list(level.values())
            categories |= level
        leaves = self.shop.assortment.leaves
        self.products = [self._product(plan, categories[leaves[plan.leaf].path]) for plan in self.shop.products]
        yield self.products
        yield [
            PriceChange(
                merchant_id=self.merchant.pk,
                product_id=product.pk,
                price=step.price,
                list_price=step.list_price,
                valid_from=step.valid_from,
            )
            for product, plan in zip(self.products, self.shop.products, strict=True)
            for step in plan.prices
        ]

    def _category(self, path: tuple[str, ...], known: dict[tuple[str, ...], Category]) -> Category:
        return Category(
            merchant_id=self.merchant.pk, parent=known.get(path[:-1]), name=path[-1], path=Category.SEPARATOR.join(path)
        )

    def _product(self, plan: ProductPlan, category: Category) -> Product:
        price = plan.prices[-1]
        return Product(
            merchant_id=self.merchant.pk,
            sku=plan.sku,
            title=plan.title,
            description=plan.description,
            category_id=category.pk,
            brand=plan.brand,
            price=price.price,
            list_price=price.list_price,
            cost=plan.cost,
            tax_rate=plan.tax_rate,
            stock=plan.stock,
            url=f"{self.merchant.website}/p/{plan.sku}",
            image_url=picture_url(plan.picture),
            tags=list(plan.tags),
            active=plan.withdrawn_at is None,
            created_at=plan.created_at,
            updated_at=plan.withdrawn_at or price.valid_from,
        )

    def _people(self) -> Iterator[Sequence[Model]]:
        people = {index: person for index, person in enumerate(self.shop.people) if not person.is_guest}
        orders: dict[int, list[OrderPlan]] = defaultdict(list)
        for order in self.shop.orders:
            if order.state != Order.State.CANCELLED:
                orders[order.person].append(order)
        self.customers = {index: self._customer(person, orders[index]) for index, person in people.items()}
        yield list(self.customers.values())
        prefix = self.shop.assortment.numbers["customer"]
        yield [
            Identity(
                merchant_id=self.merchant.pk,
                customer_id=self.customers[index].pk,
                kind=kind,
                value=value,
                created_at=self.customers[index].created_at,
            )
            for index, person in people.items()
            for kind, value in (
                (Identity.Kind.EXTERNAL_ID.value, f"{prefix}{FIRST_CUSTOMER + index}"),
                (Identity.Kind.EMAIL.value, person.email),
            )
        ]

    def _customer(self, person: Person, counted: Sequence[OrderPlan]) -> Customer:
        """The profile, with the figures that the orders app would have kept on it."""
        joined = self.shop.start + timedelta(days=person.joined)
        return Customer(
            merchant_id=self.merchant.pk,
            first_name=person.first_name,
            last_name=person.last_name,
            locale=person.locale,
            country=person.country,
            created_at=joined,
            updated_at=counted[-1].placed_at if counted else joined,
            orders_count=len(counted),
            revenue=sum(order.total - order.refunded for order in counted),
            first_order_at=counted[0].placed_at if counted else None,
            last_order_at=counted[-1].placed_at if counted else None,
        )

    def _orders(self) -> Iterator[Sequence[Model]]:
        plans = self.shop.orders
        orders = [self._order(plan) for plan in plans]
        yield orders
        lines = [list(self._lines(plan, order)) for plan, order in zip(plans, orders, strict=True)]
        yield _flat(lines)
        placed = list(zip(plans, orders, lines, strict=True))
        yield from self._parcels(placed)
        yield from self._returns(placed)
        yield from self._earnings(placed)

    def _order(self, plan: OrderPlan) -> Order:
        person, customer = self.shop.people[plan.person], self.customers.get(plan.person)
        return Order(
            merchant_id=self.merchant.pk,
            number=plan.number,
            customer_id=None if customer is None else customer.pk,
            email="" if customer is None else person.email,
            locale=person.locale,
            country=person.country,
            placed_at=plan.placed_at,
            received_at=plan.placed_at,
            currency=self.merchant.currency,
            shipping=plan.shipping,
            discount=plan.discount,
            total=plan.total,
            tax=plan.tax,
            refunded=plan.refunded,
            payment_method=plan.payment,
            channel=plan.channel,
            coupon_codes=list(plan.coupons),
            promised_delivery_on=plan.promised_on,
            state=plan.state,
            cancelled_at=plan.cancelled_at,
            cancellation_reason=plan.cancellation_reason,
            source=Order.Source.DEMO.value,
        )

    def _lines(self, plan: OrderPlan, order: Order) -> Iterator[OrderLine]:
        for position, line in enumerate(plan.lines, start=1):
            product = self.products[line.product]
            yield OrderLine(
                merchant_id=self.merchant.pk,
                order_id=order.pk,
                position=position,
                product_id=product.pk,
                title=product.title,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount=line.discount,
                total=line.total,
                tax_rate=line.tax_rate,
                unit_cost=product.cost,
                cancelled=line.cancelled,
                returned=line.returned,
                refunded=line.refunded,
            )

    def _parcels(self, placed: Sequence[tuple[OrderPlan, Order, list[OrderLine]]]) -> Iterator[Sequence[Model]]:
        sent = [
            (parcel, self._shipment(parcel, order), lines) for plan, order, lines in placed for parcel in plan.parcels
        ]
        yield [shipment for _, shipment, _ in sent]
        yield [
            ShipmentLine(
                merchant_id=self.merchant.pk, shipment_id=shipment.pk, order_line_id=lines[index].pk, quantity=units
            )
            for parcel, shipment, lines in sent
            for index, units in parcel.units.items()
        ]
        texts = self.shop.assortment.texts
        yield [
            TrackingEvent(
                merchant_id=self.merchant.pk, shipment_id=shipment.pk, code=code, text=texts[code], occurred_at=at
            )
            for parcel, shipment, _ in sent
            for code, at in parcel.events
        ]

    def _shipment(self, parcel: ParcelPlan, order: Order) -> Shipment:
        return Shipment(
            merchant_id=self.merchant.pk,
            order_id=order.pk,
            reference=parcel.reference,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number,
            tracking_url=f"{self.shop.assortment.trade.tracking}{parcel.tracking_number}",
            shipped_at=parcel.shipped_at,
            expected_on=parcel.expected_on,
            delivered_at=parcel.delivered_at,
        )

    def _returns(self, placed: Sequence[tuple[OrderPlan, Order, list[OrderLine]]]) -> Iterator[Sequence[Model]]:
        back = [
            [
                Return(
                    merchant_id=self.merchant.pk,
                    order_id=order.pk,
                    reference=parcel.reference,
                    received_at=parcel.received_at,
                    reason=parcel.reason,
                )
                for parcel in plan.returns
            ]
            for plan, order, _ in placed
        ]
        yield _flat(back)
        yield [
            ReturnLine(
                merchant_id=self.merchant.pk,
                parcel_id=row.pk,
                order_line_id=lines[index].pk,
                quantity=units,
                refund=parcel.refunds[index],
            )
            for (plan, _, lines), rows in zip(placed, back, strict=True)
            for parcel, row in zip(plan.returns, rows, strict=True)
            for index, units in parcel.units.items()
        ]
        yield [
            Refund(
                merchant_id=self.merchant.pk,
                order_id=order.pk,
                parcel_id=None if refund.parcel is None else rows[refund.parcel].pk,
                amount=refund.amount,
                reason=refund.reason,
                refunded_at=refund.refunded_at,
            )
            for (plan, order, _), rows in zip(placed, back, strict=True)
            for refund in plan.refunds
        ]

    def _earnings(self, placed: Sequence[tuple[OrderPlan, Order, list[OrderLine]]]) -> Iterator[Sequence[Model]]:
        """What came in, and what selling costs the shop."""
        yield [
            Payment(
                merchant_id=self.merchant.pk,
                order_id=order.pk,
                reference=payment.reference,
                amount=payment.amount,
                method=payment.method,
                paid_at=payment.paid_at,
                due_on=payment.due_on,
            )
            for plan, order, _ in placed
            for payment in plan.payments
        ]
        yield [CostSettings(merchant_id=self.merchant.pk, parcel_cost=PARCEL_COST, return_cost=RETURN_COST)]
        yield [
            PaymentFee(merchant_id=self.merchant.pk, method=method, share=Decimal(share), fixed=fixed)
            for method, (share, fixed) in FEES.items()
        ]

    def _statements(self) -> Iterator[Sequence[Model]]:
        granted = [plan for plan in self.shop.statements if plan.kind == ConsentRecord.Kind.GRANTED]
        texts = ConsentTexts(self.merchant, (plan.text_version for plan in granted))
        yield texts.rows
        yield [self._consent(plan, texts) for plan in self.shop.statements]
        yield [
            self._suppression(self.shop.people[plan.person].email, plan.occurred_at)
            for plan in self.shop.statements
            if plan.kind == ConsentRecord.Kind.OBJECTED
        ]

    def _consent(self, plan: StatementPlan, texts: ConsentTexts) -> ConsentRecord:
        """As the actions of the customers app record it; an objection speaks of every channel and address."""
        by_mail: dict[str, Any] = {"channel": Channel.EMAIL.value, "address": self.shop.people[plan.person].email}
        is_consent = plan.kind == ConsentRecord.Kind.GRANTED
        return ConsentRecord(
            text_id=texts.id_of(plan.purpose, plan.text_version) if is_consent else None,
            merchant_id=self.merchant.pk,
            customer_id=self.customers[plan.person].pk,
            kind=plan.kind,
            purpose=plan.purpose,
            text_version=plan.text_version,
            source=plan.source,
            evidence=dict(plan.evidence),
            occurred_at=plan.occurred_at,
            recorded_at=plan.occurred_at,
            **by_mail if plan.purpose else {},
        )

    def _suppression(self, email: str, at: datetime) -> Suppression:
        return Suppression(
            merchant_id=self.merchant.pk,
            digest=address_digest(email),
            reason=Suppression.Reason.OBJECTION.value,
            created_at=at,
        )


def _flat(nested: Iterable[Iterable[Any]]) -> list[Any]:
    return [row for rows in nested for row in rows]
