"""What staff do with rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from recommendations.models import Rule

MOST_RULES = 200


@transaction.atomic
def add_rule(rule: Rule, *, staff: Staff) -> Rule:
    """Store a new rule of ``rule.merchant``; it acts within five seconds. Raises DomainError (``too_many_rules``)."""
    Merchant.objects.select_for_update(no_key=True).get(pk=rule.merchant_id)
    if Rule.objects.for_merchant(rule.merchant_id).count() >= MOST_RULES:
        raise DomainError("too_many_rules", _("A shop has %(most)s rules at most.") % {"most": MOST_RULES})
    rule.created_by = staff
    rule.save(force_insert=True)
    record_audit(rule.merchant, "rule.added", staff=staff, subject=rule)
    return rule


@transaction.atomic
def edit_rule(rule: Rule, *, staff: Staff, seen: datetime | None) -> None:
    """Store the changed ``rule``. ``seen``: when it had last changed as the page showed it.

    Raises DomainError (``stale_edit``) if somebody else changed it since.
    """
    stored = Rule.objects.for_merchant(rule.merchant_id).select_for_update().get(pk=rule.pk)
    if seen is not None and stored.updated_at != seen:
        raise DomainError("stale_edit", _("Somebody else changed this rule meanwhile. Load the page again."))
    before, after = stored.facts(), rule.facts()
    changes = {
        name: {"from": _plain(before[name]), "to": _plain(after[name])} for name in after if after[name] != before[name]
    }
    if changes:
        rule.save()
        record_audit(rule.merchant, "rule.edited", staff=staff, subject=rule, changes=changes)


@transaction.atomic
def switch_rule(rule: Rule, *, is_active: bool, staff: Staff) -> None:
    """Let it act, or rest."""
    stored = Rule.objects.for_merchant(rule.merchant_id).select_for_update().get(pk=rule.pk)
    if stored.is_active != is_active:
        stored.is_active = is_active
        stored.save(update_fields=["is_active", "updated_at"])
        changes = {"is_active": {"from": not is_active, "to": is_active}}
        record_audit(rule.merchant, "rule.edited", staff=staff, subject=stored, changes=changes)


@transaction.atomic
def delete_rule(rule: Rule, *, staff: Staff) -> None:
    record_audit(rule.merchant, "rule.deleted", staff=staff, subject=rule)
    rule.delete()


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    return value if value is None or isinstance(value, bool | int | float | str | list) else str(value)
