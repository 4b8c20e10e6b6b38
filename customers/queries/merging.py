"""What staff see before they merge two profiles, and of merges that were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from core.templatetags.cx import country_name, spoken_language
from customers.models import Customer, Duplicate, Identity, Merge
from customers.rules.details import DETAILS, newest

SHOWN, BLOCKED_SHOWN = 5, 50


@dataclass(frozen=True)
class Choice:
    """One detail of both profiles; ``winner`` is what the merged one will have."""

    name: str
    label: str
    kept: str
    absorbed: str
    winner: str

    @property
    def differs(self) -> bool:
        return bool(self.kept and self.absorbed and self.kept != self.absorbed)

    @property
    def spoken_kept(self) -> str:
        return self._spoken(self.kept)

    @property
    def spoken_absorbed(self) -> str:
        return self._spoken(self.absorbed)

    @property
    def spoken_winner(self) -> str:
        return self._spoken(self.winner)

    def _spoken(self, value: str) -> str:
        """Codes by their names in the reader's language."""
        speak = {"country": country_name, "locale": spoken_language}.get(self.name)
        return speak(value) if speak and value else value


def choices(kept: Customer, absorbed: Customer) -> list[Choice]:
    """Which value wins, detail by detail; without those that neither has."""
    found = []
    for name in DETAILS:
        mine, theirs = kept.statement(name), absorbed.statement(name)
        if mine[0] or theirs[0]:
            label = str(Customer._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            found.append(Choice(name, label, mine[0], theirs[0], newest(mine, theirs)[0]))
    return found


def merges_of(customer: Customer) -> list[Merge]:
    """The newest merges into this profile, undone ones too."""
    merges = Merge.objects.for_merchant(customer.merchant_id).filter(kept=customer)
    return list(merges.select_related("staff", "undone_by")[:SHOWN])


def absorbed_name(merge: Merge) -> str:
    """What the absorbed profile was called."""
    snapshot: dict[str, Any] = merge.snapshot
    name = f"{snapshot.get('first_name', '')} {snapshot.get('last_name', '')}".strip()
    return name or f"#{merge.absorbed_id}"


def duplicates_of(customer: Customer) -> list[tuple[Duplicate, Customer]]:
    """Who else this may be, undecided."""
    pairs = Duplicate.objects.for_merchant(customer.merchant_id).open()
    pairs = pairs.filter(Q(first=customer) | Q(second=customer)).select_related("first", "second")
    pairs = pairs.prefetch_related("first__identities", "second__identities").order_by("-pk")
    return [(pair, pair.second if pair.first_id == customer.pk else pair.first) for pair in pairs[:SHOWN]]


def blocked_identities(merchant_id: int) -> list[Identity]:
    """Identifiers that too many people share, the newest first, at most ``BLOCKED_SHOWN``."""
    rows = Identity.objects.for_merchant(merchant_id).filter(blocked_at__isnull=False, customer__erased_at=None)
    return list(rows.order_by("-blocked_at", "-pk")[:BLOCKED_SHOWN])
