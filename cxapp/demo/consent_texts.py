"""What the demo shops ask people to agree to: a version per year, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from customers.models import Channel, ConsentText, Language, Purpose
from merchants.models import Merchant

_NEWSLETTER, _RECOMMENDATIONS = Purpose.NEWSLETTER, Purpose.PRODUCT_RECOMMENDATIONS
_WORDS: dict[Purpose, dict[str, str]] = {
    _NEWSLETTER: {
        "de": "Ich möchte den Newsletter von {shop} per E-Mail erhalten. Abbestellen kann ich ihn jederzeit.",
        "en": "I would like to receive the newsletter of {shop} by e-mail. I can unsubscribe at any time.",
    },
    _RECOMMENDATIONS: {
        "de": "Ich möchte von {shop} per E-Mail Produktempfehlungen erhalten, die zu meinen Bestellungen passen. Ich kann das "
        "jederzeit widerrufen.",
        "en": "I would like to receive product recommendations that fit my orders from {shop} by e-mail. I can withdraw this at "
        "any time.",
    },
    Purpose.REVIEWS: {
        "de": "{shop} darf mich per E-Mail um Bewertungen meiner Einkäufe bitten. Ich kann das jederzeit widerrufen.",
        "en": "{shop} may ask me by e-mail to review what I bought. I can withdraw this at any time.",
    },
    Purpose.PROFILING: {
        "de": "{shop} darf aus meinen Einkäufen ableiten, was mich interessiert. Ich kann dem jederzeit widersprechen.",
        "en": "{shop} may infer from my purchases what interests me. I can object to this at any time.",
    },
    Purpose.TRACKING: {
        "de": "{shop} darf festhalten, welche Seiten ich ansehe, und das auf meinem Gerät wiedererkennen. Ich kann das jederzeit "
        "widerrufen.",
        "en": "{shop} may record which pages I look at and recognise my device. I can withdraw this at any time.",
    },
}
_SINCE_THE_LINK = {
    "de": " Der Link dafür steht in jeder Nachricht.",
    "en": " The link for it stands in every message.",
}


class ConsentTexts:
    """The rows, and which of them a consent names."""

    def __init__(self, merchant: Merchant, versions: Iterable[str]) -> None:
        self._language = merchant.language
        self.rows = list(_rows(merchant, sorted(set(versions))))

    def id_of(self, purpose: str, version: str) -> int | None:
        """The text in the shop's language; the rows must have their ids."""
        wanted = (version, self._language, [purpose])
        return next((text.pk for text in self.rows if (text.version, text.language, text.purposes) == wanted), None)


def _rows(merchant: Merchant, versions: list[str]) -> Iterator[ConsentText]:
    for version in versions:
        is_newest = version == versions[-1]
        # The newest version of everything; of what people agreed to earlier the older ones too.
        for purpose in Purpose if is_newest else (_NEWSLETTER, _RECOMMENDATIONS):
            for language in Language:
                words = _WORDS[purpose][language].format(shop=merchant.name)
                is_advertising = purpose not in (Purpose.PROFILING, Purpose.TRACKING)
                yield ConsentText(
                    merchant_id=merchant.pk,
                    version=version,
                    language=language.value,
                    purposes=[purpose.value],
                    channels=[Channel.EMAIL.value] if is_advertising else [],
                    text=words + (_SINCE_THE_LINK[language] if is_newest else ""),
                    created_at=datetime(int(version[:4]), 1, 1, tzinfo=UTC),
                )
