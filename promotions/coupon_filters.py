"""What the list of coupon batches can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.listing import ListFilter, SearchFilter
from promotions.models import CouponBatch

STATES = [
    ("open", pgettext_lazy("coupons", "usable")),
    ("not_yet", _("not yet valid")),
    ("expired", pgettext_lazy("coupons", "expired")),
    ("revoked", pgettext_lazy("coupons", "revoked")),
]


def _in_state(rows: QuerySet[CouponBatch], _name: str, value: str) -> QuerySet[CouponBatch]:
    now = timezone.now()
    over, early = Q(valid_until__lte=now), Q(valid_from__gt=now)
    asked = {
        "revoked": Q(revoked_at__isnull=False),
        "expired": over & Q(revoked_at=None),
        "not_yet": early & Q(revoked_at=None),
        "open": ~over & ~early & Q(revoked_at=None),
    }
    return rows.filter(asked[value]) if value in asked else rows


class BatchFilter(ListFilter):
    q = SearchFilter(placeholder=_("Name or key"))
    state = django_filters.ChoiceFilter(
        label=_("State"), empty_label=_("Every state"), choices=STATES, method=_in_state
    )

    sorts = {"newest": ["id"], "name": ["name", "id"], "codes": ["made", "id"]}
    default_sort = "-newest"
