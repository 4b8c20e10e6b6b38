"""Precomputed lists of neighbours: what item-kNN and co-purchase answer from.

Two small dense arrays (products × N) instead of a sparse matrix: adding up the lists of fifty
anchors is one gather and one ``bincount``, whatever the size of the catalogue's matrix was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from recommendations.engines.interface import NOTHING, Arrays, Context, Floats, Ints

LIST_LENGTH = 50
# Rows of a dense matrix that are looked through at once.
BLOCK = 512


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each product its most similar others: ``ids`` and ``scores``, both (products, N).

    Shorter lists are padded with product 0 at score 0.
    """

    ids: Ints
    scores: Floats

    @classmethod
    def none(cls, products: int) -> Self:
        """Nobody has any."""
        return cls(np.zeros((products, 1), np.int32), np.zeros((products, 1), np.float32))

    @classmethod
    def strongest(cls, similarity: sp.csr_array, length: int = LIST_LENGTH) -> Self:
        """The ``length`` highest positive entries of each row of ``similarity``, without the product itself."""
        size = similarity.shape[0]
        if similarity.shape != (size, size):
            raise ValueError(f"A similarity is square, this one is {similarity.shape}.")
        length = max(1, min(length, size - 1))
        ids, scores = np.zeros((size, length), np.int32), np.zeros((size, length), np.float32)
        for row in range(size):
            begin, end = similarity.indptr[row], similarity.indptr[row + 1]
            others, values = strongest_entries(similarity.indices[begin:end], similarity.data[begin:end], row, length)
            ids[row, : len(others)], scores[row, : len(others)] = others, values
        return cls(ids, scores)

    @classmethod
    def of_dense(cls, similarity: Floats, length: int) -> Self:
        """The same of a dense ``similarity`` whose diagonal is 0."""
        size = len(similarity)
        length = max(1, min(length, size - 1))
        ids, scores = np.zeros((size, length), np.int32), np.zeros((size, length), np.float32)
        for begin in range(0, size, BLOCK):
            block = similarity[begin : begin + BLOCK]
            found = np.argpartition(-block, length - 1, axis=1)[:, :length]
            values = np.take_along_axis(block, found, axis=1)
            order = np.lexsort((found, -values), axis=1)
            values = np.maximum(np.take_along_axis(values, order, axis=1), 0)
            ids[begin : begin + BLOCK] = np.where(values > 0, np.take_along_axis(found, order, axis=1), 0)
            scores[begin : begin + BLOCK] = values
        return cls(ids, scores)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["ids"], arrays["scores"])

    def arrays(self) -> Arrays:
        return {"ids": self.ids, "scores": self.scores}

    def add_up(self, context: Context) -> Floats | None:
        """The anchors' lists, each times the anchor's weight, summed per product."""
        if not len(context.anchors):
            return None
        total = np.bincount(*self.entries(context), minlength=len(self.ids))
        return total.astype(np.float32)

    def entries(self, context: Context) -> tuple[Ints, Floats]:
        """The anchors' lists one after the other: products and scores, each times its anchor's weight."""
        values = self.scores[context.anchors] * context.weights[:, None]
        return self.ids[context.anchors].ravel(), values.ravel()

    def strongest_anchors(self, context: Context, products: Ints) -> Ints:
        """For each product the anchor that gave it most of its score, −1 where none gave any."""
        if not len(context.anchors):
            return np.full(len(products), NOTHING, np.int32)
        # A product is in few of the lists: those places are looked at one by one.
        row, anchor, place = (self.ids[context.anchors] == products[:, None, None]).nonzero()
        given = self.scores[context.anchors[anchor], place] * context.weights[anchor]
        because, most = np.full(len(products), NOTHING, np.int32), [0.0] * len(products)
        for at, number, value in zip(row.tolist(), anchor.tolist(), given.tolist(), strict=True):
            if value > most[at]:
                because[at], most[at] = context.anchors[number], value
        return because


def strongest_entries(others: Ints, values: Floats, own: int, length: int) -> tuple[Ints, Floats]:
    """The ``length`` best of one row, best first; equal values in the order of the products."""
    useful = (others != own) & (values > 0)
    others, values = others[useful], values[useful]
    if len(values) > length:
        # Everything that ties with the last place stays, so that the choice below is the same on every run.
        useful = values >= np.partition(values, -length)[-length]
        others, values = others[useful], values[useful]
    order = np.lexsort((others, -values))[:length]
    return others[order], values[order]
