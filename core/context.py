"""What every page of the back office needs: navigation, shops to switch to, what the person may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from core.providers import NavigationItem, navigation
from merchants.models import Merchant, Role

SECTIONS = {
    "main": "",
    "customers": _("Customers"),
    "promotions": _("Promotions"),
    "marketing": _("Marketing"),
    "developers": _("Developers"),
    "system": _("Shop"),
}


@dataclass(frozen=True)
class NavigationLink:
    item: NavigationItem
    url: str
    is_current: bool


@dataclass(frozen=True)
class NavigationSection:
    name: str
    title: Any
    links: list[NavigationLink]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context: ``merchant``, ``role``, ``navigation`` (sections), ``own_merchants``, ``can_…``.

    Empty outside the door. Fragments use little of it, so what costs something is lazy.
    """
    merchant = getattr(request, "merchant", None)
    if merchant is None:
        return {}
    role: Role = request.role  # type: ignore[attr-defined]
    return {
        "merchant": merchant,
        "role": role,
        "navigation": SimpleLazyObject(lambda: navigation_sections(merchant, role, request.path)),
        "own_merchants": request.user.merchants(),  # type: ignore[union-attr]
        "can_support": role >= Role.SUPPORT,
        "can_edit": role >= Role.EDITOR,
        "can_own": role >= Role.OWNER,
    }


def navigation_sections(merchant: Merchant, role: Role, path: str) -> list[NavigationSection]:
    """The side bar: the screens this role may see, and which of them ``path`` belongs to."""
    items = [(item, reverse(item.url_name, args=[merchant.slug])) for item in navigation if role >= item.minimum_role]
    start = reverse("start", args=[merchant.slug])
    ours = [url for _item, url in items if path == url or (url != start and path.startswith(url))]
    current = max(ours, key=len, default="")
    sections = []
    for name, title in SECTIONS.items():
        links = [NavigationLink(item, url, url == current) for item, url in items if item.section == name]
        if links:
            sections.append(NavigationSection(name, title, links))
    return sections
