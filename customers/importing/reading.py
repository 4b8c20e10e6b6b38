"""A customers' file as rows: CSV, a JSON array, or JSON lines. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.importing.files import CsvFile, column_key, csv_records, encoding_of, open_csv, read_head, require_text

CSV, JSON = "csv", "json"
MAX_COLUMNS = 500
MAX_COLUMN_NAME = 120
# An array is read whole; whoever has more writes one object per line.
MAX_ARRAY_BYTES = 50 * 1024 * 1024
# So many entries are looked through for the names of columns.
_LOOKED_AT = 1000


@dataclass(frozen=True)
class Row:
    """One row: ``line`` is that of the file (of an array, the number of the entry). ``code`` says what is wrong."""

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    value: str = ""


@dataclass(frozen=True)
class PeopleFile:
    """A readable file: what it is, and the names of its columns."""

    path: Path
    file_format: str
    header: list[str]
    csv: CsvFile | None = None
    is_array: bool = False
    encoding: str = "utf-8"

    def rows(self) -> Iterator[Row]:
        if self.csv:
            return _csv_rows(self.csv, self.header)
        return _array_rows(self) if self.is_array else _line_rows(self)

    def sample(self, size: int = 5) -> list[Row]:
        return list(islice((row for row in self.rows() if not row.code), size))


def open_people(path: Path) -> PeopleFile:
    """Look at a file. Raises InvalidInput naming what is wrong and where."""
    head = read_head(path)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    file = _open_json(path, head, is_array=start == b"[") if start in (b"[", b"{") else _open_csv(path, head)
    _require_columns(file.header)
    return file


def read_through(file: PeopleFile) -> int:
    """How many rows there are; raises InvalidInput where the file is broken, so that nothing of it is written."""
    rows = sum(1 for _row in file.rows())
    if not rows:
        raise InvalidInput("file_without_rows", _("The file has column names, but no rows."))
    return rows


def header_digest(header: list[str]) -> str:
    """By which a file with the same columns is recognised, in whatever order they stand."""
    names = sorted(column_key(name) for name in header)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def _open_csv(path: Path, head: bytes) -> PeopleFile:
    file = open_csv(path, head)
    return PeopleFile(path, CSV, [name.strip() for name in file.header], file, encoding=file.encoding)


def _open_json(path: Path, head: bytes, *, is_array: bool) -> PeopleFile:
    encoding = encoding_of(path, head)
    require_text(head, encoding)
    if is_array and path.stat().st_size > MAX_ARRAY_BYTES:
        message = _("A JSON array may have 50 MB at most. Write one object per line instead.")
        raise InvalidInput("array_too_large", message)
    file = PeopleFile(path, JSON, [], is_array=is_array, encoding=encoding)
    names: dict[str, None] = {}
    for row in islice(file.rows(), _LOOKED_AT):
        names.update(dict.fromkeys(row.values))
    return PeopleFile(path, JSON, list(names), is_array=is_array, encoding=encoding)


def _require_columns(header: list[str]) -> None:
    if not [name for name in header if name]:
        raise InvalidInput("columns_missing", _("The file has no names of columns in its first row."))
    if len(header) > MAX_COLUMNS:
        raise InvalidInput("too_many_columns", _("A file may have %(most)s columns at most.") % {"most": MAX_COLUMNS})
    for name in header:
        if len(name) > MAX_COLUMN_NAME or "\0" in name:
            raise InvalidInput(
                "column_name", _("“%(name)s” is no name of a column: are names in the first row?") % {"name": name[:40]}
            )
    counts = Counter(column_key(name) for name in header if name)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        raise InvalidInput(
            "columns_repeated", _("These columns are there twice: %(names)s.") % {"names": ", ".join(repeated)[:300]}
        )


def _csv_rows(file: CsvFile, header: list[str]) -> Iterator[Row]:
    for line, record in csv_records(file):
        values = {name: value.strip() for name, value in zip(header, record, strict=False) if name}
        if len(record) == len(header):
            yield Row(line, values)
        else:
            yield Row(line, values, "column_count", f"{len(record)} / {len(header)}")


def _array_rows(file: PeopleFile) -> Iterator[Row]:
    try:
        entries = _loads(file.path.read_text(encoding=file.encoding))
    except (ValueError, RecursionError) as error:
        raise InvalidInput("not_json", _("The file is not valid JSON: %(error)s") % {"error": _said(error)}) from error
    for number, entry in enumerate(entries, start=1):
        yield _entry(number, entry)


def _line_rows(file: PeopleFile) -> Iterator[Row]:
    with file.path.open(encoding=file.encoding) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _entry(number, _loads(line))
            except (ValueError, RecursionError) as error:
                yield Row(number, {"": line[:200]}, "bad_json", _said(error))


def _said(error: Exception) -> str:
    return str(error)[:100]


def _loads(text: str) -> Any:
    value = json.loads(text, parse_constant=_no_constant)
    if "\\ud" in text.lower():
        _require_whole_characters(value)
    return value


def _require_whole_characters(value: Any) -> None:
    """JSON can name one half of a character. It is no text: neither a page nor the database takes it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(_("it holds one half of a character (“\\ud…”)")) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _entry(number: int, entry: Any) -> Row:
    if not isinstance(entry, dict):
        return Row(number, {}, "not_an_object")
    flat: dict[str, Any] = {}
    for name, value in entry.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}".strip(): part for inner, part in value.items()}
        else:
            flat[name.strip()] = value
    return Row(number, {name: value.strip() if isinstance(value, str) else value for name, value in flat.items()})
