"""What people searched for is counted; who they are is not known."""

from datetime import date
from unittest import mock

import pytest
from redis.exceptions import ConnectionError as RedisAway

from core.redis import redis_client
from merchants.models import Membership, Merchant
from recommendations.models import SearchTerm
from recommendations.search import log
from recommendations.search.tasks import write_down_searches


def rows(merchant: Merchant) -> list[tuple[str, int, int]]:
    stored = SearchTerm.objects.for_merchant(merchant).order_by("text")
    return list(stored.values_list("text", "searches", "without_result"))


def test_searches_are_counted_by_day_and_text(merchant: Merchant, stranger: Membership):
    for text, found in [("Zelt", True), (" zelt ", True), ("zelt", False), ("fahrrad", False)]:
        log.note(merchant, text, found=found)
    log.note(stranger.merchant, "zelt", found=True)
    write_down_searches()
    log.note(merchant, "zelt", found=True)
    write_down_searches()
    assert rows(merchant) == [("fahrrad", 1, 1), ("zelt", 4, 1)]
    assert rows(stranger.merchant) == [("zelt", 1, 0)]


@pytest.mark.parametrize("text", ["ada@example.org", "0151 23456789", "4111 1111 1111 1111", "x" * 81, "?!", "  "])
def test_what_could_tell_who_somebody_is_is_not_counted(merchant: Merchant, text: str):
    log.note(merchant, text, found=False)
    assert not redis_client().exists(log.COUNTS)


def test_what_a_killed_worker_left_is_taken_up(merchant: Merchant):
    log.note(merchant, "zelt", found=True)
    with mock.patch.object(log, "_store", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        log.write_down()
    log.note(merchant, "schuh", found=True)
    assert log.write_down() == 1
    assert log.write_down() == 1
    assert rows(merchant) == [("schuh", 1, 0), ("zelt", 1, 0)]


def test_redis_away_costs_nothing_but_the_count(merchant: Merchant):
    with mock.patch.object(log, "redis_client", side_effect=RedisAway):
        log.note(merchant, "zelt", found=True)
        write_down_searches()
    assert rows(merchant) == []


def test_a_flood_of_texts_does_not_fill_the_table(merchant: Merchant):
    with mock.patch.object(log, "MOST_PER_DAY", 3):
        log._add(merchant.pk, date(2026, 11, 20), [("a", 1, 0), ("b", 2, 0)])
        log._add(merchant.pk, date(2026, 11, 20), [("b", 1, 0), ("c", 1, 0), ("d", 5, 5)])
    assert rows(merchant) == [("a", 1, 0), ("b", 3, 0), ("d", 5, 5)]


def test_a_shop_that_is_gone_is_no_hindrance(merchant: Merchant):
    log.note(Merchant(pk=10**6, slug="gone"), "zelt", found=True)
    log.note(merchant, "zelt", found=True)
    write_down_searches()
    assert rows(merchant) == [("zelt", 1, 0)]
