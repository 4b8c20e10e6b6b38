"""The start page: figures, what needs a person, what is left to set up."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from campaigns.models import Message
from core.models import Delivery, Job
from insights.queries.figures import Figures, change, figures_by_day, last_days, total
from merchants.models import Merchant
from orders.models import Order
from tests.factories import CustomerFactory, OrderFactory
from tests.queries import queries_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def _order(merchant: Merchant, at: datetime, total: int, **fields: Any) -> Order:
    return OrderFactory(**{"customer__merchant": merchant, "placed_at": at, "total": total, **fields})


def test_figures_count_what_was_bought_in_the_days_of_the_shop(merchant: Merchant) -> None:
    days = [date(2026, 11, 20), date(2026, 11, 21)]
    _order(merchant, datetime(2026, 11, 19, 23, 0, tzinfo=UTC), 1000)  # midnight in Berlin: the 20th
    _order(merchant, datetime(2026, 11, 19, 22, 59, tzinfo=UTC), 1)  # the 19th
    _order(merchant, datetime(2026, 11, 21, 22, 59, tzinfo=UTC), 2000, refunded=500)
    _order(merchant, datetime(2026, 11, 21, 23, 0, tzinfo=UTC), 1)  # the 22nd
    _order(merchant, datetime(2026, 11, 20, 12, tzinfo=UTC), 1, state="cancelled")
    _order(merchant, datetime(2026, 11, 20, 12, tzinfo=UTC), 1, currency="USD")
    OrderFactory(placed_at=datetime(2026, 11, 20, 12, tzinfo=UTC))  # could leak: another merchant's
    CustomerFactory(merchant=merchant, first_order_at=datetime(2026, 11, 20, 12, tzinfo=UTC))
    CustomerFactory(merchant=merchant, first_order_at=datetime(2026, 11, 19, 12, tzinfo=UTC))
    found = figures_by_day(merchant, days)
    assert found == [Figures(orders=1, revenue=1000, new_customers=1), Figures(orders=1, revenue=1500, new_customers=0)]
    assert total(found) == Figures(orders=2, revenue=2500, new_customers=1)
    assert total(found).average_order == 1250


def test_nothing_has_no_average() -> None:
    assert Figures(0, 0, 0).average_order is None


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [(120, 100, 0.2), (50, 100, -0.5), (5, 0, None), (None, 5, None), (0, 10, -1), (999, 1000, 0)],
)
def test_change_is_relative_and_unknown_without_a_past(now: Any, before: Any, expected: Any) -> None:
    found = change(now, before)
    assert found == (pytest.approx(expected) if expected is not None else None)


def test_days_end_in_the_calendar_of_the_shop(merchant: Merchant) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 23, 30, tzinfo=UTC), tick=False):
        assert last_days(merchant, 2) == [date(2026, 11, 25), date(2026, 11, 26)]
        assert last_days(merchant, 1, ending=30) == [date(2026, 10, 27)]


def test_the_start_page_compares_whole_days(client: Client, merchant: Merchant) -> None:
    _order(merchant, NOW, 700)
    _order(merchant, NOW - timedelta(days=1), 3000)
    _order(merchant, NOW - timedelta(days=31), 2000)
    page = client.get(f"/m/{merchant.slug}/")
    assert page.context["today"].revenue == 700
    assert page.context["figures"].revenue == 3000
    assert page.context["changes"]["revenue"] == pytest.approx(0.5)
    chart = page.context["chart"]
    assert (len(chart.days), sum(chart.series[0].values), sum(chart.series[1].values)) == (30, 3000, 2000)
    assert "+50%" in page.text


def test_an_empty_shop_is_shown_what_to_set_up(client: Client, merchant: Merchant) -> None:
    page = client.get(f"/m/{merchant.slug}/")
    assert page.context["attention"] == []
    assert [step.done for step in page.context["steps"]] == [True, False, False, False, False, False, False]
    assert "1 of 7" in page.text
    assert "Needs you today" not in page.text
    assert "None" not in page.text


def _blocked_message(merchant: Merchant) -> None:
    order = _order(merchant, NOW, 100)
    Message.objects.create(
        merchant=merchant,
        kind=Message.Kind.ORDER_CONFIRMATION,
        legal_class="T",
        order=order,
        locale="de",
        message_id="<1@x>",
        unsubscribe_token="t",
        state=Message.State.FAILED,
    )


def test_what_needs_a_person_is_named_and_linked(client: Client, merchant: Merchant) -> None:
    Merchant.objects.filter(pk=merchant.pk).update(directors="")
    Delivery.objects.create(merchant=merchant, event="X", handler="y", payload={}, state=Delivery.State.FAILED)
    Job.objects.create(merchant=merchant, kind="train", title="T", state=Job.State.FAILED, finished_at=timezone.now())
    _order(merchant, NOW - timedelta(days=9), 100, promised_delivery_on=date(2026, 11, 20))
    _blocked_message(merchant)
    page = client.get(f"/m/{merchant.slug}/")
    titles = [item.title for item in page.context["attention"]]
    assert titles == [
        "The legal footer is incomplete: no message leaves",
        "1 message did not reach its reader",
        "1 delivery failed",
        "1 job failed this week",
        "1 order is late",
    ]
    for item in page.context["attention"]:
        assert client.get(item.url).status_code == 200
        assert item.url in page.text


def test_what_concerns_another_merchant_or_the_past_needs_nobody(
    client: Client, merchant: Merchant, stranger: Any
) -> None:
    other = stranger.merchant
    Delivery.objects.create(merchant=other, event="X", handler="y", payload={}, state=Delivery.State.FAILED)
    Job.objects.create(merchant=other, kind="train", title="T", state=Job.State.FAILED, finished_at=timezone.now())
    long_ago = timezone.now() - timedelta(days=8)
    Job.objects.create(merchant=merchant, kind="train", title="T", state=Job.State.FAILED, finished_at=long_ago)
    _order(other, NOW - timedelta(days=9), 100, promised_delivery_on=date(2026, 11, 20))
    _blocked_message(other)
    assert client.get(f"/m/{merchant.slug}/").context["attention"] == []


def test_the_start_page_costs_the_same_for_one_order_and_for_three(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/"
    _order(merchant, NOW - timedelta(days=1), 100)
    few = queries_of(client, url)
    _order(merchant, NOW - timedelta(days=2), 100)
    _order(merchant, NOW - timedelta(days=3), 100)
    assert queries_of(client, url) == few
