"""The block of recommended products in a confirmation: what it shows, at which price, and on which legal basis."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.sending import send_due
from catalog.models import PriceChange
from customers.actions.consent import record_consent, record_objection
from customers.models import Channel, Purpose
from promotions.actions.offers import PromotionData, VersionData, activate_promotion, create_promotion, end_promotion
from promotions.actions.prices import publish_prices
from tests.campaigns.mails import cross_sell, visible
from tests.factories import CategoryFactory, OrderLineFactory

pytestmark = pytest.mark.django_db


def test_the_block_shows_similar_products_of_others_with_reasons_and_notice(shop, smtp_server):
    message = shop.queue()
    send_due()
    block = cross_sell(message)
    assert (block.shown, block.basis, block.legal_class) == (True, "existing_customer_exception", "M")
    [record] = message.customer.consent_records.all()
    assert block.evidence == {"consent_records": [record.pk]}
    assert block.recommendation_id
    products = block.content["products"]
    assert len(products) == 4
    words = visible(smtp_server.html())
    for product in products:
        assert product["title"] in words
        assert product["reason"]
        assert product["reason"] in words
        assert product["title"] in smtp_server.text()
    assert message.unsubscribe_token in smtp_server.html()
    assert message.unsubscribe_token in smtp_server.text()


def test_the_block_never_shows_a_product_of_the_order_nor_what_cannot_be_bought(shop, smtp_server):
    sold_out, gone, ordered, *rest = shop.others
    sold_out.stock = 0
    gone.active = False
    for product in (sold_out, gone):
        product.save()
    order = shop.order()
    OrderLineFactory(order=order, product=ordered, position=2)
    message = shop.queue(order)
    send_due()
    shown = {product["sku"] for product in cross_sell(message).content["products"]}
    assert shown == {product.sku for product in rest}


def test_under_the_exception_only_similar_goods_are_advertised_with_consent_all(shop, smtp_server):
    kitchen = CategoryFactory(merchant=shop.merchant, name="Pans", path="Kitchen › Pans")
    for product in shop.others[:4]:
        product.category = kitchen
        product.save()
    message = shop.queue()
    order = shop.order(notice=False)
    record_consent(
        order.customer,
        purpose=Purpose.PRODUCT_RECOMMENDATIONS,
        channel=Channel.EMAIL,
        text_version="v1",
        source="account",
        evidence={},
    )
    consented = shop.queue(order)
    send_due()
    assert cross_sell(message).code == "too_few_products"
    assert {flaw["code"] for flaw in cross_sell(message).content["left_out"]} == {"not_similar"}
    assert (cross_sell(consented).shown, cross_sell(consented).basis) == (True, "consent")


def test_an_objecting_customer_gets_a_complete_mail_without_the_block(shop, smtp_server):
    order = shop.order()
    record_objection(order.customer, source="letter")
    message = shop.queue(order)
    send_due()
    block = cross_sell(message)
    assert (block.shown, block.basis, block.code) == (False, "none", "objected")
    assert "Sleeping bag" not in smtp_server.html() + smtp_server.text()
    assert "Tent for two" in smtp_server.html()
    assert "widerrufen" in smtp_server.text()


@pytest.mark.parametrize(("switch", "code"), [(True, "no_notice"), (False, "exception_off")])
def test_without_a_basis_there_is_no_block_and_the_reason_is_kept(shop, smtp_server, switch, code):
    shop.merchant.existing_customer_exception = switch
    shop.merchant.save()
    message = shop.queue(shop.order(notice=False))
    send_due()
    assert (cross_sell(message).shown, cross_sell(message).code) == (False, code)


def test_a_guest_gets_a_complete_mail_without_the_block(shop, smtp_server):
    order = shop.order(notice=False)
    order.customer = None
    order.email = "guest@example.org"
    order.save()
    message = shop.queue(order)
    send_due()
    assert cross_sell(message).code == "no_notice"
    assert smtp_server.only()["To"] == "guest@example.org"


def test_a_reduced_price_is_told_with_the_lowest_of_30_days_and_left_out_without(shop, smtp_server):
    known, unknown, *_rest = shop.others
    for product in (known, unknown):
        product.price, product.list_price = 1500, 2500
        product.save()
    began = timezone.now() - timedelta(days=2)
    for price, list_price, at in [(2000, None, began - timedelta(days=60)), (1500, 2500, began)]:
        PriceChange.objects.create(
            merchant=shop.merchant, product=known, price=price, list_price=list_price, valid_from=at
        )
    for product in shop.others[4:]:
        product.delete()
    message = shop.queue()
    send_due()
    content = cross_sell(message).content
    assert {"sku": unknown.sku, "code": "lowest_price_unknown"} in content["left_out"]
    [told] = [product for product in content["products"] if product["sku"] == known.sku]
    assert told["lowest_price"] == 2000
    words = visible(smtp_server.html()).replace("\xa0", " ")
    assert "20,00 € (−25 %)" in words
    assert unknown.title not in words
    assert "25,00 €" not in words, "the list price is no reference"


def test_a_price_that_a_promotion_lowers_for_everybody_is_the_one_that_is_told(shop, smtp_server):
    known, *others = shop.others
    for product in others[3:]:
        product.delete()
    PriceChange.objects.create(
        merchant=shop.merchant, product=known, price=known.price, valid_from=timezone.now() - timedelta(days=90)
    )
    version = VersionData(
        definition={"lane": "catalog", "target": {"products": [known.sku]}, "benefit": {"percent": {"percent": "20"}}}
    )
    sale = create_promotion(shop.merchant, PromotionData(key="sale", name="Sale", version=version))
    activate_promotion(sale)
    publish_prices(shop.merchant)

    def told() -> tuple[int, int | None]:
        message = shop.queue(shop.order())
        send_due()
        [product] = [one for one in cross_sell(message).content["products"] if one["sku"] == known.sku]
        return product["price"], product["lowest_price"]

    lowered = known.price * 8 // 10
    assert told() == (lowered, known.price)
    words = visible(smtp_server.html()).replace("\xa0", " ")
    assert f"{lowered / 100:.2f} €".replace(".", ",") in words
    assert "(−20 %)" in words

    end_promotion(sale)
    publish_prices(shop.merchant)
    assert told() == (known.price, None)
