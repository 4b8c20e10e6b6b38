"""What every page of the back office needs: navigation, shops to switch to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from core.providers import navigation


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context: ``merchant``, ``role``, ``navigation`` (by section), ``own_merchants``; empty outside the door."""
    merchant = getattr(request, "merchant", None)
    if merchant is None:
        return {}
    role = request.role  # type: ignore[attr-defined]
    sections: dict[str, list[Any]] = {}
    for item in navigation:
        if role >= item.minimum_role:
            sections.setdefault(item.section, []).append(item)
    return {"merchant": merchant, "role": role, "navigation": sections, "own_merchants": request.user.merchants()}  # type: ignore[union-attr]
