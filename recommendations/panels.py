"""What the recommender shows on screens of others, and its own place in the side bar."""

from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.providers import NavigationItem, Panel, customer_lookup, customer_panels, navigation, product_panels
from customers.models import Customer
from recommendations.lookup import next_best_products
from recommendations.serving import recommend
from recommendations.showing import with_products

SHOWN = 4

navigation.register(
    NavigationItem("recommendations", _("Recommendations"), "sparkles", "marketing"),
    name="recommendations",
    rank=60,
)
navigation.register(
    NavigationItem("search_report", _("Search in the shop"), "search", "marketing"), name="search", rank=65
)


def customer_recommendations(customer: Customer) -> Panel:
    """What the home page would show this person."""
    answer = recommend(merchant_id=customer.merchant_id, placement="home", customer_id=customer.pk, limit=SHOWN)
    shown = with_products(customer.merchant_id, answer)
    return Panel("recommendations/parts/panel.html", {"title": _("Next best products"), "shown": shown})


def product_companions(product: Product) -> Panel:
    """What this product's page would show."""
    answer = recommend(merchant_id=product.merchant_id, placement="product", product=product.sku, limit=SHOWN)
    shown = with_products(product.merchant_id, answer)
    return Panel("recommendations/parts/panel.html", {"title": _("Recommended beside it"), "shown": shown})


customer_lookup.register(next_best_products, name="next_best_products", rank=20)
customer_panels.register(customer_recommendations, name="recommendations", rank=20)
product_panels.register(product_companions, name="recommendations", rank=20)
