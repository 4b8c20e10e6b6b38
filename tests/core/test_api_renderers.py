"""Answers are JSON as DRF writes it."""

import json
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.utils.functional import lazystr
from rest_framework import renderers
from rest_framework.serializers import Serializer
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from core.api.renderers import JSONRenderer


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "",
        {"text": 'Größe “ä” \\ " \n \t', "none": None, "true": True, "share": 0.1, "tiny": 1e-9, "whole": -(2**63)},
        {"at": datetime(2026, 11, 26, 7, 0, tzinfo=UTC), "day": date(2026, 11, 26), "hour": time(7, 30)},
        {"at": datetime(2026, 11, 26, 7, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))},
        {"price": Decimal("1.50"), "id": uuid.UUID(int=7)},
        {"late": lazystr("translated"), 1: "a number as key"},
        {"more than 64 bits": 10**30},
        (1, 2),
        ReturnList([ReturnDict({"a": 1}, serializer=Serializer())], serializer=Serializer()),
    ],
)
def test_it_says_what_drf_says(value: Any) -> None:
    ours, theirs = JSONRenderer().render(value), renderers.JSONRenderer().render(value)
    assert json.loads(ours) == json.loads(theirs)
    assert len(ours) <= len(theirs) + 1  # as compact: 1e-9 is 1e-09, and 1.50 is 1.5


def test_nothing_is_an_empty_body_and_whoever_asks_gets_it_indented() -> None:
    assert JSONRenderer().render(None) == b""
    assert JSONRenderer().render({"a": 1}, "application/json; indent=2") == b'{\n  "a": 1\n}'


def test_what_is_no_json_is_an_error_and_not_its_name() -> None:
    with pytest.raises(TypeError):
        JSONRenderer().render({"what": object()})
