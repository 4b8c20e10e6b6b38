"""The programme, its tiers and rewards, and corrections of an account. Amounts are entered in the shop's currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm, KitModelForm
from merchants.models import Merchant
from promotions.actions.loyalty.programme import RewardData
from promotions.forms.offers.fields import MoneyField, TimesField
from promotions.models import LoyaltyProgram, Tier
from promotions.models.loyalty import MOST_POINTS


class _Amount(MoneyField):
    """Money that is at least ``least``; what may be left out is nothing."""

    def __init__(self, *, least: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._least = least

    def clean(self, value: Any) -> int:
        amount = super().clean(value) or 0
        if amount < self._least:
            raise forms.ValidationError(_("An amount above nothing."), code="min_value")
        return amount


class ProgrammeForm(KitModelForm):
    """Everything about how points come and go."""

    marks_optional = False
    money: ClassVar[tuple[str, ...]] = ("per", "value_of_hundred", "referral_at_least")
    groups: ClassVar[list[tuple[Any, list[str]]]] = [
        (_("Earning"), ["is_active", "each", "per", "rounding", "pending_days", "valid_months", "imports_from"]),
        (_("Spending in the cart"), ["value_of_hundred", "burn_from"]),
        (_("Reviews"), ["review_points", "tracks_reviews"]),
        (_("Invitations"), ["referral_points", "invited_points", "referral_at_least", "referrals_per_year"]),
        (_("How tiers are reached and lost"), ["tier_basis", "tier_months", "grace_days"]),
    ]

    class Meta:
        model = LoyaltyProgram
        fields = [
            "is_active",
            "each",
            "per",
            "rounding",
            "pending_days",
            "valid_months",
            "imports_from",
            "value_of_hundred",
            "burn_from",
            "review_points",
            "tracks_reviews",
            "referral_points",
            "invited_points",
            "referral_at_least",
            "referrals_per_year",
            "tier_basis",
            "tier_months",
            "grace_days",
        ]
        widgets: ClassVar[dict[str, Any]] = {"imports_from": forms.DateInput({"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, data: Any, *, merchant: Merchant, program: LoyaltyProgram) -> None:
        super().__init__(data, instance=program)
        for name in self.money:
            about: Any = LoyaltyProgram._meta.get_field(name)
            self.fields[name] = _Amount(
                currency=merchant.currency,
                label=about.verbose_name,
                help_text=about.help_text,
                required=name == "per",
                least=name == "per",
            )

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in self.groups]

    def values(self) -> dict[str, Any]:
        """The validated programme, field by field."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class TierForm(KitForm):
    """A tier; its step is in points or in money, as the programme says."""

    name = forms.CharField(label=_("Name"), max_length=80)
    key = forms.SlugField(
        label=_("Key"), max_length=40, help_text=_("For programs and segments: small letters, digits and hyphens.")
    )
    multiplier = TimesField(label=_("Points are multiplied by"))
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
        initial = {"name": tier.name, "key": tier.key, "benefits": tier.benefits, "multiplier": _times(tier)}
        super().__init__(data, initial=initial | self._step(tier))
        label = _("From a revenue of") if self._is_money else _("From so many points")
        self.fields["at_least"] = (
            _Amount(currency=self._currency, label=label)
            if self._is_money
            else forms.IntegerField(label=label, min_value=0, max_value=MOST_POINTS)
        )
        self.fields["at_least"].help_text = _("In the months that the programme looks at.")
        self.order_fields(self.field_order)

    def _step(self, tier: Tier) -> dict[str, Any]:
        if not tier.pk:
            return {}
        return {"at_least": tier.at_least}

    def values(self) -> dict[str, Any]:
        """The validated tier, field by field."""
        valid = self.cleaned_data
        return {
            "name": valid["name"],
            "key": valid["key"],
            "at_least": valid["at_least"],
            "hundredths": int(Decimal(valid["multiplier"]) * 100),
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
        error_messages={"invalid": _("Small letters, digits and hyphens.")},
    )
    points = forms.IntegerField(label=_("Costs points"), min_value=1, max_value=MOST_POINTS)
    days = forms.IntegerField(label=_("Code valid for days"), min_value=1, max_value=3650, initial=90)

    field_order = ["name", "key", "points", "amount", "at_least", "days"]

    def __init__(self, data: Any, *, merchant: Merchant) -> None:
        super().__init__(data)
        self.fields["amount"] = _Amount(currency=merchant.currency, label=_("Takes off"), least=1)
        self.fields["at_least"] = _Amount(currency=merchant.currency, label=_("From a cart of"), required=False)
        self.order_fields(self.field_order)

    def data_of_reward(self) -> RewardData:
        """The validated reward."""
        valid = self.cleaned_data
        return RewardData(
            key=valid["key"],
            name=valid["name"],
            points=valid["points"],
            amount=valid["amount"],
            at_least=valid["at_least"],
            days=valid["days"],
        )


def _times(tier: Tier) -> str:
    """``1.5`` for 150 hundredths."""
    return f"{(Decimal(tier.hundredths) / 100).normalize():f}"


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
