"""Writes about merchants, their staff and keys. Each is one transaction with its audit entry."""

import secrets
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from merchants.models import ApiKey, AuditEntry, Membership, Merchant, Role, Scope, Staff

PUBLISHABLE_SCOPES = [Scope.RECOMMENDATIONS_READ.value, Scope.EVENTS_WRITE.value]


def record_audit(
    merchant: Merchant,
    action: str,
    *,
    staff: Staff | None,
    subject: models.Model | None = None,
    changes: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append to the audit log; call it inside the transaction of the change it tells of."""
    return AuditEntry.objects.create(
        merchant=merchant,
        staff=staff,
        action=action,
        subject_type=subject._meta.label_lower if subject else "",
        subject_id=str(subject.pk) if subject else "",
        subject_label=str(subject)[:200] if subject else "",
        changes=changes or {},
    )


def _digest(token: str) -> str:
    return salted_hmac("merchants.ApiKey", token, algorithm="sha256").hexdigest()


@transaction.atomic
def create_api_key(
    merchant: Merchant, *, kind: str, name: str, scopes: list[str] | None = None, staff: Staff | None = None
) -> tuple[ApiKey, str]:
    """Returns the key's row and the key itself, which cannot be had again."""
    default = list(Scope.values) if kind == ApiKey.Kind.SECRET else PUBLISHABLE_SCOPES
    prefix = f"{kind}_{secrets.token_hex(5)}"
    token = f"{prefix}_{secrets.token_urlsafe(24)}"
    key = ApiKey.objects.create(
        merchant=merchant,
        kind=kind,
        name=name,
        prefix=prefix,
        digest=_digest(token),
        scopes=scopes if scopes is not None else default,
        created_by=staff,
    )
    record_audit(merchant, "api_key.created", staff=staff, subject=key, changes={"scopes": key.scopes})
    return key, token


def find_api_key(token: str) -> ApiKey | None:
    """The usable key that ``token`` is, with its merchant; None when there is none."""
    prefix = "_".join(token.split("_", 2)[:2])
    key = ApiKey.objects.usable().select_related("merchant").filter(prefix=prefix).first()
    return key if key and constant_time_compare(key.digest, _digest(token)) else None


@transaction.atomic
def revoke_api_key(key: ApiKey, *, staff: Staff | None) -> None:
    """Idempotent: a revoked key stays revoked at its first time."""
    usable = ApiKey.objects.for_merchant(key.merchant_id).usable()
    if usable.filter(pk=key.pk).update(revoked_at=timezone.now()):
        record_audit(key.merchant, "api_key.revoked", staff=staff, subject=key)


@transaction.atomic
def set_membership(merchant: Merchant, member: Staff, role: Role, *, staff: Staff | None) -> Membership:
    """Give ``member`` this role at the merchant, new or changed."""
    membership, _created = Membership.objects.update_or_create(merchant=merchant, staff=member, defaults={"role": role})
    record_audit(merchant, "membership.set", staff=staff, subject=membership, changes={"role": Role(role).name.lower()})
    return membership
