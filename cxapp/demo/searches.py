"""What people search for in a demo shop, what they do not find, and the synonyms that its staff wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from merchants.models import Merchant
from recommendations.models import SearchTerm, SearchWord, Synonym
from recommendations.search.actions import index_stale

DAYS, KNOWN = 75, 40
# Texts that find nothing, with how often on a usual day.
IN_VAIN: dict[str, dict[str, float]] = {
    "de": {
        "hängematte": 1.6, "gutschein": 1.1, "kühlbox": 0.9, "drohne": 0.5, "klappspaten": 0.5, "bierbank": 0.3,
        "ersatzteile": 0.3, "fahrradträger": 0.2, "poncho damen xxl": 0.2,
    },
    "en": {"gift card": 0.5, "kombucha": 0.3, "coffee": 0.3, "matcha whisk": 0.2},
}  # fmt: skip
SYNONYMS: dict[str, list[tuple[list[str], list[str]]]] = {
    "de": [
        (["Kissen", "Polster"], []),
        (["Lampe", "Leuchte", "Licht"], []),
        (["Trekkingschuhe", "Wanderschuhe", "Bergschuhe"], []),
        (["Trinkflasche", "Wasserflasche"], []),
        (["Penntüte"], ["Schlafsack"]),
        (["Besteck für unterwegs"], ["Göffel"]),
    ],
    "en": [(["mug", "cup"], []), (["brew"], ["tea"])],
}


def write_searches(merchant: Merchant, *, seed: int, today: date) -> int:
    """Index what is sold, write synonyms, and make up searches of the last weeks; returns how many rows of these."""
    index_stale(merchant)
    pairs = SYNONYMS.get(merchant.language, [])
    Synonym.objects.bulk_create(Synonym(merchant=merchant, words=words, finds=finds) for words, finds in pairs)
    rows = list(_terms(merchant, np.random.default_rng([seed, 40]), today))
    return len(SearchTerm.objects.bulk_create(rows, batch_size=5000))


def _terms(merchant: Merchant, rng: np.random.Generator, today: date) -> Sequence[SearchTerm]:
    """Words of the range, the frequent ones often; and in between what is not sold."""
    words = SearchWord.objects.for_merchant(merchant).filter(products__gt=1).order_by("-products", "word")
    found = list(words.values_list("spelling", flat=True)[:KNOWN])
    wanted = {text: 9 / (place + 2) for place, text in enumerate(found)}
    in_vain = IN_VAIN.get(merchant.language, {})
    terms = []
    for ago in range(DAYS):
        day = today - timedelta(days=ago)
        for text, often in {**wanted, **in_vain}.items():
            searches = int(rng.exponential(often) * (1.3 if day.weekday() >= 5 else 1) * (1 - ago / 300) + 0.5)
            missed = searches if text in in_vain else 0
            if searches:
                terms.append(
                    SearchTerm(merchant=merchant, day=day, text=text, searches=searches, without_result=missed)
                )
    return terms
