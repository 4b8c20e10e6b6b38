"""The root address: on to the shop that the person works for."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from merchants.models import Staff


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The shop last worked in, else the first by name; somebody without a shop is told so."""
    merchants = cast(Staff, request.user).merchants()
    merchant = merchants.filter(slug=request.session.get("merchant", "")).first() or merchants.first()
    if merchant is None:
        return render(request, "core/no_merchant.html", status=403)
    return redirect("start", merchant.slug)
