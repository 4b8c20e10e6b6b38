"""The columns of every format. Pure, and light: the web process reads them too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orders.importing import FileFormat


@dataclass(frozen=True)
class Layout:
    """Which columns a format reads. ``group`` is the column whose rows belong together in one chunk."""

    required: Sequence[str]
    optional: Sequence[str] = ()
    group: str = ""
    parquet: bool = False

    @property
    def columns(self) -> list[str]:
        return [*self.required, *self.optional]


ONLINE_RETAIL = Layout(
    required=["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"],
    parquet=True,
)

CXAPP_CSV = Layout(
    required=["order_number", "placed_at", "currency", "total", "sku", "quantity", "unit_price", "tax_rate"],
    optional=[
        "order_version",
        "shipping",
        "order_discount",
        "refunded",
        "payment_method",
        "coupon_codes",
        "promised_delivery_on",
        "shipped_at",
        "delivered_at",
        "cancelled_at",
        "customer_id",
        "email",
        "first_name",
        "last_name",
        "locale",
        "country",
        "notice_version",
        "notice_shown_at",
        "title",
        "line_discount",
    ],
    group="order_number",
)

SHOPIFY_CSV = Layout(
    required=[
        "Name",
        "Created at",
        "Currency",
        "Subtotal",
        "Total",
        "Lineitem quantity",
        "Lineitem name",
        "Lineitem price",
    ],
    optional=[
        "Email",
        "Shipping",
        "Taxes",
        "Discount Code",
        "Payment Method",
        "Fulfilled at",
        "Cancelled at",
        "Refunded Amount",
        "Billing Name",
        "Billing Country",
        "Shipping Name",
        "Shipping Country",
        "Tax 1 Name",
        "Tax 2 Name",
        "Lineitem sku",
        "Lineitem discount",
    ],
    group="Name",
)

LAYOUTS = {
    FileFormat.CXAPP_CSV: CXAPP_CSV,
    FileFormat.SHOPIFY_CSV: SHOPIFY_CSV,
    FileFormat.ONLINE_RETAIL: ONLINE_RETAIL,
}
