from datetime import timedelta

import numpy as np
import pytest

from recommendations.engines.interactions import BOT_PRODUCTS, Interactions
from tests.recommendations.worlds import NOON, frame, interactions, products


def test_positions_follow_ascending_ids_and_ages_are_days():
    found = interactions([(9, 30, 1, 2.0), (None, 10, 2, 1.5), (4, 10, 3, 0.0)], ids=[30, 10, 20])
    assert found.product_ids.tolist() == [10, 20, 30]
    assert found.customer_ids.tolist() == [4, 9]
    assert found.product.tolist() == [2, 0, 0]  # the oldest first
    assert found.customer.tolist() == [1, -1, 0]
    assert found.age.tolist() == pytest.approx([2.0, 1.5, 0.0], abs=1e-3)


def test_a_product_twice_in_a_basket_counts_once():
    found = interactions([(1, 10, 1, 1.0), (1, 10, 1, 1.0), (1, 10, 2, 1.0)])
    assert found.matrix().toarray().tolist() == [[2.0]]


def test_the_future_and_unlisted_products_are_left_out():
    rows = frame([(1, 10, 1, -1.0), (1, 99, 2, 1.0), (1, 10, 3, 1.0)])
    assert len(Interactions.from_frames(rows, products([10]), NOON)) == 1


def test_guests_are_in_baskets_but_not_in_the_matrix():
    found = interactions([(None, 10, 1, 1.0), (None, 11, 1, 1.0), (1, 10, 2, 1.0)])
    assert found.matrix().sum() == 1
    assert found.baskets().sum() == 3


def test_older_than_is_the_world_as_it_was():
    found = interactions([(1, 10, 1, 40.0), (1, 10, 2, 5.0)])
    past = found.older_than(28)
    assert past.age.tolist() == pytest.approx([12.0], abs=1e-3)
    assert past.shape == found.shape


def test_who_bought_half_of_a_big_range_is_a_bot():
    ids = list(range(BOT_PRODUCTS))
    shopper = [(1, product, product, 1.0) for product in ids[:50]]
    machine = [(2, product, 1000 + product, 1.0) for product in ids]
    people = interactions(shopper + machine).without_bots()
    assert set(people.customer.tolist()) == {0}


def test_who_bought_everything_in_a_small_shop_is_a_fan():
    rows = [(1, product, product, 1.0) for product in range(10)]
    assert len(interactions(rows).without_bots()) == 10


def test_buyers_with_two_baskets():
    rows = [(1, 10, 1, 1.0), (1, 11, 1, 1.0), (2, 10, 2, 1.0), (2, 10, 3, 1.0), (None, 10, 4, 1.0), (None, 10, 5, 1.0)]
    assert interactions(rows).buyers_with_two_baskets() == 1


def test_a_shop_without_purchases():
    empty = interactions([], ids=[1, 2])
    assert len(empty) == 0
    assert empty.shape == (0, 2)
    assert empty.matrix().shape == (0, 2)
    assert empty.baskets().shape == (0, 2)
    assert empty.buyers_with_two_baskets() == 0
    assert np.array_equal(empty.older_than(timedelta(days=1).days).product, empty.product)
