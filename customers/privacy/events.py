"""What people did in the shop, and what is remembered of their visits."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from core.privacy import (
    ERASED,
    Outcome,
    Person,
    Rows,
    declare,
    facts,
    nothing_personal,
    personal,
    register_store,
    technical,
    withheld,
)
from customers.models import Event, EventReceipt
from customers.tracking import bots, visitor


def _did(person: Person) -> Q:
    """What the profile did, and its visitors before anybody knew them."""
    visitors = [visitor for visitor in person.anonymous_ids if visitor]
    return Q(customer_id__in=person.ids) | Q(customer_id=None, anonymous_id__in=visitors)


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


def _forget_visits(person: Person) -> Outcome:
    found = visitor.forget(person.merchant_id, customer_ids=person.ids, anonymous_ids=person.anonymous_ids)
    return Outcome(deleted=found + bots.forget_paces(person.merchant_id, person.anonymous_ids))


register_store(
    "customers.visitors",
    title=_("Visitor memory in Redis"),
    explanation=_("What was looked at, put into the basket, recommended or rated badly lately, for 30 days."),
    erase=_forget_visits,
    rank=15,
)
