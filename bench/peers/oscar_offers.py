"""django-oscar's offer applicator on a cart: a document on standard input, figures on standard output.

Runs in an environment of its own, with settings of its own and SQLite in memory, so that no database server and no
network is in the way. ``bench.offers`` starts it.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from statistics import median
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command

APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.messages",
    "django.contrib.flatpages",
    *(
        f"oscar.apps.{name}"
        for name in (
            "analytics.apps.AnalyticsConfig",
            "checkout.apps.CheckoutConfig",
            "address.apps.AddressConfig",
            "shipping.apps.ShippingConfig",
            "catalogue.apps.CatalogueConfig",
            "catalogue.reviews.apps.CatalogueReviewsConfig",
            "communication.apps.CommunicationConfig",
            "partner.apps.PartnerConfig",
            "basket.apps.BasketConfig",
            "payment.apps.PaymentConfig",
            "offer.apps.OfferConfig",
            "order.apps.OrderConfig",
            "customer.apps.CustomerConfig",
            "search.apps.SearchConfig",
            "voucher.apps.VoucherConfig",
            "wishlists.apps.WishlistsConfig",
        )
    ),
    "treebeard",
    "haystack",
    "django_tables2",
]


def main() -> None:
    given = json.load(sys.stdin)
    _start()
    print(json.dumps(measure(given)))


def _start() -> None:
    from oscar import defaults  # noqa: PLC0415 - it is here in this environment only

    plain = {name: getattr(defaults, name) for name in dir(defaults) if name.startswith("OSCAR_")}
    settings.configure(
        **plain,
        SECRET_KEY="-",
        DEBUG=False,
        USE_TZ=True,
        SITE_ID=1,
        INSTALLED_APPS=APPS,
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SILENCED_SYSTEM_CHECKS=["*"],
    )
    django.setup()
    call_command("migrate", verbosity=0)


def measure(given: dict[str, Any]) -> dict[str, dict[str, float]]:
    """By number of offers: milliseconds of processor time, and what they take off, in minor units."""
    from oscar.apps.offer.applicator import Applicator  # noqa: PLC0415 - models can be imported only now

    basket, products = _basket(given["lines"])
    figures, made = {}, 0
    for count in given["counts"]:
        for offer in given["offers"][made:count]:
            _offer(offer, products)
        made = count
        taken = []
        for _round in range(given["rounds"]):
            basket.reset_offer_applications()
            begin = time.process_time()
            Applicator().apply(basket)
            taken.append((time.process_time() - begin) * 1000)
        figures[str(count)] = {"milliseconds": median(taken), "discount": int(basket.total_discount * 100)}
    return figures


def _basket(lines: list[dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
    from oscar.core.loading import get_class, get_model  # noqa: PLC0415 - models can be imported only now

    kind = get_model("catalogue", "ProductClass").objects.create(name="Things", track_stock=False)
    partner = get_model("partner", "Partner").objects.create(name="Bench")
    basket = get_model("basket", "Basket").objects.create()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    products = {}
    for line in lines:
        product = get_model("catalogue", "Product").objects.create(
            upc=line["sku"], title=line["sku"], product_class=kind, structure="standalone"
        )
        get_model("partner", "StockRecord").objects.create(
            product=product, partner=partner, partner_sku=line["sku"], price=Decimal(line["unit_price"]) / 100
        )
        basket.add_product(product, line["quantity"])
        products[line["sku"]] = product
    return basket, products


def _offer(offer: dict[str, Any], products: dict[str, Any]) -> None:
    """A percentage off some products, from an amount of them on; ``exclusive``: no other offer on its units."""
    from oscar.core.loading import get_model  # noqa: PLC0415 - models can be imported only now

    number = get_model("offer", "ConditionalOffer").objects.count()
    chosen = get_model("offer", "Range").objects.create(name=f"Range {number}")
    for sku in offer["skus"]:
        if sku not in products:  # nothing of the cart
            products[sku] = get_model("catalogue", "Product").objects.create(
                upc=sku, title=sku, product_class=products["S0"].product_class, structure="standalone"
            )
        chosen.add_product(products[sku])
    least = Decimal(offer["at_least"]) / 100
    get_model("offer", "ConditionalOffer").objects.create(
        name=f"Offer {number}",
        exclusive=offer["exclusive"],
        condition=get_model("offer", "Condition").objects.create(range=chosen, type="Value", value=least),
        benefit=get_model("offer", "Benefit").objects.create(
            range=chosen, type="Percentage", value=Decimal(offer["percent"])
        ),
    )


urlpatterns: list[Any] = []

if __name__ == "__main__":
    main()
