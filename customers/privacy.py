"""What the customers app holds about people, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.core.files.storage import default_storage
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now, Trunc
from django.utils.translation import gettext_lazy as _

from core.exports import forget_exports
from core.models import Job
from core.privacy import (
    ERASED,
    Outcome,
    Person,
    Rows,
    declare,
    facts,
    mentioning,
    nothing_personal,
    personal,
    register_store,
    scrubbed,
    technical,
    through,
    withheld,
)
from core.redis import redis_client
from customers.actions.imports import forget_upload
from customers.models import (
    Company,
    CompanyPerson,
    ConsentProof,
    ConsentRecord,
    ConsentRequest,
    ConsentText,
    Customer,
    CustomerImport,
    CustomerKpis,
    DismissedSuggestion,
    Duplicate,
    Event,
    EventReceipt,
    Identity,
    IdentityLink,
    Merge,
    Note,
    PrivacyRequest,
    RetentionPeriod,
    RetentionRun,
    SeparatedIdentity,
    Separation,
    ShopKpis,
    Suppression,
    Task,
    Trait,
    address_digest,
)
from customers.rules.addresses import normalise_address
from customers.tracking import visitor

NOON = timedelta(hours=12)


def _self(person: Person) -> Q:
    return Q(pk__in=person.ids)


def _suppressed(person: Person) -> Q:
    return Q(digest__in=[address_digest(address) for address in person.addresses])


FIGURES = _("Figures of a person who left, on the day and not on the hour, so that reports of the past stay true.")
ANSWERED = _("That a request was answered in time, and what was done, must be provable (GDPR Art. 5(2)).")
SETTINGS = _("A setting of the shop, or a count of what was removed.")


def _left_behind(person: Person) -> dict[str, Any]:
    """Days instead of moments: nothing that matches one order of the books."""
    return {
        "created_at": Trunc("created_at", "day") + NOON,
        "first_order_at": Trunc("first_order_at", "day") + NOON,
        "last_order_at": Trunc("last_order_at", "day") + NOON,
        "updated_at": Now(),
        "erased_at": Now(),
    }


def _did(person: Person) -> Q:
    """What the profile did, and its visitors before anybody knew them."""
    visitors = [visitor for visitor in person.anonymous_ids if visitor]
    return Q(customer_id__in=person.ids) | Q(customer_id=None, anonymous_id__in=visitors)


def _asked(person: Person) -> Q:
    """Also what was asked of the address before there was a profile."""
    return Q(customer__in=person.ids) | Q(address__in=[normalise_address(address) for address in person.addresses])


def _agreed_to(record: ConsentRecord) -> dict[str, Any]:
    """The words that were agreed to, where they are stored."""
    return {"wording": record.text.text} if record.text else {}


declare(
    Customer,
    amounts=["revenue"],
    title=_("Profile"),
    find=_self,
    rows=Rows.KEPT,
    reason=FIGURES,
    blanks=_left_behind,
    columns=[
        personal("first_name", "last_name", "locale", "postal_code", "city"),
        facts("country", "created_at", "orders_count", "revenue", "first_order_at", "last_order_at", reason=FIGURES),
        technical("id", "merchant", "updated_at", "erased_at", "details_at"),
        withheld("search_name", reason=_("Made of the name by the database.")),
    ],
)
declare(
    Identity,
    title=_("How you are recognised"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[personal("kind", "value", "created_at"), technical("id", "merchant", "customer", "blocked_at")],
)
declare(
    ConsentRecord,
    present=_agreed_to,
    related=["text"],
    title=_("Consents and objections"),
    find=through("customer"),
    rows=Rows.DELETED,
    reason=_(
        "Before a record goes, what it proves is kept under a keyed hash of the address, to answer claims "
        "(GDPR Art. 17(3)(e)), until three years after the end of the year of the erasure (BGB §§ 195, 199)."
    ),
    columns=[
        personal("kind", "purpose", "channel", "address", "text_version", "source", "evidence"),
        personal("occurred_at", "recorded_at"),
        technical("id", "merchant", "customer"),
        technical("text", reason=_("The shop's own words, the same for everybody; their version is in the export.")),
    ],
)
declare(
    ConsentRequest,
    title=_("Consents that wait for a confirmation"),
    find=_asked,
    rows=Rows.DELETED,
    columns=[
        personal("address", "channel", "purposes", "locale", "source", "evidence"),
        personal("requested_at", "expires_at", "confirmed_at"),
        technical("id", "merchant", "customer", "text"),
        technical("nonce", "digest", reason=_("Random; they recognise the link in the message.")),
    ],
)
nothing_personal(
    ConsentText,
    reason=_("The shop's own words, the same for everybody."),
    texts=["version", "text"],
)
declare(
    Suppression,
    title=_("Addresses that must not be written to"),
    find=_suppressed,
    rows=Rows.KEPT,
    reason=_("Without it the objection would be forgotten with the profile (GDPR Art. 21(3))."),
    columns=[
        technical("digest", reason=_("A keyed hash: it shows no address, it only recognises one that comes again.")),
        technical("id", "merchant", "channel", "purpose", "reason", "created_at"),
    ],
)
declare(
    Note,
    title=_("Notes of the staff"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[
        personal("text", "created_at", "edited_at"),
        technical("id", "merchant", "customer", "author", "is_pinned"),
    ],
)
declare(
    Task,
    title=_("Tasks of the staff"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[
        personal("title", "details", "due_on", "state", "created_at", "done_at"),
        technical("id", "merchant", "customer", "priority", "assignee", "created_by", "done_by", "search_title"),
    ],
)
declare(
    CompanyPerson,
    title=_("Companies you buy for"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[
        personal("company", "role", "is_primary", "source", "created_at"),
        technical("id", "merchant", "customer"),
    ],
)
declare(
    DismissedSuggestion,
    title=_("Companies you do not belong to"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[technical("id", "merchant", "company", "customer", "staff", "created_at")],
)
declare(
    Company,
    title=_("Companies"),
    find=mentioning("name", "street", "notes", "external_id"),
    rows=Rows.KEPT,
    reason=_("A company is no person; where its row names one, the name is taken out."),
    columns=[
        scrubbed("name", "street", "notes", "external_id"),
        technical("id", "merchant", "vat_id", "domains", "postal_code", "city", "country", "price_group"),
        technical("created_at", "updated_at", "search_text"),
    ],
)
declare(
    CustomerImport,
    title=_("Imported files"),
    find=mentioning("file_name", "header", "mapping"),
    rows=Rows.KEPT,
    reason=_("Which columns a file had, so that the next one is read alike; the file itself is deleted."),
    columns=[
        scrubbed("file_name", "header", "mapping"),
        technical("id", "merchant", "file_format", "upload", "header_digest", "job", "staff", "created_at"),
    ],
)

declare(
    PrivacyRequest,
    title=_("Requests about your data"),
    find=through("customer"),
    rows=Rows.KEPT,
    reason=ANSWERED,
    columns=[
        facts("kind", "channel", "state", "received_at", "due_on", "extended_at", "closed_at", reason=ANSWERED),
        facts("identity_checked_at", "extension_reason", "lifted_at", reason=ANSWERED),
        personal("contact", "statement", "identity_evidence", "outcome", "lift_reason"),
        withheld("notes", "file", "link_until", reason=_("Inner notes of staff about the answer itself.")),
        withheld("customer", reason=_("The profile itself is in the export.")),
        technical("id", "merchant", "identity_checked_by", "assignee", "closed_by", "lifted_by", "job"),
        technical("receipt", reason=_("Counts per table, without the person.")),
    ],
)


def _proved(person: Person) -> Q:
    return Q(digest__in=[address_digest(address) for address in person.addresses])


PROOF = _("Answers claims until they lapse (GDPR Art. 17(3)(e), BGB §§ 195, 199); found only by who names the address.")
declare(
    ConsentProof,
    title=_("Proofs of consents of an erased profile"),
    find=_proved,
    rows=Rows.KEPT,
    reason=PROOF,
    columns=[
        facts("kind", "purpose", "channel", "text_version", "occurred_at", "recorded_at", "kept_until", reason=PROOF),
        technical("id", "merchant", "digest", "moments"),
    ],
)
nothing_personal(RetentionPeriod, reason=SETTINGS, texts=["kind"])
nothing_personal(RetentionRun, reason=SETTINGS, texts=["kind"])


VISITS = _(
    "What was looked at, put in the basket or searched, and when, stays for the shop's figures: without person, visitor, "
    "address, device and free text."
)
# What of an event's properties figures and recommendations rest on; all else could say anything.
COMMERCE = [
    "product_id", "sku", "variant_id", "price", "quantity", "currency", "value", "revenue", "total", "tax", "shipping",
    "discount", "position",
]  # fmt: skip
_OF_COMMERCE = (
    "SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(%s) "
    "WHERE key = ANY(%%s) AND jsonb_typeof(value) IN ('number', 'string') AND length(value::text) < 70"
)
_PRODUCTS = (
    f"SELECT coalesce(jsonb_agg(({_OF_COMMERCE % 'entry'})), '[]') FROM jsonb_array_elements(properties->'products') entry "  # noqa: S608  # made of our own words only
    "WHERE jsonb_typeof(entry) = 'object'"
)
_REMAINDER = (
    "CASE WHEN kind <> 'track' OR jsonb_typeof(properties) <> 'object' THEN '{}'::jsonb ELSE regexp_replace((("
    f"{_OF_COMMERCE % 'properties'}) || CASE WHEN jsonb_typeof(properties->'products') = 'array' "
    f"THEN jsonb_build_object('products', ({_PRODUCTS})) ELSE '{{}}' END)::text, %s, %s, 'gi')::jsonb END"
)
NOTHING = r"(?!)"


def _remainder_of_events(person: Person) -> dict[str, Any]:
    """Of what was tracked the goods and figures; names of calls and values without the person's words."""
    pattern = person.pattern or NOTHING
    name = Func(F("name"), Value(pattern), Value(ERASED), Value("gi"), function="regexp_replace")
    return {
        "name": Case(When(kind="track", then=name), default=Value("")),
        # The statement is made of our own words, the person's are its parameters.
        "properties": RawSQL(_REMAINDER, [COMMERCE, COMMERCE, pattern, ERASED]),  # noqa: S611
    }


