"""Random codes that people can read and type: pure. No letter that is taken for a digit (I, O), nor 0 or 1."""

from __future__ import annotations

from collections.abc import Callable

# 32 signs, five bits each: a byte gives one without any being likelier than another.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
BITS = 5
SAFE_BITS = 50
SAFE_LENGTH = SAFE_BITS // BITS
SHORTEST, LONGEST = 4, 24
_TABLE = bytes(ord(ALPHABET[number % len(ALPHABET)]) for number in range(256))


def space(length: int) -> int:
    """How many codes of so many signs there are."""
    return 1 << (BITS * length)


def most_codes(length: int) -> int:
    """Never above half of the space: a guess must miss more often than hit, and finding free codes must end."""
    return space(length) // 2


def make_codes(count: int, *, prefix: str, length: int, random_bytes: Callable[[int], bytes]) -> set[str]:
    """``count`` different codes; ``random_bytes`` is ``os.urandom`` outside of tests."""
    made: set[str] = set()
    while len(made) < count:
        wanted = count - len(made)
        signs = random_bytes(wanted * length).translate(_TABLE).decode("ascii")
        made |= {prefix + signs[at : at + length] for at in range(0, wanted * length, length)}
    return made
