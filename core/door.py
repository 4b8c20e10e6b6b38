"""The back-office door: every ``/m/<slug>/…`` view stands behind ``@merchant_view``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from merchants.models import Membership, Merchant, Role, Staff

P = ParamSpec("P")


class MerchantRequest(HttpRequest):
    """A request that came through the door: who acts, for which merchant, in which role."""

    user: Staff
    merchant: Merchant
    role: Role
    htmx: HtmxDetails


View = Callable[Concatenate[MerchantRequest, P], HttpResponseBase]


def merchant_view(role: Role) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """404 to a stranger, 403 to a member whose role is below ``role``; sets the shop's time zone."""

    def wrap(view: View[P]) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def behind_door(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            enter(request, slug)
            entered = cast(MerchantRequest, request)
            if entered.role < role:
                raise PermissionDenied
            if entered.session.get("merchant") != slug:
                entered.session["merchant"] = slug
            with timezone.override(entered.merchant.tz):
                return view(entered, *args, **kwargs)

        behind_door.minimum_role = role  # type: ignore[attr-defined]  # the guard test reads it
        return behind_door

    return wrap


def enter(request: HttpRequest, slug: str) -> None:
    """Set ``request.merchant`` and ``request.role``. Raises Http404 to a stranger."""
    staff = cast(Staff, request.user)
    if staff.is_superuser:
        merchant, role = Merchant.objects.filter(slug=slug).first(), Role.OWNER
    else:
        membership = Membership.objects.filter(merchant__slug=slug, staff=staff).select_related("merchant").first()
        merchant, role = (membership.merchant, Role(membership.role)) if membership else (None, Role.ANALYST)
    if merchant is None:
        raise Http404
    request.merchant = merchant  # type: ignore[attr-defined]
    request.role = role  # type: ignore[attr-defined]
