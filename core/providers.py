"""Where a page of a lower app shows what an upper app knows, the upper app registers a provider.

The lower app knows the protocol, not the noun: a customer's page asks for panels and timeline
entries, and never imports orders, recommendations or campaigns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from merchants.models import Merchant

T = TypeVar("T")


class Registry(Generic[T]):
    """Providers in the order of their rank; filled in ``AppConfig.ready``."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str, T]] = []

    def register(self, provider: T, *, name: str, rank: int = 100) -> T:
        self._entries = [entry for entry in self._entries if entry[1] != name]
        self._entries.append((rank, name, provider))
        self._entries.sort(key=lambda entry: (entry[0], entry[1]))
        return provider

    def __iter__(self) -> Iterator[T]:
        return iter([provider for _rank, _name, provider in self._entries])

    def named(self) -> Iterator[tuple[str, T]]:
        """Every provider with the name it is registered under."""
        return iter([(name, provider) for _rank, name, provider in self._entries])


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened, for a profile's timeline.

    ``folds``: what follows one another with the same sentence here is shown as that one sentence, which says how many
    (``"Looked at %(count)s pages"``). ``channel`` says where it happened, under its icon; ``is_bot``: no person did it.
    """

    at: datetime
    kind: str
    icon: str
    title: str
    detail: str = ""
    url: str = ""
    tone: str = "secondary"
    channel: str = ""
    channel_icon: str = ""
    folds: str = ""
    is_bot: bool = False


@dataclass(frozen=True)
class TimelineFilter:
    """A chip above the timeline that leaves only the entries of some providers, by the names they registered."""

    label: Any
    icon: str
    sources: frozenset[str]


@dataclass(frozen=True)
class Panel:
    """A card on a page: a template of the providing app with its context.

    On a customer's page it stands in the narrow column beside the timeline, or, with ``is_wide``, above it.
    """

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    is_wide: bool = False


@dataclass(frozen=True)
class NavigationItem:
    """A screen in the side bar. ``section`` groups; ``minimum_role`` hides it from lower roles."""

    url_name: str
    label: Any
    icon: str
    section: str
    minimum_role: int = 0


# (customer, limit, before) → newest first; ``before`` is the keyset of the endless scroll.
customer_timeline: Registry[Callable[[Any, int, datetime | None], list[TimelineEntry]]] = Registry()
timeline_filters: Registry[TimelineFilter] = Registry()
customer_panels: Registry[Callable[[Any], Panel]] = Registry()
company_panels: Registry[Callable[[Any], Panel]] = Registry()
order_panels: Registry[Callable[[Any], Panel]] = Registry()
product_panels: Registry[Callable[[Any], Panel]] = Registry()


@dataclass(frozen=True)
class OpenMatter:
    """Something about a customer that is not settled: ``kind`` is for programs, ``title`` for people."""

    kind: str
    title: str
    since: datetime | None = None
    reference: str = ""
    is_urgent: bool = False


@dataclass(frozen=True)
class LookupSection:
    """What an app tells a till about a customer: ``read(customer)``, written by the serializer field ``output``."""

    output: Any
    read: Callable[[Any], Any]


# Sections of the answer to a till, under the names they are registered by.
customer_lookup: Registry[LookupSection] = Registry()
open_matters: Registry[Callable[[Any], list[OpenMatter]]] = Registry()
# What a job of a certain kind came to, instead of its raw result; None for jobs of other kinds.
job_panels: Registry[Callable[[Any], Panel | None]] = Registry()
navigation: Registry[NavigationItem] = Registry()
# (merchant, text) → results of the command palette.
search_results: Registry[Callable[[Merchant, str], list[Any]]] = Registry()
