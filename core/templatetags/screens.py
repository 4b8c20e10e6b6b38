"""Parts of screens that compute something: sortable headings, widgets of foreign forms."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import FieldDoesNotExist
from django.forms import BoundField
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from core.filters import AUDIT_ACTIONS
from core.forms import kit_class
from core.listing import Listing
from core.providers import Panel
from merchants.models import Merchant

register = template.Library()
# The names under which apps store facts in JSON columns, as ``spoken_key`` says them: here for the catalogues.
_KEYS = [
    gettext_noop("Channel"),
    gettext_noop("Code"),
    gettext_noop("Columns"),
    gettext_noop("Confirmed at"),
    gettext_noop("Consent request"),
    gettext_noop("Consents"),
    gettext_noop("Currency"),
    gettext_noop("Customer"),
    gettext_noop("Dry run"),
    gettext_noop("Encoding"),
    gettext_noop("Evidence"),
    gettext_noop("File"),
    gettext_noop("Export"),
    gettext_noop("Format"),
    gettext_noop("Language"),
    gettext_noop("Import"),
    gettext_noop("Mapping"),
    gettext_noop("Message"),
    gettext_noop("Note"),
    gettext_noop("Task"),
    gettext_noop("Order"),
    gettext_noop("Page"),
    gettext_noop("Path"),
    gettext_noop("People"),
    gettext_noop("Purpose"),
    gettext_noop("Recorded by"),
    gettext_noop("Query"),
    gettext_noop("Requested at"),
    gettext_noop("Role"),
    gettext_noop("Rows"),
    gettext_noop("Scopes"),
    gettext_noop("Status"),
    gettext_noop("Text"),
    gettext_noop("Upload"),
    gettext_noop("Version"),
]


@register.inclusion_tag("parts/sort.html", takes_context=True)
def sort_header(
    context: template.Context, listing: Listing[Any], name: str, label: str, classes: str = "", first: str = "-"
) -> dict[str, Any]:
    """``{% sort_header listing "revenue" _("Revenue") %}``: a column heading that sorts.

    The first click sorts descending (``first=""``: ascending), the next turns round.
    """
    current = listing.filter.sort
    is_current = current.lstrip("-") == name
    turned = name if current.startswith("-") else f"-{name}"
    query = context["request"].GET.copy()
    for gone in ("after", "before"):
        query.pop(gone, None)
    query["sort"] = turned if is_current else f"{first}{name}"
    direction = ("descending" if current.startswith("-") else "ascending") if is_current else ""
    return {"label": label, "classes": classes, "direction": direction, "url": f"?{query.urlencode()}"}


@register.filter
def kit_widget(field: BoundField) -> SafeString:
    """The widget of a field whose form is not ours, in the kit's looks."""
    classes = f"{kit_class(field.field.widget)} {'is-invalid' if field.errors else ''}".strip()
    return field.as_widget(attrs={"class": classes})


@register.filter
def spoken_key(name: str) -> str:
    """``dry_run`` → ``Dry run`` or ``Probelauf``: the names that jobs give their parameters and results."""
    return gettext(name.replace("_", " ").capitalize())


# What cxapp itself writes down as the source of a consent or a trait; callers of the API and files name their own.
OWN_SOURCES = {
    "back office": _("back office"),
    "import": _("import"),
    "objection page": _("objection page"),
    "one-click unsubscribe": _("one-click unsubscribe"),
    "order": _("order"),
    "preference centre": _("preference centre"),
    "tracking": _("tracking"),
}


@register.filter
def spoken_source(source: str) -> str:
    """``preference centre`` → ``Einstellungsseite``; what a shop calls a source stays as it is."""
    return str(OWN_SOURCES.get(source, source))


@register.filter
def changed_key(name: str) -> str:
    """What an audit entry says was changed: the label of the shop's setting, else the name in words."""
    try:
        return str(capfirst(Merchant._meta.get_field(name).verbose_name))  # type: ignore[union-attr]  # no relation is changed
    except FieldDoesNotExist:
        return spoken_key(name)


@register.filter
def audit_action(action: str) -> str:
    """``settings.updated`` → ``Settings changed``; an unknown action stays itself."""
    return str(dict(AUDIT_ACTIONS).get(action, action))


@register.filter
def json_value(value: Any) -> str:
    """A value out of a JSON column, for people: never ``None``, ``True`` or a Python list."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, dict):
        return ", ".join(f"{spoken_key(name)}: {json_value(part)}" for name, part in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(json_value(part) for part in value) or "–"
    return str(localize(value))


@register.simple_tag(takes_context=True)
def panel(context: template.Context, shown: Panel) -> SafeString:
    """A card that another app provides: its template, with its context on top of the page's."""
    assert context.template is not None
    with context.push(**shown.context):
        return context.template.engine.get_template(shown.template).render(context)
