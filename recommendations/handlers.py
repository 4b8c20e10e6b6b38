"""What this app does when something happened elsewhere."""

from django.utils import timezone

from catalog.events import ProductsChanged
from core.events import subscribe
from customers.events import CustomersMerged, CustomersUnmerged
from customers.models import Identity
from merchants.models import Merchant
from orders.events import OrderPlaced, ReturnReceived
from orders.models import Order, OrderLine, Return, ReturnLine
from recommendations import recent
from recommendations.queries import customer_key
from recommendations.search.actions import index_products


@subscribe(OrderPlaced)
def remember_purchase(event: OrderPlaced) -> None:
    """The next answer for this customer takes the order into account, long before the next training does."""
    order = Order.objects.for_merchant(event.merchant_id).filter(pk=event.order_id).first()
    if order is not None and order.customer_id is not None:
        remember_order(order)


@subscribe(ReturnReceived)
def remember_return(event: ReturnReceived) -> None:
    """What came back is not offered to this customer again."""
    parcel = Return.objects.for_merchant(event.merchant_id).filter(pk=event.return_id).select_related("order").first()
    if parcel is not None and parcel.order.customer_id is not None:
        lines = ReturnLine.objects.for_merchant(event.merchant_id).filter(parcel=parcel)
        keys = customer_keys(event.merchant_id, parcel.order.customer_id)
        products = list(lines.values_list("order_line__product_id", flat=True))
        recent.remember_refused(event.merchant_id, keys, products, at=timezone.now())


@subscribe(CustomersMerged)
def remember_together(event: CustomersMerged) -> None:
    """Under every number of the person stands what was bought under any of them."""
    remember_anew(event.merchant_id, [event.kept_id])


@subscribe(CustomersUnmerged)
def remember_apart(event: CustomersUnmerged) -> None:
    """Each of the two is left with what they bought themselves."""
    remember_anew(event.merchant_id, [event.kept_id, event.restored_id])


def remember_anew(merchant_id: int, customer_ids: list[int]) -> None:
    """Forget and note again what these profiles bought lately."""
    for customer_id in customer_ids:
        recent.forget(merchant_id, customer_keys(merchant_id, customer_id))
        lately = Order.objects.for_merchant(merchant_id).filter(
            customer=customer_id, received_at__gt=timezone.now() - recent.KEPT_FOR
        )
        for order in lately.exclude(state=Order.State.CANCELLED).order_by("received_at"):
            remember_order(order)


def remember_order(order: Order) -> None:
    """Note the products of an order of a known customer, under every number of theirs."""
    lines = OrderLine.objects.for_merchant(order.merchant_id).filter(order=order)
    keys = customer_keys(order.merchant_id, order.customer_id or 0)
    recent.remember(order.merchant_id, keys, list(lines.values_list("product_id", flat=True)), at=order.received_at)


def customer_keys(merchant_id: int, customer_id: int) -> list[int]:
    """What is remembered of a customer stands under our id and under the key of every external id."""
    known = Identity.objects.for_merchant(merchant_id).filter(customer_id=customer_id)
    numbers = known.filter(kind=Identity.Kind.EXTERNAL_ID).values_list("value", flat=True)
    return [customer_id, *(customer_key(value) for value in numbers)]


@subscribe(ProductsChanged)
def index_changed_products(event: ProductsChanged) -> None:
    """They are found as they are now."""
    index_products(Merchant.objects.get(pk=event.merchant_id), event.product_ids)
