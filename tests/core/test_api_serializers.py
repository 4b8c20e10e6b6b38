"""Input fields that take exactly what they say."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.api.problems import field_errors
from core.api.serializers import (
    AmountField,
    DayField,
    EmailAddressField,
    MomentField,
    StrictBooleanField,
    StrictCharField,
    StrictQuery,
    StrictSerializer,
    TaxRateField,
    WebAddressField,
    WholeNumberField,
)


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        (StrictCharField(), "  Ada  ", "Ada"),
        (StrictCharField(multiline=True), "a\nb", "a\nb"),
        (EmailAddressField(), "Ada@example.org", "Ada@example.org"),
        (WebAddressField(), "https://shop.example/a?b=c", "https://shop.example/a?b=c"),
        (AmountField(), 0, 0),
        (TaxRateField(), "0.19", Decimal("0.19")),
        (TaxRateField(), 0.07, Decimal("0.07")),
        (TaxRateField(), 0, Decimal(0)),
        (StrictBooleanField(), False, False),
        (MomentField(), "2026-03-20T10:00:00+02:00", datetime(2026, 3, 20, 8, tzinfo=UTC)),
        (DayField(), "2026-02-28", date(2026, 2, 28)),
    ],
)
def test_accepted(field: serializers.Field[Any, Any, Any, Any], given: Any, expected: Any) -> None:
    assert field.run_validation(given) == expected


@pytest.mark.parametrize(
    ("field", "given", "code"),
    [
        (StrictCharField(), 7, "invalid"),
        (StrictCharField(), True, "invalid"),
        (StrictCharField(), "a\nb", "control_character"),
        (StrictCharField(), "a\x1bb", "control_character"),
        (StrictCharField(multiline=True), "a\x1bb", "control_character"),
        (StrictCharField(), "   ", "blank"),
        (EmailAddressField(), "ada@", "invalid"),
        (EmailAddressField(), "a" * 250 + "@example.org", "max_length"),
        (WebAddressField(), "ftp://shop.example/a", "invalid"),
        (WebAddressField(), "http://[::1", "invalid"),
        (WholeNumberField(), 2.0, "not_whole"),
        (WholeNumberField(), "2", "not_whole"),
        (WholeNumberField(), None, "null"),
        (AmountField(), -1, "min_value"),
        (AmountField(), 10**13 + 1, "max_value"),
        (AmountField(), 19.99, "not_whole"),
        (TaxRateField(), "0.19001", "max_decimal_places"),
        (TaxRateField(), "-0.01", "min_value"),
        (TaxRateField(), "sNaN", "invalid"),
        (TaxRateField(), "1e-400", "max_digits"),
        (TaxRateField(), "1e400", "max_digits"),
        (TaxRateField(), ["0.19"], "invalid"),
        (StrictBooleanField(), "true", "invalid"),
        (StrictBooleanField(), 1, "invalid"),
        (StrictBooleanField(), [], "invalid"),
        (MomentField(), "2026-03-20T10:00:00", "no_offset"),
        (MomentField(), "2026-03-20", "no_offset"),
        (MomentField(), "20.03.2026", "invalid"),
        (MomentField(), "9999-12-31T23:59:59-14:00", "out_of_range"),
        (MomentField(), ["2026"], "invalid"),
        (DayField(), "2026-02-30", "invalid"),
        (DayField(), "0001-01-01", "out_of_range"),
        (DayField(), 20260228, "invalid"),
    ],
)
def test_refused(field: serializers.Field[Any, Any, Any, Any], given: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        field.run_validation(given)
    assert refused.value.get_codes() == [code]


class Inner(StrictSerializer):
    size = WholeNumberField()


class Outer(StrictSerializer):
    name = StrictCharField()
    inner = serializers.ListField(child=Inner())


def test_every_refused_field_is_named_by_its_path() -> None:
    given = Outer(data={"name": 1, "inner": [{"size": 1}, {"size": "x", "colour": "red"}, 7]})
    with pytest.raises(ValidationError) as refused:
        given.is_valid(raise_exception=True)
    found = {(error["field"], error["code"]) for error in field_errors(refused.value)}
    assert found == {("name", "invalid"), ("inner.1.colour", "unknown_field"), ("inner.2", "invalid")}


class AsOthers(StrictSerializer):
    place = serializers.ChoiceField(choices=["here", "there"])
    name = StrictCharField(required=False, max_length=5)
    note = StrictCharField(required=False, allow_blank=True)
    limit = serializers.IntegerField(required=False, default=8, min_value=1)


class Asked(AsOthers, StrictQuery):
    pass


@pytest.mark.parametrize(
    "query",
    [
        "place=here",
        "place=here&name=Ada&limit=3",
        "place=here&name=&note=",
        "place=here&place=there",
        "",
        "place=",
        "place=nowhere&name=far%20too%20long&limit=0",
        "place=here&limit=many&name=%00",
        "place=here&nmae=Ada&limti=3",
    ],
)
def test_a_query_is_read_as_any_input_is(query: str) -> None:
    def told(serializer: StrictSerializer) -> Any:
        try:
            return dict(serializer.run_validation(QueryDict(query)))
        except serializers.ValidationError as wrong:
            return wrong.get_full_details()

    assert told(Asked()) == told(AsOthers())
