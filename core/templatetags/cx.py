"""Template vocabulary of the back office: icons, money, numbers, addresses that keep their query."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from functools import cache
from typing import Any

from babel.core import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from django import template
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from core.money import format_money

register = template.Library()


@cache
def _icon_body(name: str) -> str:
    """The shapes inside a Tabler icon's <svg>. Raises FileNotFoundError for a name that does not exist."""
    text = (settings.ICON_DIR / f"{name}.svg").read_text()
    return text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")].strip()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An outline icon of Tabler, inline: ``{% icon "users" %}``. Decorative: hidden from screen readers."""
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="icon {}" width="24" height="24" viewBox="0 0 24 24" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        classes,
        mark_safe(_icon_body(name)),  # noqa: S308  # our own vendored file
    )


@register.simple_tag
def once() -> SafeString:
    """``{% once %}`` inside a form whose view is ``@once``: sent twice, it has its effect once."""
    return format_html('<input type="hidden" name="{}" value="{}">', "once", secrets.token_hex(16))


def _locale() -> str:
    return translation.to_locale(translation.get_language() or "en")


@register.filter
def money(amount: int | None, currency: str) -> str:
    """``{{ order.total|money:order.currency }}``: in the reader's locale; a dash for an unknown amount."""
    return "–" if amount is None else format_money(amount, currency, _locale())


@register.filter
def country_name(code: str) -> str:
    """``DE`` → ``Germany`` or ``Deutschland``; an unknown code stays itself."""
    return str(Locale.parse(_locale()).territories.get(code, code))


@register.filter
def spoken_language(code: str) -> str:
    """``de`` → ``German`` or ``Deutsch``. (Django's own ``language_name`` is always English.)"""
    return str(Locale.parse(_locale()).languages.get(code.split("-")[0].lower(), code))


@register.filter
def ago(moment: datetime | None) -> str:
    """``3 hours ago`` or ``vor 3 Stunden``; a dash for never."""
    if moment is None:
        return "–"
    return format_timedelta(moment - timezone.now(), add_direction=True, locale=_locale())


@register.filter
def day(value: date | None) -> str:
    """``Nov 20, 2026`` or ``20.11.2026``; a moment's day is that of the shop's time zone; a dash for none."""
    if value is None:
        return "–"
    local = timezone.localtime(value) if isinstance(value, datetime) else value
    return format_date(local, "medium", locale=_locale())


@register.filter
def month(value: date) -> str:
    """``Nov 2026``."""
    return format_skeleton("yMMM", value, locale=_locale())


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Day and time in the shop's time zone, in a ``<time>`` element; a dash for none."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    text = f"{day(local)}, {format_time(local, 'short', locale=_locale())}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), text)


@register.filter
def spoken_day(value: date) -> str:
    """``Today``, ``Yesterday``, else the day with its weekday: ``Friday, November 20, 2026``."""
    past = (timezone.localdate() - value).days
    near = {0: gettext("Today"), 1: gettext("Yesterday")}
    return near[past] if past in near else format_date(value, "full", locale=_locale())


@register.filter
def clock(value: datetime) -> SafeString:
    """The time of day in the shop's time zone, where the day stands above it."""
    local = timezone.localtime(value)
    shown = format_time(local, "short", locale=_locale())
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), shown)


@register.filter
def initials(person: Any) -> str:
    """``Ada Lovelace`` → ``AL``, for an avatar; of an address the first letter."""
    words = [word for word in str(person).split("@")[0].split() if word]
    return "".join(word[0] for word in [words[0], *words[1:][-1:]]).upper() if words else "?"


@register.filter
def percent(part: float | None, digits: int = 0) -> str:
    """0.256 → ``26 %`` in the reader's locale; a dash for an unknown share."""
    if part is None:
        return "–"
    number = f"{part * 100:.{digits}f}".replace("-", "−")
    return f"{number.replace('.', ',')} %" if _locale().startswith("de") else f"{number}%"


@register.filter
def signed(count: int) -> str:
    """``+1,234`` or ``−5``: a change of a count."""
    return f"{'−' if count < 0 else '+'}{number_format(abs(count), use_l10n=True, force_grouping=True)}"


@register.simple_tag(takes_context=True)
def url_with(context: template.Context, **changes: Any) -> str:
    """This page's address with some query parameters changed; None or "" drops one."""
    query: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"
