"""Settings → Retention: how long what is kept, and what was removed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.door import MerchantRequest, merchant_view
from core.privacy.retention import retentions
from customers.actions.privacy.retention import periods, save_periods, would_remove
from customers.forms.privacy import RetentionForm
from customers.models import RetentionRun
from merchants.models import Role

SHOWN = 30


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.OWNER)
def settings_retention(request: MerchantRequest) -> HttpResponse:
    """A shorter period is saved only after it was shown what it removes."""
    form = RetentionForm(request.POST or None, days=periods(request.merchant))
    removes = []
    if form.is_valid():
        removes = would_remove(request.merchant, form.cleaned_data)
        if not removes or request.POST.get("confirmed"):
            save_periods(request.merchant, form.cleaned_data, staff=request.user)
            messages.success(request, _("Saved."))
            return redirect("settings_retention", request.merchant.slug)
    titles = {retention.kind: retention.title for retention in retentions}
    runs = RetentionRun.objects.for_merchant(request.merchant).order_by("-id")[:SHOWN]
    context = {
        "form": form,
        "page": "retention",
        "removes": removes,
        "runs": [(run, titles.get(run.kind, run.kind)) for run in runs],
    }
    return render(request, "customers/retention.html", context, status=422 if form.errors else 200)
