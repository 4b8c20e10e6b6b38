"""Rules read back as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import Product
from core.templatetags.cx import money
from recommendations.models import Placement, Rule
from recommendations.steering.segments import segment_label

NAMED = 3
Action, Target = Rule.Action, Rule.Target
# What each action is for, where one is chosen.
EXPLANATIONS = {
    Action.PIN: gettext_lazy("Certain products stand at a certain place, whatever the model thinks."),
    Action.BOOST: gettext_lazy("Products move up or down, up to five times, and stay in competition with the others."),
    Action.BURY: gettext_lazy("Products are shown only when nothing else is left."),
    Action.EXCLUDE: gettext_lazy("Products are never shown, to nobody."),
    Action.IN_STOCK: gettext_lazy("Products of which only a few units are left make room for others."),
    Action.PRICE_BAND: gettext_lazy("Nothing cheaper or dearer than what fits the place."),
    Action.CATEGORY_CAP: gettext_lazy("Variety: one answer shows only so many products of a category."),
}
ICONS = {
    Action.PIN: "pin",
    Action.BOOST: "arrows-up-down",
    Action.BURY: "arrow-down",
    Action.EXCLUDE: "ban",
    Action.IN_STOCK: "stack",
    Action.PRICE_BAND: "coin",
    Action.CATEGORY_CAP: "category",
}


def titles_of(merchant_id: int, rules: Iterable[Rule]) -> dict[int, str]:
    """Of the products that rules name; one query."""
    wanted = {pk for rule in rules for pk in rule.product_ids[:NAMED]}
    return dict(Product.objects.for_merchant(merchant_id).filter(pk__in=wanted).values_list("pk", "title"))


def rule_text(rule: Rule, titles: Mapping[int, str], currency: str) -> str:
    """What the rule does, in the reader's language; what it is about may come first there."""
    text = _rule_text(rule, titles, currency)
    return text[:1].upper() + text[1:]


def _rule_text(rule: Rule, titles: Mapping[int, str], currency: str) -> str:
    what = _what(rule, titles, currency)
    match rule.action:
        case Action.PIN:
            return _("Pin %(what)s to place %(slot)s") % {"what": what, "slot": rule.slot or 1}
        case Action.BOOST:
            return _boost_text(rule, what)
        case Action.BURY:
            return _("Show %(what)s last") % {"what": what}
        case Action.EXCLUDE:
            return _("Never show %(what)s") % {"what": what}
    return _limit_text(rule, currency)


def _boost_text(rule: Rule, what: str) -> str:
    factor = number_format(rule.factor or 1, 2 if (rule.factor or 1) % 1 else 0)
    if rule.target == Target.MARGIN:
        return _("Up to × %(factor)s for products, the more the higher their margin") % {"factor": factor}
    verb = _("Boost %(what)s × %(factor)s") if (rule.factor or 1) >= 1 else _("Dampen %(what)s × %(factor)s")
    return verb % {"what": what, "factor": factor}


def _limit_text(rule: Rule, currency: str) -> str:
    if rule.action == Action.IN_STOCK:
        return _("Only products of which at least %(units)s are in stock") % {"units": rule.least_stock or 1}
    if rule.action == Action.PRICE_BAND:
        return _("Only products %(range)s") % {"range": _range(rule, currency)}
    if rule.category is None:
        return _("At most %(most)s products of each category") % {"most": rule.most or 1}
    return _("At most %(most)s products of “%(category)s”") % {"most": rule.most or 1, "category": rule.category.path}


def _what(rule: Rule, titles: Mapping[int, str], currency: str) -> str:
    if rule.action == Action.PIN or rule.target == Target.PRODUCTS:
        named = [f"“{titles[pk]}”" for pk in rule.product_ids[:NAMED] if pk in titles]
        more = len(rule.product_ids) - len(named)
        text = ", ".join(named)
        further = ngettext("%(count)s further product", "%(count)s further products", more) % {"count": more}
        return (
            (_("%(named)s and %(further)s") % {"named": text, "further": further} if named else further)
            if more
            else text
        )
    if rule.target == Target.CATEGORY and rule.category:
        return _("products of “%(category)s”") % {"category": rule.category.path}
    if rule.target == Target.NEW:
        days = rule.days or 0
        return ngettext("products added in the last %(days)s day", "products added in the last %(days)s days", days) % {
            "days": days
        }
    return _("products %(range)s") % {"range": _range(rule, currency)}


def _range(rule: Rule, currency: str) -> str:
    low, high = money(rule.price_from or 0, currency), money(rule.price_to, currency)
    if rule.price_to is None:
        return _("from %(low)s") % {"low": low}
    return (
        _("up to %(high)s") % {"high": high}
        if not rule.price_from
        else _("from %(low)s to %(high)s") % {"low": low, "high": high}
    )


def where_text(rule: Rule) -> str:
    return ", ".join(str(Placement(name).label) for name in rule.placements) or _("everywhere")


def whom_text(rule: Rule) -> str:
    return segment_label(rule.segment_kind, rule.segment_value) or _("everybody")
