"""Who must not be profiled: what the recommender asks for a whole shop at once."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from customers.models import ConsentRecord, PrivacyRequest, Purpose
from customers.queries.consent import Reader, legal_bases
from merchants.models import Merchant

# As the index ``consent_no_profiling`` has it.
_A_NO = Q(kind__in=["objected", "withdrawn"], purpose__in=["", "profiling"], channel="")


def not_to_be_profiled(merchant: Merchant) -> frozenset[int]:
    """Ids of the customers who object to profiling now, or had it restricted, as ``may_we`` answers for each."""
    records = ConsentRecord.objects.for_merchant(merchant).filter(_A_NO)
    restrictions = PrivacyRequest.objects.for_merchant(merchant).restricting(timezone.now()).exclude(customer=None)
    told = (rows.order_by().values_list("customer", flat=True) for rows in (records, restrictions))
    ids = list(next(told).union(*told))
    if not ids:
        return frozenset()
    readers = [Reader(pk, "") for pk in ids]
    decisions = legal_bases(readers, merchant=merchant, purpose=Purpose.PROFILING, channel="")
    return frozenset(pk for pk, decision in zip(ids, decisions, strict=True) if not decision.allowed)
