"""Amounts in forms have the decimals of their currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django import forms

from core.forms import KitForm, in_currency


class _Priced(KitForm):
    price = forms.DecimalField(min_value=0, max_digits=20, decimal_places=2)


@pytest.mark.parametrize(
    ("currency", "step", "taken", "refused"),
    [
        ("EUR", "0.01", "19.99", "19.999"),
        ("JPY", "1", "1980", "19.8"),
        ("KWD", "0.001", "1.985", "1.9851"),
    ],
)
def test_a_price_takes_the_decimals_of_its_currency(currency: str, step: str, taken: str, refused: str) -> None:
    def form(typed: str) -> _Priced:
        form = _Priced({"price": typed})
        in_currency(form.fields["price"], currency)
        return form

    assert form(taken).is_valid()
    assert form(taken).fields["price"].clean(taken) == Decimal(taken)
    assert not form(refused).is_valid()
    assert not form("9" * 21).is_valid()
    assert f'step="{step}"' in str(form(taken)["price"])
