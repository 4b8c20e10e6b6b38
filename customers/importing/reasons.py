"""Why a row of a customers' file, or the consent in it, was not taken over."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.importing import reasons as general
from core.importing.reasons import Reason

# The person is taken over without the consent: its row is imported and listed all the same.
CONSENT = "consent_"

REASONS: dict[str, Reason] = {
    **general.REASONS,
    "unidentified": Reason(
        _("Nothing says who it is"),
        _("The row needs a customer number, an e-mail address, a telephone number or a loyalty card."),
    ),
    "bad_phone": Reason(_("No telephone number"), _("%(column)s is “%(value)s”, which cannot be dialled.")),
    "bad_language": Reason(_("No language"), _("%(column)s is “%(value)s”, which is no language such as de or en-GB.")),
    "not_an_object": Reason(_("No object"), _("This entry of the file is no JSON object.")),
    "bad_json": Reason(_("Broken JSON"), _("This line is not valid JSON: %(value)s")),
    "consent_state": Reason(
        _("Consent: neither given nor withdrawn"),
        _("Imported without consent: %(column)s is “%(value)s”, which says neither given nor withdrawn."),
    ),
    "consent_subject": Reason(
        _("Consent: purpose or channel unknown"),
        _("Imported without consent: purpose or channel is not known: %(value)s"),
    ),
    "consent_date": Reason(
        _("Consent without a date"), _("Imported without consent: when it was given is missing or no date: %(value)s")
    ),
    "consent_source": Reason(
        _("Consent without a source"), _("Imported without consent: where it was given is missing.")
    ),
    "consent_text_version": Reason(
        _("Consent without its text"), _("Imported without consent: the version of the text is missing.")
    ),
    "consent_refused": Reason(_("Consent refused"), _("Imported without consent: %(value)s")),
}


def explain(code: str, *, column: str = "", value: str = "") -> str:
    """The sentence for a row, in the active language."""
    return general.explain(
        REASONS, code, column=column, value=(value if code == "consent_refused" else value[:80]) or "–"
    )


def reason_label(code: str) -> str:
    return general.label(REASONS, code)
