"""Whoever tries codes that do not exist has to wait after some of them; carts without codes are decided all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rest_framework.exceptions import Throttled

from core.errors import DomainError
from merchants.models import Merchant
from promotions.actions.guessing import failed_codes, note_tries
from promotions.deciding import Basket, shared_codes
from promotions.pricing.cart import normalise_code
from promotions.queries.guessing import asking, seconds_to_wait


class TooManyTries(Throttled):
    """429 with ``Retry-After``."""

    default_detail = "Too many codes that do not exist. Take the codes off the cart, or try again later."
    default_code = "too_many_code_tries"
    extra_detail_singular = extra_detail_plural = ""


class TooManyNamelessTries(TooManyTries):
    """Of carts that say nothing about whom they are of: whoever names the shopper need not wait for the others."""

    default_detail = (
        "Too many codes that do not exist, on carts that say neither the shopper's id, email nor ip. Say one of them, "
        "take the codes off the cart, or try again later."
    )


class Tries:
    """What is noted of the codes on one cart, once it is decided."""

    def __init__(self, merchant: Merchant, names: list[str]) -> None:
        self._merchant, self._names = merchant, names

    def note(self, decision: Mapping[str, Any], *, customer_id: int | None = None) -> None:
        note_tries(self._merchant, self._names, failed_codes(decision), customer_id=customer_id)


def _refuse(merchant: Merchant, basket: Basket, wait: int) -> None:
    """Without a name, one guesser would bar everybody else: a code that is no secret goes on for them all the same."""
    if basket.external_id or basket.email or basket.ip:
        raise TooManyTries(wait=wait)
    if not set(map(normalise_code, basket.codes)) <= shared_codes(merchant.pk):
        raise TooManyNamelessTries(wait=wait)


@contextmanager
def tries(merchant: Merchant, basket: Basket) -> Iterator[Tries]:
    """Around the decision on a cart. Raises TooManyTries for a shopper who has to wait.

    A refusal that shows the decision tells of codes as well, and counts.
    """
    names = asking(merchant, external_id=basket.external_id, email=basket.email, ip=basket.ip) if basket.codes else []
    if wait := seconds_to_wait(merchant, names):
        _refuse(merchant, basket, wait)
    noting = Tries(merchant, names)
    try:
        yield noting
    except DomainError as error:
        if "decision" in error.extra:
            noting.note(error.extra["decision"])
        raise
