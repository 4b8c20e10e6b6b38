"""What the orders app shows on screens of others: a customer's orders, entries of the timeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Product
from core.charts import Chart, Series
from core.models import Job
from core.providers import (
    NavigationItem,
    Panel,
    TimelineEntry,
    TimelineFilter,
    company_panels,
    customer_lookup,
    customer_panels,
    customer_timeline,
    job_panels,
    navigation,
    open_matters,
    product_panels,
    timeline_filters,
)
from core.templatetags.cx import money
from customers.actions.absorbing import recounts
from customers.actions.merging import Claim, claims
from customers.models import Company, CompanyPerson, Customer
from customers.queries.kpis import customer_value
from orders.actions.facts import recount_customers
from orders.api.lookup import last_orders, orders_on_their_way
from orders.importing import IMPORT
from orders.models import Order, Payment, Return, Shipment
from orders.payments import payment_name
from orders.queries import product_sales

navigation.register(
    NavigationItem("order_list", gettext_lazy("Orders"), "shopping-cart", "main"), name="orders", rank=30
)

# When profiles are merged or parted, their figures follow in the same transaction.
recounts.register(recount_customers, name="orders")
claims.register(Claim(Order, "customer", "email", "received_at"), name="orders")
navigation.register(
    NavigationItem("customer_value", gettext_lazy("Customer value"), "diamond", "customers"),
    name="customer_value",
    rank=25,
)

SHOWN = 5


def customer_orders(customer: Customer) -> Panel:
    """The newest orders of a person."""
    orders = Order.objects.for_merchant(customer.merchant_id).filter(customer=customer).order_by("-placed_at", "-id")
    return Panel("orders/parts/customer_orders.html", {"orders": orders[:SHOWN], "customer": customer}, is_wide=True)


def company_orders(company: Company) -> Panel:
    """The newest orders of a company's people."""
    people = CompanyPerson.objects.for_merchant(company.merchant_id).filter(company=company).values("customer")
    orders = Order.objects.for_merchant(company.merchant_id).filter(customer__in=people).select_related("customer")
    newest = orders.prefetch_related("customer__identities").order_by("-placed_at", "-id")
    context = {"orders": newest[: 2 * SHOWN], "company": company, "today": timezone.localdate()}
    return Panel("orders/parts/company_orders.html", context)


def customer_kpis(customer: Customer) -> Panel:
    """What a person is worth, and why."""
    worth = customer_value(customer)
    channels = dict(Order.Channel.choices)
    context = {
        "customer": customer,
        "worth": worth,
        "currency": customer.merchant.currency,
        "first_channel": channels.get(Order.Channel(worth.kpis.first_channel)) if worth.kpis.first_channel else "–",
        "last_channel": channels.get(Order.Channel(worth.kpis.last_channel)) if worth.kpis.last_channel else "–",
        "methods": [replace(method, name=payment_name(method.name)) for method in worth.payment_shares],
    }
    return Panel("orders/parts/customer_kpis.html", context, is_wide=True)


MONTHS = 12


def product_sales_panel(product: Product) -> Panel:
    """What a product sold in the last twelve months."""
    merchant = product.merchant
    months = _last_months(timezone.localdate(), MONTHS)
    sales = product_sales(product, merchant, months)
    chart = Chart(
        key="sales-chart",
        title=_("Units sold per month"),
        axis=_("Month"),
        days=months,
        series=[Series(_("Units"), [sale.units for sale in sales], kind="bars")],
        grain="month",
    )
    context = {
        "chart": chart,
        "units": sum(sale.units for sale in sales),
        "revenue": sum(sale.revenue for sale in sales),
    }
    return Panel("orders/parts/product_sales.html", context)


def _last_months(today: date, count: int) -> list[date]:
    """The first days of the last ``count`` months, this one included."""
    first = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(first - count + 1, first + 1)]


