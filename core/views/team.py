"""The team and the API keys of a shop."""

from __future__ import annotations

from allauth.account import app_settings as account_settings
from allauth.account.utils import user_pk_to_url_str
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.settings_forms import ApiKeyForm, InviteForm, RoleForm
from core.team import change_role, invite_member, remove_member
from merchants.actions import create_api_key, revoke_api_key
from merchants.models import ApiKey, Membership, Role, Staff


def _team_page(request: MerchantRequest, form: InviteForm, *, link: str = "", email: str = "") -> HttpResponse:
    members = (
        Membership.objects.for_merchant(request.merchant).select_related("staff").order_by("-role", "staff__email")
    )
    context = {
        "page": "team",
        "members": members,
        "form": form,
        "roles": Role.choices,
        "link": link,
        "invited_email": email,
    }
    return render(request, "core/settings/team.html", context, status=422 if form.errors else 200)


@merchant_view(Role.OWNER)
def team(request: MerchantRequest) -> HttpResponse:
    return _team_page(request, InviteForm())


@never_cache
@require_POST
@merchant_view(Role.OWNER)
def team_invite(request: MerchantRequest) -> HttpResponse:
    """Add a member. For a new account the answer shows, this once, the link with which its password is chosen."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _team_page(request, form)
    email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
    try:
        invitation = invite_member(request.merchant, email=email, role=role, staff=request.user)
    except DomainError as error:
        form.add_error("email", str(error.message))
        return _team_page(request, form)
    if invitation.needs_password:
        return _team_page(request, InviteForm(), link=_password_link(request, invitation.membership.staff), email=email)
    messages.success(request, _("%(email)s now belongs to the team.") % {"email": email})
    return redirect("team", request.merchant.slug)


def _password_link(request: MerchantRequest, person: Staff) -> str:
    """allauth's own reset link: it works once and ends with the password it sets."""
    key = account_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(person)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key})
    return request.build_absolute_uri(path)


def _membership(request: MerchantRequest, pk: int) -> Membership:
    return get_object_or_404(
        Membership.objects.for_merchant(request.merchant).select_related("merchant", "staff"), pk=pk
    )


@require_POST
@merchant_view(Role.OWNER)
def team_role(request: MerchantRequest, pk: int) -> HttpResponse:
    membership, form = _membership(request, pk), RoleForm(request.POST)
    try:
        if form.is_valid():
            change_role(membership, Role(form.cleaned_data["role"]), staff=request.user)
            messages.success(request, _("The role of %(who)s was changed.") % {"who": membership.staff})
    except DomainError as error:
        messages.error(request, str(error.message))
    return redirect("team", request.merchant.slug)


@require_POST
@merchant_view(Role.OWNER)
def team_remove(request: MerchantRequest, pk: int) -> HttpResponse:
    membership = _membership(request, pk)
    try:
        remove_member(membership, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("team", request.merchant.slug)
    messages.success(request, _("%(who)s does not belong to the team any more.") % {"who": membership.staff})
    return redirect("home" if membership.staff == request.user else reverse("team", args=[request.merchant.slug]))


def _keys_page(
    request: MerchantRequest, form: ApiKeyForm, *, created: ApiKey | None = None, token: str = ""
) -> HttpResponse:
    keys = ApiKey.objects.for_merchant(request.merchant).select_related("created_by").order_by("-id")
    context = {"page": "keys", "keys": keys, "form": form, "created": created, "token": token}
    return render(request, "core/settings/keys.html", context, status=422 if form.errors else 200)


@merchant_view(Role.OWNER)
def api_key_list(request: MerchantRequest) -> HttpResponse:
    return _keys_page(request, ApiKeyForm())


@never_cache
@require_POST
@merchant_view(Role.OWNER)
def api_key_create(request: MerchantRequest) -> HttpResponse:
    """The answer shows the new key, this once; nothing keeps it."""
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _keys_page(request, form)
    key, token = create_api_key(
        request.merchant,
        kind=form.cleaned_data["kind"],
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        staff=request.user,
    )
    return _keys_page(request, ApiKeyForm(), created=key, token=token)


@require_POST
@merchant_view(Role.OWNER)
def api_key_revoke(request: MerchantRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects.for_merchant(request.merchant), pk=pk)
    revoke_api_key(key, staff=request.user)
    messages.success(request, _("The key “%(name)s” does not work any more.") % {"name": key.name})
    return redirect("api_key_list", request.merchant.slug)
