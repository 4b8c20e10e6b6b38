"""The strings that people see: found in the sources, kept with their translations in ``locale/``.

Babel does all of it, so that no machine needs GNU gettext; Django turns its templates into what Babel reads.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
NOT_SHOWN = {"node_modules", "var", "tests", "bench", "static"}
# Nothing that changes from day to day or from person to person.
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""
# Django blanks out what is not a string but keeps its indentation, over which Python's tokenizer would stumble.
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


def extract_template(
    file: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Any
) -> Iterator[tuple[Any, ...]]:
    """A reader as Babel wants it: the calls of gettext that the tags of one template come down to."""
    calls = templatize(file.read().decode(), origin=file.name)
    yield from extract_python(BytesIO(_INDENTATION.sub("", calls).encode()), keywords, comment_tags, options)


def source_strings(root: Path) -> Catalog:
    """Every string of templates and code below ``root`` that is marked for translation."""
    readers: list[tuple[str, Any]] = [("templates/**.*", extract_template), ("**.py", "python")]
    found = extract_from_dir(root, readers, keywords=KEYWORDS, directory_filter=_is_shown)
    strings = Catalog()
    for _file, _line, message, _comments, context in found:
        strings.add(message, context=context)
    return strings


def _is_shown(directory: str) -> bool:
    name = Path(directory).name
    return name not in NOT_SHOWN and not name.startswith((".", "_"))


def read_catalogue(path: Path) -> Catalog:
    """A file ``locale/<language>/LC_MESSAGES/django.po``."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def untranslated(catalogue: Catalog) -> list[str]:
    """The strings that lack a translation, or one of its plurals."""
    return [str(message.id) for message in catalogue if message.id and not all(forms(message))]


def forms(message: Message) -> Sequence[str]:
    """The translations of a message: one, or one for each plural."""
    return message.string if isinstance(message.string, (list, tuple)) else [message.string or ""]


def bring_up_to_date(path: Path, strings: Catalog) -> Catalog:
    """Write a catalogue anew: what the sources have, sorted, with the translations that are known. Returns it."""
    catalogue = read_catalogue(path)
    catalogue.update(strings, no_fuzzy_matching=True)
    body = BytesIO()
    write_po(body, catalogue, width=0, omit_header=True, no_location=True, sort_output=True, ignore_obsolete=True)
    header = HEADER.format(language=catalogue.locale_identifier, plurals=catalogue.plural_forms)
    path.write_text(header + body.getvalue().decode().lstrip("\n"))
    return catalogue
