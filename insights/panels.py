"""The reports' screens in the side bar."""

from django.utils.translation import gettext_lazy as _

from core.providers import NavigationItem, navigation

navigation.register(NavigationItem("start", _("Start"), "home", "main"), name="start", rank=10)
