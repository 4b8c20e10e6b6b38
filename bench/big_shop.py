"""A shop of 20,000 products in the database with a live model and visitors' memories: what answering is measured on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import numpy as np
from django.utils import timezone
from rest_framework.test import APIClient

from bench.big_world import world
from catalog.models import Product
from core.statistics import refresh_statistics
from customers.models import Customer, Identity
from merchants.actions import create_api_key
from merchants.models import Merchant
from recommendations.actions import publish
from recommendations.engines import artefacts
from recommendations.engines.blend import Model
from recommendations.engines.interface import Arrays
from recommendations.engines.refused import Refused
from recommendations.engines.request import HOME
from recommendations.models import ModelVersion
from recommendations.queries import customer_key

BATCH = 5_000
VISITORS, PER_BATCH = 400, 40


@dataclass(frozen=True)
class BigShop:
    """Its model can be published again under another name, as a training does in the end."""

    merchant: Merchant
    model: Model
    ids: Arrays
    skus: list[str]
    numbers: list[str]
    token: str

    @classmethod
    def create(cls, products: int = 20_000) -> BigShop:
        made = world(products)
        merchant = Merchant.objects.create(slug=f"bench-{secrets.token_hex(4)}", name="Big", currency="EUR")
        shelf = Product.objects.bulk_create(
            [Product(merchant=merchant, sku=f"P-{n}", title=f"Product {n}", price=100) for n in range(made.shape[1])],
            batch_size=BATCH,
        )
        people = Customer.objects.bulk_create(
            [Customer(merchant=merchant) for _ in range(made.shape[0])], batch_size=BATCH
        )
        numbers = [f"c-{number}" for number in range(made.shape[0])]
        Identity.objects.bulk_create(
            [
                Identity(merchant=merchant, customer=person, kind=Identity.Kind.EXTERNAL_ID, value=number)
                for person, number in zip(people, numbers, strict=True)
            ],
            batch_size=BATCH,
        )
        refresh_statistics([Product, Customer, Identity])
        keys = np.array([customer_key(number) for number in numbers], np.uint64)
        order = np.argsort(keys)
        customer_ids = np.array([person.pk for person in people], np.int64)
        ids: Arrays = {
            "ids.products": np.array([product.pk for product in shelf], np.int64),
            "ids.customers": customer_ids,
            "ids.keys": keys[order],
            "ids.key_customers": customer_ids[order],
            **Refused.of_pairs([], customer_ids, customer_ids[:0]).arrays(),
        }
        _key, token = create_api_key(merchant, kind="sk", name="bench")
        shop = cls(merchant, Model.fit(made), ids, [product.sku for product in shelf], numbers, token)
        shop.publish()
        shop.remember()
        return shop

    def publish(self) -> ModelVersion:
        """The model under a new name goes live."""
        name, now = f"bench-{secrets.token_hex(4)}", timezone.now()
        version = ModelVersion(
            merchant=self.merchant, version=name, mode="personal", snapshot_at=now, data_until=now, rows=1
        )
        arrays = {**self.model.arrays(), **self.ids}
        version.size = artefacts.write(version.directory, arrays, {"version": name, "blends": self.model.blends})
        return publish(version)

    def remember(self) -> None:
        """Every visitor, a customer of the same number, looked at ten products and put one into the basket."""
        client, random = APIClient(SERVER_NAME="localhost"), Random(1)
        for first in range(0, VISITORS, PER_BATCH):
            events = [
                self._event(number, turn, random.choice(self.skus))
                for number in range(first, first + PER_BATCH)
                for turn in range(11)
            ]
            answer = client.post(
                "/api/v1/batch", {"batch": events}, format="json", headers={"Authorization": f"Bearer {self.token}"}
            )
            assert answer.status_code == 200, answer.content

    def _event(self, number: int, turn: int, sku: str) -> dict[str, object]:
        return {
            "type": "track",
            "messageId": f"{number}-{turn}",
            "userId": f"c-{number}",
            "anonymousId": f"v-{number}",
            "event": "Product Added" if turn == 10 else "Product Viewed",
            "timestamp": (timezone.now() - timedelta(minutes=turn)).isoformat(),
            "context": {"consent": {"tracking": True, "text_version": "bench"}},
            "properties": {"sku": sku},
        }

    def questions(self, number: int = 2_000) -> list[str]:
        """As a storefront asks: two thirds with a visitor, half of those known; some of nobody in particular."""
        random = Random(2)
        shapes: list[Callable[[int], str]] = [
            lambda who: f"placement={HOME}&customer=c-{who}&anonymous_id=v-{who}",
            lambda who: f"placement={HOME}&anonymous_id=v-{who}",
            lambda who: f"placement=product&anonymous_id=v-{who}&product={random.choice(self.skus)}",
            lambda who: f"placement=basket&customer=c-{who}&basket={','.join(random.sample(self.skus, 3))}",
            lambda who: f"placement=product&product={random.choice(self.skus)}",
            lambda who: f"placement={HOME}",
        ]
        return [shapes[turn % len(shapes)](random.randrange(VISITORS)) for turn in range(number)]
