"""Loyalty: members and their statements, the ledger, and the set-up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.forms import KitForm
from core.listing import list_rows, render_list
from core.once import once
from customers.models import Customer
from merchants.models import Role
from promotions.actions.loyalty.checking import check_and_note
from promotions.actions.loyalty.earning import adjust
from promotions.actions.loyalty.programme import add_reward, delete_tier, save_tier, set_programme, withdraw_reward
from promotions.forms.loyalty import AdjustmentForm, ProgrammeForm, RewardForm, TierForm
from promotions.loyalty_filters import EntryFilter, MemberFilter
from promotions.models import Member, PointEntry, PointLot, ReferralCode, Reward, Tier
from promotions.queries.loyalty import ledger_of, member_of, payable, programme, tiers_of, totals

MOST_LOTS = 20


@merchant_view(Role.ANALYST)
def loyalty(request: MerchantRequest) -> HttpResponse:
    """Members with what they have."""
    program = programme(request.merchant)
    rows = Member.objects.for_merchant(request.merchant).select_related("customer", "tier")
    listing = list_rows(request, MemberFilter, rows.prefetch_related("customer__identities"))
    sums = totals(request.merchant)
    context = {
        "page": "members",
        "program": program,
        "sums": sums,
        "worth": payable(program, sums["balance"]),
        "has_members": bool(listing.rows) or listing.is_filtered,
    }
    return render_list(request, "promotions/loyalty/members.html", listing, context)


@merchant_view(Role.ANALYST)
def loyalty_ledger(request: MerchantRequest) -> HttpResponse:
    """Every change of every account, the newest first."""
    rows = PointEntry.objects.for_merchant(request.merchant)
    rows = rows.select_related("customer", "lot", "order", "staff", "coupon", "redemption__order").prefetch_related(
        "customer__identities"
    )
    listing = list_rows(request, EntryFilter, rows)
    context = {"page": "ledger", "program": programme(request.merchant)}
    return render_list(request, "promotions/loyalty/ledger.html", listing, context)


@require_POST
@merchant_view(Role.EDITOR)
def loyalty_check(request: MerchantRequest) -> HttpResponse:
    """Add the ledger up now."""
    program = programme(request.merchant)
    if program.pk:
        found = check_and_note(program)
        if found.count:
            messages.error(request, _("%(count)s accounts do not add up.") % {"count": found.count})
        else:
            messages.success(request, _("Every balance is the sum of its ledger."))
    return redirect("loyalty_ledger", request.merchant.slug)


@merchant_view(Role.ANALYST)
def loyalty_member(request: MerchantRequest, pk: int) -> HttpResponse:
    """A person's statement, lot by lot and entry by entry."""
    return _member_page(request, _customer(request, pk), AdjustmentForm())


@require_POST
@merchant_view(Role.SUPPORT)
@once
def loyalty_adjust(request: MerchantRequest, pk: int) -> HttpResponse:
    """Staff give points or take some."""
    customer, form = _customer(request, pk), AdjustmentForm(request.POST)
    if form.is_valid() and _done(form, lambda: adjust(customer, **form.cleaned_data, staff=request.user)):
        messages.success(request, _("Booked."))
        return redirect("loyalty_member", request.merchant.slug, pk)
    return _member_page(request, customer, form)


def _done(form: KitForm, work: Any) -> bool:
    """Whether it was done; otherwise the form says why not."""
    try:
        work()
    except DomainError as error:
        field = "key" if error.code == "key_taken" else error.field
        form.add_error(field if field in form.fields else None, str(error.message))
        return False
    return True


def _customer(request: MerchantRequest, pk: int) -> Customer:
    rows = Customer.objects.for_merchant(request.merchant).present().with_identities().select_related("merchant")
    return get_object_or_404(rows, pk=pk)


