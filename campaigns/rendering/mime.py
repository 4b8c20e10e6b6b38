"""The bytes of a message: RFC 5322 and MIME. Pure.

Both parts are quoted-printable, so every line is short and seven-bit: any mail server takes it unchanged.
"""

from __future__ import annotations

import binascii
import email
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.policy import default as default_policy
from email.utils import format_datetime, formataddr

_UTF8 = Charset("utf-8")
_UTF8.header_encoding = QP


@dataclass(frozen=True)
class Envelope:
    """Who writes to whom. Addresses are ASCII (``mail_address`` makes them so); names may hold anything."""

    sender_name: str
    sender: str
    recipient: str
    message_id: str
    date: datetime
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def build_message(envelope: Envelope, *, subject: str, text: str, html: str) -> bytes:
    """A ``multipart/alternative`` message, ready to be handed over: CRLF line ends, ASCII only.

    Assembled here, because the standard library's generator takes longer than writing the message does.
    """
    # No quoted-printable line can be this one: the "=" of "=_" would have to be written "=3D".
    boundary = f"=_{secrets.token_hex(16)}"
    headers = {
        "From": formataddr((one_line(envelope.sender_name), envelope.sender), _UTF8),
        "To": envelope.recipient,
        "Subject": _words(one_line(subject)),
        "Date": format_datetime(envelope.date),
        "Message-ID": envelope.message_id,
        **({"Reply-To": envelope.reply_to} if envelope.reply_to else {}),
        **envelope.headers,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    parts = [_part("plain", text), _part("html", html)]
    message = "\n".join(
        [
            *map(_header, headers, headers.values()),
            "",
            *[f"--{boundary}\n{part}" for part in parts],
            f"--{boundary}--",
            "",
        ]
    )
    return message.replace("\n", "\r\n").encode("ascii")


def _header(name: str, value: str) -> str:
    """Not folded but between encoded words: some mailboxes read a folded List-Unsubscribe as an empty one.

    Raises ValueError for a value that would begin another header.
    """
    if any(line[:1] not in (" ", "\t") for line in value.split("\n")[1:]) or "\r" in value:
        raise ValueError(f"The header {name} has a line end in it.")
    return f"{name}: {value}"


def _part(subtype: str, content: str) -> str:
    lines = content.replace("\r\n", "\n").strip() + "\n"
    body = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True).decode("ascii")
    return f'Content-Type: text/{subtype}; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n{body}'


def _words(text: str) -> str:
    """Free text of a header: as it is, or in encoded words of at most 75 characters (RFC 2047)."""
    return text if text.isascii() else Header(text, _UTF8, header_name="Subject").encode()


@dataclass(frozen=True)
class Parts:
    """A stored message taken apart again, for people who look at it."""

    headers: list[tuple[str, str]]
    text: str
    html: str


def read_message(body: bytes) -> Parts:
    """The headers, decoded and in their order, and both parts of what ``build_message`` made."""
    message = email.message_from_bytes(body, policy=default_policy)
    found = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    content = {kind: part.get_content() if part else "" for kind, part in found.items()}
    return Parts(list(message.items()), content["plain"], content["html"])


def one_line(text: str) -> str:
    """Without line ends and other control characters: nothing in a name or subject can start a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def mail_address(address: str) -> str | None:
    """``address`` as SMTP takes it, its domain in ASCII; None for one that cannot be written to."""
    local, at, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    clean = f"{local}@{ascii_domain}"
    is_possible = at and local.isascii() and clean.isprintable() and not set(clean) & set(' <>()[]\\,;:"')
    return clean if is_possible and local and "@" not in local and _is_domain(ascii_domain) else None


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    return len(domain) <= 253 and all(label and not label.startswith("-") and len(label) <= 63 for label in labels)
