"""Promotions are written by form: every kind, errors by field, nothing lost, stale edits named."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from merchants.models import Membership, Merchant
from promotions.actions.offers import end_promotion
from promotions.forms.offers.editor import PromotionEditor, Start, _send, _send_tree, meaning
from promotions.language.benefits import BENEFITS
from promotions.language.conditions import CONDITIONS
from promotions.language.summary import Offered
from promotions.models import Promotion, PromotionVersion
from tests.factories import ProductFactory
from tests.promotions.shops import launch, percent
from tests.promotions.test_language import BENEFIT_CASES, CONDITION_CASES

BASIC = {
    "name": "Sun 20",
    "benefit-kind": "percent",
    "benefit-percent": "20",
    "who": "everyone",
    "when-kind": "all",
    "how-lane": "order",
    "how-priority": "100",
    "how-combination": "stack",
    "how-basis": "remaining",
    "how-floor": "0",
    "how-tax": "cart",
    "how-returns": "keep",
    "limits-window": "day",
}


def sent(**more: Any) -> dict[str, Any]:
    return BASIC | more


def shown_as_sent(editor: PromotionEditor) -> QueryDict:
    """What a browser sends when nobody touches anything."""
    data = QueryDict(mutable=True)
    for form in editor.forms():
        if form not in editor.tree.forms():
            _send(form, data)
    _send_tree(editor.tree, data)
    data["benefit-kind"] = editor.kind
    data["mode"] = editor.mode
    return data


def as_written(merchant: Merchant, definition: dict[str, Any]) -> dict[str, Any] | None:
    """The definition that comes out of the form for one that goes in; None where the form cannot show it."""
    start = Start(name="P", offered=Offered(definition=definition))
    editor = PromotionEditor(merchant, start=start)
    if editor.mode == "json":
        return None
    again = PromotionEditor(merchant, start=start, data=shown_as_sent(editor))
    assert again.is_valid(), again.flaws()
    return again.definition


@pytest.mark.parametrize(("benefit", "more"), [case[:2] for case in BENEFIT_CASES])
def test_every_benefit_survives_the_form(merchant: Merchant, benefit: dict[str, Any], more: dict[str, Any]) -> None:
    with timezone.override(merchant.tz):
        said = as_written(merchant, {"benefit": benefit, **more})
    assert said is not None
    assert meaning(said) == meaning({"benefit": benefit, **more})


@pytest.mark.parametrize("condition", [case[0] for case in CONDITION_CASES])
def test_every_condition_survives_the_form(merchant: Merchant, condition: dict[str, Any]) -> None:
    definition = {"benefit": percent(), "when": condition}
    with timezone.override(merchant.tz):
        assert as_written(merchant, definition) == definition


def test_what_the_form_cannot_show_is_edited_as_json(merchant: Merchant) -> None:
    twice = {"tags": ["a"], "except": {"tags": ["b"], "except": {"tags": ["c"]}}}
    editor = PromotionEditor(merchant, start=Start(offered=Offered(definition={"benefit": percent(), "target": twice})))
    assert (editor.mode, editor.is_beyond_forms) == ("json", True)


# --- the screens -------------------------------------------------------------------------------------------------------


def _url(merchant: Merchant, rest: str) -> str:
    return f"/m/{merchant.slug}/promotions/{rest}"


def test_a_promotion_is_written_as_a_draft(client: Client, merchant: Merchant) -> None:
    typed = sent(
        **{
            "benefit-cap": "1,234.50",
            "on-target__categories": ["Care › Sun care", "Hats"],
            "on-target__except__tags": ["sale"],
            "who": "segment",
            "segment": ["rfm:loyal"],
            "code": ["summer 20", "@WELCOME"],
            "when-0-kind": "spend",
            "when-0-at_least": "50",
            "when-1-kind": "none",
            "when-1-0-kind": "country",
            "when-1-0-values": ["CH"],
            "starts_at": "2026-07-01T10:00",
            "how-priority": "5",
            "limits-uses_limit": "100",
            "limits-budget": "500.00",
        }
    )
    answer = client.post(_url(merchant, "new"), typed)
    assert answer.status_code == 302, answer.text[:3000]
    promotion = Promotion.objects.get(merchant=merchant)
    version = PromotionVersion.objects.get(promotion=promotion)
    assert (promotion.key, promotion.status, promotion.uses_limit, promotion.budget) == ("sun-20", "draft", 100, 50_000)
    assert version.definition == {
        "id": "sun-20",
        "version": 1,
        "age": promotion.pk,
        "name": "Sun 20",
        "benefit": {"percent": {"percent": "20", "cap": 123_450}},
        "target": {"categories": ["Care › Sun care", "Hats"], "except": {"tags": ["sale"]}},
        "when": {
            "all": [
                {"segment": ["rfm:loyal"]},
                {"code": ["SUMMER20", "@WELCOME"]},
                {"spend": {"at_least": 5000}},
                {"not": {"country": ["CH"]}},
            ]
        },
        "priority": 5,
    }
    assert version.starts_at is not None
    assert version.starts_at.isoformat() == "2026-07-01T08:00:00+00:00"
    assert client.get(_url(merchant, f"{promotion.pk}/edit")).status_code == 200


def test_amounts_are_typed_as_the_reader_writes_them(client: Client, merchant: Merchant) -> None:
    typed = sent(**{"benefit-kind": "amount", "benefit-amount": "1,50", "benefit-spills": "on"})
    assert client.post(_url(merchant, "new"), typed, headers={"accept-language": "de"}).status_code == 302
    promotion = Promotion.objects.get(merchant=merchant)
    assert PromotionVersion.objects.get(promotion=promotion).definition["benefit"] == {"amount": {"amount": 150}}
    for language, shown in (("de", "1,50"), ("en", "1.50")):
        page = client.get(_url(merchant, f"{promotion.pk}/edit"), headers={"accept-language": language}).text
        assert f'name="benefit-amount" value="{shown}"' in page


def test_errors_stand_at_their_field_and_nothing_is_lost(client: Client, merchant: Merchant) -> None:
    typed = sent(
        **{
            "benefit-percent": "120",
            "when-0-kind": "spend",
            "when-0-at_least": "much",
            "when-1-kind": "weekly",
            "who": "customer",
        }
    )
    answer = client.post(_url(merchant, "new"), typed)
    assert answer.status_code == 422
    page = answer.text
    assert "Between 0 and 100." in page
    assert 'name="when-0-at_least" value="much"' in page
    assert "This is no number, e.g. 12.50." in page
    assert "Fill in at least one of these." in page
    assert "Choose at least one." in page
    assert not Promotion.objects.for_merchant(merchant).exists()


def test_rows_come_and_go_without_saving(client: Client, merchant: Merchant) -> None:
    typed = sent(**{"when-0-kind": "spend", "when-0-at_least": "nonsense", "when-add": "country"})
    page = client.post(_url(merchant, "new"), typed | {"do": "add when"}).text
    assert 'name="when-1-kind" value="country"' in page
    assert 'value="nonsense"' in page
    assert "This is no number" not in page
    typed |= {"when-1-kind": "country", "when-1-values": ["DE"]}
    page = client.post(_url(merchant, "new"), typed | {"do": "remove when-0"}).text
    assert 'name="when-0-kind" value="country"' in page
    assert "nonsense" not in page
    assert not Promotion.objects.for_merchant(merchant).exists()


def test_the_sentence_follows_what_is_typed(client: Client, merchant: Merchant) -> None:
    answer = client.post(_url(merchant, "new"), sent() | {"do": "summary"}, headers={"HX-Request": "true"})
    assert "20% off the whole purchase." in answer.text
    assert "<html" not in answer.text
    answer = client.post(_url(merchant, "new"), sent(**{"benefit-percent": ""}) | {"do": "summary"})
    assert "Percent off: This field is required." in answer.text


def test_form_and_json_turn_into_each_other(client: Client, merchant: Merchant) -> None:
    page = client.post(_url(merchant, "new"), sent() | {"do": "as json"}).text
    assert "&quot;percent&quot;: &quot;20&quot;" in page
    typed = {"name": "By hand", "mode": "json", "limits-window": "day"}
    wrong = client.post(_url(merchant, "new"), typed | {"definition": '{"benefit": {"percent": {}}}'})
    assert wrong.status_code == 422
    assert "benefit.percent: “percent” is missing here." in wrong.text
    assert "This is no JSON" in client.post(_url(merchant, "new"), typed | {"definition": "{"}).text
    right = typed | {"definition": '{"benefit": {"gift": {"sku": "L-1"}}}'}
    page = client.post(_url(merchant, "new"), right | {"do": "as form"}).text
    assert 'name="benefit-sku" value="L-1"' in page
    assert client.post(_url(merchant, "new"), right).status_code == 302


def test_an_edit_is_a_further_version(client: Client, merchant: Merchant, membership: Membership) -> None:
    promotion = launch(merchant, "sun-20", percent("20"))
    answer = client.post(_url(merchant, f"{promotion.pk}/edit"), sent(**{"benefit-percent": "25", "seen": "1"}))
    assert answer.status_code == 302
    promotion.refresh_from_db()
    newest = PromotionVersion.objects.filter(promotion=promotion).latest("number")
    assert (newest.number, newest.created_by) == (2, membership.staff)
    assert newest.definition["benefit"] == percent("25")
    assert promotion.version is not None
    assert promotion.version.number == 1  # decides as before
    assert promotion.name == "Sun 20"
    assert "Version 2 is not published yet." in client.get(_url(merchant, str(promotion.pk))).text


def test_a_stale_edit_is_named_and_can_be_put_on_top(client: Client, merchant: Merchant) -> None:
    promotion = launch(merchant, "sun-20", percent("20"))
    url = _url(merchant, f"{promotion.pk}/edit")
    client.post(url, sent(**{"benefit-percent": "25", "seen": "1"}))
    stale = client.post(url, sent(**{"benefit-percent": "30", "seen": "1"}))
    assert stale.status_code == 422
    assert "has written version 2 meanwhile" in stale.text
    assert 'name="benefit-percent" value="30"' in stale.text
    assert 'name="seen" value="2"' in stale.text
    assert PromotionVersion.objects.filter(promotion=promotion).count() == 2
    assert client.post(url, sent(**{"benefit-percent": "30", "seen": "2"})).status_code == 302


def test_what_was_written_stays_when_the_promotion_was_ended_meanwhile(client: Client, merchant: Merchant) -> None:
    promotion = end_promotion(launch(merchant, "sun-20", percent("20")))
    answer = client.post(_url(merchant, f"{promotion.pk}/edit"), sent(**{"benefit-percent": "30", "seen": "1"}))
    assert answer.status_code == 422
    assert answer.text.count("This promotion has ended; make a new one.") == 1
    assert "30% off the whole purchase." in answer.text
    assert 'name="benefit-percent" value="30"' in answer.text
    assert PromotionVersion.objects.filter(promotion=promotion).count() == 1


def test_no_condition_is_left_out_in_silence(client: Client, merchant: Merchant) -> None:
    rows = {f"when-{at}-{name}": value for at in range(101) for name, value in (("kind", "spend"), ("at_least", "5"))}
    answer = client.post(_url(merchant, "new"), sent(**rows))
    assert answer.status_code == 422
    assert "A form has 100 conditions at most." in answer.text
    assert not Promotion.objects.filter(merchant=merchant).exists()


def test_countries_are_typed_by_code_or_by_name(client: Client, merchant: Merchant) -> None:
    typed = {"when-0-kind": "country", "when-0-values": ["de", "Österreich", "Switzerland", "DE"]}
    assert client.post(_url(merchant, "new"), sent(**typed)).status_code == 302
    version = PromotionVersion.objects.get(promotion__merchant=merchant)
    assert version.definition["when"] == {"country": ["DE", "AT", "CH"]}
    refused = client.post(_url(merchant, "new"), sent(**typed | {"when-0-values": ["Atlantis"]}))
    assert refused.status_code == 422
    assert "“Atlantis” is no country that we know." in refused.text


@pytest.mark.parametrize("name", ["", "  ", "\u200b\u200b"])
def test_a_name_has_something_to_see(client: Client, merchant: Merchant, name: str) -> None:
    answer = client.post(_url(merchant, "new"), sent(name=name))
    assert answer.status_code == 422
    assert "Name: This field is required." in answer.text


def test_a_tier_that_is_deleted_is_named_and_can_be_unticked(client: Client, merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent("20"), when={"segment": ["tier:platin"]})
    page = client.get(_url(merchant, f"{promotion.pk}/edit")).text
    assert "Tier: platin (does not exist)" in page
    page = client.get(_url(merchant, str(promotion.pk))).text
    assert "for “Tier: platin”" in page
    assert "there is no segment “Tier: platin”" in page
    assert "tier:platin" not in page


def test_a_key_that_is_taken_is_said_at_the_key(client: Client, merchant: Merchant) -> None:
    launch(merchant, "sun-20", percent("20"))
    answer = client.post(_url(merchant, "new"), sent(key="sun-20"))
    assert answer.status_code == 422
    assert "There is a promotion with this key." in answer.text
    assert client.post(_url(merchant, "new"), sent()).status_code == 302  # a free one is found
    assert Promotion.objects.filter(merchant=merchant, key="sun-20-2").exists()


def test_every_kind_can_be_chosen(client: Client, merchant: Merchant) -> None:
    for kind in BENEFITS:
        page = client.post(_url(merchant, "new"), sent(**{"benefit-kind": kind}) | {"do": "benefit"}).text
        assert f'<option value="{kind}" selected>' in page
    for kind in CONDITIONS:
        page = client.post(_url(merchant, "new"), sent(**{"when-add": kind}) | {"do": "add when"}).text
        assert f'name="when-0-kind" value="{kind}"' in page


def test_values_are_suggested(client: Client, merchant: Merchant) -> None:
    ProductFactory(merchant=merchant, sku="L-1", title="Sun lotion", brand="Lumo", tags=["new"])
    for source, typed, found in [
        ("product", "lotion", '<option value="L-1">Sun lotion</option>'),
        ("brand", "lu", '<option value="Lumo">'),
        ("tag", "ne", '<option value="new">'),
        ("country", "germ", '<option value="DE">Germany</option>'),
        ("nothing", "x", ""),
    ]:
        answer = client.get(_url(merchant, "suggest"), {"source": source, "field": "f", "f": typed})
        assert found in answer.text


@pytest.mark.parametrize(
    "typed",
    [
        {"starts_at": "0001-01-01T00:00"},
        {"benefit-percent": "1" * 400},
        {"benefit-cap": "1e999"},
        {"when-0-kind": "period", "when-0-from": "9999-12-31T23:59"},
        {"when-0-kind": "trait", "when-0-name": "a\x00b", "when-0-at_least": "1"},
        {"when-0-kind": "code", "when-0-values": ["\x00"]},
        {"when-0-kind": "quantity", "when-0-at_least": "9" * 30},
        {"when-0-kind": "order_number", "when-0-number": "²"},
        {"who": "nobody"},
        {"how-lane": "nowhere", "how-priority": "1.5"},
        {"mode": "json", "definition": '{"benefit": {"gift": {"sku": "\\u0000"}}}'},
        {"mode": "json", "definition": '{"when": ' * 5000},
        {"mode": "json", "definition": "[" * 100_000},
        {
            "mode": "json",
            "definition": '{"benefit": {"gift": {"sku": "x"}}, "when": ' + '{"not": ' * 900 + "{}" + "}" * 901,
        },
        {"seen": "x"},
    ],
)
def test_hostile_input_is_refused_in_words(client: Client, merchant: Merchant, typed: dict[str, Any]) -> None:
    answer = client.post(_url(merchant, "new"), sent(**typed))
    assert answer.status_code == 422
    assert "Nothing is saved yet:" in answer.text
    assert client.post(_url(merchant, "new"), sent(**typed) | {"do": "summary"}).status_code == 200
    assert not Promotion.objects.for_merchant(merchant).exists()


def test_rows_without_end_are_not_followed(client: Client, merchant: Merchant) -> None:
    place, typed = "when", sent()
    for _depth in range(60):
        typed[f"{place}-kind"] = "any"
        place += "-0"
    assert client.post(_url(merchant, "new"), typed | {"do": "add when", "when-add": "spend"}).status_code == 200


def test_suggestions_take_anything(client: Client, merchant: Merchant) -> None:
    for source in (
        "product",
        "category",
        "brand",
        "tag",
        "customer",
        "code",
        "payment_method",
        "country",
        "trait",
        "order",
    ):
        for typed in ("\x00", "%", "'", "a" * 5000):
            answer = client.get(_url(merchant, "suggest"), {"source": source, "field": "f", "f": typed})
            assert answer.status_code == 200


def test_another_kind_begins_with_its_own_defaults(client: Client, merchant: Merchant) -> None:
    typed = sent(**{"benefit-kind": "amount", "benefit-percent": "20", "benefit-cap": "5"}) | {"do": "benefit"}
    page = client.post(_url(merchant, "new"), typed).text
    box = next(part for part in page.split("<input") if 'name="benefit-spills"' in part)
    assert "checked" in box  # what one product cannot take goes to the others, unless somebody says otherwise
    page = client.post(_url(merchant, "new"), sent(**{"benefit-kind": "buy_get"}) | {"do": "benefit"}).text
    assert 'name="benefit-percent" value="100"' in page  # free, not the 20 of before
    page = client.post(_url(merchant, "new"), sent(**{"benefit-kind": "shipping_percent"}) | {"do": "benefit"}).text
    assert 'name="benefit-percent" value="20"' in page