def _member_page(request: MerchantRequest, customer: Customer, form: AdjustmentForm) -> HttpResponse:
    program, member = programme(request.merchant), member_of(customer)
    lots = PointLot.objects.for_merchant(request.merchant).filter(customer=customer).select_related("order")
    listing = list_rows(request, EntryFilter, ledger_of(customer).select_related("staff"))
    codes = ReferralCode.objects.for_merchant(request.merchant).filter(customer=customer).order_by("created_at", "pk")
    context = {
        "customer": customer,
        "member": member,
        "program": program,
        "form": form,
        "worth": payable(program, member.balance) if member else 0,
        "lots": lots.exclude(left=0, pending=0).order_by("earned_at", "pk")[:MOST_LOTS],
        "code": codes.first(),
    }
    response = render_list(request, "promotions/loyalty/member.html", listing, context)
    if form.errors:
        response.status_code = 422
    return response


# --- set-up ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def loyalty_setup(request: MerchantRequest) -> HttpResponse:
    """How points come and go."""
    program = programme(request.merchant)
    data = request.POST if request.method == "POST" else None
    form = ProgrammeForm(data, merchant=request.merchant, program=program)
    if form.is_valid():
        set_programme(request.merchant, form.values(), staff=request.user)
        messages.success(request, _("Saved. It counts for orders from now on."))
        return redirect("loyalty_setup", request.merchant.slug)
    context = {"page": "setup", "form": form, "program": programme(request.merchant)}
    return render(request, "promotions/loyalty/setup.html", context, status=422 if form.errors else 200)


@merchant_view(Role.ANALYST)
def loyalty_levels(request: MerchantRequest) -> HttpResponse:
    """Tiers and rewards."""
    counted = Member.objects.for_merchant(request.merchant).exclude(tier=None).order_by()
    members = dict(counted.values_list("tier").annotate(count=Count("pk")))
    rewards = Reward.objects.for_merchant(request.merchant).select_related("batch").order_by("-is_active", "points")
    context = {
        "page": "levels",
        "program": programme(request.merchant),
        "tiers": [(tier, members.get(tier.pk, 0)) for tier in tiers_of(request.merchant)],
        "rewards": rewards,
    }
    return render(request, "promotions/loyalty/levels.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
@once
def tier_add(request: MerchantRequest) -> HttpResponse:
    return _tier_page(request, Tier(merchant=request.merchant))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def tier_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    return _tier_page(request, get_object_or_404(Tier.objects.for_merchant(request.merchant), pk=pk))


def _tier_page(request: MerchantRequest, tier: Tier) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = TierForm(data, merchant=request.merchant, program=programme(request.merchant), tier=tier)
    if form.is_valid() and _done(form, lambda: save_tier(request.merchant, tier, form.values(), staff=request.user)):
        messages.success(request, _("Saved. Members move when they are looked at next, tonight at the latest."))
        return redirect("loyalty_levels", request.merchant.slug)
    context = {"form": form, "tier": tier}
    return render(request, "promotions/loyalty/tier_form.html", context, status=422 if form.errors else 200)


@require_POST
@merchant_view(Role.EDITOR)
def tier_delete(request: MerchantRequest, pk: int) -> HttpResponse:
    delete_tier(get_object_or_404(Tier.objects.for_merchant(request.merchant), pk=pk), staff=request.user)
    messages.success(request, _("The tier is deleted."))
    return redirect("loyalty_levels", request.merchant.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
@once
def reward_add(request: MerchantRequest) -> HttpResponse:
    form = RewardForm(request.POST if request.method == "POST" else None, merchant=request.merchant)
    if form.is_valid() and _done(form, lambda: add_reward(request.merchant, form.data_of_reward(), staff=request.user)):
        messages.success(request, _("Saved. Members can get it from now on."))
        return redirect("loyalty_levels", request.merchant.slug)
    return render(request, "promotions/loyalty/reward_form.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@merchant_view(Role.EDITOR)
def reward_withdraw(request: MerchantRequest, pk: int) -> HttpResponse:
    withdraw_reward(get_object_or_404(Reward.objects.for_merchant(request.merchant), pk=pk), staff=request.user)
    messages.success(request, _("The reward is no longer offered. Codes that were given out stay good."))
    return redirect("loyalty_levels", request.merchant.slug)
