"""Through which channel an event came: what it says itself, else what sent it, else what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

WEB, APP, POS, EMAIL, SOCIAL, SUPPORT = "web", "app", "pos", "email", "social", "support"
CHANNELS = frozenset({WEB, APP, POS, "clienteling", EMAIL, SOCIAL, SUPPORT})
# What SDKs call it. A server speaks for whatever channel the shop has, so "server" says nothing.
SAID = {name: name for name in CHANNELS} | {
    "browser": WEB,
    "mobile": APP,
    "ios": APP,
    "android": APP,
    "store": POS,
    "till": POS,
    "retail": POS,
    "e-mail": EMAIL,
    "mail": EMAIL,
    "social_media": SOCIAL,
    "helpdesk": SUPPORT,
}
NOTHING_SAID = frozenset({"", "server", "sources", "source", "http", "warehouse"})
# By what the name of the library says, the first that fits.
LIBRARIES = (
    ("ios", APP),
    ("android", APP),
    ("react-native", APP),
    ("reactnative", APP),
    ("flutter", APP),
    ("swift", APP),
    ("kotlin", APP),
    ("unity", APP),
    ("cx.js", WEB),
    ("analytics.js", WEB),
    ("analytics-next", WEB),
    ("javascript", WEB),
)


class UnknownChannel(ValueError):  # noqa: N818  # reads as what it says
    """The event names a channel that is none of ours."""


def channel_of(said: Iterable[Any], library: Any, kind: str, name: str) -> str:
    """By what was ``said``, first come first; else by the ``library`` that sent it; else by what it is.

    Raises UnknownChannel for a channel that is named and not known: a slip would fill the wrong column for years.
    """
    for channel in said:
        if channel is None:
            continue
        spoken = channel.strip().lower() if channel.__class__ is str else None
        if spoken in SAID:
            return SAID[spoken]
        if spoken not in NOTHING_SAID:
            raise UnknownChannel
    return _of_library(library) or _of_kind(kind, name)


def _of_library(library: Any) -> str:
    """By its name, given as text or in an object; empty: it does not tell."""
    name = library.get("name") if isinstance(library, Mapping) else library
    if not isinstance(name, str):
        return ""
    spoken = name.lower()
    return next((channel for part, channel in LIBRARIES if part in spoken), "")


def _of_kind(kind: str, name: str) -> str:
    if kind == "screen":
        return APP
    return EMAIL if name.startswith("Email ") else WEB