def order_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what the person ordered and cancelled."""
    orders = Order.objects.for_merchant(customer.merchant_id).filter(customer=customer).select_related("merchant")
    placed = orders.filter(placed_at__lt=before) if before else orders
    cancelled = orders.filter(cancelled_at__isnull=False)
    cancelled = cancelled.filter(cancelled_at__lt=before) if before else cancelled
    entries = [
        _entry(order, order.placed_at, "order.placed", "shopping-cart", _("Order %(number)s placed"), "info")
        for order in placed.order_by("-placed_at", "-id")[:limit]
    ]
    for order in cancelled.order_by("-cancelled_at", "-id")[:limit]:
        assert order.cancelled_at is not None
        title = _("Order %(number)s cancelled")
        entries.append(_entry(order, order.cancelled_at, "order.cancelled", "circle-x", title, "danger"))
    return entries


def parcel_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: parcels that left and arrived, and what came back."""
    parcels = Shipment.objects.for_merchant(customer.merchant_id).filter(order__customer=customer)
    parcels = parcels.select_related("order__merchant")
    left = parcels.filter(shipped_at__lt=before) if before else parcels
    arrived = parcels.filter(delivered_at__isnull=False)
    arrived = arrived.filter(delivered_at__lt=before) if before else arrived
    returns = Return.objects.for_merchant(customer.merchant_id).filter(order__customer=customer)
    returns = returns.filter(received_at__lt=before) if before else returns
    shipped_title, delivered_title = _("Order %(number)s shipped"), _("Order %(number)s delivered")
    entries = [
        _parcel_entry(parcel, parcel.shipped_at, "shipment.sent", "truck", shipped_title, "neutral")
        for parcel in left.order_by("-shipped_at", "-id")[:limit]
    ]
    for parcel in arrived.order_by("-delivered_at", "-id")[:limit]:
        assert parcel.delivered_at is not None
        entries.append(
            _parcel_entry(parcel, parcel.delivered_at, "shipment.delivered", "package", delivered_title, "success")
        )
    return entries + [
        _return_entry(parcel)
        for parcel in returns.select_related("order__merchant").order_by("-received_at", "-id")[:limit]
    ]


def payment_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what the person paid."""
    payments = Payment.objects.for_merchant(customer.merchant_id).filter(order__customer=customer)
    payments = payments.filter(paid_at__lt=before) if before else payments
    title = _("Order %(number)s paid")
    return [
        TimelineEntry(
            payment.paid_at,
            "order.paid",
            "credit-card",
            title % {"number": payment.order.number},
            " · ".join(part for part in (money(payment.amount, payment.order.currency), payment.payment_name) if part),
            _url(payment.order),
            "success",
        )
        for payment in payments.select_related("order__merchant").order_by("-paid_at", "-id")[:limit]
    ]


def _url(order: Order) -> str:
    return reverse("order_detail", args=[order.merchant.slug, order.pk])


def _entry(order: Order, at: datetime, kind: str, icon: str, title: str, tone: str) -> TimelineEntry:
    detail = money(order.total, order.currency)
    return TimelineEntry(at, kind, icon, title % {"number": order.number}, detail, _url(order), tone)


def _parcel_entry(parcel: Shipment, at: datetime, kind: str, icon: str, title: str, tone: str) -> TimelineEntry:
    detail = " ".join(part for part in (parcel.carrier, parcel.tracking_number) if part)
    return TimelineEntry(at, kind, icon, title % {"number": parcel.order.number}, detail, _url(parcel.order), tone)


def _return_entry(parcel: Return) -> TimelineEntry:
    title = _("Something of order %(number)s came back") % {"number": parcel.order.number}
    return TimelineEntry(
        parcel.received_at, "return.received", "arrow-back-up", title, parcel.reason, _url(parcel.order), "warning"
    )


def import_panel(job: Job) -> Panel | None:
    """What became of an imported file."""
    return Panel("orders/parts/import_job.html", {"job": job}) if job.kind == IMPORT else None


job_panels.register(import_panel, name="imports")
product_panels.register(product_sales_panel, name="sales", rank=10)
company_panels.register(company_orders, name="orders", rank=10)
customer_panels.register(customer_kpis, name="kpis", rank=5)
customer_panels.register(customer_orders, name="orders", rank=10)
customer_timeline.register(order_entries, name="orders")
customer_timeline.register(parcel_entries, name="parcels")
customer_timeline.register(payment_entries, name="payments")
timeline_filters.register(
    TimelineFilter(gettext_lazy("Orders"), "shopping-cart", frozenset({"orders"})), name="orders", rank=10
)
timeline_filters.register(
    TimelineFilter(gettext_lazy("Parcels and returns"), "truck", frozenset({"parcels"})), name="parcels", rank=20
)
customer_lookup.register(last_orders, name="last_orders", rank=10)
open_matters.register(orders_on_their_way, name="orders", rank=20)
