"""Consent texts are written once and never changed: every call adds a version, or finds it unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput
from core.locks import lock_name
from customers.models import WITHOUT_CHANNEL, Channel, ConsentText, Language, Purpose
from customers.queries.consent_texts import find_text
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

MAX_TEXT = 10_000
MAX_VERSION = 40  # as the column


@transaction.atomic
def add_consent_text(
    merchant: Merchant,
    *,
    version: str,
    language: str,
    purposes: Iterable[str],
    channels: Iterable[str],
    text: str,
    source: ConsentText.Source = ConsentText.Source.SETTINGS,
    staff: Staff | None = None,
) -> ConsentText:
    """Keep these words as ``version``; the same words under the same version are kept once.

    Raises InvalidInput for a subject that makes no sense, DomainError (``text_version_taken``) where the version
    already says something else about one of the purposes.
    """
    version, text = version.strip(), text.replace("\r\n", "\n").strip()
    subject = _in_order(purposes, Purpose.values), _in_order(channels, Channel.values)
    _check(version, language, *subject, text)
    lock_name(f"consent-text:{merchant.pk}")
    if known := _known(merchant, version, language, *subject):
        if (known.text, known.purposes, known.channels) == (text, *subject):
            return known
        raise DomainError(
            "text_version_taken",
            _("The version “%(version)s” has other words already. Give these another version.") % {"version": version},
            field="version",
        )
    added = ConsentText.objects.create(
        merchant=merchant,
        version=version,
        language=language,
        purposes=subject[0],
        channels=subject[1],
        text=text,
        source=source,
        created_by=staff,
    )
    if staff:
        record_audit(merchant, "consent_text.added", staff=staff, subject=added)
    return added


def require_text(
    merchant: Merchant, *, version: str, purpose: str, channel: str, languages: Sequence[str], words: str = ""
) -> ConsentText:
    """The text that somebody agreed to, by its version; ``words`` are what a sender says it reads, and may be new.

    Raises InvalidInput (``unknown_text_version``) for an unknown version without its words, and what
    ``add_consent_text`` raises.
    """
    known = find_text(merchant, version=version, purpose=purpose, channel=channel, languages=languages)
    if words:
        language = next((language for language in languages if language in Language.values), merchant.language)
        if known and known.language == language and known.text == words.replace("\r\n", "\n").strip():
            return known
        return add_consent_text(
            merchant,
            version=version,
            language=language,
            purposes=[purpose],
            channels=[channel] if channel else [],
            text=words,
            source=ConsentText.Source.SENT,
        )
    if known is None:
        raise InvalidInput(
            "unknown_text_version",
            _("No text for this purpose and channel has this version. Send its words as “text”, and they are kept."),
            field="text_version",
        )
    return known


def _in_order(given: Iterable[str], known: Sequence[str]) -> list[str]:
    """Without doubles and in the order of ``known``, so that one subject is written one way."""
    wanted = set(given)
    return [value for value in known if value in wanted] + sorted(wanted - set(known))


def _check(version: str, language: str, purposes: Sequence[str], channels: Sequence[str], text: str) -> None:
    if not version or len(version) > MAX_VERSION:
        raise InvalidInput("invalid_version", _("A version has 1 to 40 characters."), field="version")
    if language not in Language.values:
        raise InvalidInput("invalid_language", _("Texts are written in German or English."), field="language")
    if not text or len(text) > MAX_TEXT:
        raise InvalidInput("invalid_text", _("A text has 1 to 10,000 characters."), field="text")
    if not purposes or set(purposes) - set(Purpose.values):
        raise InvalidInput("invalid_purposes", _("Choose at least one purpose."), field="purposes")
    if set(channels) - set(Channel.values):
        raise InvalidInput("invalid_channels", _("This channel is not known."), field="channels")
    needs_channel = bool(set(purposes) - WITHOUT_CHANNEL)
    if needs_channel and not channels:
        raise InvalidInput("channel_missing", _("Advertising needs a channel: choose at least one."), field="channels")
    if channels and set(purposes) & WITHOUT_CHANNEL:
        raise InvalidInput(
            "channel_without_meaning",
            _("Profiling and tracking write to nobody: ask for them in a text of their own, without a channel."),
            field="channels",
        )


def _known(
    merchant: Merchant, version: str, language: str, purposes: Sequence[str], channels: Sequence[str]
) -> ConsentText | None:
    """A text of this version and language that speaks of one of the purposes on one of the channels."""
    rows = ConsentText.objects.for_merchant(merchant).filter(
        version=version, language=language, purposes__overlap=list(purposes)
    )
    return rows.filter(channels__overlap=list(channels)).first() if channels else rows.first()
