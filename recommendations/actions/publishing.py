"""Which model answers: publishing, rolling back, taking people out, and keeping five on disk."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.errors import DomainError
from core.locks import lock_name
from customers.models import Customer
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from recommendations.actions.plans import pause, stop_trainings
from recommendations.engines import artefacts
from recommendations.engines.forgetting import without_customers
from recommendations.models import ModelVersion, artefact_directory

KEPT_ARTEFACTS = 5


@transaction.atomic
def publish(version: ModelVersion) -> ModelVersion:
    """Swap the pointer: in one transaction the live version retires and ``version`` takes its place.

    Whoever was erased while it learnt is taken out of it first.
    """
    lock_artefacts(version.merchant_id)
    live = ModelVersion.objects.for_merchant(version.merchant_id).live()
    live.update(status=ModelVersion.Status.RETIRED)
    version.status, version.published_at = ModelVersion.Status.LIVE, timezone.now()
    version.save()
    customers = Customer.objects.for_merchant(version.merchant_id).filter(erased_at__gte=version.snapshot_at)
    forget_customers(version.merchant_id, [customer.pk for customer in customers])
    version.refresh_from_db()
    return version


@transaction.atomic
def forget_customers(merchant_id: int, customer_ids: Iterable[int]) -> int:
    """Take erased people out of every stored artefact; returns how many artefacts knew them.

    An artefact is never changed: a copy without them is written beside it under a new name, the row is pointed
    there, and serving processes load it as they load every new version. The old one goes after the commit.
    """
    lock_artefacts(merchant_id)
    ids = np.fromiter(customer_ids, np.int64)
    stored = ModelVersion.objects.for_merchant(merchant_id).stored()
    return sum(_forget_in(version, ids) for version in stored) if len(ids) else 0


def _forget_in(version: ModelVersion, ids: NDArray[np.int64]) -> bool:
    old = version.directory
    try:
        artefact = artefacts.load(old)
        arrays = without_customers(artefact.arrays, ids)
    except (artefacts.ArtefactError, KeyError):
        # Nobody can read it, so nobody can say that the person is not in it.
        version.size = 0
        version.save(update_fields=["size"])
        transaction.on_commit(lambda: artefacts.remove(old))
        return True
    if arrays is None:
        return False
    version.version = f"{version.version.partition('+')[0]}+{secrets.token_hex(3)}"
    version.size = artefacts.write(version.directory, arrays, {**artefact.about, "version": version.version})
    version.save(update_fields=["version", "size"])
    transaction.on_commit(lambda: artefacts.remove(old))
    return True


def lock_artefacts(merchant_id: int) -> None:
    """Held until the transaction ends: meanwhile nobody publishes, tidies, or takes somebody out."""
    lock_name(f"recommendations.artefacts:{merchant_id}")


@transaction.atomic
def roll_back(version: ModelVersion, *, staff: Staff) -> ModelVersion:
    """Let an earlier model answer again, and begin no training by itself until staff say so.

    Otherwise the next night would bring back what somebody just took away, or a training that is under way would in
    a minute: what waits or runs is cancelled. Raises DomainError ``not_kept`` when the
    artefact is gone or broken, ``already_live`` when it answers anyhow.
    """
    lock_artefacts(version.merchant_id)
    version = ModelVersion.objects.for_merchant(version.merchant_id).select_for_update().get(pk=version.pk)
    if version.status == ModelVersion.Status.LIVE:
        raise DomainError("already_live", _("This model is live already."))
    if not version.is_restorable:
        raise DomainError("not_kept", _("This model is not kept any more."))
    try:
        artefacts.load(version.directory)
    except artefacts.ArtefactError as error:
        raise DomainError("not_kept", _("The files of this model are damaged or gone.")) from error
    live = ModelVersion.objects.for_merchant(version.merchant_id).live().first()
    version = publish(version)
    pause(version.merchant, staff=staff)
    stop_trainings(version.merchant)
    changes = {"version": {"from": live.version if live else "", "to": version.version}}
    record_audit(version.merchant, "model.rolled_back", staff=staff, subject=version, changes=changes)
    return version


@transaction.atomic
def tidy(merchant: Merchant) -> None:
    """Keep the newest five artefacts and the live one; delete others, and what killed trainings left behind.

    Only under the training lock: a directory without a row may be one that is being written.
    """
    lock_artefacts(merchant.pk)
    versions = ModelVersion.objects.for_merchant(merchant)
    kept = set(versions.stored().order_by("-id").values_list("version", flat=True)[:KEPT_ARTEFACTS])
    kept |= set(versions.live().values_list("version", flat=True))
    refreshes = set(versions.filter(version__in=kept).exclude(refresh="").values_list("refresh", flat=True))
    versions.stored().exclude(version__in=kept).update(size=0)
    shop = artefact_directory(merchant.pk, "")
    for directory in shop.iterdir() if shop.exists() else ():
        if directory.name not in kept | refreshes:
            artefacts.remove(directory)
