"""The cross-sell block of a contract message: asked for by nobody, so shown only where the law lets it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.utils import translation

from campaigns.models import LegalClass, Message, MessageBlock
from campaigns.offers import Candidate, Choice, Offer, choose_offers, range_of
from campaigns.reasons import BlockCode
from campaigns.recommending import NoRecommendation, Recommender
from catalog.models import Category, Product
from catalog.queries import Shown, shown_prices
from customers.models import Purpose
from customers.queries.consent import BasisDecision, Reader, legal_bases
from customers.rules.legal_basis import Basis
from merchants.models import Merchant
from orders.models import OrderLine
from recommendations.serving import Recommendation, Recommended, reason_text

# What a block needs to know of a product: it is read for two dozen candidates of every message.
SHOWN = ("sku", "title", "price", "list_price", "stock", "active", "url", "image_url")


@dataclass(frozen=True)
class Shelf:
    """What one merchant's shop says now: products by SKU, and what each costs with what promotions for everybody take
    off it."""

    products: Mapping[str, Product]
    titles: dict[str, str]
    prices: Mapping[int, Shown]

    @classmethod
    def of(cls, merchant: Merchant, answers: Iterable[Answer]) -> Self:
        """Everything that these answers recommend or name in a reason."""
        items = [item for answer in answers if isinstance(answer, Recommendation) for item in answer.items]
        skus = {item.sku for item in items} | {item.reason.because for item in items if item.reason.because}
        found = Product.objects.for_merchant(merchant).filter(sku__in=skus).select_related("category")
        products = {product.sku: product for product in found.only(*SHOWN, "category__path")} if skus else {}
        titles = {sku: product.title for sku, product in products.items()}
        return cls(products, titles, shown_prices(merchant, list(products.values())))

    def candidate(self, item: Recommended, titles: Mapping[str, str]) -> Candidate:
        """A recommended product as its reader would find it."""
        product = self.products[item.sku]
        shown = self.prices[product.pk]
        return Candidate(
            product_id=product.pk,
            sku=product.sku,
            title=product.title,
            price=shown.price,
            is_reduced=product.is_reduced or shown.is_lowered,
            is_available=product.is_available,
            range=_range(product),
            url=product.url,
            image_url=product.image_url,
            reason=reason_text(item.reason, titles),
            reason_code=item.reason.code,
        )


# None: not asked, because nothing may be shown anyhow.
Answer = Recommendation | NoRecommendation | None


@dataclass(frozen=True)
class CrossSell:
    """The decision about the block as the ledger keeps it (unsaved), and what it shows."""

    block: MessageBlock
    basis: Basis
    offers: tuple[Offer, ...] = ()


def may_advertise(messages: Sequence[Message]) -> dict[int, BasisDecision]:
    """What the legal gate says now about recommendations to the readers of these messages, by message."""
    decisions: dict[int, BasisDecision] = {}
    by_gate: dict[tuple[Merchant, str], list[Message]] = defaultdict(list)
    for message in messages:
        by_gate[message.merchant, message.channel].append(message)
    for (merchant, channel), group in by_gate.items():
        readers = [Reader(message.customer_id, message.address) for message in group]
        answers = legal_bases(readers, merchant=merchant, purpose=Purpose.PRODUCT_RECOMMENDATIONS, channel=channel)
        decisions |= {message.pk: answer for message, answer in zip(group, answers, strict=True)}
    return decisions


def ask_recommender(message: Message, decision: BasisDecision, recommender: Recommender) -> Answer:
    """What goes with the message's order; never raises."""
    if not decision.allowed:
        return None
    basket = list(dict.fromkeys(line.product.sku for line in _lines(message)))
    try:
        return recommender.ask(message.merchant_id, customer_id=message.customer_id, basket=basket)
    except NoRecommendation as silence:
        return silence


def choose_cross_sell(message: Message, decision: BasisDecision, answer: Answer, shelf: Shelf) -> CrossSell:
    """Three to four products for the message's order, or none with the reason."""
    if answer is None:
        return CrossSell(_block(message, decision, decision.code), decision.basis)
    if isinstance(answer, NoRecommendation):
        return CrossSell(_block(message, decision, answer.code, detail=answer.detail), decision.basis)
    choice = _choose(message, decision, answer, shelf)
    code = decision.code.value if choice.offers else BlockCode.TOO_FEW_PRODUCTS.value
    return CrossSell(_block(message, decision, code, answer=answer, choice=choice), decision.basis, choice.offers)


def _block(
    message: Message,
    decision: BasisDecision,
    code: str,
    *,
    detail: str = "",
    answer: Recommendation | None = None,
    choice: Choice | None = None,
) -> MessageBlock:
    return MessageBlock(
        merchant_id=message.merchant_id,
        message=message,
        kind=MessageBlock.Kind.CROSS_SELL,
        legal_class=LegalClass.ADVERTISING,
        shown=bool(choice and choice.offers),
        basis=decision.basis.value,
        code=code,
        detail=detail,
        evidence={"consent_records": list(decision.evidence)},
        content=_content(choice),
        recommendation_id=answer.id if answer else "",
        model_version=(answer.model_version or "") if answer else "",
    )


def _content(choice: Choice | None) -> dict[str, Any]:
    if choice is None:
        return {}
    return {
        "products": [offer.as_content() for offer in choice.offers],
        "left_out": [{"sku": sku, "code": flaw.value} for sku, flaw in choice.left_out],
    }


def _choose(message: Message, decision: BasisDecision, answer: Recommendation, shelf: Shelf) -> Choice:
    lines = _lines(message)
    titles = shelf.titles | {line.product.sku: line.title for line in lines}
    only_similar = decision.basis == Basis.EXISTING_CUSTOMER
    with translation.override(message.language):
        return choose_offers(
            (shelf.candidate(item, titles) for item in answer.items if item.sku in shelf.products),
            ordered={line.product_id for line in lines},
            similar_to={_range(line.product) for line in lines} if only_similar else None,
            lowest_prices={pk: shown.lowest_30_days for pk, shown in shelf.prices.items()},
        )


def _lines(message: Message) -> list[OrderLine]:
    return list(message.order.lines.all()) if message.order else []


def _range(product: Product) -> str:
    """Products without a category are one range: a shop without a category tree sells one kind of goods."""
    return range_of(product.category.path, Category.SEPARATOR) if product.category else ""
