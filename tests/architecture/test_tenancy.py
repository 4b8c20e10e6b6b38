"""Every row belongs to a merchant, and every query says which."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from merchants.models import Merchant, MerchantModel, MerchantQuerySet, Staff
from tests.architecture.shop import OURS

APPS = sorted(
    {Path(config.path).name for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR}
)
SOURCES = sorted(
    path.relative_to(settings.BASE_DIR)
    for app in APPS
    for path in (settings.BASE_DIR / app).rglob("*.py")
    if "migrations" not in path.parts
)
# Merchant and Staff stand above the merchants; third-party models are not ours.
WITHOUT_MERCHANT = {"Merchant", "Staff"}
OPENINGS = {"for_merchant", "create", "bulk_create", "all_merchants", "none"}
# These find a row by keys; the merchant must be one of them.
KEYED = {"get_or_create", "update_or_create"}
# What opens differently, and why it may.
ALLOWED = {
    ("merchants/actions.py", "ApiKey.objects.usable"): "the key itself says which merchant it belongs to",
    ("core/door.py", "Membership.objects.filter"): "the door: finds the merchant by its slug and the person",
}


@pytest.mark.parametrize("model", [m for m in OURS if m.__name__ not in WITHOUT_MERCHANT], ids=lambda m: m.__name__)
def test_every_model_belongs_to_a_merchant(model: type[models.Model]) -> None:
    assert issubclass(model, MerchantModel)
    field = model._meta.get_field("merchant")
    assert isinstance(field, models.ForeignKey)
    assert field.remote_field.model is Merchant
    assert not field.null
    assert isinstance(model._default_manager.all(), MerchantQuerySet)


def test_only_the_tenant_and_its_people_stand_above() -> None:
    assert (
        {m.__name__ for m in OURS if not issubclass(m, MerchantModel)}
        == WITHOUT_MERCHANT
        == {Merchant.__name__, Staff.__name__}
    )


def _openings(tree: ast.AST) -> list[tuple[str, str, int]]:
    """``(model, method, line)`` of every ``Model.objects.method``; ``for_merchant`` for those that name the merchant."""
    naming = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and {keyword.arg for keyword in node.keywords} & {"merchant", "merchant_id"}
    }
    return [
        (node.value.value.id, "for_merchant" if id(node) in naming and node.attr in KEYED else node.attr, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in ("objects", "_default_manager", "_base_manager")
        and isinstance(node.value.value, ast.Name)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_every_query_begins_with_its_merchant(path: Path) -> None:
    tree = ast.parse((settings.BASE_DIR / path).read_text())
    wrong = [
        f"{path}:{line}: {model}.objects.{method}"
        for model, method, line in _openings(tree)
        if model not in WITHOUT_MERCHANT
        and method not in OPENINGS
        and (str(path), f"{model}.objects.{method}") not in ALLOWED
    ]
    assert not wrong, "begin with for_merchant(…), or all_merchants() for the machinery: " + "; ".join(wrong)


def test_the_allowlist_names_nothing_that_is_gone() -> None:
    for path, opening in ALLOWED:
        model, _objects, method = opening.split(".")
        tree = ast.parse((settings.BASE_DIR / path).read_text())
        assert (model, method) in {(found, opened) for found, opened, _line in _openings(tree)}, f"{path}: {opening}"


def test_the_guard_sees_what_it_is_for() -> None:
    tree = ast.parse("O.objects.filter(pk=1); O.objects.get_or_create(pk=1); O.objects.get_or_create(merchant=m)")
    assert sorted(method for _model, method, _line in _openings(tree)) == ["filter", "for_merchant", "get_or_create"]
