"""Staff decide who is who: two profiles are one person, a merge was wrong, or two look alike and are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.events import publish
from core.providers import Registry
from customers.actions.absorbing import ENDING, absorb, give_back, recount, relations, take_up
from customers.actions.resolution import lock_resolution, resolve_again
from customers.events import CustomersUnmerged
from customers.models import Customer, Duplicate, Identity, IdentityLink, Merge, SeparatedIdentity, Separation
from customers.rules.identities import RANK
from merchants.actions import record_audit
from merchants.models import Merchant, Staff


@dataclass(frozen=True)
class Claim:
    """How rows that came after a merge find their person when it is undone: by an address, e.g. an order's."""

    model: type[models.Model]
    customer: str
    address: str
    moment: str


# Upper apps register theirs. What names no address stays with the kept profile.
claims: Registry[Claim] = Registry()


@transaction.atomic
def merge_customers(
    kept: Customer, absorbed: Customer, *, reason: str = Merge.Reason.STAFF, staff: Staff | None = None
) -> Merge:
    """Make one profile of two: everything of ``absorbed`` moves to ``kept``, and its page leads there.

    Staff outrank limits: both customer numbers then belong to one person. The newest known of each detail wins,
    consents move and the newest decision counts. Raises DomainError ``merge_with_itself`` and ``profile_gone``.
    """
    if kept.pk == absorbed.pk:
        raise DomainError("merge_with_itself", _("A profile cannot be merged with itself."))
    lock_resolution(kept.merchant)
    kept, absorbed = _locked(kept.merchant, [kept.pk, absorbed.pk])
    _reconcile(kept, absorbed)
    _join(kept.merchant, _identities(kept), _identities(absorbed))
    merge = absorb(kept, absorbed, reason=reason, staff=staff)
    resolve_again(kept.merchant, [kept.pk])
    return merge


def _locked(merchant: Merchant, ids: Sequence[int]) -> list[Customer]:
    rows = Customer.objects.for_merchant(merchant).filter(pk__in=ids, erased_at=None).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update()}
    if len(found) < len(set(ids)):
        raise DomainError(
            "profile_gone", _("One of the two profiles is no longer there. Somebody merged or erased it.")
        )
    return [found[pk] for pk in ids]


def _identities(customer: Customer) -> list[Identity]:
    """Those of a profile, the best first."""
    rows = Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    return sorted(rows, key=lambda row: (RANK[row.kind], row.created_at, row.pk))


def _reconcile(one: Customer, other: Customer) -> None:
    """Forget that staff once said these are two people."""
    sides = SeparatedIdentity.objects.for_merchant(one.merchant_id)
    mine = sides.filter(identity__customer=one).values_list("separation", "side")
    theirs = set(sides.filter(identity__customer=other).values_list("separation", "side"))
    wrong = {separation for separation, side in mine if (separation, 1 - side) in theirs}
    Separation.objects.for_merchant(one.merchant_id).filter(pk__in=wrong).delete()


def _join(merchant: Merchant, mine: Sequence[Identity], theirs: Sequence[Identity]) -> None:
    """The decision as a link, so that every later resolution comes to the same."""
    if mine and theirs:
        first, second = sorted([mine[0], theirs[0]], key=lambda row: (RANK[row.kind], row.kind, row.value))
        IdentityLink.objects.get_or_create(
            merchant=merchant, first=first, second=second, standing=IdentityLink.Standing.DECIDED
        )


@transaction.atomic
def unmerge(merge: Merge, *, staff: Staff | None) -> Customer:
    """Restore the absorbed profile and everything that came with it; returns it. The two stay apart for good.

    Merges of the same profile may be undone in any order. What came since the merge stays with the kept profile,
    but for what names an address of the restored one. Raises DomainError ``already_undone``.
    """
    merchant = merge.merchant
    lock_resolution(merchant)
    merge = Merge.objects.for_merchant(merchant).select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None:
        raise DomainError("already_undone", _("This merge was undone already."))
    holder = _locked(merchant, [merge.kept_id])[0]
    restored = _unwind(merge)
    merge.refresh_from_db()
    merge.undone_at, merge.undone_by = timezone.now(), staff
    merge.save(update_fields=["undone_at", "undone_by"])
    _separate(merge, restored, holder, staff)
    touched = [holder.pk, restored.pk]
    resolve_again(merchant, touched)
    _hand_over(merge, restored, holder)
    recount(merchant, touched)
    restored.refresh_from_db()
    publish(CustomersUnmerged(merchant_id=merchant.pk, kept_id=holder.pk, restored_id=restored.pk))
    changes = {"restored": restored.pk}
    record_audit(merchant, "customer.unmerged", staff=staff, subject=holder, changes=changes)
    return restored


