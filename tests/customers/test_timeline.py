"""The timeline of a customer: everything once, in order, at a cost that does not grow."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.providers import Registry, TimelineEntry, TimelineFilter
from customers.actions.consent import record_objection
from customers.models import Customer
from customers.timeline import Cursor, Fold, by_day, timeline
from merchants.models import Merchant
from tests.factories import CustomerFactory

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
Provider = Callable[[Customer, int, datetime | None], list[TimelineEntry]]


def _entries(moments: list[datetime], name: str = "entry", **fields: str) -> Provider:
    """A provider of entries at these moments; of one moment the later in the list comes first."""

    def provider(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
        numbered = [(moment, number) for number, moment in enumerate(moments) if before is None or moment < before]
        newest = sorted(numbered, reverse=True)[:limit]
        return [TimelineEntry(moment, "x", "star", f"{name} {number}", **fields) for moment, number in newest]

    return provider


@pytest.fixture
def provide(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``provide(shop=provider, …)`` makes these the only providers, each with a chip of its name."""

    def replace(**providers: Provider) -> None:
        known, filters = Registry[Provider](), Registry[TimelineFilter]()
        for name, provider in providers.items():
            known.register(provider, name=name)
            filters.register(TimelineFilter(f"Chip of {name}", "star", frozenset({name})), name=name)
        monkeypatch.setattr("customers.timeline.customer_timeline", known)
        monkeypatch.setattr("customers.timeline.timeline_filters", filters)

    return replace


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, first_name="Ada", last_name="Berg", email="ada@example.org")


def _walk(customer: Customer, size: int, kinds: list[str] | None = None) -> list[TimelineEntry]:
    seen: list[TimelineEntry] = []
    cursor: Cursor | None = None
    for _page in range(200):
        page = timeline(customer, after=cursor, size=size, kinds=kinds or [])
        seen += page.entries
        if page.older is None:
            return seen
        cursor = Cursor.read(**page.older.as_query())
        assert cursor == page.older
    raise AssertionError("the timeline does not end")


moments = st.lists(st.integers(0, 6).map(lambda minute: AT + timedelta(minutes=minute)), max_size=25)


