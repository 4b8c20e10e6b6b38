"""The catalog's place in the side bar."""

from django.utils.translation import gettext_lazy as _

from core.providers import NavigationItem, navigation

navigation.register(NavigationItem("product_list", _("Catalog"), "box", "main"), name="catalog", rank=40)
