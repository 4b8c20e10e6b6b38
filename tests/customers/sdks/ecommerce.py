"""A visit to an invented shop in all 28 events of the e-commerce spec, version 2, as its SDKs would be told of it."""

from typing import Any

MUG = {
    "product_id": "mug-blue",
    "sku": "mug-blue",
    "name": "Mug, blue",
    "brand": "Nordlicht",
    "category": "Kitchen",
    "variant": "0.3 l",
    "price": 19.99,
    "quantity": 2,
    "position": 1,
    "url": "https://shop.example/p/mug-blue",
    "image_url": "https://shop.example/i/mug-blue.jpg",
}
KETTLE = MUG | {"product_id": "kettle", "sku": "kettle", "name": "Kettle „Brise“", "price": 54.0, "quantity": 1}
PROMOTION = {"promotion_id": "autumn", "name": "Autumn", "creative": "leaves", "position": "home_top"}
ORDER = {
    "order_id": "A-4711",
    "affiliation": "Web shop",
    "total": 98.93,
    "subtotal": 93.98,
    "revenue": 93.98,
    "shipping": 4.95,
    "tax": 15.8,
    "discount": 0,
    "coupon": "AUTUMN",
    "currency": "EUR",
    "products": [MUG, KETTLE],
}
COUPON = {"order_id": "A-4711", "cart_id": "b-1", "coupon_id": "AUTUMN"}

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("Products Searched", {"query": "Becher für Käsefondue 🫕"}),
    ("Product List Viewed", {"list_id": "kitchen", "category": "Kitchen", "products": [MUG, KETTLE]}),
    (
        "Product List Filtered",
        {
            "list_id": "kitchen",
            "filters": [{"type": "brand", "value": "Nordlicht"}],
            "sorts": [{"type": "price", "value": "desc"}],
            "products": [MUG],
        },
    ),
    ("Promotion Viewed", PROMOTION),
    ("Promotion Clicked", PROMOTION),
    ("Product Clicked", MUG),
    ("Product Viewed", MUG | {"currency": "EUR", "value": 39.98}),
    ("Product Added", MUG | {"cart_id": "b-1"}),
    ("Product Removed", MUG | {"cart_id": "b-1", "quantity": 1}),
    ("Cart Viewed", {"cart_id": "b-1", "products": [MUG, KETTLE]}),
    ("Checkout Started", ORDER),
    ("Checkout Step Viewed", {"checkout_id": "c-1", "step": 1, "shipping_method": "DHL", "payment_method": "invoice"}),
    (
        "Checkout Step Completed",
        {"checkout_id": "c-1", "step": 1, "shipping_method": "DHL", "payment_method": "invoice"},
    ),
    ("Payment Info Entered", {"checkout_id": "c-1", "order_id": "A-4711", "step": 2, "payment_method": "invoice"}),
    ("Order Completed", ORDER | {"checkout_id": "c-1"}),
    ("Order Updated", ORDER | {"total": 78.94, "products": [KETTLE]}),
    ("Order Refunded", {"order_id": "A-4711", "total": 39.98, "currency": "EUR", "products": [MUG]}),
    ("Order Cancelled", ORDER),
    ("Coupon Entered", COUPON),
    ("Coupon Applied", COUPON | {"coupon_name": "Autumn", "discount": 9.4}),
    ("Coupon Denied", COUPON | {"coupon_name": "Autumn", "reason": "expired"}),
    ("Coupon Removed", COUPON | {"coupon_name": "Autumn", "discount": 9.4}),
    ("Product Added to Wishlist", MUG | {"wishlist_id": "w-1", "wishlist_name": "Birthday"}),
    ("Product Removed from Wishlist", MUG | {"wishlist_id": "w-1", "wishlist_name": "Birthday"}),
    ("Wishlist Product Added to Cart", MUG | {"wishlist_id": "w-1", "cart_id": "b-1"}),
    ("Product Shared", MUG | {"share_via": "e-mail", "share_message": "Look!", "recipient": "someone"}),
    ("Cart Shared", {"cart_id": "b-1", "share_via": "e-mail", "share_message": "Look!", "products": [MUG, KETTLE]}),
    (
        "Product Reviewed",
        {"product_id": "mug-blue", "review_id": "r-1", "review_body": "Holds tea.\nAnd coffee.", "rating": "5"},
    ),
]
