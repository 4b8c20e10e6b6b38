"""What makes several identities one person, and how profiles became one."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.privacy import Person, Rows, declare, nothing_personal, personal, technical, through, withheld
from customers.models import Duplicate, IdentityLink, Merge, SeparatedIdentity, Separation


def _linked(person: Person) -> Q:
    return Q(first__customer__in=person.ids) | Q(second__customer__in=person.ids)


def _merged(person: Person) -> Q:
    """Also merges that were undone: each side is still described there."""
    return Q(kept__in=person.ids) | Q(kept_id_then__in=person.ids) | Q(absorbed_id__in=person.ids)


def _alike(person: Person) -> Q:
    return Q(first__in=person.ids) | Q(second__in=person.ids)


declare(
    IdentityLink,
    title=_("Which identities came together"),
    find=_linked,
    rows=Rows.DELETED,
    columns=[
        personal("source", "first_seen_at"),
        technical("id", "merchant", "first", "second", "standing", "refusal"),
    ],
)
declare(
    SeparatedIdentity,
    title=_("Identities that staff keep apart"),
    find=through("identity__customer"),
    rows=Rows.DELETED,
    columns=[technical("id", "merchant", "separation", "identity", "side")],
)
nothing_personal(Separation, reason=_("Says who decided, and when; whom it is about is in its members."))
declare(
    Merge,
    title=_("Profiles that became one"),
    find=_merged,
    rows=Rows.DELETED,
    columns=[
        personal("reason", "merged_at", "undone_at"),
        withheld(
            "snapshot",
            "changes",
            "moved",
            "dropped",
            reason=_("Repeats, so that the merge can be undone, what the other tables show."),
        ),
        technical("id", "merchant", "kept", "kept_id_then", "absorbed_id", "staff", "undone_by"),
    ],
)
declare(
    Duplicate,
    title=_("Profiles that may be the same person"),
    find=_alike,
    rows=Rows.DELETED,
    columns=[
        withheld("detail", reason=_("May show what another person is called.")),
        technical("id", "merchant", "first", "second", "reason", "found_at", "dismissed_at", "dismissed_by"),
    ],
)
