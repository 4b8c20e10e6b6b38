"""JSON in, plain values out: promotions and carts as ``schema.json`` describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from promotions.pricing import definitions as d
from promotions.pricing.cart import Cart, Line, Shopper, normalise_code

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# So much of a wrong value is repeated in the answer.
REPEATED = 80
# All of Unicode's category Cc, and halves of surrogate pairs: they are never meant, and some cannot be stored.
UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# For JSON Schema 1.0 is an integer as well; amounts that are no whole numbers to Python would come out of the engine.
_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _checker, value: type(value) is int),
)
Json = Mapping[str, Any]


class Unreadable(ValueError):  # noqa: N818  # reads as what it says
    """``path`` is where in the document, ``problem`` what is wrong there.

    ``rule`` is what the schema demands there (``required``, ``maximum`` …) and ``wanted`` what it names, for callers
    that say it in other words.
    """

    def __init__(self, path: str, problem: str, *, rule: str = "", wanted: str = "") -> None:
        super().__init__(f"{path or 'the document'}: {problem}")
        self.path, self.problem, self.rule, self.wanted = path, problem, rule, wanted


@cache
def _validator(kind: str) -> Any:
    return _Validator({"$ref": f"#/$defs/{kind}", "$defs": SCHEMA["$defs"]})


def _check(kind: str, document: Any) -> None:
    """Raises Unreadable with the first flaw, in the order of the document."""
    flaws = sorted(_validator(kind).iter_errors(document), key=lambda flaw: [str(part) for part in flaw.absolute_path])
    if flaws:
        flaw = flaws[0]
        path = ".".join(map(str, flaw.absolute_path))
        raise Unreadable(path, _problem(flaw), rule=str(flaw.validator), wanted=_wanted(flaw))
    _check_texts(document, ())


def _problem(flaw: ValidationError) -> str:
    """In JSON's words, not in Python's, and without repeating a long value at length."""
    value = json.dumps(flaw.instance, ensure_ascii=False)
    told = value if len(value) <= REPEATED else f"{value[:REPEATED]}…"
    return str(flaw.message).replace(repr(flaw.instance), told, 1)


def _check_texts(value: Any, path: tuple[str, ...]) -> None:
    """Raises Unreadable for a text that cannot be stored or shown."""
    if isinstance(value, str):
        if UNWANTED.search(value):
            raise Unreadable(".".join(path), "Control characters are not allowed.", rule="control_characters")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            _check_texts(inner, (*path, str(at)))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _check_texts(name, path)
            _check_texts(inner, (*path, name))


def _wanted(flaw: ValidationError) -> str:
    """What a demand of the schema names: the missing or unknown key, the bound, the choices."""
    found, demanded = flaw.instance, flaw.validator_value
    if flaw.validator == "required":
        return next((name for name in demanded if name not in found), "")
    if flaw.validator == "additionalProperties":
        return next((name for name in found if name not in flaw.schema.get("properties", {})), "")
    return ", ".join(map(str, demanded)) if isinstance(demanded, list) else str(demanded)


def read_definitions(document: Any) -> tuple[list[d.Promotion], tuple[d.Lane, ...]]:
    """Promotions and lanes of ``{"promotions": […], "lanes": […]}``. Raises Unreadable."""
    _check("definitions", document)
    lanes = tuple(
        d.Lane(lane["name"], d.Resolution(lane.get("resolution", "sequential"))) for lane in document.get("lanes", ())
    )
    promotions = [_promotion(entry, f"promotions.{at}") for at, entry in enumerate(document["promotions"])]
    _check_names(promotions, lanes or d.LANES)
    return promotions, lanes or d.LANES


def _check_names(promotions: list[d.Promotion], lanes: tuple[d.Lane, ...]) -> None:
    names, seen = {lane.name for lane in lanes}, set()
    for at, promotion in enumerate(promotions):
        if promotion.lane not in names:
            raise Unreadable(f"promotions.{at}.lane", f"There is no lane {promotion.lane!r}.")
        if promotion.id in seen:
            raise Unreadable(f"promotions.{at}.id", f"Two promotions are called {promotion.id!r}.")
        seen.add(promotion.id)


def read_promotion(document: Any) -> d.Promotion:
    """One promotion. Raises Unreadable."""
    _check("promotion", document)
    promotion = _promotion(document, "")
    if promotion.lane not in {lane.name for lane in d.LANES}:
        raise Unreadable("lane", f"There is no lane {promotion.lane!r}.")
    return promotion


def known_promotion(document: Json) -> d.Promotion:
    """A promotion that was read before and stored: not checked against the schema again."""
    return _promotion(document, "")


def _promotion(said: Json, path: str) -> d.Promotion:
    plain = {
        name: said[name]
        for name in ("version", "name", "lane", "priority", "age", "times", "floor", "holdout")
        if name in said
    }
    return d.Promotion(
        id=said["id"],
        benefit=_benefit(said["benefit"]),
        condition=_condition(said["when"], f"{path}.when".lstrip(".")) if "when" in said else d.ALWAYS,
        target=_selector(said.get("target", {})),
        basis=d.Basis(said.get("basis", "remaining")),
        combination=d.Combination(said.get("combination", "stack")),
        tax=d.Tax(said.get("tax", "cart")),
        returns=d.ReturnPolicy(said.get("returns", "keep")),
        **{"version": 1} | plain,
    )


def _selector(said: Json) -> d.Selector:
    return d.Selector(
        products=frozenset(said.get("products", ())),
        categories=tuple(said.get("categories", ())),
        brands=frozenset(said.get("brands", ())),
        tags=frozenset(said.get("tags", ())),
        price_from=said.get("price_from"),
        price_until=said.get("price_until"),
        reduced=said.get("reduced"),
        excluded=_selector(said["except"]) if "except" in said else None,
    )


def _hundredths(percent: str) -> int:
    return int(Decimal(percent) * 100)


def _moment(text: str, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(path, f"{text!r} is no moment, e.g. 2026-11-20T10:00:00+01:00.") from error
    if moment.tzinfo is None:
        raise Unreadable(path, f"{text!r} lacks the offset, e.g. +01:00.")
    return moment


# --- conditions ------------------------------------------------------------------------------------------------------


def _condition(said: Json, path: str) -> d.Condition:
    [(kind, value)] = said.items()
    path = f"{path}.{kind}"
    match kind:
        case "all" | "any":
            parts = tuple(_condition(part, f"{path}.{at}") for at, part in enumerate(value))
            return d.AllOf(parts) if kind == "all" else d.AnyOf(parts)
        case "not":
            return d.Not(_condition(value, path))
        case "spend" | "quantity" | "distinct_products":
            return d.Threshold(kind, value["at_least"], _selector(value.get("of", {})))
    return _fact(kind, value, path)


def _fact(kind: str, value: Any, path: str) -> d.Condition:
    match kind:
        case "code":
            return d.Code(frozenset(map(normalise_code, value)))
        case "order_number":
            return d.OrderNumber(value["number"], value.get("every", False))
        case "trait" | "kpi":
            values = frozenset(value["values"]) if "values" in value else None
            return d.Known(kind, value["name"], values, value.get("at_least"), value.get("at_most"))
        case "period":
            bounds = {name: _moment(value[name], f"{path}.{name}") for name in ("from", "until") if name in value}
            return d.Period(bounds.get("from"), bounds.get("until"))
        case "weekly":
            return _weekly(value)
        case "segment" | "customer" | "channel" | "payment_method" | "country" | "shipping_method":
            return d.OneOf(kind, frozenset(value))
    raise Unreadable(path, "This condition is not known.")  # the schema lets none through


def _weekly(said: Json) -> d.Weekly:
    days = frozenset(WEEKDAYS.index(day) for day in said.get("weekdays", WEEKDAYS))
    until = said.get("until")
    return d.Weekly(days, time.fromisoformat(said.get("from", "00:00")), time.fromisoformat(until) if until else None)


# --- benefits --------------------------------------------------------------------------------------------------------


def _benefit(said: Json) -> d.Benefit:
    [(kind, value)] = said.items()
    return _BENEFITS[kind](value)


_BENEFITS: dict[str, Callable[[Json], d.Benefit]] = {
    "percent": lambda said: d.Percent(_hundredths(said["percent"]), said.get("cap")),
    "amount": lambda said: d.Amount(said["amount"], said.get("spills", True)),
    "amount_per_unit": lambda said: d.AmountPerUnit(said["amount"]),
    "fixed_price": lambda said: d.FixedPrice(said["price"]),
    "bundle_price": lambda said: d.BundlePrice(said["size"], said["price"]),
    "group_deal": lambda said: d.GroupDeal(
        said["size"],
        min(said["units"], said["size"]),
        _hundredths(said.get("percent", "100")),
        said.get("pick", "cheapest"),
    ),
    "buy_get": lambda said: d.BuyGet(
        said["buy"],
        _selector(said.get("buy_of", {})),
        said["get"],
        _selector(said.get("get_of", {})),
        _hundredths(said.get("percent", "100")),
    ),
    "tiered": lambda said: d.Tiered(
        said["by"], tuple(sorted((step["from"], _hundredths(step["percent"])) for step in said["steps"]))
    ),
    "shipping_percent": lambda said: d.ShippingPercent(_hundredths(said["percent"])),
    "shipping_price": lambda said: d.ShippingPrice(said["price"]),
    "gift": lambda said: d.Gift(said["sku"], said.get("quantity", 1)),
    "points": lambda said: d.Points(
        said.get("fixed", 0), said.get("each", 0), said.get("per", 100), _hundredths(said.get("times", "1")) - 100
    ),
}


# --- carts -----------------------------------------------------------------------------------------------------------


def read_cart(document: Any) -> Cart:
    """A cart; lines without an id are numbered from 1. Raises Unreadable."""
    _check("cart", document)
    return known_cart(document)


def known_cart(document: Json) -> Cart:
    """A cart whose parts were checked before: not checked against the schema again. Raises Unreadable."""
    plain = ("currency", "shipping", "shipping_method", "channel", "payment_method", "country", "prices_include_tax")
    try:
        return Cart(
            lines=tuple(_line(entry, number) for number, entry in enumerate(document["lines"], start=1)),
            at=_moment(document["at"], "at"),
            codes=tuple(dict.fromkeys(map(normalise_code, document.get("codes", ())))),
            shopper=_shopper(document.get("shopper", {})),
            shipping_tax_rate=_hundredths(document.get("shipping_tax_rate", "0")),
            points_each=document.get("points", {}).get("each", 0),
            points_per=document.get("points", {}).get("per", 1),
            **{name: document[name] for name in plain if name in document},
        )
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable("lines", str(error)) from error


def _line(said: Json, number: int) -> Line:
    return Line(
        id=said.get("id", str(number)),
        sku=said["sku"],
        quantity=said["quantity"],
        unit_price=said["unit_price"],
        categories=tuple(said.get("categories", ())),
        brand=said.get("brand", ""),
        tags=tuple(said.get("tags", ())),
        tax_rate=_hundredths(said.get("tax_rate", "0")),
        list_price=said.get("list_price"),
        cost=said.get("cost"),
    )


def _shopper(said: Json) -> Shopper:
    return Shopper(
        id=said.get("id", ""),
        segments=frozenset(said.get("segments", ())),
        orders=said.get("orders"),
        traits=said.get("traits", {}),
        kpis=said.get("kpis", {}),
    )
