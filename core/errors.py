"""Errors that a caller can understand: a stable code, a sentence, an HTTP status."""

from typing import Any


class DomainError(Exception):
    """A use case refused its input or found the world in a state that forbids it.

    ``code`` is stable and for programs, ``message`` is translated and for people; ``extra`` goes
    into the problem document as further members.
    """

    def __init__(self, code: str, message: Any, *, status: int = 409, field: str | None = None, **extra: Any) -> None:
        super().__init__(str(message))
        self.code = code
        self.message = message
        self.status = status
        self.field = field
        self.extra = extra


class InvalidInput(DomainError):  # noqa: N818  # reads as what it says, like DRF's NotFound
    """Input that can never be accepted as it is (400)."""

    def __init__(self, code: str, message: Any, *, field: str | None = None, **extra: Any) -> None:
        super().__init__(code, message, status=400, field=field, **extra)
