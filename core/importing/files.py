"""Opening the CSV that people have, in whatever dialect. Pure, and light: the web process reads it too."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from core.errors import InvalidInput

DELIMITERS = ",;\t|"
SNIFFED = 65_536
# A cell longer than this is a broken quotation, or nothing that we keep.
LONGEST_CELL = 131_072
_MAGIC = {b"PK\x03\x04": "Excel", b"\xd0\xcf\x11\xe0": "Excel", b"%PDF": "PDF", b"\x1f\x8b": "gzip"}
_TEXT_CONTROLS = "\t\n\r\x0b\x0c"


@dataclass(frozen=True)
class CsvFile:
    """How a file is read, and the names of its columns as they stand there."""

    path: Path
    encoding: str
    delimiter: str
    header: list[str]


def read_head(path: Path) -> bytes:
    """The beginning of a file. Raises InvalidInput for one that is missing or empty."""
    if not path.is_file():
        raise InvalidInput("file_missing", _("There is no file “%(name)s”.") % {"name": path.name})
    if path.stat().st_size == 0:
        raise InvalidInput("file_empty", _("The file is empty."))
    with path.open("rb") as file:
        return file.read(SNIFFED)


def open_csv(path: Path, head: bytes, known: Collection[str] = ()) -> CsvFile:
    """Find encoding and delimiter: that under which most of the ``known`` column names are found, or most columns.

    Raises InvalidInput naming what is wrong.
    """
    encoding = encoding_of(path, head)
    require_text(head, encoding)
    delimiter, header = _dialect(path, encoding, known)
    return CsvFile(path, encoding, delimiter, header)


def encoding_of(path: Path, head: bytes) -> str:
    """UTF-8, UTF-16 with its mark, else Windows-1252, which is what spreadsheets write when not told otherwise."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    candidates = ["utf-16"] if marked else ["utf-8-sig", "cp1252"]
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise InvalidInput("file_encoding", _("The file is in an unknown encoding. Please save it as “CSV UTF-8”."))


def _decodes(path: Path, encoding: str) -> bool:
    with path.open(encoding=encoding, newline="") as file:
        try:
            while file.read(1_000_000):
                pass
        except UnicodeError:
            return False
    return True


def require_text(head: bytes, encoding: str) -> None:
    """Refuse what is no text at all: a known kind of file, or one full of control characters."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise not_text(kind)
    sample = codecs.getincrementaldecoder(encoding)().decode(head)
    controls = sum(1 for character in sample if character < " " and character not in _TEXT_CONTROLS)
    if controls > max(len(sample) // 100, 2):
        raise not_text("")


def not_text(kind: str) -> InvalidInput:
    name = f" ({kind})" if kind else ""
    return InvalidInput(
        "file_not_text", _("This is no CSV file%(kind)s. Please save it as “CSV UTF-8”.") % {"kind": name}
    )


def _dialect(path: Path, encoding: str, known: Collection[str]) -> tuple[str, list[str]]:
    keys = {column_key(name) for name in known}
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(SNIFFED)
    headers = {delimiter: _header(first, delimiter) for delimiter in DELIMITERS}
    best = max(
        DELIMITERS, key=lambda mark: (sum(column_key(name) in keys for name in headers[mark]), len(headers[mark]))
    )
    return best, headers[best]


def _header(first: str, delimiter: str) -> list[str]:
    return next(csv.reader([first], delimiter=delimiter), [])


def column_key(name: str) -> str:
    """By which two spellings of a column's name are one."""
    return name.strip().casefold()


def csv_records(file: CsvFile) -> Iterator[tuple[int, list[str]]]:
    """Line number and values of every record that is not blank. Raises InvalidInput at a broken quotation."""
    with file.path.open(encoding=file.encoding, newline="") as opened:
        reader = csv.reader(opened, delimiter=file.delimiter, strict=True)
        line = 1
        try:
            next(reader)
            line = reader.line_num + 1
            for record in reader:
                if any(record):
                    yield line, record
                line = reader.line_num + 1
        except csv.Error as error:
            raise _broken(line, too_large="field limit" in str(error)) from error


def _broken(line: int, *, too_large: bool) -> InvalidInput:
    if too_large:
        message = _("A value in line %(line)s is longer than %(most)s characters, or its quotation marks do not match.")
        return InvalidInput("cell_too_large", message % {"line": line, "most": LONGEST_CELL}, line=line)
    return InvalidInput(
        "broken_quotes", _("The quotation marks in line %(line)s do not match.") % {"line": line}, line=line
    )
