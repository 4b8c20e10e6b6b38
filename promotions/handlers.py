"""What promotions do when orders come and go."""

from orders.actions.reactions import on_cancelled, on_placed
from promotions.actions.orders import roll_back_order, settle_order

on_placed.register(settle_order, name="promotions")
on_cancelled.register(roll_back_order, name="promotions")
