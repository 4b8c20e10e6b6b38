"""A person's own choices: language and appearance. Stored with the person, so that every device shows them."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST

from merchants.accounts import remember_language
from merchants.models import Staff, Theme


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that the choice was made on; never to another host."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if safe else reverse("home"))


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Also for people who are not logged in yet; an unknown language changes nothing."""
    language = request.POST.get("language", "")
    response = _back(request)
    if language not in dict(settings.LANGUAGES) or not check_for_language(language):
        return response
    remember_language(response, language)
    if request.user.is_authenticated:
        Staff.objects.filter(pk=request.user.pk).update(language=language)
    return response


@require_POST
@login_required
def set_theme(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme in Theme.values:
        Staff.objects.filter(pk=cast(Staff, request.user).pk).update(theme=theme)
    return _back(request)
