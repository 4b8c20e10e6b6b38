"""What promotions do when orders come and go."""

from catalog.events import ProductsChanged
from core.events import subscribe
from core.rings import ring
from customers.actions.absorbing import recounts
from merchants.models import Merchant
from orders.actions.reactions import on_cancelled, on_placed, on_units_gone
from orders.events import OrderDelivered, OrdersImported
from orders.models import Order
from promotions.actions.loyalty.ledger import recount
from promotions.actions.loyalty.waiting import wait_from_delivery
from promotions.actions.orders import roll_back_order, settle_order, settle_units
from promotions.actions.prices import publish_prices_of
from promotions.queries.loyalty import tier_members, tier_segments
from promotions.queries.people import segment_members, segment_sources


@subscribe(ProductsChanged)
def lower_changed_prices(event: ProductsChanged) -> None:
    """The shop changed products: promotions for everybody lower their new prices, too."""
    publish_prices_of(Merchant.objects.get(pk=event.merchant_id), event.product_ids)


@subscribe(OrdersImported)
def earn_for_the_past(event: OrdersImported) -> None:
    """Imported orders earn from the day on that the programme says."""
    ring("promotions.tasks.earn_imported", merchant_id=event.merchant_id)


@subscribe(OrderDelivered)
def let_points_wait(event: OrderDelivered) -> None:
    """A parcel arrived: the time for returns begins now."""
    order = Order.objects.for_merchant(event.merchant_id).filter(pk=event.order_id).first()
    if order:
        wait_from_delivery(order)


on_placed.register(settle_order, name="promotions")
on_units_gone.register(settle_units, name="promotions")
on_cancelled.register(roll_back_order, name="promotions")
segment_sources.register(tier_segments, name="tiers")
segment_members.register(tier_members, name="tiers")


def recount_points(merchant: Merchant, customer_ids: list[int]) -> None:
    """Profiles were merged or parted: points go with their lots."""
    recount(merchant.pk, customer_ids)


# After the orders: an order's points are its owner's.
recounts.register(recount_points, name="points", rank=200)
