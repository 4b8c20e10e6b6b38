"""English country names, as shops write them, to ISO 3166 codes. Pure."""

from functools import cache

from babel.core import Locale

# Names that CLDR spells otherwise. Regions that are no country (Channel Islands, European Community) have no code.
_OTHER_NAMES = {
    "eire": "IE",
    "usa": "US",
    "rsa": "ZA",
    "uk": "GB",
    "england": "GB",
    "hong kong": "HK",
    "czech republic": "CZ",
    "korea": "KR",
}


@cache
def _codes() -> dict[str, str]:
    names = {
        name.casefold(): code for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()
    }
    return names | _OTHER_NAMES


def country_code(name: str) -> str:
    """``"Germany"`` → ``"DE"``; an empty string for what is no country that we know."""
    return _codes().get(name.strip().casefold(), "")
