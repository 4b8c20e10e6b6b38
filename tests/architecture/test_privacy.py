"""Nothing about a person is stored that nobody thought about: every column is declared in a ``privacy.py``."""

import pytest
from django.conf import settings
from django.db import models

from core.privacy import Fate, Rows, all_impersonal, all_tables, text_columns
from core.privacy.overview import as_markdown
from customers.models import Customer
from tests.architecture.shop import OURS

NAMES = [model._meta.label for model in OURS]
TABLES = {table.model: table for table in all_tables()}
IMPERSONAL = {entry.model: entry for entry in all_impersonal()}
# Figures beside the profile's own, which stay without the person.
OF_FIGURES = {"customers.CustomerKpis.customer"}
every_model = pytest.mark.parametrize("model", OURS, ids=NAMES)


def leads_to_a_person(model: type[models.Model], seen: frozenset[type[models.Model]] = frozenset()) -> bool:
    """Whether foreign keys of any depth, or a plain column with a customer's id, lead to a profile."""
    if model is Customer:
        return True
    for field in model._meta.concrete_fields:
        if "customer_id" in (field.name, field.column) or field.name in ("anonymous_id", "anonymous_ids"):
            return True
        target = field.related_model
        if isinstance(target, type) and target not in {*seen, model} and leads_to_a_person(target, seen | {model}):
            return True
    return False


@every_model
def test_every_model_is_declared_once(model: type[models.Model]) -> None:
    app = model._meta.app_label
    assert (model in TABLES) != (model in IMPERSONAL), (
        f"{model._meta.label} is not declared: say in {app}/privacy.py what an export and an erasure do with it"
    )


@every_model
def test_every_column_is_declared(model: type[models.Model]) -> None:
    columns = {field.name for field in model._meta.concrete_fields}
    if model in TABLES:
        assert columns == set(TABLES[model].columns), f"columns of {model._meta.label} that are undeclared or gone"
    else:
        assert text_columns(model) == set(IMPERSONAL[model].texts), (
            f"{model._meta.label} says that it is about nobody: name all its columns that could hold anything"
        )


@every_model
def test_what_leads_to_a_person_is_not_declared_away(model: type[models.Model]) -> None:
    if leads_to_a_person(model):
        assert model in TABLES, f"{model._meta.label} leads to a customer: declare it with its columns"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.label)
def test_what_stays_after_an_erasure_says_why(table) -> None:
    if table.rows == Rows.KEPT:
        assert str(table.reason), f"{table.label} keeps its rows without a reason"
    for name, column in table.columns.items():
        if column.fate == Fate.RETAINED and column.exported:
            assert table.rows == Rows.KEPT, f"{table.label}.{name} cannot stay in a row that goes"
            assert str(column.reason), f"{table.label}.{name} stays without a reason"
        if column.fate == Fate.ERASED and not column.exported:
            assert str(column.reason), f"{table.label}.{name} is withheld from the export without a reason"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.label)
def test_no_key_to_a_profile_stays_in_a_row_that_stays(table) -> None:
    if table.rows != Rows.KEPT:
        return
    for field in table.model._meta.concrete_fields:
        if f"{table.label}.{field.name}" in OF_FIGURES:
            continue
        if field.related_model is Customer or "customer_id" in (field.name, field.column):
            assert table.columns[field.name].fate == Fate.ERASED, f"{table.label}.{field.name} still leads to a person"


def test_the_guard_sees_a_path_of_any_depth_and_a_plain_id() -> None:
    labels = {model._meta.label for model in OURS if leads_to_a_person(model)}
    assert {"customers.Customer", "orders.ReturnLine", "campaigns.MessageBlock"} <= labels
    assert "catalog.Product" not in labels


def test_whoever_points_at_a_row_is_visited_before_it() -> None:
    order = [table.label for table in all_tables()]
    assert order.index("campaigns.MessageBlock") < order.index("campaigns.Message") < order.index("orders.Order")
    assert order.index("orders.Order") < order.index("customers.Customer")
    assert order.index("customers.Identity") < order.index("customers.Customer")


def test_the_documentation_shows_what_is_declared() -> None:
    text = (settings.BASE_DIR / "docs" / "privacy.md").read_text()
    assert as_markdown() in text, "docs/privacy.md is old: run `manage.py privacy_overview`"
