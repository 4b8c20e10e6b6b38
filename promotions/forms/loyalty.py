"""The programme, its tiers and rewards, and corrections of an account. Amounts are entered in the shop's currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm, KitModelForm
from core.money import MAX_AMOUNT, to_major, to_minor
from merchants.models import Merchant
from promotions.actions.loyalty.programme import RewardData
from promotions.models import LoyaltyProgram, Tier
from promotions.models.loyalty import MOST_POINTS

NOTHING = Decimal(0)


def _amount(label: Any, help_text: Any = "", *, least: Decimal = NOTHING, required: bool = True) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=least,
        max_value=MAX_AMOUNT // 10**6,
        decimal_places=2,
        required=required,
        help_text=help_text,
    )


class ProgrammeForm(KitModelForm):
    """Everything about how points come and go."""

    marks_optional = False
    money: ClassVar[tuple[str, ...]] = ("per", "value_of_hundred", "referral_at_least")
    groups: ClassVar[list[tuple[Any, list[str]]]] = [
        (_("Earning"), ["is_active", "each", "per", "rounding", "pending_days", "valid_months"]),
        (_("Spending in the cart"), ["value_of_hundred", "burn_from"]),
        (_("Reviews"), ["review_points"]),
        (_("Invitations"), ["referral_points", "invited_points", "referral_at_least", "referrals_per_year"]),
        (_("How tiers are reached and lost"), ["tier_basis", "tier_months", "grace_days"]),
    ]

    per = _amount(_("per amount"), LoyaltyProgram._meta.get_field("per").help_text, least=Decimal("0.01"))
    value_of_hundred = _amount(
        _("100 points are worth"), LoyaltyProgram._meta.get_field("value_of_hundred").help_text, required=False
    )
    referral_at_least = _amount(
        _("smallest first order"), LoyaltyProgram._meta.get_field("referral_at_least").help_text, required=False
    )

    class Meta:
        model = LoyaltyProgram
        fields = [
            "is_active",
            "each",
            "per",
            "rounding",
            "pending_days",
            "valid_months",
            "value_of_hundred",
            "burn_from",
            "review_points",
            "referral_points",
            "invited_points",
            "referral_at_least",
            "referrals_per_year",
            "tier_basis",
            "tier_months",
            "grace_days",
        ]

    def __init__(self, data: Any, *, merchant: Merchant, program: LoyaltyProgram) -> None:
        self._currency = merchant.currency
        initial = {name: to_major(getattr(program, name), merchant.currency) for name in self.money}
        super().__init__(data, instance=program, initial=initial)

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in self.groups]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in self.money:
            if name in cleaned:
                cleaned[name] = to_minor(cleaned[name] or Decimal(0), self._currency)
        return cleaned

    def values(self) -> dict[str, Any]:
        """The validated programme, field by field."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class TierForm(KitForm):
    """A tier; its step is in points or in money, as the programme says."""

    name = forms.CharField(label=_("Name"), max_length=80)
    key = forms.SlugField(
        label=_("Key"), max_length=40, help_text=_("For programs and segments: small letters, digits and hyphens.")
    )
    multiplier = forms.DecimalField(
        label=_("Points are multiplied by"), min_value=1, max_value=100, decimal_places=2, initial=1
    )
    benefits = forms.CharField(
        label=_("Benefits"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("In words, for members."),
    )
    field_order = ["name", "key", "at_least", "multiplier", "benefits"]

    def __init__(self, data: Any, *, merchant: Merchant, program: LoyaltyProgram, tier: Tier) -> None:
        self._currency = merchant.currency
        self._is_money = program.tier_basis == LoyaltyProgram.Basis.REVENUE
        initial = {"name": tier.name, "key": tier.key, "benefits": tier.benefits, "multiplier": tier.hundredths / 100}
        super().__init__(data, initial=initial | self._step(tier))
        label = _("From a revenue of") if self._is_money else _("From so many points")
        self.fields["at_least"] = (
            _amount(label) if self._is_money else forms.IntegerField(label=label, min_value=0, max_value=MOST_POINTS)
        )
        self.fields["at_least"].help_text = _("In the months that the programme looks at.")
        self.order_fields(self.field_order)

    def _step(self, tier: Tier) -> dict[str, Any]:
        if not tier.pk:
            return {}
        return {"at_least": to_major(tier.at_least, self._currency) if self._is_money else tier.at_least}

    def values(self) -> dict[str, Any]:
        """The validated tier, field by field."""
        valid = self.cleaned_data
        step = to_minor(valid["at_least"], self._currency) if self._is_money else valid["at_least"]
        return {
            "name": valid["name"],
            "key": valid["key"],
            "at_least": step,
            "hundredths": int(valid["multiplier"] * 100),
            "benefits": valid["benefits"],
        }


class RewardForm(KitForm):
    """A reward: so many points for so much off. Codes and the promotion behind them are made with it."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("As members see it, e.g. “5 € off”."))
    key = forms.RegexField(
        r"^[a-z0-9][a-z0-9-]*\Z",
        label=_("Key"),
        max_length=30,
        help_text=_("For programs: small letters, digits and hyphens."),
    )
    points = forms.IntegerField(label=_("Costs points"), min_value=1, max_value=MOST_POINTS)
    amount = _amount(_("Takes off"), least=Decimal("0.01"))
    at_least = _amount(_("From a cart of"), required=False)
    days = forms.IntegerField(label=_("Code valid for days"), min_value=1, max_value=3650, initial=90)

    def __init__(self, data: Any, *, merchant: Merchant) -> None:
        self._currency = merchant.currency
        super().__init__(data)

    def data_of_reward(self) -> RewardData:
        """The validated reward."""
        valid = self.cleaned_data
        return RewardData(
            key=valid["key"],
            name=valid["name"],
            points=valid["points"],
            amount=to_minor(valid["amount"], self._currency),
            at_least=to_minor(valid["at_least"] or Decimal(0), self._currency),
            days=valid["days"],
        )


class AdjustmentForm(KitForm):
    """Points that staff give or take, and why."""

    points = forms.IntegerField(
        label=_("Points"), min_value=-MOST_POINTS, max_value=MOST_POINTS, help_text=_("With a minus sign to take some.")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("It stands in the member's statement and in the audit log.")
    )

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        if points == 0:
            raise forms.ValidationError(_("Give or take at least one point."), code="nothing")
        return points
