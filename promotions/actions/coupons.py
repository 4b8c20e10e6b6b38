"""Codes are made: batches as jobs, by COPY; single ones for one person, as flows mint them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import DomainError, InvalidInput
from core.jobs import start_job
from customers.models import Customer, Identity
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from promotions.models import Coupon, CouponBatch
from promotions.pricing import codes
from promotions.pricing.cart import normalise_code
from promotions.queries.people import members_of

COUPONS = "coupons"
CHUNK = 20_000
_NULL = "\\N"
MOST_CODES = 10_000_000
TITLE = gettext_noop("%(count)s codes of %(name)s")


@dataclass(frozen=True, kw_only=True)
class BatchData:
    """How the codes of a batch look.

    ``customers`` (the shop's own ids), or everybody in ``segment``: one code for each, and nobody else.
    ``shared_code``: one code for many people, which is then the only one; ``uses_per_code`` of them can use it.
    """

    key: str
    name: str
    count: int = 0
    prefix: str = ""
    length: int = codes.SAFE_LENGTH
    alphabet: str = "mixed"
    uses_per_code: int = 1
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    customers: Sequence[str] = ()
    segment: str = ""
    shared_code: str = ""


@transaction.atomic
def create_batch(merchant: Merchant, data: BatchData, *, staff: Staff | None = None) -> CouponBatch:
    """A batch, and the job that makes its codes; a batch of no codes is one that flows mint from.

    Raises InvalidInput ``too_many_codes`` (with ``most``), ``unknown_customers``, ``empty_segment``; DomainError
    ``key_taken``, ``code_taken``.
    """
    people = _people(merchant, data.customers) or _members(merchant, data.segment)
    count = 1 if data.shared_code else len(people) or data.count
    if not data.shared_code:
        check_space(merchant, prefix=data.prefix, length=data.length, alphabet=data.alphabet, more=count)
    plain = ("key", "name", "prefix", "length", "alphabet", "uses_per_code", "valid_from", "valid_until", "segment")
    batch = CouponBatch(merchant=merchant, wanted=count, **{name: getattr(data, name) for name in plain})
    batch.shared_code = normalise_code(data.shared_code)
    try:
        with transaction.atomic():
            batch.save()
    except IntegrityError as error:
        raise DomainError("key_taken", _("There is a coupon batch with this key.")) from error
    record_audit(merchant, "coupon_batch.created", staff=staff, subject=batch, changes={"codes": count})
    if batch.is_shared:
        _make_shared(batch)
    elif count:
        about = {"batch": batch.pk, "count": count, "name": batch.name, "customers": people}
        batch.job = start_job(merchant, COUPONS, title=TITLE, parameters=about, staff=staff)
        batch.save(update_fields=["job"])
    return batch


def _make_shared(batch: CouponBatch) -> None:
    try:
        with transaction.atomic():
            Coupon.objects.create(merchant=batch.merchant, batch=batch, code=batch.shared_code)
    except IntegrityError as error:
        raise DomainError("code_taken", _("There is such a code already.")) from error
    batch.made = 1
    batch.save(update_fields=["made"])


def check_space(merchant: Merchant, *, prefix: str, length: int, more: int, alphabet: str = "mixed") -> None:
    """Raises InvalidInput where codes of this look would fill more than half of what there is."""
    alike = CouponBatch.objects.for_merchant(merchant).filter(
        prefix=prefix, length=length, alphabet=alphabet, shared_code=""
    )
    used = sum(alike.values_list("wanted", flat=True))
    most = min(codes.most_codes(length, alphabet), MOST_CODES)
    if used + more > most:
        raise InvalidInput(
            "too_many_codes",
            _("Of this length there can be %(most)s codes, and %(used)s of them are taken; choose longer ones.")
            % {"most": most, "used": used},
            field="length",
            most=most - used,
        )


def _people(merchant: Merchant, external_ids: Sequence[str]) -> list[int]:
    """Their profiles, in the order given. Raises InvalidInput for ids that nobody has."""
    if not external_ids:
        return []
    rows = Identity.objects.for_merchant(merchant).filter(kind=Identity.Kind.EXTERNAL_ID, value__in=external_ids)
    known = dict(rows.values_list("value", "customer_id"))
    if unknown := [number for number in external_ids if number not in known]:
        raise InvalidInput("unknown_customers", _("Nobody has these ids."), field="customers", unknown=unknown[:20])
    return list(dict.fromkeys(known[number] for number in external_ids))


def _members(merchant: Merchant, segment: str) -> list[int]:
    """Everybody who is in the segment now. Raises InvalidInput for one that is empty or that there is not."""
    if not segment:
        return []
    people = list(members_of(merchant, segment).order_by("pk").values_list("pk", flat=True))
    if not people:
        raise InvalidInput("empty_segment", _("Nobody is in this segment."), field="segment")
    return people


def fill_batch(
    batch: CouponBatch, *, customers: Sequence[int] = (), tick: Callable[[int], None] = lambda count: None
) -> int:
    """Make the codes that the batch still lacks, in chunks that each stand or fall alone; also after an interruption."""
    made = 0
    for people in _chunks(batch, customers):
        with transaction.atomic():
            count = _fill(batch, people)
            CouponBatch.objects.for_merchant(batch.merchant_id).filter(pk=batch.pk).update(made=F("made") + count)
        made += count
        tick(count)
    return made


def _chunks(batch: CouponBatch, customers: Sequence[int]) -> Iterator[list[int | None]]:
    """Whom each code of the next chunk is for; None: for everybody."""
    if customers:
        had = set(Coupon.objects.for_merchant(batch.merchant_id).filter(batch=batch).values_list("customer", flat=True))
        there = Customer.objects.for_merchant(batch.merchant_id).present().filter(pk__in=customers)
        present = set(there.values_list("pk", flat=True))
        left: Sequence[int | None] = [pk for pk in customers if pk in present and pk not in had]
    else:
        left = [None] * (batch.wanted - batch.made)
    for start in range(0, len(left), CHUNK):
        yield list(left[start : start + CHUNK])


def _fill(batch: CouponBatch, people: list[int | None]) -> int:
    """One code for each; where one exists already, another is thrown for whoever is left without."""
    left = people
    while left:
        # In the order of the index, which is then written page by page.
        fresh = sorted(_throw(batch, len(left)))
        taken = _copy(batch, list(zip(fresh, left, strict=True)))
        left = [customer for code, customer in zip(fresh, left, strict=True) if code in taken] if taken else []
    return len(people)


def _throw(batch: CouponBatch, count: int) -> set[str]:
    return codes.make_codes(
        count, prefix=batch.prefix, length=batch.length, alphabet=batch.alphabet, random_bytes=os.urandom
    )


def _copy(batch: CouponBatch, rows: Sequence[tuple[str, int | None]]) -> set[str]:
    """Store these codes; returns those that exist already, and were not."""
    lines = "".join(f"{code}\t{customer or _NULL}\n" for code, customer in rows)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE fresh_codes (code text, customer_id bigint) ON COMMIT DROP")
        with cursor.copy("COPY fresh_codes FROM STDIN") as copy:
            copy.write(lines)
        cursor.execute(
            "INSERT INTO promotions_coupon (merchant_id, batch_id, code, customer_id, is_bound, used, created_at)"
            " SELECT %s, %s, code, customer_id, customer_id IS NOT NULL, 0, now() FROM fresh_codes"
            " ON CONFLICT (merchant_id, code) DO NOTHING RETURNING code",
            [batch.merchant_id, batch.pk],
        )
        is_whole = cursor.rowcount == len(rows)
        stored = set() if is_whole else {code for (code,) in cursor.fetchall()}
        cursor.execute("DROP TABLE fresh_codes")
    return set() if is_whole else {code for code, _customer in rows if code not in stored}


@transaction.atomic
def mint_coupon(batch: CouponBatch, customer: Customer, *, lasts: timedelta | None = None) -> Coupon:
    """One code for one person, as a flow gives it out: valid so long from now, at most as long as its batch."""
    merchant = batch.merchant
    check_space(merchant, prefix=batch.prefix, length=batch.length, alphabet=batch.alphabet, more=1)
    until = timezone.now() + lasts if lasts else None
    while True:
        [code] = _throw(batch, 1)
        try:
            with transaction.atomic():
                coupon = Coupon.objects.create(
                    merchant=merchant, batch=batch, code=code, customer=customer, is_bound=True, valid_until=until
                )
        except IntegrityError:
            continue  # somebody has this one
        more = {"wanted": F("wanted") + 1, "made": F("made") + 1}
        CouponBatch.objects.for_merchant(merchant).filter(pk=batch.pk).update(**more)
        return coupon


@transaction.atomic
def revoke_batch(batch: CouponBatch, *, staff: Staff | None = None) -> CouponBatch:
    """No code of the batch can be used any more; what is reserved or ordered keeps it. Also again."""
    rows = CouponBatch.objects.for_merchant(batch.merchant_id).filter(pk=batch.pk, revoked_at=None)
    if rows.update(revoked_at=timezone.now()):
        record_audit(batch.merchant, "coupon_batch.revoked", staff=staff, subject=batch, changes={"codes": batch.made})
    batch.refresh_from_db()
    return batch


@transaction.atomic
def revoke_coupon(coupon: Coupon, *, staff: Staff | None = None) -> Coupon:
    """This code cannot be used any more; what is reserved or ordered keeps it. Also again."""
    rows = Coupon.objects.for_merchant(coupon.merchant_id).filter(pk=coupon.pk, revoked_at=None)
    if rows.update(revoked_at=timezone.now()):
        changes = {"batch": coupon.batch.key}
        record_audit(coupon.batch.merchant, "coupon.revoked", staff=staff, subject=coupon, changes=changes)
    coupon.refresh_from_db()
    return coupon
