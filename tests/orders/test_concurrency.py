"""Orders that arrive at once, each on a connection of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.db import connection

from catalog.models import Product
from core.models import Delivery, IdempotencyRecord
from customers.models import Customer, Identity
from merchants.actions import create_api_key
from merchants.models import Merchant
from orders.events import OrderPlaced
from orders.models import Order, Refund
from tests.factories import MerchantFactory
from tests.orders.samples import ORDER, order_json
from tests.storefront import Storefront

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8
T = TypeVar("T")


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run these in threads that start together."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        barrier.wait(10)
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture
def shop() -> Merchant:
    return MerchantFactory()


@pytest.fixture
def post(shop: Merchant) -> Callable[..., Callable[[], Any]]:
    """``post(path, body)`` is a call to make; its result is the answer."""
    _key, token = create_api_key(shop, kind="sk", name="tests")

    def prepare(path: str, body: dict[str, Any], **headers: str) -> Callable[[], Any]:
        client = Storefront(token, **headers)
        return lambda: client.post(f"/api/v1/{path}", body)

    return prepare


def test_one_order_sent_many_times_at_once_is_one_order(shop: Merchant, post: Any, listen: Any) -> None:
    listen(OrderPlaced)
    answers = at_once([post("orders", ORDER)] * THREADS)
    assert sorted(answer.status_code for answer in answers) == [200] * (THREADS - 1) + [201]
    assert Order.objects.for_merchant(shop).count() == 1
    assert Delivery.objects.for_merchant(shop).filter(event="OrderPlaced", handler="test").count() == 1
    assert Customer.objects.get(merchant=shop).orders_count == 1


def test_first_orders_of_one_customer_at_once_make_one_profile(shop: Merchant, post: Any) -> None:
    answers = at_once([post("orders", order_json(number=f"A-{index}")) for index in range(THREADS)])
    assert [answer.status_code for answer in answers] == [201] * THREADS
    customer = Customer.objects.get(merchant=shop)
    assert Identity.objects.for_merchant(shop).filter(customer=customer).count() == 2
    assert Product.objects.for_merchant(shop).count() == 1
    assert (customer.orders_count, customer.revenue) == (THREADS, THREADS * 4497)


def test_versions_at_once_leave_the_newest(shop: Merchant, post: Any) -> None:
    at_once([post("orders", order_json(version=version, payment_method=f"v{version}")) for version in range(1, 7)])
    order = Order.objects.get(merchant=shop)
    assert (order.version, order.payment_method) == (6, "v6")


def test_returns_at_once_never_pay_back_more_than_was_bought(shop: Merchant, post: Any) -> None:
    post("orders", ORDER)()
    units = [{"sku": "84029E", "quantity": 1}]
    answers = at_once(
        [post("orders/A-1001/returns", {"reference": f"R-{index}", "lines": units}) for index in range(THREADS)]
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * (THREADS - 2)
    assert list(Refund.objects.for_merchant(shop).values_list("amount", flat=True)) == [1999, 1999]
    assert Customer.objects.get(merchant=shop).revenue == 499


def test_cancelling_and_shipping_at_once_agree_on_one(shop: Merchant, post: Any) -> None:
    for index in range(4):
        number = f"A-{index}"
        post("orders", order_json(number=number))()
        answers = at_once(
            [post(f"orders/{number}/cancellation", {}), post(f"orders/{number}/shipments", {"reference": "P-1"})]
        )
        assert sorted(answer.status_code for answer in answers) in ([200, 409], [201, 409])


def test_a_key_used_at_once_has_one_effect(shop: Merchant, post: Any) -> None:
    post("orders", ORDER)()
    body = {"lines": [{"sku": "84029E", "quantity": 1}]}
    call = post("orders/A-1001/cancellation", body, **{"Idempotency-Key": "k-1"})
    answers = at_once([call] * THREADS)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_flight"}
    assert IdempotencyRecord.objects.for_merchant(shop).count() == 1
    assert Refund.objects.for_merchant(shop).count() == 1
