"""Notes about people: written, changed and deleted by colleagues, every change in the audit log."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from customers.models import Customer, Note
from merchants.actions import record_audit
from merchants.models import Staff


@transaction.atomic
def add_note(customer: Customer, *, text: str, staff: Staff | None, is_pinned: bool = False) -> Note:
    """A note, from now on in the person's profile and timeline."""
    note = Note.objects.create(
        merchant_id=customer.merchant_id, customer=customer, author=staff, text=text, is_pinned=is_pinned
    )
    _audit(note, "note.added", staff)
    return note


@transaction.atomic
def edit_note(note: Note, *, text: str, staff: Staff) -> None:
    """Replace the text; the note says from then on that it was edited. The same text changes nothing."""
    if note.text == text:
        return
    note.text, note.edited_at = text, timezone.now()
    note.save(update_fields=["text", "edited_at"])
    _audit(note, "note.edited", staff)


@transaction.atomic
def pin_note(note: Note, *, is_pinned: bool, staff: Staff) -> None:
    """Keep a note above the others, or no longer."""
    rows = Note.objects.for_merchant(note.merchant_id).filter(pk=note.pk)
    if rows.exclude(is_pinned=is_pinned).update(is_pinned=is_pinned):
        note.is_pinned = is_pinned
        _audit(note, "note.pinned" if is_pinned else "note.unpinned", staff)


@transaction.atomic
def delete_note(note: Note, *, staff: Staff) -> None:
    _audit(note, "note.deleted", staff)
    note.delete()


def _audit(note: Note, action: str, staff: Staff | None) -> None:
    """The entry is about the profile, with the note's number: the log repeats no texts about people."""
    record_audit(note.customer.merchant, action, staff=staff, subject=note.customer, changes={"note": note.pk})
