"""Which words people agree to: the current ones, and those that a record names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from customers.models import ConsentRecord, ConsentText
from merchants.models import Merchant


@dataclass(frozen=True)
class TextEntry:
    """A version as the settings list it. ``people`` agreed to it, ``is_current``: new people are asked with it."""

    text: ConsentText
    people: int
    is_current: bool


def find_text(
    merchant: Merchant, *, version: str, purpose: str, channel: str, languages: Iterable[str] = ()
) -> ConsentText | None:
    """The text of this version that asks for ``purpose`` on ``channel``, in the first of ``languages`` it exists in."""
    texts = ConsentText.objects.for_merchant(merchant).about(purpose, channel).filter(version=version)
    return _best(texts.newest_first(), languages)


def _best(texts: Iterable[ConsentText], languages: Iterable[str]) -> ConsentText | None:
    ranks = {language: rank for rank, language in enumerate(languages)}
    return min(texts, key=lambda text: ranks.get(text.language, len(ranks)), default=None)


def current_texts(merchant: Merchant) -> list[ConsentText]:
    """What people are asked with: of each subject and language the newest version, the newest first."""
    texts = ConsentText.objects.for_merchant(merchant).filter(source=ConsentText.Source.SETTINGS)
    newest: dict[object, ConsentText] = {}
    for text in texts.newest_first():
        newest.setdefault((text.subject, text.language), text)
    return list(newest.values())


def choose_text(texts: Sequence[ConsentText], *, purpose: str, channel: str, language: str) -> ConsentText | None:
    """The one of ``texts`` (current ones, newest first) to ask with, in ``language`` where there is one."""
    return _best((text for text in texts if text.covers(purpose, channel)), [language])


def text_entries(merchant: Merchant) -> list[TextEntry]:
    """Every version, the newest first, with how many people agreed to it; three queries."""
    texts = list(ConsentText.objects.for_merchant(merchant).newest_first())
    current = {text.pk for text in current_texts(merchant)}
    people = _people_by_text(merchant)
    return [TextEntry(text, people.get(text.pk, 0), text.pk in current) for text in texts]


def _people_by_text(merchant: Merchant) -> Mapping[int, int]:
    granted = ConsentRecord.objects.for_merchant(merchant).filter(kind=ConsentRecord.Kind.GRANTED, text__isnull=False)
    counted = granted.order_by().values("text").annotate(people=Count("customer", distinct=True))
    return {row["text"]: row["people"] for row in counted}
