"""Points for what was not told when it happened: orders of imported files, and reviews that only tracking saw."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from catalog.models import Product
from customers.models import Customer, Event
from merchants.models import Merchant
from orders.models import Order, OrderLine
from promotions.actions.loyalty.earning import earn_for_order, earn_for_review
from promotions.models import LoyaltyProgram, PointLot

REVIEWED = "Product Reviewed"
AT_ONCE = 200
# Events are looked for so long before the last look: a batch may be stored a little after it was received.
OVERLAP, FIRST_LOOK, OLDEST = timedelta(minutes=15), timedelta(hours=1), timedelta(days=31)


def earn_for_imported(merchant: Merchant) -> int:
    """Imported orders from the day on that the programme says, the oldest first; how many, ``AT_ONCE`` at most."""
    program = LoyaltyProgram.objects.for_merchant(merchant).filter(is_active=True).exclude(imports_from=None).first()
    if program is None or program.imports_from is None:
        return 0
    begin = datetime.combine(program.imports_from, time(0), tzinfo=merchant.tz)
    lots = PointLot.objects.for_merchant(merchant).filter(order=OuterRef("pk"), kind=PointLot.Kind.ORDER)
    rows = Order.objects.for_merchant(merchant).counted().filter(source=Order.Source.IMPORT, placed_at__gte=begin)
    people = Customer.objects.for_merchant(merchant).present()
    open_ones = rows.filter(customer__in=people.values("pk")).exclude(Exists(lots))
    found = list(open_ones.select_related("customer", "merchant").order_by("placed_at", "pk")[:AT_ONCE])
    for order in found:
        with transaction.atomic():
            earn_for_order(order)
    return len(found)


def reward_tracked_reviews(program: LoyaltyProgram, *, now: datetime | None = None) -> int:
    """Reviews that the shop's tracking saw since the last look, of products that the person bought; once per product."""
    now = now or timezone.now()
    since = (program.reviews_seen or now - FIRST_LOOK) - OVERLAP
    events = Event.objects.for_merchant(program.merchant_id).of_people().filter(name=REVIEWED, received_at__gte=since)
    rows = events.filter(customer_id__isnull=False, occurred_at__gte=since - OLDEST).order_by("id")
    told = {
        (customer_id, sku)
        for customer_id, properties in rows.values_list("customer_id", "properties")
        for sku in _skus(properties)
        if customer_id is not None
    }
    rewarded = sum(
        _reward(program, customer_id, product) for customer_id, product in _bought(program.merchant_id, told)
    )
    LoyaltyProgram.objects.for_merchant(program.merchant_id).filter(pk=program.pk).update(reviews_seen=now)
    return rewarded


def _skus(properties: object) -> list[str]:
    """Shops put the SKU into either property."""
    if not isinstance(properties, dict):
        return []
    return [value for name in ("sku", "product_id") if isinstance(value := properties.get(name), str) and value]


def _bought(merchant_id: int, told: set[tuple[int, str]]) -> list[tuple[int, int]]:
    """Person and product of those reviews that a purchase stands behind, in a fixed order."""
    products = Product.objects.for_merchant(merchant_id).filter(sku__in={sku for _customer, sku in told})
    ids = dict(products.values_list("sku", "pk"))
    wanted = {(customer, ids[sku]) for customer, sku in told if sku in ids}
    lines = OrderLine.objects.for_merchant(merchant_id).filter(
        order__customer__in={customer for customer, _product in wanted},
        product__in={product for _customer, product in wanted},
    )
    owned = lines.order_by().values_list("order__customer", "product").distinct()
    return sorted(wanted & set(owned))


def _reward(program: LoyaltyProgram, customer_id: int, product_id: int) -> bool:
    reference = f"product:{product_id}:{customer_id}"
    known = PointLot.objects.for_merchant(program.merchant_id).filter(key=f"review:{reference}")
    customer = Customer.objects.for_merchant(program.merchant_id).present().filter(pk=customer_id).first()
    if customer is None or known.exists():
        return False
    return earn_for_review(customer, reference=reference) is not None
