"""Rules of the merchant: the list, and one with what it would change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from merchants.models import Role
from recommendations.forms.preview import PreviewForm
from recommendations.forms.rules import RuleForm
from recommendations.models import Rule
from recommendations.steering.actions import MOST_RULES, add_rule, delete_rule, edit_rule, switch_rule
from recommendations.steering.effects import effect_of
from recommendations.steering.words import EXPLANATIONS, ICONS, rule_text, titles_of, where_text, whom_text

# So that no field of the question is taken for one of the rule.
ASKED = "asked"


@merchant_view(Role.ANALYST)
def rule_list(request: MerchantRequest) -> HttpResponse:
    rules = list(Rule.objects.for_merchant(request.merchant).select_related("category")[:MOST_RULES])
    titles = titles_of(request.merchant.pk, rules)
    rows = [
        {
            "rule": rule,
            "icon": ICONS[Rule.Action(rule.action)],
            "text": rule_text(rule, titles, request.merchant.currency),
            "where": where_text(rule),
            "whom": whom_text(rule),
        }
        for rule in rules
    ]
    return render(request, "recommendations/rule_list.html", {"page": "rules", "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def rule_add(request: MerchantRequest) -> HttpResponse:
    """``?action=`` says what the rule does; without it the page asks."""
    action = request.GET.get("action", "")
    if action not in Rule.Action.values:
        kinds = [{"action": action, "icon": ICONS[action], "text": text} for action, text in EXPLANATIONS.items()]
        return render(request, "recommendations/rule_kinds.html", {"page": "rules", "kinds": kinds})
    rule = Rule(merchant=request.merchant, action=action)
    form = RuleForm(request.POST if request.method == "POST" else None, merchant=request.merchant, rule=rule)
    if form.is_valid() and "preview" not in request.POST:
        try:
            add_rule(form.filled(), staff=request.user)
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Saved. It acts within five seconds."))
            return redirect("rule_list", request.merchant.slug)
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def rule_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    rule = _rule(request, pk)
    form = RuleForm(request.POST if request.method == "POST" else None, merchant=request.merchant, rule=rule)
    if form.is_valid() and "preview" not in request.POST:
        try:
            edit_rule(form.filled(), staff=request.user, seen=form.seen_at)
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Saved. It acts within five seconds."))
            return redirect("rule_list", request.merchant.slug)
    return _page(request, form)


@require_POST
@merchant_view(Role.EDITOR)
def rule_switch(request: MerchantRequest, pk: int) -> HttpResponse:
    """``active=1`` lets the rule act, anything else lets it rest."""
    switch_rule(_rule(request, pk), is_active=request.POST.get("active") == "1", staff=request.user)
    return redirect("rule_list", request.merchant.slug)


@require_POST
@merchant_view(Role.EDITOR)
def rule_delete(request: MerchantRequest, pk: int) -> HttpResponse:
    delete_rule(_rule(request, pk), staff=request.user)
    messages.success(request, _("The rule is deleted."))
    return redirect("rule_list", request.merchant.slug)


@merchant_view(Role.EDITOR)
def rule_preview(request: MerchantRequest) -> HttpResponse:
    """What the rule in the address would change; an unfinished one says what it still lacks. Writes nothing."""
    number = request.GET.get("rule", "")
    if number:
        rule = _rule(request, int(number) if number.isdigit() and len(number) < 19 else 0)
    else:
        action = request.GET.get("action", "")
        rule = Rule(merchant=request.merchant, action=action if action in Rule.Action.values else Rule.Action.BOOST)
    form = RuleForm(request.GET, merchant=request.merchant, rule=rule)
    return render(request, "recommendations/rule_form.html#effect", _effect(request, form))


def _rule(request: MerchantRequest, pk: int) -> Rule:
    rules = Rule.objects.for_merchant(request.merchant).select_related("category", "merchant")
    return get_object_or_404(rules, pk=pk)


def _page(request: MerchantRequest, form: RuleForm) -> HttpResponse:
    context = {
        "page": "rules",
        "form": form,
        "rule": form.rule,
        "explanation": EXPLANATIONS[Rule.Action(form.rule.action)],
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "recommendations/rule_form.html", context | _effect(request, form), status=status)


def _effect(request: MerchantRequest, form: RuleForm) -> dict[str, Any]:
    """The question, and the answer without and with the rule, where both forms are complete."""
    data = request.POST if request.method == "POST" else request.GET
    asked = data if f"{ASKED}-placement" in data else {f"{ASKED}-placement": next(iter(form.rule.placements), "home")}
    question = PreviewForm(asked, merchant=request.merchant, prefix=ASKED)
    context: dict[str, Any] = {"question": question, "effect": None, "sentence": ""}
    if form.is_bound and form.is_valid() and question.is_valid():
        rule = form.filled()
        titles = titles_of(request.merchant.pk, [rule])
        context["sentence"] = rule_text(rule, titles, request.merchant.currency)
        context["effect"] = effect_of(rule, question.question())
    return context
