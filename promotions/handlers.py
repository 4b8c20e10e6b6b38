"""What promotions do when orders come and go."""

from customers.actions.absorbing import recounts
from merchants.models import Merchant
from orders.actions.reactions import on_cancelled, on_placed, on_units_gone
from promotions.actions.loyalty.ledger import recount
from promotions.actions.orders import roll_back_order, settle_order, settle_units
from promotions.queries.loyalty import tier_members, tier_segments
from promotions.queries.people import segment_members, segment_sources

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
