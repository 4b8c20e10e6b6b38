"""Everything about a person as files: JSON for machines, HTML for people, each row read once and written on.

Memory does not grow with the number of rows: a person with a hundred thousand events costs as much as one with ten.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from babel import Locale
from babel.numbers import format_decimal
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.money import format_money
from core.privacy.person import Person
from core.privacy.registry import Table, all_tables

LANGUAGES = ("de", "en")
JSON_NAME = "data.json"
CHUNK = 500
# Beyond this many rows of one kind nobody reads on: the newest are in the document, all of them in the JSON.
MOST_SHOWN = 2000


@dataclass(frozen=True)
class Letterhead:
    """Who answers: the merchant's name and legal footer, and the currency of its amounts."""

    name: str
    contact: str
    currency: str
    footer: Sequence[str]


@dataclass(frozen=True)
class Fact:
    """One value of a row, as a person reads it."""

    label: str
    value: str
    hint: str = ""
    is_long: bool = False


def html_name(language: str) -> str:
    with translation.override(language):
        return _("your-data") + f".{language}.html"


def write_archive(target: Path, person: Person, letterhead: Letterhead, tell: Callable[[int], None]) -> int:
    """Write the ZIP with the JSON and a document in every language; returns how many rows it holds.

    Written aside and renamed into place: the file exists whole or not at all.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        parts = Path(folder)
        rows = _write_parts(parts, person, letterhead, tell)
        whole = parts / "whole.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (JSON_NAME, *(html_name(language) for language in LANGUAGES)):
                archive.write(parts / name, name)
        whole.rename(target)
    return rows


def _write_parts(folder: Path, person: Person, letterhead: Letterhead, tell: Callable[[int], None]) -> int:
    at, written = timezone.now(), 0
    with ExitStack() as files:
        data = files.enter_context((folder / JSON_NAME).open("w", encoding="utf-8"))
        pages = [
            Page(files.enter_context((folder / html_name(code)).open("w")), code, letterhead) for code in LANGUAGES
        ]
        about = {"controller": letterhead.name, "contact": letterhead.contact, "created_at": at}
        data.write(f'{{"about": {_json(about)}, "tables": {{')
        for page in pages:
            page.begin(at)
        separator = ""
        for table in all_tables()[::-1]:
            rows = _rows(table, person) if table.exported else iter(())
            first = list(islice(rows, CHUNK))
            if not first:
                continue
            data.write(f"{separator}\n{_json(table.label)}: [")
            separator = "],"
            written += _write_table(data, pages, table, first, rows, tell)
        data.write("]}}\n" if separator else "}}\n")
        for page in pages:
            page.end()
    return written


def _write_table(
    data: IO[str],
    pages: Sequence[Page],
    table: Table,
    first: list[Any],
    rows: Iterator[Any],
    tell: Callable[[int], None],
) -> int:
    written = 0
    for page in pages:
        page.open_table(table)
    batch = first
    while batch:
        entries = ",\n".join(_json(_entry(table, row)) for row in batch)
        data.write(f"{',' if written else ''}\n{entries}")
        if written < MOST_SHOWN:
            for page in pages:
                page.rows(table, batch)
        written += len(batch)
        tell(len(batch))
        batch = list(islice(rows, CHUNK))
    for page in pages:
        page.close_table(written)
    return written


def _rows(table: Table, person: Person) -> Iterator[Any]:
    keys = [field.name for field in _fields(table) if field.is_relation]
    rows = table.of(person).select_related(*{*keys, *table.related})
    newest_first: Iterator[Any] = rows.order_by("-pk").iterator(chunk_size=CHUNK)
    return newest_first


def _fields(table: Table) -> list[models.Field[Any, Any]]:
    by_name = {field.name: field for field in table.model._meta.concrete_fields}
    return [by_name[name] for name in table.exported]


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _entry(table: Table, row: Any) -> dict[str, Any]:
    """The row as machines read it."""
    values = {}
    for field in _fields(table):
        value = getattr(row, field.name)
        values[field.name] = str(value) if field.is_relation and value is not None else value
    # What is bytes is made text by ``present``.
    return {**values, **(table.present(row) if table.present else {})}


class Page:
    """The document in one language, written piece by piece."""

    def __init__(self, file: IO[str], language: str, letterhead: Letterhead) -> None:
        self.file, self.language, self.letterhead = file, language, letterhead

    def _write(self, part: str, **context: Any) -> None:
        with translation.override(self.language):
            given = {"letterhead": self.letterhead, "language": self.language, **context}
            self.file.write(render_to_string(f"core/privacy/document.html#{part}", given))

    def begin(self, at: datetime) -> None:
        self._write("begin", at=at)

    def open_table(self, table: Table) -> None:
        with translation.override(self.language):
            self._write("open", title=str(table.title), reason=str(table.reason))

    def rows(self, table: Table, batch: Sequence[Any]) -> None:
        with translation.override(self.language):
            self._write("rows", rows=[self._facts(table, row) for row in batch])

    def close_table(self, count: int) -> None:
        self._write("close", count=count, left_out=max(0, count - MOST_SHOWN))

    def end(self) -> None:
        self._write("end")

    def _facts(self, table: Table, row: Any) -> list[Fact]:
        shown = {**(table.present(row) if table.present else {}), **(table.readable(row) if table.readable else {})}
        facts = []
        for field in _fields(table):
            value = shown.pop(field.name, None) if field.name in shown else self._value(table, row, field)
            facts.append(_fact(str(field.verbose_name), spoken(value), str(field.help_text)))
        facts += [_fact(_(name.replace("_", " ")), spoken(value)) for name, value in shown.items()]
        return [fact for fact in facts if fact.value]

    def _value(self, table: Table, row: Any, field: models.Field[Any, Any]) -> Any:
        value = getattr(row, field.name)
        if value is not None and field.name in table.amounts:
            currency = getattr(row, "currency", "") or self.letterhead.currency
            return format_money(value, currency, self.language)
        if field.choices and value not in (None, ""):
            return str(dict(field.flatchoices).get(value, value))
        return value


def _fact(label: str, value: str, hint: str = "") -> Fact:
    return Fact(str(capfirst(label)), value, hint, is_long=len(value) > 80)


def spoken(value: Any) -> str:
    """A value as a person reads it, in the language that is active; empty for what says nothing."""
    if value is None or value == "" or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    if isinstance(value, float):
        return str(format_decimal(value, locale=Locale.parse(translation.get_language() or "en")))
    return _spoken_collection(value)


def _spoken_collection(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {spoken(entry)}" for name, entry in value.items() if spoken(entry))
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, (spoken(entry) for entry in value)))
    return str(value)
