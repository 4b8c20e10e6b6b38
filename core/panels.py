"""The machinery's screens in the side bar."""

from django.utils.translation import gettext_lazy as _

from core.providers import NavigationItem, navigation
from merchants.models import Role

navigation.register(NavigationItem("operations", _("Operations"), "activity", "system"), name="operations", rank=80)
navigation.register(
    NavigationItem("settings", _("Settings"), "settings", "system", Role.OWNER), name="settings", rank=90
)
