"""What makes several identities one person, what keeps two people apart, and how profiles became one."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.models.profiles import Customer, Identity
from merchants.models import Staff


class IdentityLink(MerchantModel):
    """Two identities that came together, in one call or by decision of staff. Profiles follow from all of them.

    ``first`` is the one of higher priority. A refused link joins nothing: it would break a limit.
    """

    class Standing(models.TextChoices):
        SEEN = "seen", _("seen together")
        DECIDED = "decided", _("joined by staff")

    class Refusal(models.TextChoices):
        LIMIT = "limit", _("a profile has only so many identities of a kind")
        TAKEN = "taken", _("it belongs to somebody else already")
        SEPARATED = "separated", _("staff keep the two apart")
        BLOCKED = "blocked", _("too many people share it")

    first = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="+", verbose_name=_("identity"))
    second = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="+", verbose_name=_("identity"))
    standing = models.CharField(_("how"), max_length=8, choices=Standing.choices, default=Standing.SEEN)
    source = models.CharField(_("source"), max_length=80, blank=True)
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    refusal = models.CharField(_("refused because"), max_length=9, choices=Refusal.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second", "standing"], name="identity_link_once"),
            models.CheckConstraint(condition=~Q(first=models.F("second")), name="identity_link_of_two"),
        ]
        verbose_name = _("link of identities")
        verbose_name_plural = _("links of identities")

    def __str__(self) -> str:
        return f"{self.first_id} – {self.second_id}"


class Separation(MerchantModel):
    """Staff decided that these are two people: no link joins an identity of one side with one of the other."""

    created_at = models.DateTimeField(_("decided"), default=timezone.now)
    staff = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("separation")
        verbose_name_plural = _("separations")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class SeparatedIdentity(MerchantModel):
    """One identity on one of the two sides of a separation."""

    separation = models.ForeignKey(
        Separation, on_delete=models.CASCADE, related_name="members", verbose_name=_("separation")
    )
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="+", verbose_name=_("identity"))
    side = models.PositiveSmallIntegerField(_("side"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["separation", "identity"], name="separated_identity_once"),
            models.CheckConstraint(condition=Q(side__in=[0, 1]), name="separated_identity_side"),
        ]
        verbose_name = _("separated identity")
        verbose_name_plural = _("separated identities")

    def __str__(self) -> str:
        return f"{self.identity_id}"


class MergeQuerySet(MerchantQuerySet["Merge"]):
    def standing(self) -> Self:
        """Those that nobody has undone."""
        return self.filter(undone_at=None)


class Merge(MerchantModel):
    """Two profiles became one. Holds all that is needed to make them two again."""

    class Reason(models.TextChoices):
        RESOLVED = "resolved", _("the same identities")
        STAFF = "staff", _("merged by staff")

    # Follows the profile: when the kept one is absorbed in turn, it is the one that absorbed it.
    kept = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="merges", verbose_name=_("kept profile"))
    kept_id_then = models.BigIntegerField(_("kept profile at that time"), editable=False)
    absorbed_id = models.BigIntegerField(_("absorbed profile"), editable=False)
    reason = models.CharField(_("reason"), max_length=8, choices=Reason.choices)
    staff = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    merged_at = models.DateTimeField(_("when"), default=timezone.now)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("undone by")
    )
    # The absorbed row, as it was; {field: [before, after]} of the kept one; {model: {field: [ids]}} of what moved;
    # rows that gave way to another of the same person, whole.
    snapshot: models.JSONField[dict[str, Any]] = models.JSONField(_("absorbed profile, as it was"), default=dict)
    changes: models.JSONField[dict[str, Any]] = models.JSONField(_("changes of the kept profile"), default=dict)
    moved: models.JSONField[dict[str, Any]] = models.JSONField(_("what moved"), default=dict)
    dropped: models.JSONField[list[Any]] = models.JSONField(_("what gave way"), default=list)

    objects: ClassVar = MergeQuerySet.as_manager()

    class Meta:
        ordering = ["-merged_at", "-id"]
        indexes = [models.Index(fields=["merchant", "absorbed_id"], name="merge_absorbed")]
        verbose_name = _("merge")
        verbose_name_plural = _("merges")

    def __str__(self) -> str:
        return f"{self.absorbed_id} → {self.kept_id_then}"


class DuplicateQuerySet(MerchantQuerySet["Duplicate"]):
    def open(self) -> Self:
        """Those that staff have not decided."""
        return self.filter(dismissed_at=None)


class Duplicate(MerchantModel):
    """Two profiles that may be one person, for staff to decide. ``first`` is the older one."""

    class Reason(models.TextChoices):
        CONFLICT = "conflict", _("shared identity")
        PHONE = "phone", _("same phone")
        NAME = "name", _("same name and postcode")

    first = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("profile"))
    second = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("other profile"))
    reason = models.CharField(_("reason"), max_length=8, choices=Reason.choices)
    detail = models.CharField(_("what they share"), max_length=340, blank=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    dismissed_at = models.DateTimeField(_("not the same person, decided"), null=True)
    dismissed_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )

    objects: ClassVar = DuplicateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_once"),
            models.CheckConstraint(condition=Q(first__lt=models.F("second")), name="duplicate_ordered"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], condition=Q(dismissed_at=None), name="duplicate_open"),
        ]
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")

    def __str__(self) -> str:
        return f"{self.first_id} ~ {self.second_id}"
