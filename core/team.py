"""Who works for a merchant: invite, change a role, remove. A merchant always keeps an owner."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from merchants.actions import record_audit, set_membership
from merchants.models import Membership, Merchant, Role, Staff


@dataclass(frozen=True)
class Invitation:
    """What came of an invitation; ``needs_password`` asks for a link with which the person chooses one."""

    membership: Membership
    needs_password: bool


@transaction.atomic
def invite_member(merchant: Merchant, *, email: str, role: Role, staff: Staff) -> Invitation:
    """Add a person by e-mail; an account is made when there is none. Raises DomainError for who is a member already.

    Somebody who never set a password gets a link again, but only while no other merchant counts on that account:
    the link is handed to the inviter.
    """
    _lock_team(merchant)
    person = Staff.objects.filter(email=email.lower()).first() or Staff.objects.create_user(email)
    existing = Membership.objects.for_merchant(merchant).filter(staff=person).first()
    if existing and person.has_usable_password():
        raise DomainError("already_member", _("%(email)s already belongs to the team.") % {"email": person.email})
    membership = set_membership(merchant, person, role, staff=staff)
    return Invitation(membership, _is_ours_alone(person, merchant))


def _is_ours_alone(person: Staff, merchant: Merchant) -> bool:
    if person.has_usable_password() or person.is_superuser:
        return False
    return not person.memberships.exclude(merchant=merchant).exists()


@transaction.atomic
def change_role(membership: Membership, role: Role, *, staff: Staff) -> None:
    """Raises DomainError when the last owner would be none any more."""
    _lock_team(membership.merchant)
    if role != Role.OWNER:
        _require_another_owner(membership)
    set_membership(membership.merchant, membership.staff, role, staff=staff)


@transaction.atomic
def remove_member(membership: Membership, *, staff: Staff) -> None:
    """The account itself stays: it may work for other merchants. Raises DomainError for the last owner."""
    _lock_team(membership.merchant)
    _require_another_owner(membership)
    record_audit(membership.merchant, "membership.removed", staff=staff, subject=membership)
    membership.delete()


def _lock_team(merchant: Merchant) -> None:
    """Two owners who remove each other at the same moment come one after the other."""
    Merchant.objects.select_for_update().get(pk=merchant.pk)


def _require_another_owner(membership: Membership) -> None:
    owners = Membership.objects.for_merchant(membership.merchant).filter(role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        raise DomainError("last_owner", _("A shop needs an owner. Make somebody else an owner first."))
