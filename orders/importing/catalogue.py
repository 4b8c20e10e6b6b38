"""Products that only an import knows, into the catalogue."""

from __future__ import annotations

from django.db import connection, transaction

from catalog.actions import ProductData, put_products
from merchants.models import Merchant

# A product counts as on sale if it was sold this long before the newest order of the shop, and its price is the one
# most frequent in this time before its own last sale.
RECENT_DAYS = 90
CHUNK = 1000

_SOLD = """
WITH sold AS (
    SELECT product.sku, line.title, line.unit_price, line.tax_rate, orders.placed_at,
           max(orders.placed_at) OVER (PARTITION BY product.id) AS last_sale,
           max(orders.placed_at) OVER () AS newest
    FROM catalog_product AS product
    JOIN orders_orderline AS line ON line.product_id = product.id
    JOIN orders_order AS orders ON orders.id = line.order_id
    WHERE product.merchant_id = %(merchant)s AND product.source = 'orders' AND orders.source = 'import'
        AND orders.state <> 'cancelled' AND line.unit_price > 0
)
SELECT sku,
       mode() WITHIN GROUP (ORDER BY title),
       mode() WITHIN GROUP (ORDER BY unit_price) FILTER (WHERE placed_at > last_sale - make_interval(days => %(recent)s)),
       mode() WITHIN GROUP (ORDER BY tax_rate) FILTER (WHERE placed_at > last_sale - make_interval(days => %(recent)s)),
       max(last_sale) > max(newest) - make_interval(days => %(recent)s)
FROM sold GROUP BY sku ORDER BY sku
"""


@transaction.atomic
def adopt_products(merchant: Merchant) -> int:
    """Take products that the catalogue knows only from imported orders into it; returns how many.

    Title and price are the most frequent of their sales, and those sold recently are active.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(_SOLD, {"merchant": merchant.pk, "recent": RECENT_DAYS})
        found = cursor.fetchall()
    products = [
        ProductData(sku=sku, title=title, price=price, tax_rate=tax_rate, active=active)
        for sku, title, price, tax_rate, active in found
    ]
    for start in range(0, len(products), CHUNK):
        put_products(merchant, products[start : start + CHUNK])
    return len(products)
