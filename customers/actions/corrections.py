"""Staff correct what is known of a person. Whoever writes from an old page overwrites nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from customers.actions.profiles import Person, resolve_customer
from customers.actions.resolution import lock_resolution
from customers.actions.traits import declared, record_traits
from customers.models import Customer, Identity, IdentityLink, Trait
from customers.rules.identities import LIMITS, RANK, clean_identity
from merchants.actions import record_audit
from merchants.models import Staff

DETAILS = ("first_name", "last_name", "locale", "postal_code", "city", "country")


class StaleEdit(DomainError):  # noqa: N818  # reads as what it says
    """Somebody else changed the same thing since it was shown; ``theirs`` holds what it is now, by name."""

    def __init__(self, theirs: Mapping[str, Any]) -> None:
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


BY_STAFF = "back office"
# What staff may add by hand; devices and visits are only ever seen.
TYPED_KINDS = (
    Identity.Kind.EMAIL,
    Identity.Kind.PHONE,
    Identity.Kind.LOYALTY_CARD,
    Identity.Kind.EXTERNAL_ID,
    Identity.Kind.SOCIAL,
)


@transaction.atomic
def edit_trait(customer: Customer, *, name: str, seen: Any, value: Any, staff: Staff) -> None:
    """Declare a trait anew; None for ``seen`` (what the page showed) adds one, None for ``value`` withdraws it.

    Raises StaleEdit when somebody, or the shop, said something else meanwhile, and InvalidInput for a name that
    belongs to the profile's own details.
    """
    if declared({name: value}).own or name == "address":
        raise InvalidInput(
            "not_a_trait", _("“%(name)s” is no trait: edit the details, or add an identity.") % {"name": name}
        )
    Customer.objects.for_merchant(customer.merchant_id).select_for_update(no_key=True).get(pk=customer.pk)
    trait = Trait.objects.for_merchant(customer.merchant_id).filter(customer=customer, name=name).first()
    stored = trait.value if trait else None
    if stored not in (seen, value):
        raise StaleEdit({"value": stored})
    if stored == value:
        return
    # Later than what it replaces, even if the shop's clock runs ahead of ours.
    at = max(timezone.now(), trait.set_at + timedelta(microseconds=1)) if trait else timezone.now()
    record_traits(customer, {name: value}, source=BY_STAFF, at=at)
    changes = {name: {"from": stored, "to": value}}
    record_audit(customer.merchant, "customer.trait_edited", staff=staff, subject=customer, changes=changes)


@transaction.atomic
def add_identity(customer: Customer, *, kind: str, value: str, staff: Staff) -> str:
    """Staff learnt how this person is reached or recognised; returns the value as it is stored.

    Nobody is merged by this: raises InvalidInput for what identifies nobody, and DomainError when it belongs to
    another profile, or when this one holds as many of the kind as it may.
    """
    clean = clean_identity(kind, value, region=customer.country or customer.merchant.country)
    if not clean:
        raise InvalidInput("identity_invalid", _("This identifies nobody: check how it is written."), field="value")
    mine = Identity.objects.for_merchant(customer.merchant_id).filter(kind=kind, value=clean)
    if holder := mine.select_related("customer").first():
        _refuse_holder(customer, holder.customer)
    others = Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    if others.filter(kind=kind).count() >= LIMITS[kind]:
        raise DomainError("too_many_identities", _("This person has as many of this kind as one can have."))
    if anchor := min(others.filter(blocked_at=None), key=lambda one: (RANK[one.kind], one.pk), default=None):
        resolve_customer(customer.merchant, Person(**{anchor.kind: anchor.value} | {kind: clean}))
    else:
        Identity.objects.create(merchant_id=customer.merchant_id, customer=customer, kind=kind, value=clean)
    if not mine.filter(customer=customer).exists():
        raise DomainError("identity_not_added", _("This could not be added: it is shared by too many people."))
    _note_identity(customer, "customer.identity_added", kind, clean, staff)
    return clean


def _refuse_holder(customer: Customer, holder: Customer) -> None:
    if holder.pk == customer.pk:
        raise DomainError("identity_known", _("This person is known by that already."))
    raise DomainError(
        "identity_taken",
        _("This belongs to another customer, %(name)s. If both are one person, merge them.") % {"name": holder.name},
    )


@transaction.atomic
def remove_identity(identity: Identity, *, staff: Staff) -> None:
    """This person is not recognised by that any more; whoever shows it next is somebody new."""
    customer = (
        Customer.objects.for_merchant(identity.merchant_id).select_for_update(no_key=True).get(pk=identity.customer_id)
    )
    _note_identity(customer, "customer.identity_removed", identity.kind, identity.value, staff)
    identity.delete()


@transaction.atomic
def unblock_identity(identity: Identity, *, staff: Staff) -> None:
    """Staff know whose it is after all: it joins what comes with it from now on. Idempotent.

    What came with it until now joins nothing: those links are what blocked it, and would again. It stays in its
    profile, and is blocked anew when too many people come with it.
    """
    lock_resolution(identity.merchant)
    rows = Identity.objects.for_merchant(identity.merchant_id).select_related("customer__merchant")
    locked = rows.select_for_update(of=("self",)).get(pk=identity.pk)
    if locked.blocked_at is None:
        return
    links = IdentityLink.objects.for_merchant(identity.merchant_id).filter(Q(first=locked) | Q(second=locked))
    links.filter(refusal=IdentityLink.Refusal.BLOCKED).delete()
    locked.blocked_at = None
    locked.save(update_fields=["blocked_at"])
    _note_identity(locked.customer, "customer.identity_unblocked", locked.kind, locked.value, staff)


def _note_identity(customer: Customer, action: str, kind: str, value: str, staff: Staff) -> None:
    record_audit(customer.merchant, action, staff=staff, subject=customer, changes={"kind": kind, "value": value})
