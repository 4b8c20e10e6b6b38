"""The German catalogue is complete, and nothing on a German screen is English."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.db import models
from django.test import Client
from django.utils.functional import Promise
from django.utils.text import capfirst

from cxapp.catalogues import bring_up_to_date, forms, read_catalogue, source_strings, untranslated
from merchants.models import Membership
from tests.architecture.shop import OURS, stock_up
from tests.architecture.test_doors import BACK_OFFICE, Address, _arguments, every_address
from tests.factories import StaffFactory

CATALOGUE = settings.BASE_DIR / "locale/de/LC_MESSAGES/django.po"
GERMAN = read_catalogue(CATALOGUE)
MESSAGES = [message for message in GERMAN if message.id]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[a-z]")
# Words of English sentences that no German sentence holds.
ENGLISH_WORDS = re.compile(r"\b(the|of|and|is|are|your|this|with|from|every)\b")
# English by nature: what stock_up() writes as data, a header of a message, names of time zones.
DATA = {"no", "No SKU.", "Hello", "Subject", "Isle of Man"} | {zone.replace("_", " ") for zone in available_timezones()}


def _sources(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_the_catalogue_has_exactly_the_strings_of_the_sources() -> None:
    """`make messages` brings it up to date and lists what lacks a translation."""
    found = {(message.context, str(message.id)) for message in source_strings(settings.BASE_DIR) if message.id}
    assert len(found) > 500
    known = {(message.context, str(message.id)) for message in MESSAGES}
    assert found - known == set(), "new strings: run `make messages` and translate them"
    assert known - found == set(), "strings that are gone: run `make messages`"


def test_every_string_is_translated_and_reviewed() -> None:
    assert untranslated(GERMAN) == []
    assert [message.id for message in MESSAGES if message.fuzzy] == []


def test_translations_keep_their_placeholders() -> None:
    wrong = [form for message in MESSAGES for form in forms(message) if _placeholders(form) != _wanted(message)]
    assert wrong == []


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def _wanted(message: Message) -> set[str]:
    return _placeholders(" ".join(_sources(message)))


def test_translations_keep_their_edges_and_german_quotation_marks() -> None:
    wrong = [form for message in MESSAGES for form in forms(message) if not _is_well_set(form, _sources(message)[0])]
    assert wrong == []


# Quotation marks of a language for machines: attributes of tags, JSON that a person may type.
MACHINE = re.compile(r"<[^>]*>|\{[^{}]*\}|\[[^]]*\]")


def _is_well_set(form: str, source: str) -> bool:
    form, source = MACHINE.sub("", form), MACHINE.sub("", source)
    edges = [(text[:1].isspace(), text[-1:].isspace()) for text in (source, form)]
    return edges[0] == edges[1] and form.count("„") == form.count("“") and not set('"”') & set(form)


def test_bringing_up_to_date_changes_nothing_but_what_is_new(tmp_path: Path) -> None:
    copy = tmp_path / "de/LC_MESSAGES/django.po"
    copy.parent.mkdir(parents=True)
    copy.write_text(CATALOGUE.read_text())
    strings = source_strings(settings.BASE_DIR)
    bring_up_to_date(copy, strings)
    text = copy.read_text()
    lost = 'msgid "Settings"\nmsgstr "Einstellungen"\n\n'
    assert lost in text
    copy.write_text(text.replace(lost, "") + '\nmsgid "gone"\nmsgstr "weg"\n')
    assert "Settings" in untranslated(bring_up_to_date(copy, strings))
    assert copy.read_text() == text.replace(lost, 'msgid "Settings"\nmsgstr ""\n\n')


def test_strings_are_read_out_of_templates_and_code(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.mjml").write_text(
        '{% load i18n %}<p title="{% trans "A title" %}">{% blocktrans count count=n %}{{ count }} row{% plural %}'
        '{{ count }} rows{% endblocktrans %}</p>\n    {{ x|default:_("none") }}\n  it\'s {% trans "Month" context "date" %}'
    )
    (tmp_path / "shown.py").write_text('x = gettext_lazy("One") + ngettext("a", "b", n) + gettext_noop("Two")\n')
    (tmp_path / "var").mkdir()
    (tmp_path / "var/hidden.py").write_text('_("hidden")\n')
    found = {(message.context, message.id) for message in source_strings(tmp_path) if message.id}
    assert found == {
        (None, "A title"),
        (None, ("%(count)s row", "%(count)s rows")),
        (None, "none"),
        ("date", "Month"),
        (None, "One"),
        (None, ("a", "b")),
        (None, "Two"),
    }


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_model_and_field_has_a_label_to_translate(model: type[models.Model]) -> None:
    fields = [field for field in model._meta.get_fields() if isinstance(field, models.Field) and not field.auto_created]
    labels = {field.name: field.verbose_name for field in fields} | {"itself": model._meta.verbose_name}
    assert [name for name, label in labels.items() if not isinstance(label, Promise) and label != "Message-ID"] == []
    hints = {field.name: field.help_text for field in fields if field.help_text}
    assert [name for name, hint in hints.items() if not isinstance(hint, Promise)] == []


# --- the screens -----------------------------------------------------------------------------------------------------


class _Shown(HTMLParser):
    """The texts of a page: what is read and what is spoken, but not what is marked as English or is code."""

    SILENT = {"script", "style", "code", "pre"}
    SPOKEN = {"aria-label", "title", "placeholder", "alt", "data-copied", "data-close", "data-offline", "data-failed"}
    VOID = {"meta", "link", "input", "br", "img", "hr", "col", "source", "wbr"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[bool] = [False]  # is this element silent?
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.texts += [attributes[name] or "" for name in self.SPOKEN & set(attributes)]
        if tag not in self.VOID:
            self._open.append(self._open[-1] or tag in self.SILENT or attributes.get("lang") == "en")

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open[-1] and data.strip():
            self.texts.append(" ".join(data.split()))


def _english_only() -> set[str]:
    """Sources that are no German text as well, as they may stand on a page."""
    sources = {source for message in MESSAGES for source in _sources(message)}
    german = {form for message in MESSAGES for form in forms(message)}
    spoken = german | {capfirst(form) for form in german}
    return {text for source in sources for text in (source, capfirst(source))} - spoken - DATA


ENGLISH = _english_only()


def _leftovers(page: str) -> list[str]:
    return [
        text
        for text in _Shown(page).texts
        if text not in DATA and (text in ENGLISH or text.rstrip(":") in ENGLISH or ENGLISH_WORDS.search(text))
    ]


@pytest.fixture
def _in_german(settings: Any, tmp_path: Path) -> None:
    """The catalogue as it is now, whether or not somebody compiled it."""
    compiled = tmp_path / "locale/de/LC_MESSAGES/django.mo"
    compiled.parent.mkdir(parents=True)
    with CATALOGUE.open("rb") as source, compiled.open("wb") as target:
        write_mo(target, read_po(source, locale="de"))
    settings.LOCALE_PATHS = [tmp_path / "locale"]


def _browser(membership: Membership) -> Client:
    browser = Client(headers={"accept-language": "de-DE,de;q=0.9,en;q=0.5"})
    browser.force_login(membership.staff)
    return browser


def test_leftovers_are_found() -> None:
    page = '<p title="Every state">Kunden</p><p lang="en">Settings</p><code>Orders</code><h2> This is\n new</h2>'
    assert _leftovers(page) == ["Every state", "This is new"]


@every_address
@pytest.mark.usefixtures("_in_german")
def test_no_screen_of_a_german_reader_is_english(address: Address, membership: Membership) -> None:
    stock_up(membership, 1)
    answer = _browser(membership).get(address.url(membership, **_arguments(address, membership)))
    if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
        assert _leftovers(answer.text) == []


@pytest.mark.usefixtures("_in_german")
def test_empty_screens_speak_german(membership: Membership) -> None:
    browser = _browser(membership)
    for address in BACK_OFFICE:
        if not address.arguments:
            answer = browser.get(address.url(membership))
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                assert _leftovers(answer.text) == [], address.name


@pytest.mark.usefixtures("_in_german")
def test_pages_around_the_shop_speak_german(db: None, membership: Membership) -> None:
    nobody, without_shop = Client(headers={"accept-language": "de"}), Client(headers={"accept-language": "de"})
    without_shop.force_login(StaffFactory())
    pages = [
        nobody.get("/accounts/login/"),
        nobody.get("/accounts/signup/"),
        nobody.get("/accounts/password/reset/"),
        nobody.get("/no-such-page/"),
        without_shop.get("/", follow=True),
        _browser(membership).get("/accounts/2fa/"),
        _browser(membership).get("/accounts/password/change/"),
    ]
    for page in pages:
        assert 'lang="de"' in page.text
        assert _leftovers(page.text) == []


@pytest.mark.usefixtures("_in_german")
def test_a_list_as_a_german_reads_it(membership: Membership) -> None:
    page = _browser(membership).get(f"/m/{membership.merchant.slug}/customers/").text
    assert "<h1" in page
    assert re.search(r"<h1[^>]*>\s*Kunden\s*</h1>", page)
    assert "Noch keine Kunden" in page
    assert "API-Schlüssel erstellen" in page
