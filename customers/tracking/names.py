"""Names of events: those of Segment's e-commerce spec v2, however they are spelled, and its v1 names."""

from __future__ import annotations

# Segment's e-commerce spec v2, and what a shop has to tell beyond it.
KNOWN = (
    "Products Searched",
    "Product List Viewed",
    "Product List Filtered",
    "Promotion Viewed",
    "Promotion Clicked",
    "Product Clicked",
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Checkout Started",
    "Checkout Step Viewed",
    "Checkout Step Completed",
    "Payment Info Entered",
    "Order Completed",
    "Order Updated",
    "Order Refunded",
    "Order Cancelled",
    "Coupon Entered",
    "Coupon Applied",
    "Coupon Denied",
    "Coupon Removed",
    "Product Added to Wishlist",
    "Product Removed from Wishlist",
    "Wishlist Product Added to Cart",
    "Product Shared",
    "Cart Shared",
    "Product Reviewed",
    "Order Shipped",
    "Order Delivered",
    "Delivery Delayed",
    "Product Returned",
    "Survey Answered",
)
# The spec's first version said them the other way round.
V1 = {
    "Viewed Product Category": "Product List Viewed",
    "Filtered Product List": "Product List Filtered",
    "Viewed Promotion": "Promotion Viewed",
    "Clicked Promotion": "Promotion Clicked",
    "Clicked Product": "Product Clicked",
    "Viewed Product": "Product Viewed",
    "Added Product": "Product Added",
    "Removed Product": "Product Removed",
    "Viewed Cart": "Cart Viewed",
    "Started Checkout": "Checkout Started",
    "Viewed Checkout Step": "Checkout Step Viewed",
    "Completed Checkout Step": "Checkout Step Completed",
    "Entered Payment Info": "Payment Info Entered",
    "Completed Order": "Order Completed",
    "Updated Order": "Order Updated",
    "Refunded Order": "Order Refunded",
    "Cancelled Order": "Order Cancelled",
    "Order Canceled": "Order Cancelled",
    "Searched Products": "Products Searched",
    "Shipped Order": "Order Shipped",
    "Delivered Order": "Order Delivered",
    "Reviewed Product": "Product Reviewed",
    "Returned Product": "Product Returned",
    "Answered Survey": "Survey Answered",
}
_CANONICAL = {name.lower(): name for name in KNOWN} | {name.lower(): ours for name, ours in V1.items()}


def canonical_name(name: str) -> str:
    """``Completed Order``, ``order completed`` and ``order_completed`` → ``Order Completed``; others stay as they are."""
    known = _CANONICAL.get(name)
    if known is None:
        known = _CANONICAL.get(name.lower().replace("_", " "))
    return known or name


_CANONICAL |= {name: name for name in KNOWN}
