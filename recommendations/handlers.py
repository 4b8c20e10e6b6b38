"""What this app does when something happened elsewhere."""

from catalog.events import ProductsChanged
from core.events import subscribe
from customers.models import Identity
from merchants.models import Merchant
from orders.events import OrderPlaced
from orders.models import Order, OrderLine
from recommendations import recent
from recommendations.queries import customer_key
from recommendations.search.actions import index_products


@subscribe(OrderPlaced)
def remember_purchase(event: OrderPlaced) -> None:
    """The next answer for this customer takes the order into account, long before the next training does."""
    order = Order.objects.for_merchant(event.merchant_id).filter(pk=event.order_id).first()
    if order is None or order.customer_id is None:
        return
    known = Identity.objects.for_merchant(event.merchant_id).filter(customer_id=order.customer_id)
    external_ids = known.filter(kind=Identity.Kind.EXTERNAL_ID).values_list("value", flat=True)
    lines = OrderLine.objects.for_merchant(event.merchant_id).filter(order=order)
    recent.remember(
        event.merchant_id,
        [customer_key(value) for value in external_ids],
        list(lines.values_list("product_id", flat=True)),
        at=order.received_at,
    )


@subscribe(ProductsChanged)
def index_changed_products(event: ProductsChanged) -> None:
    """They are found as they are now."""
    index_products(Merchant.objects.get(pk=event.merchant_id), event.product_ids)
