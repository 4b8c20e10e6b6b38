"""Coupons: batches and their codes, one code for support, and who tries or uses too many."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.charts import Chart, Series
from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.exports import csv_response
from core.listing import list_rows, render_list
from core.once import once
from customers.models import Customer
from merchants.models import Merchant, Role
from promotions.actions.coupons import create_batch, revoke_batch, revoke_coupon
from promotions.coupon_filters import STATES, BatchFilter
from promotions.forms.coupons import BatchForm, LookupForm
from promotions.language.terms import TONES as STANDING_TONES
from promotions.models import Coupon, CouponBatch, Promotion, RedemptionUse
from promotions.pricing.cart import normalise_code
from promotions.queries.batches import (
    asking_for,
    code_rows,
    collectors,
    newest_uses,
    redeemed,
    states_of,
    sums_of,
    uses_by_day,
)
from promotions.queries.coupons import unusable
from promotions.queries.guessing import guessers
from promotions.queries.naming import segment_choices

CHARTED_DAYS, WATCHED_DAYS = 90, 90
TONES = {"open": "success", "not_yet": "info", "expired": "neutral", "revoked": "danger"}
CODE_TONES = TONES | {"usable": "success", "used": "neutral"}


def _state(batch: CouponBatch) -> str:
    now = timezone.now()
    if batch.revoked_at:
        return "revoked"
    if batch.valid_until and batch.valid_until <= now:
        return "expired"
    return "not_yet" if batch.valid_from and batch.valid_from > now else "open"


def _row(batch: CouponBatch, asked: dict[str, list[Promotion]], used: dict[int, tuple[int, int]]) -> dict[str, Any]:
    state = _state(batch)
    codes, uses = used.get(batch.pk, (0, 0))
    name = batch.shared_code if batch.is_shared else batch.token
    return {
        "batch": batch,
        "promotions": list({p.pk: p for p in [*asked.get(batch.token, []), *asked.get(name, [])]}.values()),
        "state": dict(STATES)[state],
        "tone": TONES[state],
        "codes": codes,
        "uses": uses,
        "share": codes / batch.made if batch.made and not batch.is_shared else None,
    }


@merchant_view(Role.ANALYST)
def coupon_list(request: MerchantRequest) -> HttpResponse:
    """Every batch with what asks for it and what was redeemed."""
    rows = CouponBatch.objects.for_merchant(request.merchant).select_related("job")
    listing = list_rows(request, BatchFilter, rows)
    asked, used = asking_for(request.merchant), redeemed(request.merchant, listing.rows)
    context = {"page": "batches", "batches": [_row(batch, asked, used) for batch in listing.rows]}
    return render_list(request, "promotions/coupons/list.html", listing, context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
@once
def coupon_add(request: MerchantRequest) -> HttpResponse:
    """A new batch; a worker makes its codes."""
    form = BatchForm(request.POST if request.method == "POST" else None, merchant=request.merchant)
    if form.is_valid():
        try:
            batch = create_batch(request.merchant, form.data_of_batch(), staff=request.user)
        except DomainError as error:
            field = {"key_taken": "key", "code_taken": "shared_code"}.get(error.code, error.field)
            form.add_error(field if field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("The batch is made. A promotion that asks for it lets its codes work."))
            return redirect("coupon_detail", request.merchant.slug, batch.pk)
    return render(request, "promotions/coupons/form.html", {"form": form}, status=422 if form.errors else 200)


def _batch(request: MerchantRequest, pk: int) -> CouponBatch:
    rows = CouponBatch.objects.for_merchant(request.merchant).select_related("merchant", "job")
    return get_object_or_404(rows, pk=pk)


@merchant_view(Role.ANALYST)
def coupon_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    """A batch: its codes by state, redemptions over time, who used many of them."""
    batch, now = _batch(request, pk), timezone.now()
    row = _row(batch, asking_for(request.merchant), redeemed(request.merchant, [batch]))
    context = {
        **row,
        "segment": _segment(batch),
        "states": states_of(batch),
        "sums": sums_of(batch),
        "chart": _chart(batch),
        "newest": newest_uses(batch),
        "collectors": collectors(request.merchant, batch=batch, since=now - timedelta(days=3650)),
    }
    return render(request, "promotions/coupons/detail.html", context)


def _segment(batch: CouponBatch) -> str:
    """What the segment is called now; its key where it is gone."""
    known = dict(segment_choices(batch.merchant)) if batch.segment else {}
    return known.get(batch.segment, batch.segment)


def _chart(batch: CouponBatch) -> Chart | None:
    today = timezone.localdate()
    since = max(timezone.localdate(batch.created_at), today - timedelta(days=CHARTED_DAYS - 1))
    used = uses_by_day(batch, timezone.now() - timedelta(days=CHARTED_DAYS))
    if not used:
        return None
    first = min(since, *used)
    axis: list[date] = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    return Chart(
        key="coupon-days",
        title=_("Redemptions per day"),
        axis=_("Day"),
        days=axis,
        series=[Series(_("Redemptions"), [used.get(day, (0, 0))[0] for day in axis], "bars")],
    )


@merchant_view(Role.EDITOR)
def coupon_export(request: MerchantRequest, pk: int) -> HttpResponseBase:
    """All codes as CSV, row by row."""
    batch = _batch(request, pk)
    header = [_("Code"), _("Customer number"), _("Uses"), _("Valid until")]
    return csv_response(f"{batch.key.lower()}.csv", header, code_rows(batch))


@require_POST
@merchant_view(Role.EDITOR)
def coupon_revoke(request: MerchantRequest, pk: int) -> HttpResponse:
    revoke_batch(_batch(request, pk), staff=request.user)
    messages.success(request, _("The batch is revoked. Reservations and orders that hold a code keep it."))
    return redirect("coupon_detail", request.merchant.slug, pk)


# --- one code --------------------------------------------------------------------------------------------------------


@merchant_view(Role.ANALYST)
def coupon_lookup(request: MerchantRequest) -> HttpResponse:
    """``?code=``: whose it is, what became of it, and why it does not apply."""
    form = LookupForm(request.GET if "code" in request.GET else None)
    context: dict[str, Any] = {"page": "lookup", "form": form}
    if form.is_valid():
        context |= _found(request.merchant, normalise_code(form.cleaned_data["code"]))
    return render(request, "promotions/coupons/lookup.html", context)


def _found(merchant: Merchant, code: str) -> dict[str, Any]:
    rows = Coupon.objects.for_merchant(merchant).select_related("batch", "customer")
    coupon = rows.prefetch_related("customer__identities").filter(code=code).first()
    asked = asking_for(merchant)
    if coupon is None:
        return {"code": code, "asked_by": [_asking(promotion) for promotion in asked.get(code, [])]}
    reason = unusable(coupon, timezone.now())
    promotions = asked.get(coupon.batch.token, []) + asked.get(code, [])
    uses = RedemptionUse.objects.for_merchant(merchant).filter(coupon=coupon).select_related("redemption__order")
    return {
        "code": code,
        "coupon": coupon,
        "reason": reason,
        "tone": CODE_TONES[reason or "usable"],
        "asked_by": [_asking(promotion) for promotion in promotions],
        "until": min(filter(None, (coupon.valid_until, coupon.batch.valid_until)), default=None),
        "uses": uses.select_related("customer").prefetch_related("customer__identities").order_by("-pk")[:20],
    }


def _asking(promotion: Promotion) -> dict[str, Any]:
    standing = promotion.standing_at(timezone.now())
    decides = standing == Promotion.Standing.ACTIVE
    return {"promotion": promotion, "standing": standing.label, "tone": STANDING_TONES[standing], "decides": decides}


@require_POST
@merchant_view(Role.SUPPORT)
def coupon_code_revoke(request: MerchantRequest, pk: int) -> HttpResponse:
    rows = Coupon.objects.for_merchant(request.merchant).select_related("batch__merchant")
    coupon = revoke_coupon(get_object_or_404(rows, pk=pk), staff=request.user)
    messages.success(request, _("The code is revoked."))
    response = redirect("coupon_lookup", request.merchant.slug)
    response["Location"] += f"?code={coupon.code}"
    return response


# --- too many --------------------------------------------------------------------------------------------------------


@merchant_view(Role.ANALYST)
def coupon_abuse(request: MerchantRequest) -> HttpResponse:
    """Who tried codes that do not exist today, and who used many different ones."""
    found = guessers(request.merchant)
    ids = [one.customer_id for one in found if one.customer_id]
    people = Customer.objects.for_merchant(request.merchant).with_identities().in_bulk(ids)
    context = {
        "page": "abuse",
        "guessers": [(one, people.get(one.customer_id or 0)) for one in found],
        "collectors": collectors(request.merchant, since=timezone.now() - timedelta(days=WATCHED_DAYS)),
        "days": WATCHED_DAYS,
    }
    return render(request, "promotions/coupons/abuse.html", context)
