"""Conditions as rows of a form: groups of all, any or none, with conditions and further groups in them.

A row keeps what was typed, whatever it is, so that rows can be added and taken away before anything is valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from promotions.forms.offers.parts import PartForm, Shop, typed
from promotions.language.conditions import CONDITIONS
from promotions.language.kinds import Kind

GROUPS = {
    "all": _("all of these hold"),
    "any": _("at least one of these holds"),
    "none": _("none of these holds"),
}
ROOT = "when"
# Deeper than this nothing is added by form; and what lies deeper still, or beyond so many rows, is not read.
DEEPEST, ABYSS, MOST_ROWS = 4, 12, 100
Json = Mapping[str, Any]


@dataclass
class Node:
    """A row: a condition with its fields, or a group with rows of its own. ``place`` is its name in the form."""

    kind: str
    shop: Shop
    place: str = ROOT
    children: list[Node] = field(default_factory=list)
    raw: dict[str, list[str]] | None = None
    value: Any = None
    is_new: bool = False

    @property
    def is_group(self) -> bool:
        return self.kind in GROUPS

    @property
    def is_root(self) -> bool:
        return self.place == ROOT

    @property
    def may_nest(self) -> bool:
        return self.place.count("-") < DEEPEST

    @property
    def label(self) -> Any:
        return CONDITIONS[self.kind].label

    @property
    def groups(self) -> list[tuple[str, Any]]:
        return list(GROUPS.items())

    @property
    def kinds(self) -> list[Kind]:
        return list(CONDITIONS.values())

    @cached_property
    def form(self) -> PartForm:
        """The fields of a condition."""
        data = None if self.raw is None else typed(self.raw, self.place)
        form = PartForm(data, kind=CONDITIONS[self.kind], shop=self.shop, prefix=self.place, value=self.value)
        if self.is_new:  # who added it goes on writing there
            next(iter(form.fields.values())).widget.attrs["autofocus"] = True
        return form

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    def forms(self) -> list[PartForm]:
        return [node.form for node in self.walk() if not node.is_group]

    def number(self, place: str = ROOT) -> None:
        """Give every row its name after rows came or went."""
        self.place = place
        self.__dict__.pop("form", None)
        for at, child in enumerate(self.children):
            child.number(f"{place}-{at}")

    # --- what the buttons do

    def add(self, place: str, kind: str) -> None:
        """A further row in the group at ``place``."""
        for node in self.walk():
            if node.place == place and node.is_group and (kind in CONDITIONS or (kind in GROUPS and node.may_nest)):
                node.children.append(Node(kind, self.shop, is_new=True))
                break
        self.number()

    def remove(self, place: str) -> None:
        for node in self.walk():
            node.children = [child for child in node.children if child.place != place]
        self.number()

    # --- JSON

    def json(self) -> Json | None:
        """The condition; None for a group without rows. Only where every form is valid."""
        if not self.is_group:
            return {self.kind: self.form.json()}
        parts = [part for child in self.children if (part := child.json()) is not None]
        return group_json(self.kind, parts)


def group_json(kind: str, parts: Sequence[Json]) -> Json | None:
    if not parts:
        return None
    if kind == "none":
        return {"not": parts[0] if len(parts) == 1 else {"any": list(parts)}}
    return parts[0] if len(parts) == 1 else {kind: list(parts)}


def tree_of(conditions: Sequence[Json], shop: Shop) -> Node:
    """The rows of a stored condition; ``conditions`` have to hold all together."""
    rows = [_node(condition, shop) for condition in conditions]
    root = rows[0] if len(rows) == 1 and rows[0].is_group else Node("all", shop, children=rows)
    root.number()
    return root


def _node(condition: Json, shop: Shop) -> Node:
    [(kind, value)] = condition.items()
    if kind == "not":
        inner = value.get("any", [value])
        return Node("none", shop, children=[_node(part, shop) for part in inner])
    if kind in ("all", "any"):
        return Node(kind, shop, children=[_node(part, shop) for part in value])
    return Node(kind, shop, value=value)


def read_tree(data: QueryDict, shop: Shop) -> Node:
    """The rows as they were sent, complete or not."""
    budget = [MOST_ROWS]
    return _read(data, ROOT, shop, budget)


def is_beyond(data: QueryDict, tree: Node) -> bool:
    """Whether more rows were sent than were read."""
    sent = sum(re.fullmatch(rf"{ROOT}(-\d+)+-kind", name) is not None for name in data)
    return sent > sum(not node.is_root for node in tree.walk())


def _read(data: QueryDict, place: str, shop: Shop, budget: list[int]) -> Node:
    kind = data.get(f"{place}-kind", "all")
    if kind in CONDITIONS and place != ROOT:
        start = f"{place}-"
        raw = {name.removeprefix(start): data.getlist(name) for name in data if name.startswith(start)}
        return Node(kind, shop, place, raw=raw)
    node, at = Node(kind if kind in GROUPS else "all", shop, place), 0
    while f"{place}-{at}-kind" in data and budget[0] > 0 and place.count("-") < ABYSS:
        budget[0] -= 1
        node.children.append(_read(data, f"{place}-{at}", shop, budget))
        at += 1
    return node
