"""Texts that people agree to: versions, never changes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from core.errors import DomainError, InvalidInput
from customers.actions.consent import record_consent
from customers.actions.consent_texts import add_consent_text, require_text
from customers.models import ConsentText
from customers.queries.consent_texts import choose_text, current_texts, find_text, text_entries
from merchants.models import Merchant
from tests.factories import CustomerFactory, MerchantFactory

pytestmark = pytest.mark.django_db


def add(merchant: Merchant, version: str = "1", **fields) -> ConsentText:
    given = {"language": "de", "purposes": ["newsletter"], "channels": ["email"], "text": f"Ja zu {version}."}
    return add_consent_text(merchant, version=version, **given | fields)


def test_a_text_is_kept_once_and_the_newest_is_current(merchant):
    first = add(merchant)
    assert add(merchant) == first
    second, english = add(merchant, "2"), add(merchant, "2", language="en", text="Yes.")
    add(MerchantFactory(), "3")  # could leak
    assert set(current_texts(merchant)) == {second, english}
    assert [entry.is_current for entry in text_entries(merchant)] == [True, True, False]


@pytest.mark.parametrize("column", ["text", "version", "language"])
def test_the_database_refuses_to_change_a_text(merchant, column):
    text = add(merchant)
    rows = ConsentText.objects.for_merchant(merchant).filter(pk=text.pk)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        rows.update(**{column: "en"})
    setattr(text, column, "en")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        text.save()


def test_a_version_cannot_say_two_things(merchant):
    add(merchant)
    with pytest.raises(DomainError, match="other words"):
        add(merchant, text="Something else.")
    with pytest.raises(DomainError):
        add(merchant, purposes=["newsletter", "reviews"])
    add(merchant, purposes=["reviews"], text="Another subject may share the version.")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"text": " "}, "invalid_text"),
        ({"version": "x" * 41}, "invalid_version"),
        ({"language": "fr"}, "invalid_language"),
        ({"purposes": []}, "invalid_purposes"),
        ({"purposes": ["flowers"]}, "invalid_purposes"),
        ({"channels": []}, "channel_missing"),
        ({"channels": ["pigeon"]}, "invalid_channels"),
        ({"purposes": ["tracking"]}, "channel_without_meaning"),
    ],
)
def test_a_text_about_nothing_is_refused(merchant, fields, code):
    with pytest.raises(InvalidInput) as refused:
        add(merchant, **fields)
    assert refused.value.code == code


def test_people_are_counted_who_agreed_to_a_version(merchant):
    old, new = add(merchant), add(merchant, "2")
    for text in (old, old, new):
        customer = CustomerFactory(merchant=merchant)
        for source in ("a", "b"):
            record_consent(
                customer, purpose="newsletter", channel="email", text=text, source=source, evidence={"n": source}
            )
    assert {entry.text: entry.people for entry in text_entries(merchant)} == {old: 2, new: 1}


def test_a_version_is_found_in_the_readers_language(merchant):
    german, english = add(merchant), add(merchant, language="en", text="Yes.")
    about = {"purpose": "newsletter", "channel": "email"}
    assert find_text(merchant, version="1", languages=["en"], **about) == english
    assert find_text(merchant, version="1", languages=["fr", "de"], **about) == german
    assert find_text(merchant, version="2", **about) is None
    assert find_text(merchant, version="1", purpose="newsletter", channel="sms") is None
    assert choose_text([german], language="en", **about) == german


def test_an_unknown_version_needs_its_words_and_is_kept_with_them(merchant):
    given = {"version": "9", "purpose": "newsletter", "channel": "email", "languages": ["en"]}
    with pytest.raises(InvalidInput) as refused:
        require_text(merchant, **given)
    assert (refused.value.code, refused.value.field) == ("unknown_text_version", "text_version")
    sent = require_text(merchant, words="I want it.", **given)
    assert (sent.text, sent.language, sent.source) == ("I want it.", "en", "sent")
    assert require_text(merchant, **given) == require_text(merchant, words="I want it.", **given) == sent
    assert current_texts(merchant) == [], "evidence only: nobody else is asked with it"
    with pytest.raises(DomainError, match="other words"):
        require_text(merchant, words="I want more.", **given)
