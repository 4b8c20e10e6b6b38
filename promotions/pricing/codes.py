"""Random codes that people can read and type: pure. No letter that is taken for a digit (I, O), nor 0 or 1."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2

# 32 signs, five bits each: a byte gives one without any being likelier than another.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
ALPHABETS = {"mixed": ALPHABET, "letters": ALPHABET[8:], "digits": "0123456789"}
SAFE_BITS = 50
SAFE_LENGTH = SAFE_BITS // 5
SHORTEST, LONGEST = 4, 24


def space(length: int, alphabet: str = "mixed") -> int:
    """How many codes of so many signs there are."""
    return int(len(ALPHABETS[alphabet]) ** length)


def safe_length(alphabet: str) -> int:
    """So many signs carry ``SAFE_BITS``."""
    return ceil(SAFE_BITS / log2(len(ALPHABETS[alphabet])))


def most_codes(length: int, alphabet: str = "mixed") -> int:
    """Never above half of the space: a guess must miss more often than hit, and finding free codes must end."""
    return space(length, alphabet) // 2


def _translation(signs: str) -> tuple[bytes, bytes]:
    """What bytes become signs, and which are thrown away so that no sign is likelier than another."""
    even = 256 - 256 % len(signs)
    table = bytes(ord(signs[number % len(signs)]) for number in range(256))
    return table, bytes(range(even, 256))


_TRANSLATIONS = {name: _translation(signs) for name, signs in ALPHABETS.items()}


def make_codes(
    count: int, *, prefix: str, length: int, random_bytes: Callable[[int], bytes], alphabet: str = "mixed"
) -> set[str]:
    """``count`` different codes; ``random_bytes`` is ``os.urandom`` outside of tests."""
    table, uneven = _TRANSLATIONS[alphabet]
    made: set[str] = set()
    while len(made) < count:
        wanted = count - len(made)
        signs = random_bytes(wanted * length).translate(table, uneven).decode("ascii")
        made |= {prefix + signs[at : at + length] for at in range(0, len(signs) - length + 1, length)}
    return made
