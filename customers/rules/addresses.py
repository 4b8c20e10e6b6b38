"""How an address is written so that two spellings of it are one. Pure."""

import re
import unicodedata

_NOT_DIALLED = re.compile(r"[^0-9+]")


def normalise_email(address: str) -> str:
    """``" Ada@Example.ORG "`` → ``"ada@example.org"``: what identities and suppressions compare."""
    return unicodedata.normalize("NFC", address).strip().lower()


def normalise_address(address: str) -> str:
    """An e-mail address as above, anything else as a telephone number: digits and plus only."""
    return normalise_email(address) if "@" in address else _NOT_DIALLED.sub("", address)
