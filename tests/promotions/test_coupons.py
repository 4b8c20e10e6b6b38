"""Codes: made by the batch and one by one, for everybody or for one person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import DomainError, InvalidInput
from core.jobs import run
from merchants.models import Merchant
from promotions import active
from promotions.actions.coupons import BatchData, create_batch, fill_batch, mint_coupon
from promotions.models import Coupon, CouponBatch
from promotions.pricing import codes
from tests.factories import CustomerFactory
from tests.promotions.shops import amount, coupons, launch
from tests.storefront import Storefront


def test_codes_carry_fifty_bits_unless_shorter_ones_are_chosen() -> None:
    assert codes.space(codes.SAFE_LENGTH) == 2**50
    assert not set("IO01") & set(codes.ALPHABET)
    [code] = codes.make_codes(1, prefix="HI-", length=10, random_bytes=lambda count: bytes(range(count)))
    assert code == "HI-" + codes.ALPHABET[:10]


def test_a_batch_is_made_by_its_job_and_made_once(merchant: Merchant) -> None:
    batch = create_batch(merchant, BatchData(key="SPRING", name="Spring", count=500, prefix="S-"))
    assert batch.job is not None
    assert run(batch.job).result == {"codes": 500}
    batch.refresh_from_db()
    assert fill_batch(batch) == 0
    rows = Coupon.objects.for_merchant(merchant).filter(batch=batch)
    assert rows.count() == batch.made == 500
    assert all(len(code) == 12 and code.startswith("S-") for code in rows.values_list("code", flat=True))


def test_an_interrupted_batch_goes_on_where_it_stopped(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promotions.actions.coupons.CHUNK", 100)
    batch = create_batch(merchant, BatchData(key="SPRING", name="Spring", count=250))

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_batch(batch, tick=stop)
    batch.refresh_from_db()
    assert batch.made == 100
    assert fill_batch(batch) == 150
    assert Coupon.objects.for_merchant(merchant).count() == 250


def test_never_more_than_half_of_the_code_space(merchant: Merchant) -> None:
    half = codes.most_codes(4)
    create_batch(merchant, BatchData(key="A", name="A", count=half - 10, length=4))
    with pytest.raises(InvalidInput) as refused:
        create_batch(merchant, BatchData(key="B", name="B", count=11, length=4))
    assert (refused.value.code, refused.value.extra["most"]) == ("too_many_codes", 10)


def test_short_codes_that_exist_already_are_thrown_again(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dice show the codes of the first batch once more before they show new ones."""
    throws = [bytes([at, at, at, at]) for at in range(4)]
    first = b"".join(throws[:2])
    rolls = iter([first, first, b"".join(throws[2:])])
    monkeypatch.setattr("promotions.actions.coupons.os.urandom", lambda count: next(rolls))
    for key in "AB":
        batch = create_batch(merchant, BatchData(key=key, name=key, count=2, length=4))
        fill_batch(batch)
    stored = Coupon.objects.for_merchant(merchant).order_by("code").values_list("code", "batch__key")
    assert list(stored) == [("2222", "A"), ("3333", "A"), ("4444", "B"), ("5555", "B")]


def test_one_code_for_each_of_some_people(merchant: Merchant) -> None:
    people = [CustomerFactory(merchant=merchant, external_id=name) for name in ("ada", "bob")]
    made = coupons(merchant, customers=["ada", "bob", "ada"], count=0)
    assert sorted(coupon.customer_id for coupon in made) == sorted(person.pk for person in people)
    assert all(coupon.is_bound for coupon in made)
    with pytest.raises(InvalidInput) as refused:
        create_batch(merchant, BatchData(key="X", name="X", customers=["nobody"]))
    assert refused.value.code == "unknown_customers"
    with pytest.raises(DomainError, match="this key"):
        create_batch(merchant, BatchData(key="WELCOME", name="X", count=1))


def test_a_minted_code_is_for_its_person_and_ends(api: Storefront, merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant, external_id="ada")
    batch = CouponBatch.objects.create(merchant=merchant, key="CART", name="Left carts", prefix="", length=10)
    launch(merchant, "cart", amount(500), when={"code": ["@CART"]})
    active.forget()
    coupon = mint_coupon(batch, ada, lasts=timedelta(days=7))
    offers = api.get("/api/v1/customers/ada/offers").json()["offers"]
    assert [(offer["kind"], offer["promotion"], offer["code"]) for offer in offers] == [("code", "cart", coupon.code)]
    assert offers[0]["valid_until"].startswith((timezone.now() + timedelta(days=7)).strftime("%Y-%m-%d"))
    said = api.get(f"/api/v1/coupons/{coupon.code.lower()}").json()
    assert (said["status"], said["customer"], said["batch"]) == ("usable", "ada", "CART")
    Coupon.objects.for_merchant(merchant).update(valid_until=timezone.now())
    assert api.get("/api/v1/customers/ada/offers").json() == {"offers": []}
    assert api.get(f"/api/v1/coupons/{coupon.code}").json()["status"] == "expired"


def test_offers_of_a_person_are_those_that_name_them_or_their_segment(api: Storefront, merchant: Merchant) -> None:
    for name in ("ada", "bob"):
        CustomerFactory(merchant=merchant, external_id=name)
    launch(merchant, "for-ada", amount(1), when={"customer": ["ada"]}, ends_at=timezone.now() + timedelta(days=1))
    launch(merchant, "for-leads", amount(1), when={"segment": ["lifecycle:lead"]})
    launch(merchant, "for-all", amount(1))
    active.forget()
    answer = {name: api.get(f"/api/v1/customers/{name}/offers").json()["offers"] for name in ("ada", "bob")}
    assert [(offer["kind"], offer["promotion"]) for offer in answer["ada"]] == [
        ("promotion", "for-ada"),
        ("segment", "for-leads"),
    ]
    assert [offer["promotion"] for offer in answer["bob"]] == ["for-leads"]
    assert api.get("/api/v1/customers/nobody/offers").status_code == 404


def test_the_codes_of_a_batch_as_csv(api: Storefront, merchant: Merchant) -> None:
    CustomerFactory(merchant=merchant, external_id="ada")
    [coupon] = coupons(merchant, customers=["ada"], count=0)
    answer = api.get("/api/v1/coupon-batches/WELCOME/codes")
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert rows == ["code,customer,used,valid_until", f"{coupon.code},ada,0,"]
    assert api.get("/api/v1/coupon-batches/WELCOME").json()["made"] == 1


def test_a_code_is_minted_once_under_its_idempotency_key(api: Storefront, merchant: Merchant) -> None:
    CustomerFactory(merchant=merchant, external_id="ada")
    CouponBatch.objects.create(merchant=merchant, key="CART", name="Left carts", prefix="", length=10)
    url, headers = "/api/v1/coupon-batches/CART/coupons", {"Idempotency-Key": "k-1"}
    first, second = (api.post(url, {"customer": "ada", "days": 7}, headers=headers) for _time in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert Coupon.objects.for_merchant(merchant).count() == 1
