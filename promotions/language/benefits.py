"""Every kind of benefit: what it is called, its fields, how it reads."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from promotions.language.kinds import Field, Kind, by_key
from promotions.language.terms import MEASURES, PICKS
from promotions.language.words import Words, plain_number

# Benefits that take nothing off a selection of products.
WITHOUT_TARGET = frozenset({"buy_get", "shipping_percent", "shipping_price", "gift"})
# Benefits that repeat: how often is the promotion's ``times``.
REPEATED = frozenset({"bundle_price", "group_deal", "buy_get"})
WHOLE = "100"
Target = Mapping[str, Any]


def say_benefit(benefit: Mapping[str, Any], target: Target, words: Words) -> str:
    """What is given, on what."""
    [(kind, value)] = benefit.items()
    what = words.selection(target, _everything(kind))
    return BENEFITS[kind].say({**value, "what": what}, words)


def _everything(kind: str) -> str:
    return _("the whole purchase") if kind in ("percent", "amount", "tiered") else _("all products")


def _percent(value: Any, words: Words) -> str:
    said = _("%(percent)s off %(what)s") % {"percent": words.percent(value["percent"]), "what": value["what"]}
    return _("%(said)s, at most %(cap)s") % {"said": said, "cap": words.money(value["cap"])} if "cap" in value else said


def _amount(value: Any, words: Words) -> str:
    said = _("%(amount)s off %(what)s") % {"amount": words.money(value["amount"]), "what": value["what"]}
    return said if value.get("spills", True) else _("%(said)s, product by product") % {"said": said}


def _amount_per_unit(value: Any, words: Words) -> str:
    return _("%(amount)s off each unit of %(what)s") % {"amount": words.money(value["amount"]), "what": value["what"]}


def _fixed_price(value: Any, words: Words) -> str:
    return _("%(what)s for %(price)s each") % {"price": words.money(value["price"]), "what": value["what"]}


def _bundle_price(value: Any, words: Words) -> str:
    return _("any %(size)s of %(what)s for %(price)s") % {
        "size": value["size"],
        "price": words.money(value["price"]),
        "what": value["what"],
    }


def _is_whole(value: Any) -> bool:
    return Decimal(value.get("percent", WHOLE)) == 100


def _group_deal(value: Any, words: Words) -> str:
    size, units, pick = value["size"], value["units"], value.get("pick", "cheapest")
    if _is_whole(value) and pick == "cheapest":
        return _("%(size)s for %(paid)s on %(what)s") % {"size": size, "paid": size - units, "what": value["what"]}
    about = {"size": size, "units": units, "pick": PICKS[pick], "what": value["what"]}
    if _is_whole(value):
        return _("of every %(size)s of %(what)s %(pick)s %(units)s free") % about
    about["percent"] = words.percent(value["percent"])
    return _("of every %(size)s of %(what)s %(pick)s %(units)s at %(percent)s off") % about


def _buy_get(value: Any, words: Words) -> str:
    about = {
        "buy": value["buy"],
        "this": words.selection(value.get("buy_of", {}), _("any products")),
        "get": value["get"],
        "that": words.selection(value.get("get_of", {}), _("any products")),
    }
    if _is_whole(value):
        return _("buy %(buy)s of %(this)s, get %(get)s of %(that)s free") % about
    about["percent"] = words.percent(value["percent"])
    return _("buy %(buy)s of %(this)s, get %(get)s of %(that)s at %(percent)s off") % about


def _tiered(value: Any, words: Words) -> str:
    steps = [
        _("%(percent)s from %(least)s")
        % {"percent": words.percent(step["percent"]), "least": _step(value["by"], step["from"], words)}
        for step in value["steps"]
    ]
    return _("the more, the cheaper for %(what)s: %(steps)s") % {"what": value["what"], "steps": ", ".join(steps)}


def _step(by: str, least: int, words: Words) -> str:
    if by == "spend":
        return words.money(least)
    if by == "quantity":
        return ngettext("%(count)s unit", "%(count)s units", least) % {"count": least}
    return ngettext("%(count)s different product", "%(count)s different products", least) % {"count": least}


def _shipping_percent(value: Any, words: Words) -> str:
    if _is_whole(value):
        return _("free shipping")
    return _("%(percent)s off shipping") % {"percent": words.percent(value["percent"])}


def _shipping_price(value: Any, words: Words) -> str:
    return _("shipping for %(price)s") % {"price": words.money(value["price"])}


def _gift(value: Any, words: Words) -> str:
    sku, quantity = words.label("product", value["sku"]), value.get("quantity", 1)
    if quantity == 1:
        return _("%(product)s as a gift") % {"product": sku}
    return _("%(count)s × %(product)s as a gift") % {"count": quantity, "product": sku}


def _points(value: Any, words: Words) -> str:
    parts = []
    if fixed := value.get("fixed"):
        parts.append(ngettext("%(count)s point", "%(count)s points", fixed) % {"count": fixed})
    if each := value.get("each"):
        said = ngettext("%(count)s point", "%(count)s points", each) % {"count": each}
        about = {"points": said, "amount": words.money(value.get("per", 100)), "what": value["what"]}
        parts.append(_("%(points)s per %(amount)s of %(what)s") % about)
    if times := value.get("times"):
        about = {"times": plain_number(float(times)), "what": value["what"]}
        parts.append(_("%(times)s times the points for %(what)s") % about)
    return " + ".join(parts) or _("no points")


_PERCENT = Field(name="percent", label=gettext_lazy("Percent off"), what="percent", required=True)
_FREE_OR_LESS = Field(
    name="percent",
    label=gettext_lazy("Percent off"),
    what="percent",
    default=WHOLE,
    hint=gettext_lazy("Empty: free."),
)
_PRICE = Field(name="price", label=gettext_lazy("Price"), what="money", required=True)
_AMOUNT = Field(name="amount", label=gettext_lazy("Amount off"), what="money", required=True)


def _count(name: str, label: Any, **how: Any) -> Field:
    return Field(name=name, label=label, what="count", **{"required": True} | how)


BENEFITS = by_key(
    Kind(
        key="percent",
        label=gettext_lazy("Percent off"),
        fields=(_PERCENT, Field(name="cap", label=gettext_lazy("At most"), what="money")),
        say=_percent,
    ),
    Kind(
        key="amount",
        label=gettext_lazy("Amount off"),
        fields=(
            _AMOUNT,
            Field(
                name="spills",
                label=gettext_lazy("What one product cannot take goes to the others"),
                what="flag",
                default=True,
            ),
        ),
        say=_amount,
        hint=gettext_lazy("Split over the products in proportion to what they cost."),
    ),
    Kind(
        key="amount_per_unit",
        label=gettext_lazy("Amount off each unit"),
        fields=(_AMOUNT,),
        say=_amount_per_unit,
    ),
    Kind(key="fixed_price", label=gettext_lazy("Fixed price"), fields=(_PRICE,), say=_fixed_price),
    Kind(
        key="bundle_price",
        label=gettext_lazy("Bundle price"),
        fields=(_count("size", gettext_lazy("Units in a bundle")), _PRICE),
        say=_bundle_price,
        hint=gettext_lazy("Any three for 20.00: the dearest units make the bundles."),
    ),
    Kind(
        key="group_deal",
        label=gettext_lazy("Cheapest or dearest free"),
        fields=(
            _count("size", gettext_lazy("Of every so many units")),
            _count("units", gettext_lazy("so many are reduced")),
            _FREE_OR_LESS,
            Field(
                name="pick",
                label=gettext_lazy("Which"),
                what="choice",
                default="cheapest",
                choices=PICKS,
            ),
        ),
        say=_group_deal,
        hint=gettext_lazy("Three for two: of every 3 units 1."),
    ),
    Kind(
        key="buy_get",
        label=gettext_lazy("Buy some, get others"),
        fields=(
            _count("buy", gettext_lazy("Buy so many")),
            Field(name="buy_of", label=gettext_lazy("What has to be bought"), what="selector"),
            _count("get", gettext_lazy("Get so many")),
            Field(name="get_of", label=gettext_lazy("What is reduced"), what="selector"),
            _FREE_OR_LESS,
        ),
        say=_buy_get,
        hint=gettext_lazy("No unit counts as both."),
    ),
    Kind(
        key="tiered",
        label=gettext_lazy("Percentage in steps"),
        fields=(
            Field(name="by", label=gettext_lazy("Steps follow"), what="choice", required=True, choices=MEASURES),
            Field(name="steps", label=gettext_lazy("Steps"), what="steps", required=True),
        ),
        say=_tiered,
    ),
    Kind(
        key="shipping_percent",
        label=gettext_lazy("Free or cheaper shipping"),
        fields=(_PERCENT,),
        say=_shipping_percent,
    ),
    Kind(key="shipping_price", label=gettext_lazy("Fixed price of shipping"), fields=(_PRICE,), say=_shipping_price),
    Kind(
        key="gift",
        label=gettext_lazy("Gift"),
        fields=(
            Field(name="sku", label=gettext_lazy("Product"), what="text", required=True, source="product"),
            _count("quantity", gettext_lazy("Quantity"), required=False, default=1),
        ),
        say=_gift,
    ),
    Kind(
        key="points",
        label=gettext_lazy("Loyalty points"),
        fields=(
            Field(name="fixed", label=gettext_lazy("Points at once"), what="whole"),
            Field(name="each", label=gettext_lazy("Points per amount"), what="whole"),
            Field(name="per", label=gettext_lazy("Amount for these points"), what="money", default=100),
            Field(
                name="times",
                label=gettext_lazy("Times the programme's points"),
                what="times",
                hint=gettext_lazy("2 gives as many points again as the programme does."),
            ),
        ),
        say=_points,
        needs_one=True,
    ),
)
