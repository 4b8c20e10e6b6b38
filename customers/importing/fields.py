"""What a column of a customers' file can be, and by which names people call it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

IGNORED = ""
TRAIT = "trait:"


class Field(NamedTuple):
    """``names`` are lower case, without blanks and signs: how headers are compared."""

    name: str
    label: Any
    group: Any
    names: tuple[str, ...]
    longest: int = 0


_WHO, _PERSON, _COMPANY, _CONSENT = _("Who it is"), _("The person"), _("Company"), _("Consent")

FIELDS = [
    Field("external_id", _("customer number"), _WHO,
          ("externalid", "customerid", "customernumber", "customerno", "kundennummer", "kundennr", "kdnr", "kundenid",
           "id", "userid", "debitor", "debitorennummer", "debitornr"), 320),
    Field("email", _("e-mail"), _WHO, ("email", "emailaddress", "mail", "emailadresse", "mailadresse"), 254),
    Field("phone", _("phone"), _WHO,
          ("phone", "phonenumber", "mobile", "mobilephone", "cell", "telephone", "telefon", "telefonnummer", "tel",
           "handy", "handynummer", "mobil", "mobilnummer", "rufnummer"), 60),
    Field("loyalty_card", _("loyalty card"), _WHO,
          ("loyaltycard", "loyaltycardnumber", "card", "cardnumber", "kundenkarte", "kundenkartennummer",
           "kartennummer", "bonuskarte"), 120),
    Field("first_name", _("first name"), _PERSON, ("firstname", "givenname", "vorname", "rufname", "forename"), 120),
    Field("last_name", _("last name"), _PERSON,
          ("lastname", "surname", "familyname", "nachname", "familienname", "zuname"), 120),
    Field("name", _("first and last name"), _PERSON,
          ("name", "fullname", "customername", "vollername", "kundenname", "vorundnachname", "kunde"), 240),
    Field("locale", _("language"), _PERSON, ("locale", "language", "lang", "sprache"), 40),
    Field("country", _("country"), _PERSON,
          ("country", "countrycode", "land", "laendercode", "landcode", "addresscountry", "defaultaddresscountrycode"),
          80),
    Field("postal_code", _("postal code"), _PERSON,
          ("postalcode", "postcode", "zip", "zipcode", "plz", "postleitzahl", "addresszip", "defaultaddresszip",
           "addresspostalcode"), 20),
    Field("city", _("city"), _PERSON,
          ("city", "town", "ort", "stadt", "wohnort", "addresscity", "defaultaddresscity"), 100),
    Field("company_id", _("company number"), _COMPANY,
          ("companyid", "companynumber", "firmennummer", "firmenid", "firmennr"), 120),
    Field("company", _("company name"), _COMPANY,
          ("company", "companyname", "organisation", "organization", "firma", "firmenname", "unternehmen",
           "defaultaddresscompany"), 200),
    Field("company_role", _("role at the company"), _COMPANY, ("companyrole", "role", "rolle"), 40),
    Field("consent_state", _("consent: given or withdrawn"), _CONSENT,
          ("consent", "consentstate", "consentstatus", "optin", "optinstatus", "newsletter", "newsletterstatus",
           "subscribed", "einwilligung", "einwilligungsstatus", "newsletterabonnent"), 40),
    Field("consent_purpose", _("consent: purpose"), _CONSENT,
          ("consentpurpose", "purpose", "zweck", "einwilligungszweck"), 40),
    Field("consent_channel", _("consent: channel"), _CONSENT,
          ("consentchannel", "channel", "kanal", "einwilligungskanal"), 40),
    Field("consent_at", _("consent: date"), _CONSENT,
          ("consentat", "consentdate", "consentedat", "optindate", "optintime", "optinat", "subscribedat", "confirmtime",
           "einwilligungsdatum", "einwilligungam", "optindatum", "anmeldedatum", "bestaetigtam"), 40),
    Field("consent_source", _("consent: source"), _CONSENT,
          ("consentsource", "optinsource", "source", "quelle", "herkunft", "einwilligungsquelle"), 80),
    Field("consent_text_version", _("consent: version of the text"), _CONSENT,
          ("consenttextversion", "textversion", "consentversion", "textfassung", "einwilligungsversion", "fassung"), 40),
    Field("consent_text", _("consent: the text itself"), _CONSENT,
          ("consenttext", "einwilligungstext", "wortlaut"), 4000),
]  # fmt: skip
BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}
IDENTITIES = ("external_id", "email", "phone", "loyalty_card")
CONSENT_FIELDS = tuple(field.name for field in FIELDS if field.name.startswith("consent_"))
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def header_key(name: str) -> str:
    """``"E-Mail-Adresse "`` → ``"emailadresse"``."""
    text = unicodedata.normalize("NFC", name).lower().translate(_UMLAUTS)
    return re.sub(r"[^a-z0-9]", "", text)


_GUESSES = {name: field.name for field in FIELDS for name in (*field.names, header_key(field.name))}


def guess(header: Iterable[str]) -> dict[str, str]:
    """What each column probably is, by its name; each field once. What is not recognised is left out of the import."""
    taken: set[str] = set()
    guessed = {}
    for name in header:
        target = _GUESSES.get(header_key(name), IGNORED)
        guessed[name] = target if target not in taken else IGNORED
        taken.add(guessed[name])
    return guessed


def is_target(value: str) -> bool:
    """Whether a column can be this: left out, a field, or a trait with a name."""
    return value == IGNORED or value in BY_NAME or (value.startswith(TRAIT) and 0 < len(value) - len(TRAIT) <= 120)
