"""Handing finished messages to the mail server that ``EMAIL_URL`` names."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from campaigns.reasons import StateCode

_ENHANCED_STATUS = re.compile(r"^\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_MAILBOX_REPLIES = {550, 551, 553}


class NotSent(Exception):  # noqa: N818  # one of three outcomes, not a defect
    """The server did not take the message: it certainly was not sent. ``reply`` is the server's own words."""

    def __init__(self, code: StateCode, reply: str = "") -> None:
        super().__init__(code.value)
        self.code = code
        self.reply = reply


class TryLater(NotSent):
    """For now: the server is away, or asks to come back."""


class Refused(NotSent):
    """For good."""


class InDoubt(Exception):  # noqa: N818  # see NotSent
    """The connection broke after the message was handed over and before the server's answer."""


def is_configured() -> bool:
    """Whether there is a mail server; without one, messages are kept in the installation."""
    return bool(settings.EMAIL_HOST)


class Transport:
    """One connection for many messages, opened when first needed; use it as a context manager."""

    def __init__(self) -> None:
        self._backend: EmailBackend | None = None
        self.is_down = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def open(self) -> None:
        """Connect, unless that was done. Raises TryLater; a server that was away once is not asked again."""
        if self._backend is not None:
            return
        if self.is_down:
            raise TryLater(StateCode.SERVER_UNREACHABLE)
        backend = EmailBackend(fail_silently=False)
        try:
            backend.open()
            if backend.connection is not None:
                backend.connection.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            self.is_down = True
            raise TryLater(StateCode.SERVER_UNREACHABLE, _describe(error)) from error
        self._backend = backend

    def send(self, sender: str, recipient: str, body: bytes) -> str:
        """Hand over one message; returns the server's reply. Raises Refused, TryLater or InDoubt."""
        self._address(sender, recipient)
        try:
            code, reply = self._data(body)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise InDoubt(_describe(error)) from error
        self._require(code == 250, code, reply)
        return _text(reply)

    def _data(self, body: bytes) -> tuple[int, bytes | str]:
        try:
            return self._server().data(body)
        except smtplib.SMTPDataError as refusal:
            return refusal.smtp_code, refusal.smtp_error

    def _address(self, sender: str, recipient: str) -> None:
        """MAIL and RCPT; an old connection that has died meanwhile is renewed once."""
        for is_last in (False, True):
            self.open()
            try:
                self._envelope(sender, recipient)
            except (OSError, smtplib.SMTPServerDisconnected) as error:
                self._drop()
                if is_last:
                    raise TryLater(StateCode.SERVER_UNREACHABLE, _describe(error)) from error
            else:
                return

    def _envelope(self, sender: str, recipient: str) -> None:
        server = self._server()
        code, reply = server.mail(sender)
        self._require(code == 250, code, reply)
        code, reply = server.rcpt(recipient)
        self._require(code in (250, 251), code, reply, is_recipient=True)

    def _require(self, accepted: bool, code: int, reply: bytes | str, *, is_recipient: bool = False) -> None:
        if accepted:
            return
        if code == 421:
            self._drop()
        else:
            self._quietly(self._server().rset)
        words = f"{code} {_text(reply)}"
        if not 500 <= code < 600:
            raise TryLater(StateCode.SERVER_BUSY, words)
        is_mailbox = is_recipient and _names_mailbox(code, _text(reply))
        raise Refused(StateCode.RECIPIENT_REFUSED if is_mailbox else StateCode.MESSAGE_REFUSED, words)

    def _server(self) -> smtplib.SMTP:
        if self._backend is None or self._backend.connection is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._backend.connection

    def _drop(self) -> None:
        if self._backend is not None:
            self._quietly(self._backend.close)
        self._backend = None

    def _quietly(self, farewell: Callable[[], object]) -> None:
        """What went wrong is known already; that the server is not even there for this adds nothing."""
        try:
            farewell()
        except (OSError, smtplib.SMTPException):
            self._backend = None


def _names_mailbox(code: int, reply: str) -> bool:
    """Whether a refusal says that the address does not exist, and not that it dislikes the sender or the message."""
    status = _ENHANCED_STATUS.match(reply)
    return status.group(2) == "1" if status else code in _MAILBOX_REPLIES


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:500]


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
