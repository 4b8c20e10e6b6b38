"""Amounts, dates and names as a reader of a message writes them. Pure, from CLDR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Self

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from core.money import format_money

LANGUAGES = ("de", "en")
# Plain English of a European shop: day before month, currency sign before the amount.
_REGION = {"en": "en-GB"}


@cache
def supported_locale(tag: str) -> str:
    """``"DE_at"`` → ``"de-AT"``; ``""`` for a language that messages are not written in."""
    language, *subtags = tag.strip().replace("_", "-").lower().split("-")
    if language not in LANGUAGES:
        return ""
    region = next((subtag.upper() for subtag in subtags if len(subtag) == 2), "")
    try:
        Locale.parse(f"{language}_{region}")
    except (UnknownLocaleError, ValueError):
        return language
    return f"{language}-{region}"


def choose_locale(*tags: str) -> str:
    """The first of ``tags`` whose language messages are written in; English when none is."""
    return next((chosen for chosen in map(supported_locale, tags) if chosen), "en")


@dataclass(frozen=True)
class Formats:
    """The formats of one locale and currency."""

    locale: Locale
    currency: str

    @classmethod
    def of(cls, tag: str, currency: str) -> Self:
        """``tag`` as ``supported_locale`` returns it."""
        return cls(Locale.parse(_REGION.get(tag, tag), sep="-"), currency)

    def money(self, amount: int) -> str:
        """Minor units: 1999 → ``19,99 €``; a negative amount has a real minus sign."""
        return _money(amount, self.currency, str(self.locale))

    def day(self, day: date) -> str:
        """``20. November 2026``."""
        return format_date(day, "long", locale=self.locale)

    def percent(self, share: Decimal) -> str:
        """``Decimal("0.19")`` → ``19 %``; keeps up to two decimals."""
        return format_percent(share, format=_percent_pattern(self.locale), locale=self.locale)

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)

    def country(self, code: str) -> str:
        """``DE`` → ``Deutschland``; an unknown code stays itself."""
        return str(self.locale.territories.get(code, code))


@lru_cache(maxsize=10_000)  # a shop has few prices, and each stands in a message several times
def _money(amount: int, currency: str, locale: str) -> str:
    return format_money(amount, currency, locale)


@cache
def _percent_pattern(locale: Locale) -> str:
    return str(locale.percent_formats[None].pattern).replace("0%", "0.##%").replace("0\xa0%", "0.##\xa0%")
