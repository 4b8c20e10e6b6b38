"""Coupon batches in the back office: made, looked at, looked up, exported, revoked; and who collects codes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.jobs import run
from core.models import Job
from merchants.models import Merchant
from promotions.actions.offers import end_promotion
from promotions.actions.redemptions import ReservationData, confirm, release, reserve
from promotions.models import Coupon, CouponBatch, Redemption
from promotions.pricing import codes
from promotions.queries.batches import asking_for, collectors, states_of
from tests.factories import CustomerFactory
from tests.promotions.shops import amount, basket, coupons, launch
from tests.queries import queries_of
from tests.storefront import Storefront

GIVEN = {
    "name": "Flyer",
    "key": "flyer",
    "kind": "random",
    "count": "25",
    "segment": "",
    "shared_code": "",
    "begins_with": "f-",
    "alphabet": "digits",
    "length": "12",
    "uses_per_code": "1",
    "valid_from": "",
    "valid_until": "",
}


def _add(client: Client, **changes: str) -> Any:
    return client.post("/m/muster/coupons/new", GIVEN | changes)


def _buy(merchant: Merchant, code: str, email: str = "ada@example.org") -> Redemption:
    return reserve(merchant, ReservationData(basket=basket((1, 5000), codes=(code,), email=email)))


def test_a_batch_is_made_by_form_and_its_codes_by_a_job(client: Client, merchant: Merchant) -> None:
    assert _add(client).status_code == 302
    batch = CouponBatch.objects.for_merchant(merchant).get()
    assert (batch.key, batch.prefix, batch.alphabet, batch.wanted) == ("FLYER", "F-", "digits", 25)
    assert "Waiting for a worker" in client.get(f"/m/muster/coupons/{batch.pk}").text
    run(Job.objects.for_merchant(merchant).get())
    made = Coupon.objects.for_merchant(merchant).values_list("code", flat=True)
    assert len(made) == 25
    assert all(code.startswith("F-") and code[2:].isdecimal() and len(code) == 14 for code in made)
    page = client.get(f"/m/muster/coupons/{batch.pk}").text
    assert "No promotion asks for these codes" in page
    launch(merchant, "flyer", amount(500), when={"code": ["@FLYER"]})
    assert "No promotion asks for these codes" not in client.get(f"/m/muster/coupons/{batch.pk}").text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"count": ""}, "Say this as well"),
        ({"kind": "segment"}, "Say this as well"),
        ({"kind": "segment", "segment": "rfm:champions"}, "Nobody is in this segment"),
        ({"kind": "shared"}, "Say this as well"),
        ({"kind": "shared", "shared_code": "süß"}, "Only letters, digits and hyphens"),
        ({"begins_with": "ä"}, "Only letters, digits and hyphens"),
        ({"length": "4", "count": "9000"}, "choose longer ones"),
        ({"key": "no good"}, "is_valid"),
        ({"valid_from": "2026-02-01T00:00", "valid_until": "2026-01-01T00:00"}, "It must end after it starts"),
        ({"valid_from": "0001-01-01T00:00"}, "Enter a valid date/time."),
        ({"valid_until": "9999-12-31T23:59"}, "Enter a valid date/time."),
        ({"valid_until": "2020-01-01T00:00"}, "This is over already."),
        ({"key": "ÄB"}, "Only letters, digits and hyphens."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    client: Client, merchant: Merchant, changes: dict[str, str], says: str
) -> None:
    answer = _add(client, **changes)
    if says == "is_valid":  # blanks go: a key is what is left
        assert CouponBatch.objects.for_merchant(merchant).get().key == "NOGOOD"
        return
    assert answer.status_code == 422
    assert says in answer.text
    assert not CouponBatch.objects.for_merchant(merchant).exists()


def test_a_key_or_a_shared_code_is_taken_once(client: Client, merchant: Merchant) -> None:
    assert _add(client, kind="shared", shared_code=" summer 20 ").status_code == 302
    assert Coupon.objects.for_merchant(merchant).get().code == "SUMMER20"
    assert "There is a coupon batch with this key." in _add(client).text
    assert "There is such a code already." in _add(client, key="OTHER", kind="shared", shared_code="SUMMER20").text
    assert CouponBatch.objects.for_merchant(merchant).count() == 1


def test_a_shared_code_works_until_its_uses_are_gone(client: Client, merchant: Merchant) -> None:
    _add(client, kind="shared", shared_code="SUMMER20", uses_per_code="2")
    launch(merchant, "summer", amount(500), when={"code": ["@FLYER"]})
    discounts = [_buy(merchant, "summer20", f"p{number}@example.org").discount for number in range(3)]
    assert discounts == [500, 500, 0]
    page = client.get("/m/muster/coupons/code?code=Summer20").text
    assert "All its uses are gone." in page


def test_everybody_in_a_segment_gets_a_code_of_their_own(client: Client, merchant: Merchant) -> None:
    people = [CustomerFactory(merchant=merchant) for _ in range(3)]
    _add(client, kind="segment", segment="lifecycle:lead")
    run(Job.objects.for_merchant(merchant).get())
    rows = Coupon.objects.for_merchant(merchant)
    assert sorted(rows.values_list("customer", flat=True)) == sorted(person.pk for person in people)
    assert all(rows.values_list("is_bound", flat=True))


def test_redemptions_stand_on_the_page_and_go_with_a_return(client: Client, merchant: Merchant) -> None:
    [code] = [coupon.code for coupon in coupons(merchant, "FLYER")]
    launch(merchant, "flyer", amount(500), when={"code": ["@FLYER"]})
    redemption = confirm(_buy(merchant, code), order_number="A-1")
    batch = CouponBatch.objects.for_merchant(merchant).get()
    page = client.get(f"/m/muster/coupons/{batch.pk}").text
    assert "A-1" in page
    assert states_of(batch).used == 1
    page = client.get(f"/m/muster/coupons/code?code={code}").text
    assert "A-1" in page
    assert "All its uses are gone." in page
    release(_buy(merchant, "nothing"))
    assert redemption.discount == 500


def test_revoked_codes_do_nothing_and_what_is_reserved_keeps_its_code(client: Client, merchant: Merchant) -> None:
    first, second, third = coupons(merchant, "FLYER", 3)
    launch(merchant, "flyer", amount(500), when={"code": ["@FLYER"]})
    held = _buy(merchant, first.code)
    client.post(f"/m/muster/coupons/codes/{second.pk}/revoke")
    assert _buy(merchant, second.code).decision["codes"]["refused"] == [{"code": second.code, "reason": "revoked"}]
    batch = CouponBatch.objects.for_merchant(merchant).get()
    assert (states_of(batch).open, states_of(batch).revoked) == (1, 1)
    assert client.post(f"/m/muster/coupons/{batch.pk}/revoke").status_code == 302
    assert _buy(merchant, third.code).discount == 0
    assert confirm(held, order_number="A-1").discount == 500
    assert "Staff revoked it." in client.get(f"/m/muster/coupons/code?code={third.code}").text
    assert client.get("/m/muster/coupons/?state=revoked").text.count("cx-row-link") == 1
    assert client.get("/m/muster/coupons/?state=open").text.count("cx-row-link") == 0


def test_revoking_over_the_api(api: Storefront, merchant: Merchant) -> None:
    [coupon] = coupons(merchant, "FLYER")
    assert api.post(f"/api/v1/coupons/{coupon.code.lower()}/revoke").json()["status"] == "revoked"
    said = api.post("/api/v1/coupon-batches/FLYER/revoke").json()
    assert said["revoked_at"] is not None
    assert api.post("/api/v1/coupon-batches/FLYER/revoke").json() == said
    both = {"key": "X", "name": "X", "count": 1, "shared_code": "HELLO"}
    assert api.post("/api/v1/coupon-batches", both).status_code == 400
    shared = api.post("/api/v1/coupon-batches", {"key": "X", "name": "X", "shared_code": "HELLO"}).json()
    assert (shared["made"], shared["shared_code"]) == (1, "HELLO")


def test_a_look_up_says_why_a_code_does_not_apply(client: Client, merchant: Merchant) -> None:
    [coupon] = coupons(merchant, "FLYER", valid_until=timezone.now() - timedelta(hours=1))
    url = "/m/muster/coupons/code?code="
    page = client.get(url + coupon.code).text
    assert "It expired on" in page
    assert "No promotion asks for it." in page
    promotion = launch(merchant, "plain", amount(500), when={"code": ["HELLO"]})
    assert "Promotions ask for it by itself" in client.get(url + "hello").text
    end_promotion(promotion)
    assert "There is no code “HELLO”" in client.get(url + "hello").text
    assert "Which code?" in client.get("/m/muster/coupons/code").text
    assert client.get(url + "x" * 99).status_code == 200


def test_a_spreadsheet_obeys_no_code(client: Client, merchant: Merchant) -> None:
    batch = CouponBatch.objects.create(merchant=merchant, key="EVIL", name="Evil", length=4, wanted=1, made=1)
    Coupon.objects.create(merchant=merchant, batch=batch, code="-2+3")
    answer = client.get(f"/m/muster/coupons/{batch.pk}/export")
    text = b"".join(answer.streaming_content).decode()
    assert "'-2+3" in text
    assert answer["Content-Disposition"] == 'attachment; filename="evil.csv"'


def test_who_uses_many_codes_is_shown_with_a_profile_or_without(client: Client, merchant: Merchant) -> None:
    ada = CustomerFactory(merchant=merchant, email="ada@example.org", last_name="Sammler")
    made = coupons(merchant, "FLYER", 8)
    launch(merchant, "flyer", amount(500), when={"code": ["@FLYER"]})
    for coupon in made[:4]:
        _buy(merchant, coupon.code)
    for coupon in made[4:7]:
        _buy(merchant, coupon.code, "nobody@example.org")
    release(_buy(merchant, made[7].code, "nobody@example.org"))
    found = collectors(merchant, since=timezone.now() - timedelta(days=1))
    assert [(one.customer, one.codes, bool(one.person)) for one in found] == [(ada, 4, False), (None, 3, True)]
    page = client.get("/m/muster/coupons/abuse").text
    assert "Sammler" in page
    assert "nobody@example.org" not in page


def test_which_promotions_ask_for_a_batch(merchant: Merchant) -> None:
    coupons(merchant, "FLYER")
    promotion = launch(merchant, "flyer", amount(500), when={"any": [{"code": ["@FLYER"]}, {"code": ["HELLO"]}]})
    launch(merchant, "other", amount(500), when={"segment": ["rfm:lost"]})
    asked = asking_for(merchant)
    assert {code: [one.key for one in found] for code, found in asked.items()} == {
        "@FLYER": ["flyer"],
        "HELLO": ["flyer"],
    }
    end_promotion(promotion)
    assert not asking_for(merchant)


def test_lists_and_pages_cost_the_same_for_one_and_for_many(client: Client, merchant: Merchant) -> None:
    launch(merchant, "flyer", amount(500), when={"code": ["@B-0"]})
    [coupon] = coupons(merchant, "B-0")
    _buy(merchant, coupon.code)
    batch = CouponBatch.objects.for_merchant(merchant).get()
    urls = ["/m/muster/coupons/", f"/m/muster/coupons/{batch.pk}", f"/m/muster/coupons/code?code={coupon.code}"]
    few = [queries_of(client, url) for url in urls]
    for number in range(1, 6):
        coupons(merchant, f"B-{number}", 3)
        launch(merchant, f"p-{number}", amount(500), when={"code": [f"@B-{number}"]})
    more = coupons(merchant, "B-9", 4)
    Coupon.objects.for_merchant(merchant).filter(pk__in=[one.pk for one in more]).update(batch=batch)
    for one in more:
        _buy(merchant, one.code)
    assert [queries_of(client, url) for url in urls] == few


@pytest.mark.parametrize("name", codes.ALPHABETS)
def test_every_sign_of_an_alphabet_is_as_likely_as_another(name: str) -> None:
    """Of all bytes there are, each sign comes out equally often; those that would not divide evenly are thrown away."""
    length = 256 // len(codes.ALPHABETS[name]) * len(codes.ALPHABETS[name])
    every_byte = bytes(reversed(range(256)))
    [code] = codes.make_codes(1, prefix="", length=length, alphabet=name, random_bytes=lambda count: every_byte)
    assert {code.count(sign) for sign in codes.ALPHABETS[name]} == {length // len(codes.ALPHABETS[name])}


def test_how_many_signs_are_safe() -> None:
    assert (codes.safe_length("mixed"), codes.safe_length("digits")) == (10, 16)
