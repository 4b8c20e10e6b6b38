"""What the machinery's lists can be narrowed by."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from core.listing import ListFilter, SinceFilter, UntilFilter
from core.models import Delivery, Job


class JobFilter(ListFilter):
    state = django_filters.ChoiceFilter(choices=Job.State.choices, label=_("State"), empty_label=_("Every state"))

    sorts = {"newest": ["id"]}
    default_sort = "-newest"


class DeliveryFilter(ListFilter):
    state = django_filters.ChoiceFilter(choices=Delivery.State.choices, label=_("State"), empty_label=_("Every state"))

    sorts = {"newest": ["id"]}
    default_sort = "-newest"


AUDIT_ACTIONS = [
    ("settings.updated", _("Settings changed")),
    ("membership.set", _("Member added or role changed")),
    ("membership.removed", _("Member removed")),
    ("api_key.created", _("API key created")),
    ("api_key.revoked", _("API key revoked")),
    ("customer.edited", _("Customer edited")),
    ("customer.trait_edited", _("Trait of a customer edited")),
    ("customer.identity_added", _("Identity added to a customer")),
    ("customer.identity_removed", _("Identity removed from a customer")),
    ("customer.identity_unblocked", _("Identity of a customer unblocked")),
    ("identity.moved", _("Identity moved to its owner")),
    ("customer.merged", _("Customers merged")),
    ("customer.unmerged", _("Merge undone")),
    ("customer.kept_apart", _("Customers kept apart")),
    ("customer.preference_link", _("Link to the preference centre made")),
    ("consent.recorded", _("Consent recorded")),
    ("consent.withdrawn", _("Withdrawal of a consent recorded")),
    ("consent_text.added", _("Consent text written")),
    ("objection.recorded", _("Objection recorded")),
    ("bounce.lifted", _("Address usable again")),
    ("note.added", _("Note written")),
    ("note.edited", _("Note changed")),
    ("note.pinned", _("Note pinned")),
    ("note.unpinned", _("Note no longer pinned")),
    ("note.deleted", _("Note deleted")),
    ("task.added", _("Task set")),
    ("task.edited", _("Task changed")),
    ("task.done", _("Task done")),
    ("task.reopened", _("Task set again")),
    ("task.deleted", _("Task deleted")),
    ("company.added", _("Company added")),
    ("company.edited", _("Company changed")),
    ("company.deleted", _("Company deleted")),
    ("company.person_added", _("Person added to a company")),
    ("company.person_changed", _("Role at a company changed")),
    ("company.person_removed", _("Person removed from a company")),
    ("company.suggestion_dismissed", _("Suggested person dismissed")),
    ("message.retried", _("Message sent again")),
    ("training.requested", _("Training asked for")),
    ("training.plan_changed", _("Training plan changed")),
    ("model.rolled_back", _("Rolled back to an earlier model")),
    ("rule.added", _("Rule of recommendations added")),
    ("rule.edited", _("Rule of recommendations changed")),
    ("rule.deleted", _("Rule of recommendations deleted")),
    ("holdout.updated", _("Share of people held back changed")),
    ("valuation.requested", _("Figures of customers asked for")),
    ("costs.updated", _("Costs changed")),
    ("import.requested", _("Import asked for")),
    ("export.requested", _("Export asked for")),
    ("export.downloaded", _("Export downloaded")),
    ("privacy_request.opened", _("Privacy request written down")),
    ("privacy_request.identity_checked", _("Identity behind a privacy request checked")),
    ("privacy_request.assigned", _("Privacy request assigned")),
    ("privacy_request.extended", _("Deadline of a privacy request extended")),
    ("privacy_request.export_started", _("Data of a person collected")),
    ("privacy_request.link_issued", _("Link to the data of a person made")),
    ("privacy_request.erasure_confirmed", _("Erasure confirmed")),
    ("privacy_request.erased", _("Person erased")),
    ("privacy_request.done", _("Privacy request answered")),
    ("privacy_request.refused", _("Privacy request refused")),
    ("privacy_request.lifted", _("Restriction lifted")),
    ("promotion.created", _("Promotion written")),
    ("promotion.version_added", _("Further version of a promotion written")),
    ("promotion.active", _("Promotion published")),
    ("promotion.paused", _("Promotion paused")),
    ("promotion.ended", _("Promotion ended")),
    ("promotion.limits", _("Limits of a promotion changed")),
    ("loyalty.updated", _("Loyalty programme changed")),
    ("loyalty.adjusted", _("Points given or taken by staff")),
    ("tier.added", _("Tier added")),
    ("tier.edited", _("Tier changed")),
    ("tier.deleted", _("Tier deleted")),
    ("reward.added", _("Reward added")),
    ("reward.withdrawn", _("Reward withdrawn")),
    ("replay.requested", _("Replay of a promotion asked for")),
    ("coupon_batch.created", _("Coupon batch made")),
    ("coupon_batch.revoked", _("Coupon batch revoked")),
    ("coupon.revoked", _("Coupon revoked")),
    ("retention.updated", _("Retention periods changed")),
    ("synonym.added", _("Synonym added")),
    ("synonym.changed", _("Synonym changed")),
    ("synonym.deleted", _("Synonym deleted")),
]


class AuditFilter(ListFilter):
    action = django_filters.ChoiceFilter(choices=AUDIT_ACTIONS, label=_("Action"), empty_label=_("Every action"))
    since = SinceFilter("at", label=_("From"))
    until = UntilFilter("at", label=_("Until"))

    sorts = {"newest": ["id"]}
    default_sort = "-newest"
