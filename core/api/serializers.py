"""Input that says exactly what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.money import MAX_AMOUNT


class StrictSerializer(serializers.Serializer[Any]):
    """An explicit input serializer: unknown keys are an error (mass assignment, typing slips)."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := sorted(set(data) - known):
                raise serializers.ValidationError(
                    {
                        name: serializers.ErrorDetail(_("This field is not known."), code="unknown_field")
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


class StrictCharField(serializers.CharField):
    """Text as text: a number or true is refused, not turned into one. Blank is refused unless allowed."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class AmountField(serializers.IntegerField):
    """A non-negative amount in minor units; 19.99 and "1999" are refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MAX_AMOUNT} | kwargs)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError(
                _("Amounts are whole numbers of minor units, e.g. 1999 for 19.99."), code="invalid_amount"
            )
        return super().to_internal_value(data)
