"""Staff correct what is known of a person. Whoever writes from an old page overwrites nobody."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from customers.models import Customer
from merchants.actions import record_audit
from merchants.models import Staff

DETAILS = ("first_name", "last_name", "locale", "postal_code", "city", "country")


class StaleEdit(DomainError):  # noqa: N818  # reads as what it says
    """Somebody else changed the same thing since it was shown; ``theirs`` holds what it is now, by name."""

    def __init__(self, theirs: Mapping[str, str]) -> None:
        super().__init__("stale_edit", _("Somebody else changed this meanwhile. Nothing was saved."))
        self.theirs = dict(theirs)


def details_of(customer: Customer) -> dict[str, str]:
    """What staff may edit, as it is stored."""
    return {name: getattr(customer, name) for name in DETAILS}


@transaction.atomic
def edit_details(
    customer: Customer, *, seen: Mapping[str, str], wanted: Mapping[str, str], staff: Staff
) -> dict[str, str]:
    """Store what differs from ``seen``, what the page showed; returns what changed.

    What two people changed differently is nobody's to decide here: raises StaleEdit, and nothing is stored.
    """
    locked = Customer.objects.for_merchant(customer.merchant_id).select_for_update(no_key=True).get(pk=customer.pk)
    stored = details_of(locked)
    mine = {name: wanted[name] for name in DETAILS if wanted[name] != seen[name]}
    theirs = {name: stored[name] for name in mine if stored[name] not in (seen[name], mine[name])}
    if theirs:
        raise StaleEdit(theirs)
    changed = {name: value for name, value in mine.items() if stored[name] != value}
    if changed:
        for name, value in changed.items():
            setattr(locked, name, value)
            locked.details_at[name] = timezone.now().isoformat()
        locked.save(update_fields=[*changed, "details_at", "updated_at"])
        changes = {name: {"from": stored[name], "to": value} for name, value in changed.items()}
        record_audit(customer.merchant, "customer.edited", staff=staff, subject=locked, changes=changes)
    return changed
