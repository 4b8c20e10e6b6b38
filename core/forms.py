"""Forms that look like the back office: the kit's classes, put on where the widget is drawn."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import DecimalValidator

from core.money import decimal_places


class KitField(forms.BoundField):
    """A bound field whose widget wears Tabler's class for its kind."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        own = widget.attrs.get("class", "")
        attrs["class"] = f"{kit_class(widget)} {own} {'is-invalid' if self.errors else ''}".strip()
        return attrs


def kit_class(widget: forms.Widget) -> str:
    """Tabler's class for a widget of this kind."""
    kind = getattr(widget, "input_type", "")
    if kind in ("checkbox", "radio"):
        return "form-check-input"
    return "form-select" if kind == "select" else "form-control"


class KitForm(forms.Form):
    """Base of plain forms; ``{% include "parts/form.html" %}`` draws one."""

    bound_field_class = KitField
    marks_optional = True  # whether fields that may stay empty say so


class KitModelForm(forms.ModelForm):  # type: ignore[type-arg]  # the model is a subclass's choice
    """Base of model forms."""

    bound_field_class = KitField
    marks_optional = True


def in_currency(field: forms.Field, currency: str) -> None:
    """Let a decimal field take the decimals that amounts of this currency have."""
    assert isinstance(field, forms.DecimalField)
    places = field.decimal_places = decimal_places(currency)
    others = [rule for rule in field.validators if not isinstance(rule, DecimalValidator)]
    field.validators = [*others, DecimalValidator(field.max_digits, places)]
    field.widget.attrs.pop("step", None)
    field.widget.attrs |= field.widget_attrs(field.widget)
