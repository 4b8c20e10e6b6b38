"""A storefront's server, as the API sees it."""

from typing import Any

from rest_framework.test import APIClient

from merchants.actions import create_api_key
from merchants.models import Merchant


class Storefront(APIClient):
    """Sends JSON under a key; a server error is an answer, not an exception."""

    default_format = "json"

    def __init__(self, token: str = "", **headers: str) -> None:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(raise_request_exception=False, headers=authorization | headers)


def storefront(merchant: Merchant, *, kind: str = "sk", scopes: list[str] | None = None, **headers: Any) -> Storefront:
    """A new key of ``merchant`` and a client that uses it."""
    _key, token = create_api_key(merchant, kind=kind, name="tests", scopes=scopes)
    return Storefront(token, **headers)
