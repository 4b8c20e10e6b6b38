"""Identifiers of a shop's in addresses: any text, slashes included, without control characters.

What does not match is not an address of ours: a NUL byte or a text of 10,000 characters is a 404.
"""

from django.urls import register_converter
from django.urls.converters import StringConverter


class KeyConverter(StringConverter):
    """An SKU or an order number."""

    regex = r"[^\x00-\x1f\x7f-\x9f]{1,64}"


class LongKeyConverter(StringConverter):
    """A shop's own id of a customer."""

    regex = r"[^\x00-\x1f\x7f-\x9f]{1,320}"


register_converter(KeyConverter, "key")
register_converter(LongKeyConverter, "long_key")
