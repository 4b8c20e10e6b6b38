"""Facts of the products that rules speak of, one entry per product of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import Category, Product
from recommendations.engines.interface import Bools, Floats

Ids = NDArray[np.int64]
UNCOUNTED = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Shelf:
    """``ids`` ascend. ``margin``: the share of the net price that remains, NaN where the cost is unknown.

    ``stock``: units, ``UNCOUNTED`` where nobody counts. ``paths``: of the categories, by id.
    """

    ids: Ids
    category: Ids
    price: Ids
    stock: Ids
    margin: Floats
    age_days: Floats
    paths: dict[int, str]

    def below(self, category_id: int) -> Bools:
        """Products of the category and of those inside it."""
        path = self.paths.get(category_id)
        if path is None:
            return np.zeros(len(self.ids), np.bool_)
        inner = [pk for pk, other in self.paths.items() if other == path or other.startswith(path + Category.SEPARATOR)]
        return np.isin(self.category, np.array(inner, np.int64))


def read_shelf(merchant_id: int, ids: Ids) -> Shelf:
    """The facts as they are now; two queries."""
    rows = Product.objects.for_merchant(merchant_id).order_by("pk")
    columns = rows.values_list("pk", "category_id", "price", "stock", "cost", "tax_rate", "created_at")
    shelf = Shelf(
        ids=ids,
        category=np.zeros(len(ids), np.int64),
        price=np.zeros(len(ids), np.int64),
        stock=np.full(len(ids), UNCOUNTED, np.int64),
        margin=np.full(len(ids), np.nan, np.float32),
        age_days=np.full(len(ids), np.inf, np.float32),
        paths=dict(Category.objects.for_merchant(merchant_id).values_list("pk", "path")),
    )
    now = timezone.now()
    for pk, category, price, stock, cost, tax_rate, created_at in columns.iterator(20_000):
        place = int(ids.searchsorted(pk))
        if place == len(ids) or ids[place] != pk:
            continue
        shelf.category[place] = category or 0
        shelf.price[place] = price
        if stock is not None:
            shelf.stock[place] = stock
        net = price / (1 + float(tax_rate))
        if cost is not None and net > 0:
            shelf.margin[place] = (net - cost) / net
        shelf.age_days[place] = (now - created_at).total_seconds() / 86_400
    return shelf
