"""Every kind of condition: what it is called, its fields, how it reads, and what is said where it is not met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.templatetags.cx import country_name
from orders.models import Order
from promotions.language.kinds import Field, Kind, by_key
from promotions.language.terms import KPIS, MONEY_KPIS, OWN_TRAITS, WEEKDAYS, segment_label
from promotions.language.words import Words, between, both, either, ordinal, plain_number

Gap = Mapping[str, Any]
_SELECTION = Field(name="of", label=gettext_lazy("Of which products"), what="selector")


# --- so much of something ----------------------------------------------------------------------------------------------


def _of(value: Any, words: Words) -> str:
    return words.selection(value["of"]) if value.get("of") else ""


def _spend(value: Any, words: Words) -> str:
    of, amount = _of(value, words), words.money(value["at_least"])
    return _("from %(amount)s in %(what)s") % {"amount": amount, "what": of} if of else between(amount, None)


def _quantity(value: Any, words: Words) -> str:
    count = value["at_least"]
    units = ngettext("from %(count)s unit", "from %(count)s units", count) % {"count": count}
    return _("%(units)s of %(what)s") % {"units": units, "what": _of(value, words)} if _of(value, words) else units


def _distinct(value: Any, words: Words) -> str:
    count = value["at_least"]
    units = ngettext("from %(count)s product", "from %(count)s different products", count) % {"count": count}
    return _("%(units)s of %(what)s") % {"units": units, "what": _of(value, words)} if _of(value, words) else units


def _more(gap: Gap, words: Words) -> str:
    """``€7.00 more from Sun care``."""
    missing, what = gap["missing"], words.selection(gap["of"] or {}, _("all products"))
    counted = {
        "spend": lambda: words.money(missing),
        "quantity": lambda: ngettext("%(count)s unit", "%(count)s units", missing) % {"count": missing},
        "distinct_products": lambda: (
            ngettext("%(count)s different product", "%(count)s different products", missing) % {"count": missing}
        ),
    }
    if not gap["of"]:
        return _("%(much)s more") % {"much": counted[gap["kind"]]()}
    return _("%(much)s more from %(what)s") % {"much": counted[gap["kind"]](), "what": what}


def _threshold(key: str, label: Any, what: str, say: Any) -> Kind:
    least = Field(name="at_least", label=gettext_lazy("At least"), what=what, required=True)
    return Kind(key=key, label=label, fields=(least, _SELECTION), say=say, lacks=_more)


# --- facts about cart and person ---------------------------------------------------------------------------------------


def _fact(
    key: str, label: Any, phrase: Any, named: Callable[[str, Words], str], lacks: Any, *, hint: Any = "", **how: Any
) -> Kind:
    """One of some values; ``phrase`` holds ``%(values)s``."""

    def say(value: Any, words: Words) -> str:
        return str(phrase % {"values": either(named(entry, words) for entry in value)})

    def missing(gap: Gap, words: Words) -> str:
        return str(lacks % {"values": either(named(entry, words) for entry in gap["wanted"])})

    values = Field(name="values", label=label, what="texts", required=True, hint=hint, **how)
    return Kind(key=key, label=label, fields=(values,), say=say, is_bare=True, lacks=missing)


def _as_labelled(source: str) -> Callable[[str, Words], str]:
    return lambda value, words: words.label(source, value)


def _segment(value: str, words: Words) -> str:
    named = words.label("segment", value)
    return _("“%(name)s”") % {"name": segment_label(value) if named == value else named}


def _channel(value: str, words: Words) -> str:
    return str(dict(Order.Channel.choices).get(value, value))


def _code(value: str, words: Words) -> str:
    """A batch is named by its token, a shared code by itself."""
    return words.label("batch", value[1:]) if value.startswith("@") else value


def _codes(value: Any, words: Words) -> str:
    shared = [code for code in value if not code.startswith("@")]
    batches = [_code(code, words) for code in value if code.startswith("@")]
    parts = [_("with code %(codes)s") % {"codes": either(shared)}] if shared else []
    if batches:
        parts.append(_("with a code of the batch %(names)s") % {"names": either(batches)})
    return either(parts)


def _no_code(gap: Gap, words: Words) -> str:
    return _("Its code is not on the cart")


def _order_number(value: Any, words: Words) -> str:
    number = value["number"]
    if value.get("every"):
        return _("with every %(nth)s order") % {"nth": ordinal(number)}
    return _("with the first order") if number == 1 else _("with the %(nth)s order") % {"nth": ordinal(number)}


def _not_this_order(gap: Gap, words: Words) -> str:
    return _("It is for the %(nth)s order of a person") % {"nth": ordinal(gap["wanted"])}


def known_label(source: str, name: str) -> str:
    """What a figure or trait of the person is called; one that is not ours by its name."""
    return str((KPIS if source == "kpi" else OWN_TRAITS).get(name, name))


def _known(source: str) -> Callable[[Any, Words], str]:
    def say(value: Any, words: Words) -> str:
        name = known_label(source, value["name"])
        if "values" in value:
            return _("%(name)s is %(values)s") % {"name": name, "values": either(map(_plain, value["values"]))}
        bounds = between(value.get("at_least"), value.get("at_most"), _number(source, value["name"], words))
        return f"{name} {bounds}"

    return say


def _number(source: str, name: str, words: Words) -> Callable[[Any], str]:
    is_money = source == "kpi" and name in MONEY_KPIS
    return (lambda amount: words.money(round(amount))) if is_money else plain_number


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return plain_number(value) if isinstance(value, int | float) else str(value)


def _unfit(source: str) -> Callable[[Gap, Words], str]:
    def lacks(gap: Gap, words: Words) -> str:
        name = known_label(source, gap["wanted"])
        return _("What is known of the person as “%(name)s” does not fit") % {"name": name}

    return lacks


def _known_fields(source: str) -> tuple[Field, ...]:
    names = {"kpi": Field(name="name", label=gettext_lazy("Figure"), what="choice", required=True, choices=KPIS)}
    trait = Field(name="name", label=gettext_lazy("Trait"), what="text", required=True, source="trait")
    values = Field(
        name="values",
        label=gettext_lazy("One of"),
        what="values",
        hint=gettext_lazy("Or say between which bounds it lies."),
    )
    bounds = (
        Field(name="at_least", label=gettext_lazy("At least"), what="number"),
        Field(name="at_most", label=gettext_lazy("At most"), what="number"),
    )
    return (names["kpi"], *bounds) if source == "kpi" else (trait, values, *bounds)


# --- when --------------------------------------------------------------------------------------------------------------


def _period(value: Any, words: Words) -> str:
    return duration(value.get("from"), value.get("until"), words)


def duration(start: datetime | str | None, end: datetime | str | None, words: Words) -> str:
    """``from …``, ``until …``, or both; empty for always."""
    parts = [_("from %(at)s") % {"at": words.moment(start)}] if start else []
    return " ".join([*parts, *([_("until %(at)s") % {"at": words.moment(end)}] if end else [])])


def _weekly(value: Any, words: Words) -> str:
    days = [str(WEEKDAYS[day]) for day in WEEKDAYS if day in value.get("weekdays", WEEKDAYS)]
    said = _("on %(days)s") % {"days": both(days)} if len(days) < len(WEEKDAYS) else _("every day")
    return " ".join(part for part in (said, between(value.get("from"), value.get("until"))) if part)


_DAYS = tuple(WEEKDAYS)


def _not_now(gap: Gap, words: Words) -> str:
    wanted = gap["wanted"]
    days = {"weekdays": [_DAYS[day] for day in wanted["weekdays"]]}
    hours = {name: wanted[name] for name in ("from", "until") if wanted[name] and wanted[name] != "00:00"}
    return _("It holds %(when)s") % {"when": _weekly(days | hours, words)}


CONDITIONS = by_key(
    _threshold("spend", gettext_lazy("Money spent"), "money", _spend),
    _threshold("quantity", gettext_lazy("Number of units"), "count", _quantity),
    _threshold("distinct_products", gettext_lazy("Different products"), "count", _distinct),
    _fact(
        "segment",
        gettext_lazy("Segment"),
        gettext_lazy("for %(values)s"),
        _segment,
        gettext_lazy("The person is not in %(values)s"),
        source="segment",
    ),
    _fact(
        "customer",
        gettext_lazy("Certain people"),
        gettext_lazy("for %(values)s alone"),
        _as_labelled("customer"),
        gettext_lazy("It is for %(values)s alone"),
        source="customer",
    ),
    Kind(
        key="code",
        label=gettext_lazy("Code"),
        fields=(
            Field(
                name="values",
                label=gettext_lazy("One of these codes"),
                what="texts",
                required=True,
                source="code",
                hint=gettext_lazy("A shared code, or @ and the key of a coupon batch for any of its codes."),
            ),
        ),
        say=_codes,
        is_bare=True,
        lacks=_no_code,
    ),
    Kind(
        key="order_number",
        label=gettext_lazy("Order number of the person"),
        fields=(
            Field(name="number", label=gettext_lazy("Which order"), what="count", required=True),
            Field(name="every", label=gettext_lazy("Every so-manyth order"), what="flag", default=False),
        ),
        say=_order_number,
        lacks=_not_this_order,
    ),
    Kind(
        key="trait",
        label=gettext_lazy("Trait of the person"),
        fields=_known_fields("trait"),
        say=_known("trait"),
        needs_one=True,
        lacks=_unfit("trait"),
    ),
    Kind(
        key="kpi",
        label=gettext_lazy("Figure of the person"),
        fields=_known_fields("kpi"),
        say=_known("kpi"),
        needs_one=True,
        lacks=_unfit("kpi"),
    ),
    Kind(
        key="weekly",
        label=gettext_lazy("Weekdays and hours"),
        fields=(
            Field(
                name="weekdays",
                label=gettext_lazy("Weekdays"),
                what="choices",
                choices=WEEKDAYS,
                hint=gettext_lazy("None ticked: every day."),
            ),
            Field(name="from", label=gettext_lazy("From"), what="clock"),
            Field(
                name="until",
                label=gettext_lazy("Until"),
                what="clock",
                hint=gettext_lazy("In the shop's time; over midnight where it is the earlier."),
            ),
        ),
        say=_weekly,
        needs_one=True,
        lacks=_not_now,
    ),
    Kind(
        key="period",
        label=gettext_lazy("Between two moments"),
        fields=(
            Field(name="from", label=gettext_lazy("From"), what="moment"),
            Field(name="until", label=gettext_lazy("Until"), what="moment"),
        ),
        say=_period,
        needs_one=True,
    ),
    _fact(
        "channel",
        gettext_lazy("Channel"),
        gettext_lazy("in the channel %(values)s"),
        _channel,
        gettext_lazy("It holds in another channel: %(values)s"),
        source="channel",
    ),
    _fact(
        "payment_method",
        gettext_lazy("Payment method"),
        gettext_lazy("when paid by %(values)s"),
        _as_labelled("payment_method"),
        gettext_lazy("It holds for another payment method: %(values)s"),
        source="payment_method",
    ),
    _fact(
        "country",
        gettext_lazy("Country"),
        gettext_lazy("delivered to %(values)s"),
        lambda value, _words: country_name(value),
        gettext_lazy("It holds for orders to %(values)s"),
        source="country",
    ),
    _fact(
        "shipping_method",
        gettext_lazy("Shipping method"),
        gettext_lazy("when sent by %(values)s"),
        _as_labelled("shipping_method"),
        gettext_lazy("It holds for another shipping method: %(values)s"),
        source="shipping_method",
    ),
)


def in_money(kind: str, value: Mapping[str, Any]) -> bool:
    """Whether bounds of this condition are amounts."""
    return kind == "kpi" and value.get("name") in MONEY_KPIS


# --- trees -------------------------------------------------------------------------------------------------------------


def say_condition(condition: Mapping[str, Any], words: Words) -> str:
    """A condition with all that is in it; empty for one that always holds."""
    [(kind, value)] = condition.items()
    if kind == "all":
        return ", ".join(part for part in (_inside(entry, words) for entry in value) if part)
    if kind == "any":
        return either_all([_inside(entry, words) for entry in value])
    if kind == "not":
        return _("not %(what)s") % {"what": _inside(value, words)}
    return CONDITIONS[kind].say(value, words)


def either_all(parts: list[str]) -> str:
    """None is left out, unlike in a list of values: they are conditions."""
    if len(parts) < 2:
        return "".join(parts)
    return _("%(first)s or %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def _inside(condition: Mapping[str, Any], words: Words) -> str:
    """In brackets, where it is made of several."""
    [(kind, value)] = condition.items()
    said = say_condition(condition, words)
    if not said:
        return _("(always)")
    return f"({said})" if kind in ("all", "any") and len(value) > 1 else said


def say_gap(gap: Gap, words: Words) -> str:
    """What a cart lacks for a promotion to apply."""
    kind = gap["kind"]
    if kind == "not_yet":
        return _("It begins %(at)s") % {"at": words.moment(gap["wanted"])}
    if kind == "over":
        return _("It ended %(at)s") % {"at": words.moment(gap["wanted"])}
    known = CONDITIONS.get("weekly" if kind == "hours" else kind)
    return known.lacks(gap, words) if known and known.lacks else _("Something is there that rules it out")