def _unwind(merge: Merge) -> Customer:
    """Give back this merge. Later ones of the same profile lie on top: they are lifted, and put back after."""
    standing = Merge.objects.for_merchant(merge.merchant_id).standing()
    later = list(standing.filter(kept=merge.kept_id, pk__gt=merge.pk).order_by("-pk").values_list("pk", flat=True))
    for pk in later:
        give_back(standing.get(pk=pk))
    restored = give_back(standing.get(pk=merge.pk))
    for pk in reversed(later):
        take_up(standing.get(pk=pk))
    return restored


def _separate(merge: Merge, restored: Customer, holder: Customer, staff: Staff | None) -> None:
    """Two people from now on, whatever was seen together."""
    mine, theirs = _identities(holder), _identities(restored)
    decided = IdentityLink.objects.for_merchant(merge.merchant_id).filter(standing=IdentityLink.Standing.DECIDED)
    for first, second in ((mine, theirs), (theirs, mine)):
        decided.filter(first__in=first, second__in=second).delete()
    _join_again(holder)
    _join_again(restored)
    keep_apart(holder, restored, staff=staff)


def _join_again(customer: Customer) -> None:
    """Merges by staff that still stand may have hung on a link to somebody who left."""
    rows = _identities(customer)
    merges = Merge.objects.for_merchant(customer.merchant_id).standing().filter(kept=customer)
    for merge in merges.filter(reason=Merge.Reason.STAFF):
        moved = set(merge.moved.get(Identity._meta.label_lower, {}).get("customer", []))
        _join(customer.merchant, [row for row in rows if row.pk not in moved], [row for row in rows if row.pk in moved])


def keep_apart(one: Customer, other: Customer, *, staff: Staff | None) -> None:
    """Remember that these are two people: nothing joins them, and they are not suggested again."""
    now = timezone.now()
    sides = [_identities(one), _identities(other)]
    if all(sides):
        separation = Separation.objects.create(merchant=one.merchant, staff=staff)
        SeparatedIdentity.objects.bulk_create(
            SeparatedIdentity(merchant=one.merchant, separation=separation, identity=row, side=side)
            for side, rows in enumerate(sides)
            for row in rows
        )
    first, second = sorted([one, other], key=lambda customer: customer.pk)
    Duplicate.objects.update_or_create(
        merchant=one.merchant,
        first=first,
        second=second,
        defaults={"dismissed_at": now, "dismissed_by": staff},
        create_defaults={"dismissed_at": now, "dismissed_by": staff, "reason": Duplicate.Reason.CONFLICT},
    )


def _hand_over(merge: Merge, restored: Customer, holder: Customer) -> None:
    """What came to the kept profile since the merge, and names an address of the restored one, is the latter's."""
    addresses = [row.value for row in _identities(restored) if row.kind in (Identity.Kind.EMAIL, Identity.Kind.PHONE)]
    for claim in claims:
        manager: Any = claim.model._default_manager
        rows = manager.for_merchant(merge.merchant_id).filter(
            **{
                claim.customer: holder,
                f"{claim.address}__in": addresses,
                f"{claim.moment}__gt": merge.merged_at,
            }
        )
        rows.update(**{claim.customer: restored})


@transaction.atomic
def dismiss_duplicate(duplicate: Duplicate, *, staff: Staff) -> None:
    """Staff say: not the same person."""
    lock_resolution(duplicate.merchant)
    keep_apart(duplicate.first, duplicate.second, staff=staff)
    record_audit(
        duplicate.merchant,
        "customer.kept_apart",
        staff=staff,
        subject=duplicate.first,
        changes={"other": duplicate.second_id},
    )


def what_moves(customer: Customer) -> dict[str, int]:
    """How many rows of each table would move with the profile, by the table's name in the reader's language."""
    counts: dict[str, int] = {}
    moving = [relation for relation in relations() if relation.model not in ENDING]
    for relation in moving:
        number = relation.rows(customer.merchant_id, customer.pk).count()
        if number:
            name = str(relation.model._meta.verbose_name_plural)
            counts[name] = counts.get(name, 0) + number
    return counts