@given(first=moments, second=moments, size=st.integers(1, 9))
def test_every_entry_is_shown_once_and_those_of_one_moment_stay_together(
    first: list[datetime], second: list[datetime], size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        known = Registry[Provider]()
        known.register(_entries(first, "first"), name="1")
        known.register(_entries(second, "second"), name="2")
        patch.setattr("customers.timeline.customer_timeline", known)
        seen = _walk(Customer(), size)
        at_once = timeline(Customer(), size=1000).entries
    assert seen == at_once
    assert len(seen) == len(first) + len(second)
    assert [entry.at for entry in seen] == sorted([*first, *second], reverse=True)


def test_a_page_asks_for_no_more_than_it_shows(customer: Customer, provide: Callable[..., None]) -> None:
    asked: list[int] = []

    def endless(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
        asked.append(limit)
        return [
            TimelineEntry((before or AT) - timedelta(seconds=second + 1), "x", "star", "") for second in range(limit)
        ]

    provide(endless=endless)
    cursor = None
    for _page in range(50):
        cursor = timeline(customer, after=cursor, size=30).older
    assert set(asked) == {31, 32}  # the page, whether more follow, and the last entry of the page before


def test_more_things_of_one_moment_than_anybody_has_do_not_catch_the_reader(
    customer: Customer, provide: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.timeline.MOST_AT_ONCE", 4)
    provide(shop=_entries([AT - timedelta(hours=1), *[AT] * 9]))
    assert [entry.at for entry in _walk(customer, 3)][-1] == AT - timedelta(hours=1)


def test_chips_leave_the_entries_of_their_providers(
    client: Client, customer: Customer, provide: Callable[..., None]
) -> None:
    provide(visits=_entries([AT], "visit"), notes=_entries([AT], "note"), mail=_entries([AT], "mail"))
    url = f"/m/{customer.merchant.slug}/customers/{customer.pk}/"
    page = client.get(url, {"kind": ["notes", "mail", "unheard-of"]})
    assert "note 0" in page.text
    assert "mail 0" in page.text
    assert "visit 0" not in page.text
    assert [(chip.name, chip.is_on, chip.query) for chip in page.context["chips"]] == [
        ("mail", True, "kind=notes"),
        ("notes", True, "kind=mail"),
        ("visits", False, "kind=mail&kind=notes&kind=visits"),
    ]


def test_a_chip_is_answered_with_the_timeline_alone_and_goes_on_with_its_kind(
    client: Client, customer: Customer, provide: Callable[..., None]
) -> None:
    provide(visits=_entries([AT] * 40, "visit"), notes=_entries([AT], "note"))
    url = f"/m/{customer.merchant.slug}/customers/{customer.pk}/?kind=visits"
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "timeline"})
    assert "<html" not in part.text
    assert 'id="timeline"' not in part.text
    assert "HX-Request" in part["Vary"]
    more = part.context["more_url"]
    assert "kind=visits" in more
    assert "note" not in client.get(more, headers={"HX-Request": "true"}).text
    assert "<html" in client.get(url).text


def test_nothing_of_a_kind_says_so(client: Client, customer: Customer, provide: Callable[..., None]) -> None:
    provide(visits=_entries([]), notes=_entries([AT], "note"))
    page = client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/?kind=visits").text
    assert "Nothing of this kind happened yet." in page


def test_older_entries_come_as_a_fragment_with_the_next_address(
    client: Client, customer: Customer, provide: Callable[..., None]
) -> None:
    provide(shop=_entries([AT + timedelta(hours=hour) for hour in range(70)]))
    more = client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/").context["more_url"]
    part = client.get(more, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert part.text.count("cx-event-title") == 30
    assert part.context["more_url"] not in ("", more)
    assert "<html" in client.get(more).text
    last = client.get(part.context["more_url"], headers={"HX-Request": "true"})
    assert last.text.count("cx-event-title") == 10
    assert last.context["more_url"] == ""


def test_a_day_that_goes_on_has_one_heading(client: Client, customer: Customer, provide: Callable[..., None]) -> None:
    """Of the shop's calendar: half past eleven in the evening UTC is the next day in Berlin."""
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    provide(shop=_entries([late - timedelta(hours=3), *[late + timedelta(seconds=n) for n in range(31)]]))
    first = client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/")
    assert first.text.count("Thursday, July 2, 2026") == 1
    part = client.get(first.context["more_url"], headers={"HX-Request": "true"}).text
    assert "July 2" not in part
    assert "Wednesday, July 1, 2026" in part
    assert "July 2" in client.get(first.context["more_url"]).text  # a page of its own begins anew


def test_runs_of_one_kind_fold_within_their_day(customer: Customer) -> None:
    def looked(minute: int, **fields: object) -> TimelineEntry:
        at = AT - timedelta(minutes=minute)
        return TimelineEntry(at, "x", "eye", f"page {minute}", folds="Looked at %(count)s pages", **fields)  # type: ignore[arg-type]

    alone = TimelineEntry(AT - timedelta(minutes=3), "x", "search", "Searched")
    bots = [looked(6, is_bot=True), looked(7, is_bot=True)]
    days = by_day([looked(1), looked(2), alone, looked(4), *bots, looked(2 * 24 * 60), looked(2 * 24 * 60 + 1)])
    shown = [[item.title for item in day.items] for day in days]
    assert shown == [
        ["Looked at 2 pages", "Searched", "page 4", "Looked at 2 pages"],
        ["Looked at 2 pages"],
    ]
    fold = days[0].items[0]
    assert isinstance(fold, Fold)
    assert [entry.title for entry in fold.entries] == ["page 1", "page 2"]


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        ("", ""),
        ("yesterday", "1"),
        ("2026-11-01", "1"),
        ("2026-11-01T10:00:00", "1"),
        ("2026-99-99T10:00:00Z", "1"),
        ("9999-12-31T23:59:59.999999Z", "1"),
        ("2026-11-01T10:00:00Z", "-1"),
        ("2026-11-01T10:00:00Z", "10001"),
        ("2026-11-01T10:00:00Z", "x"),
    ],
)
def test_an_edited_cursor_is_the_newest_page(client: Client, customer: Customer, before: str, shown: str) -> None:
    record_objection(customer, source="test")
    url = f"/m/{customer.merchant.slug}/customers/{customer.pk}/timeline"
    days = client.get(url, {"before": before, "shown": shown}).context["days"]
    assert [len(day.items) for day in days] == [1]
