"""The cross-sell block of a contract message: asked for by nobody, so shown only where the law lets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import translation

from campaigns.models import LegalClass, Message, MessageBlock
from campaigns.offers import Candidate, Choice, Offer, choose_offers, range_of
from campaigns.reasons import BlockCode
from campaigns.recommending import NoRecommendation, Recommender
from catalog.models import Category, Product
from catalog.queries import lowest_price_30_days
from customers.models import Purpose
from customers.queries import BasisDecision, legal_basis
from customers.rules.legal_basis import Basis
from orders.models import OrderLine
from recommendations.serving import Recommendation, Recommended, reason_text

# What a block needs to know of a product: it is read for two dozen candidates of every message.
SHOWN = ("sku", "title", "price", "list_price", "stock", "active", "url", "image_url")


@dataclass(frozen=True)
class CrossSell:
    """The decision about the block as the ledger keeps it (unsaved), and what it shows."""

    block: MessageBlock
    basis: Basis
    offers: tuple[Offer, ...] = ()


def may_advertise(message: Message) -> BasisDecision:
    """What the legal gate says now about recommendations to this message's reader."""
    return legal_basis(
        message.customer,
        merchant=message.merchant,
        purpose=Purpose.PRODUCT_RECOMMENDATIONS,
        channel=message.channel,
        address=message.address,
    )


def choose_cross_sell(
    message: Message, lines: Sequence[OrderLine], decision: BasisDecision, recommender: Recommender
) -> CrossSell:
    """Three to four products for the order's ``lines``, or none with the reason; never raises for want of them."""
    if not decision.allowed:
        return CrossSell(_block(message, decision, decision.code), decision.basis)
    try:
        answer = recommender.ask(
            message.merchant_id,
            customer_id=message.customer_id,
            basket=list(dict.fromkeys(line.product.sku for line in lines)),
        )
    except NoRecommendation as silence:
        return CrossSell(_block(message, decision, silence.code, detail=silence.detail), decision.basis)
    choice = _choose(message, lines, decision, answer)
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


def _choose(message: Message, lines: Sequence[OrderLine], decision: BasisDecision, answer: Recommendation) -> Choice:
    products = _products(message.merchant_id, lines, answer)
    titles = {product.sku: product.title for product in products.values()} | {
        line.product.sku: line.title for line in lines
    }
    with translation.override(message.language):
        candidates = [
            _candidate(products[item.product_id], item, titles) for item in answer.items if item.product_id in products
        ]
    reduced = [candidate.product_id for candidate in candidates if candidate.is_reduced]
    only_similar = decision.basis == Basis.EXISTING_CUSTOMER
    return choose_offers(
        candidates,
        ordered={line.product_id for line in lines},
        similar_to={_range(line.product) for line in lines} if only_similar else None,
        lowest_prices=lowest_price_30_days(message.merchant, reduced) if reduced else {},
    )


def _products(merchant_id: int, lines: Sequence[OrderLine], answer: Recommendation) -> Mapping[int, Product]:
    """What the catalogue says now about the recommended products and those named in their reasons."""
    in_order = {line.product.sku for line in lines}
    named = {item.reason.because for item in answer.items if item.reason.because} - in_order
    skus = {item.sku for item in answer.items} | named
    found = Product.objects.for_merchant(merchant_id).filter(sku__in=skus).select_related("category")
    return {product.pk: product for product in found.only(*SHOWN, "category__path")}


def _candidate(product: Product, item: Recommended, titles: Mapping[str, str]) -> Candidate:
    return Candidate(
        product_id=product.pk,
        sku=product.sku,
        title=product.title,
        price=product.price,
        is_reduced=product.is_reduced,
        is_available=product.is_available,
        range=_range(product),
        url=product.url,
        image_url=product.image_url,
        reason=reason_text(item.reason, titles),
        reason_code=item.reason.code,
    )


def _range(product: Product) -> str:
    """Products without a category are one range: a shop without a category tree sells one kind of goods."""
    return range_of(product.category.path, Category.SEPARATOR) if product.category else ""