declare(
    Event,
    title=_("What you did in the shop"),
    find=_did,
    rows=Rows.KEPT,
    reason=VISITS,
    blanks=_remainder_of_events,
    columns=[
        facts("occurred_at", "received_at", "kind", "channel", reason=VISITS),
        facts("name", "properties", reason=_("Goods, quantities and amounts only; free text goes.")),
        personal("anonymous_id", "context"),
        withheld("customer_id", reason=_("The profile itself is in the export.")),
        withheld("message_id", reason=_("A number of the sender's, by which it could find the person.")),
        technical("id", "merchant", "is_bot"),
    ],
)
nothing_personal(EventReceipt, reason=_("A digest of an event's number: that it came, not what it said."))


def _linked(person: Person) -> Q:
    return Q(first__customer__in=person.ids) | Q(second__customer__in=person.ids)


def _merged(person: Person) -> Q:
    """Also merges that were undone: each side is still described there."""
    return Q(kept__in=person.ids) | Q(kept_id_then__in=person.ids) | Q(absorbed_id__in=person.ids)


def _alike(person: Person) -> Q:
    return Q(first__in=person.ids) | Q(second__in=person.ids)


declare(
    Trait,
    title=_("What was declared about you"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[personal("name", "value", "source", "set_at"), technical("id", "merchant", "customer")],
)
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
declare(
    CustomerKpis,
    amounts=[
        "returned_value",
        "discounts",
        "net_revenue",
        "margin",
        "covered_revenue",
        "goods_cost",
        "payment_fees",
        "shipping_costs",
        "return_costs",
        "predicted_value",
    ],
    title=_("What your orders add up to, and what is expected of you"),
    find=through("customer"),
    rows=Rows.KEPT,
    reason=FIGURES,
    columns=[
        facts("units_bought", "units_returned", "returned_value", "discounts", "net_revenue", reason=FIGURES),
        facts("payment_methods", "payments_count", "payment_days", "overdue_days", reason=FIGURES),
        facts("first_channel", "last_channel", "mean_gap_days", reason=FIGURES),
        facts("margin", "covered_revenue", "goods_cost", "payment_fees", "shipping_costs", reason=FIGURES),
        facts("return_costs", "lifecycle", "profitability", "recency_class", "frequency_class", reason=FIGURES),
        facts("monetary_class", "rfm_group", "predicted_orders", "predicted_value", "alive", reason=FIGURES),
        facts("predicted_at", "updated_at", reason=FIGURES),
        technical("id", "merchant"),
        technical("customer", reason=_("Leads to the row of figures that stays, and no further.")),
    ],
)
nothing_personal(
    ShopKpis, reason=_("Thresholds and parameters over all customers; nobody is in them."), texts=["model"]
)


def _forget_exports(person: Person) -> Outcome:
    """Files of earlier access requests."""
    requests = PrivacyRequest.objects.for_merchant(person.merchant_id).filter(customer__in=person.ids).exclude(file="")
    names = list(requests.values_list("file", flat=True))
    for name in names:
        default_storage.delete(name)
    return Outcome(deleted=len(names))


register_store(
    "customers.exports",
    title=_("Files of access requests"),
    explanation=_("What was collected for the person, until it expires."),
    erase=_forget_exports,
    rank=10,
)


def _forget_visits(person: Person) -> Outcome:
    found = visitor.forget(person.merchant_id, customer_ids=person.ids, anonymous_ids=person.anonymous_ids)
    return Outcome(deleted=found + _forget_paces(person))


def _forget_paces(person: Person) -> int:
    """How fast the visitors were, minute by minute: short-lived, but under their names."""
    client, visitors = redis_client(), {name.encode() for name in person.anonymous_ids}
    paces = client.scan_iter(match=f"cx:pace:{person.merchant_id}:*", count=1000) if visitors else ()
    names = [key for key in paces if key.split(b":", 4)[-1] in visitors]
    return cast(int, client.delete(*names)) if names else 0


register_store(
    "customers.visitors",
    title=_("Visitor memory in Redis"),
    explanation=_("What was looked at and put into the basket lately, for 30 days."),
    erase=_forget_visits,
    rank=15,
)


def _forget_files(person: Person) -> Outcome:
    """Whole files go: what is in them about one person cannot be told from what is about others."""
    exports = forget_exports(Job.objects.for_merchant(person.merchant_id))
    waiting = CustomerImport.objects.for_merchant(person.merchant_id).exclude(upload="").select_related("job")
    uploads = [row for row in waiting if row.job is None or row.job.is_finished]
    for row in uploads:
        forget_upload(row.merchant_id, row.pk, row.upload)
    return Outcome(deleted=exports + len(uploads))


register_store(
    "files",
    title=_("Exported lists and uploaded files"),
    explanation=_("Files that may hold this person were deleted; lists can be exported again without them."),
    erase=_forget_files,
)
