"""Staff write promotions: a new one, a further version, an old version again, a copy."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.locks import lock_name
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from promotions.actions.offers import (
    LIMITS,
    OWN_FIELDS,
    PromotionData,
    VersionData,
    add_version,
    create_promotion,
    has_ended,
)
from promotions.models import Promotion, PromotionVersion

KEY_LENGTH = 64
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def free_key(merchant: Merchant, name: str) -> str:
    """A key made from the name that no promotion of the shop has: ``sommer-aktion``, ``sommer-aktion-2``.

    Within a transaction nobody else is given it meanwhile.
    """
    lock_name(f"promotion-keys:{merchant.pk}")
    base = slugify(name.translate(_SPELLED)).replace("_", "-").strip("-")[: KEY_LENGTH - 5] or "promotion"
    taken = set(Promotion.objects.for_merchant(merchant).filter(key__startswith=base).values_list("key", flat=True))
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return key


@transaction.atomic
def revise_promotion(
    promotion: Promotion, name: str, data: VersionData, *, staff: Staff, seen: int | None
) -> PromotionVersion:
    """A further version, and the name. ``seen``: the newest version as the page showed it.

    Raises DomainError ``stale_edit`` (with ``newest``) where somebody else has written one since, ``promotion_ended``,
    InvalidInput for a definition that cannot be.
    """
    lock_name(f"promotion:{promotion.pk}")
    promotion.refresh_from_db(fields=["status"])
    if promotion.status == Promotion.Status.ENDED:
        raise has_ended()
    newest = _newest(promotion)
    if seen is not None and newest.number != seen:
        raise DomainError(
            "stale_edit",
            _(
                "%(who)s has written version %(number)s meanwhile. What you wrote is still here: "
                "look at theirs, then save once more to put yours on top."
            )
            % {"who": newest.created_by or _("Somebody"), "number": newest.number},
            newest=newest.number,
        )
    changes: dict[str, Any] = {}
    if promotion.name != name:
        changes["name"] = {"from": promotion.name, "to": name}
        promotion.name = name
        promotion.save(update_fields=["name", "updated_at"])
    version = add_version(promotion, data, staff=staff)
    changes["version"] = {"from": newest.number, "to": version.number}
    record_audit(promotion.merchant, "promotion.version_added", staff=staff, subject=promotion, changes=changes)
    return version


def _newest(promotion: Promotion) -> PromotionVersion:
    rows = PromotionVersion.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion)
    return rows.select_related("created_by").order_by("-number")[0]


def bring_back(promotion: Promotion, version: PromotionVersion, *, staff: Staff) -> PromotionVersion:
    """What an old version said, as a new one."""
    return revise_promotion(promotion, promotion.name, _data(version), staff=staff, seen=None)


def _data(version: PromotionVersion) -> VersionData:
    said = {name: value for name, value in version.definition.items() if name not in OWN_FIELDS}
    return VersionData(definition=said, starts_at=version.starts_at, ends_at=version.ends_at)


@transaction.atomic
def duplicate_promotion(promotion: Promotion, *, staff: Staff) -> Promotion:
    """A draft that says what the newest version says, with the same limits."""
    name = _("%(name)s (copy)") % {"name": promotion.name[:180]}
    data = PromotionData(
        key=free_key(promotion.merchant, promotion.key),
        name=name,
        version=_data(_newest(promotion)),
        limits={name: getattr(promotion, name) for name in LIMITS},
    )
    return create_promotion(promotion.merchant, data, staff=staff)
