"""Notes and tasks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import KitModelForm
from core.listing import DAY_LIMITS, day_input
from customers.models import Note, Task
from merchants.models import Merchant, Staff


class MemberField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """Somebody who works for the shop."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Staff.objects.none(), **kwargs)

    def narrow(self, merchant: Merchant) -> None:
        self.queryset = Staff.objects.filter(memberships__merchant=merchant).order_by("email")


class NoteForm(KitModelForm):
    class Meta:
        model = Note
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}
        labels = {"text": _("Note")}


class TaskForm(KitModelForm):
    """``merchant`` says whose members can be chosen."""

    assignee = MemberField(label=_("Assigned to"), required=False, empty_label=_("Nobody yet"))
    due_on = forms.DateField(label=_("Due"), required=False, widget=day_input(), validators=DAY_LIMITS)

    class Meta:
        model = Task
        fields = ["title", "due_on", "assignee", "priority", "details"]
        widgets = {"details": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assignee"]
        assert isinstance(field, MemberField)
        field.narrow(merchant)
