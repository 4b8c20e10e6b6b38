"""Input that says exactly what it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.validators import EmailValidator, URLValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import SkipField, empty

from core.money import MAX_AMOUNT

# All of Unicode's category Cc.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class StrictSerializer(serializers.Serializer[Any]):
    """An explicit input serializer: unknown keys are an error (mass assignment, typing slips)."""

    def to_internal_value(self, data: Any) -> Any:
        self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Any) -> None:
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - self._known)):
            raise serializers.ValidationError(
                {
                    name: serializers.ErrorDetail(str(_("This field is not known.")), code="unknown_field")
                    for name in unknown
                }
            )

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(name for name, field in self.fields.items() if not field.read_only)


class StrictQuery(StrictSerializer):
    """A query string of plain values. Made once and asked again and again: it looks only at what is said.

    DRF looks at every field there is, whether said or not, which takes longer than to check those that are. Not for
    serializers with methods that validate, or whose fields have another ``source``.
    """

    def run_validation(self, data: Any = empty) -> dict[str, Any]:
        """The values that are said, and those that stand for what is not. Raises ValidationError."""
        self._refuse_unknown(data)
        found: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, field in self._all:
            if name not in data and name not in self._missed:
                continue
            try:
                found[name] = field.run_validation(field.get_value(data))
            except SkipField:
                continue
            except serializers.ValidationError as wrong:
                errors[name] = wrong.detail
        if errors:
            raise serializers.ValidationError(errors)
        return found

    @cached_property
    def _all(self) -> list[tuple[str, serializers.Field[Any, Any, Any, Any]]]:
        return list(self.fields.items())

    @cached_property
    def _missed(self) -> frozenset[str]:
        """What counts when it is left out, too."""
        return frozenset(name for name, field in self._all if field.required or field.default is not empty)


class StrictCharField(serializers.CharField):
    """Text as text: a number or true is refused, not turned into one. Blank is refused unless allowed.

    Control characters are refused (names and titles go into message headers); ``multiline`` allows line breaks.
    """

    default_error_messages = {"control_character": _("Control characters are not allowed.")}

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self._allowed = "\n\r\t" if multiline else ""
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if any(sign not in self._allowed for sign in CONTROL_CHARACTERS.findall(data)):
            self.fail("control_character")
        return super().to_internal_value(data)


class EmailAddressField(StrictCharField):
    """An address as people have them; the case is kept."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 254} | kwargs)
        self.validators.append(EmailValidator())


class WebAddressField(StrictCharField):
    """An ``http`` or ``https`` address; other schemes could run as script or read files."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 500} | kwargs)
        self.validators.append(URLValidator(schemes=["http", "https"]))


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; 2.0, "2" and true are refused."""

    default_error_messages = {"not_whole": _("This must be a whole number.")}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("not_whole")
        return super().to_internal_value(data)


class AmountField(WholeNumberField):
    """A non-negative amount in minor units; 19.99 and "1999" are refused."""

    default_error_messages = {"not_whole": _("Amounts are whole numbers of minor units, e.g. 1999 for 19.99.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MAX_AMOUNT} | kwargs)


class TaxRateField(serializers.DecimalField):
    """A share such as ``"0.19"``, of four decimal places at most."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=5, decimal_places=4, min_value=Decimal(0), max_value=Decimal(1), **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """true or false; "yes", 1 and 0 are refused."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class MomentField(serializers.DateTimeField):
    """A moment with its offset (``Z`` or ``+01:00``): without one it could be hours off. Given out in UTC."""

    default_error_messages = {
        "no_offset": _("A moment needs an offset, e.g. 2026-11-20T10:00:00Z."),
        "out_of_range": _("This moment is too long ago or too far ahead."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("no_offset")
        if not 1900 < value.year < 2200:
            self.fail("out_of_range")
        return super().enforce_timezone(value)


class DayField(serializers.DateField):
    """A day, ``2026-11-25``, of this age."""

    default_error_messages = {"out_of_range": _("This day is too long ago or too far ahead.")}

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DD")
        day = super().to_internal_value(value)
        if not 1900 < day.year < 2200:
            self.fail("out_of_range")
        return day
