"""A German shop of 20,000 products with a trained model: what the search bench asks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product as combinations
from random import Random
from urllib.parse import urlencode

from django.db import connection

from bench.load import get
from bench.recommendations import Quiet
from catalog.models import Category, Product
from core.statistics import refresh_statistics
from customers.models import Customer, Identity
from merchants.actions import create_api_key
from merchants.models import Merchant
from orders.models import Order, OrderLine
from recommendations.actions import train_models
from recommendations.models import SearchDocument, SearchWord, Synonym
from recommendations.search.actions import index_stale

PRODUCTS, CUSTOMERS, ORDERS, LINES, QUESTIONS, BATCH = 20_000, 1_000, 5, 4, 1_000, 5_000
KINDS = [
    "Zelt",
    "Kuppelzelt",
    "Kinderzelt",
    "Schlafsack",
    "Rucksack",
    "Wanderschuh",
    "Sandale",
    "Jacke",
    "Regenjacke",
    "Hose",
    "Lampe",
    "Stirnlampe",
    "Kocher",
    "Topf",
    "Tasse",
    "Messer",
    "Karte",
    "Kompass",
    "Seil",
    "Handschuh",
    "Mütze",
    "Schal",
    "Socke",
    "Matte",
    "Stuhl",
    "Tisch",
    "Flasche",
    "Decke",
]
NAMES = [
    "Fjord",
    "Polar",
    "Gipfel",
    "Strand",
    "Wald",
    "Ufer",
    "Nordwind",
    "Sturm",
    "Quelle",
    "Grat",
    "Tal",
    "Moor",
    "Heide",
    "Klippe",
    "Bucht",
    "Firn",
    "Alm",
    "Pass",
]
COLOURS = ["rot", "blau", "grün", "schwarz", "grau", "gelb", "weiß", "orange", "braun", "türkis", "violett", "oliv"]
SIZES = ["S", "M", "L", "XL"]
TEXT = "Leicht, robust und lange haltbar, für draußen gemacht. Passt in jeden Rucksack und trocknet schnell. " * 4


@dataclass(frozen=True)
class Shop:
    """How long its ``products`` took to index, in seconds, a key to its API, and questions by kind."""

    merchant: Merchant
    products: int
    indexing: float
    token: str
    asked: dict[str, list[bytes]]


def searched_shop() -> Shop:
    merchant = Merchant.objects.create(slug=f"bench-{secrets.token_hex(4)}", name="Search", language="de")
    products = _products(merchant)
    _sell(merchant, products)
    begin = time.perf_counter()
    index_stale(merchant)
    indexing = time.perf_counter() - begin
    Synonym.objects.bulk_create(
        Synonym(merchant=merchant, words=[f"{kind}ersatz", kind]) for kind in KINDS if kind != "Zelt"
    )
    refresh_statistics([Product, SearchDocument, SearchWord, Order, OrderLine])
    with connection.cursor() as cursor:
        for model in (Product, SearchDocument):  # as PostgreSQL itself does within a minute
            cursor.execute(f"VACUUM {model._meta.db_table}")
    train_models(merchant, progress=Quiet())
    _key, token = create_api_key(merchant, kind="sk", name="bench")
    return Shop(merchant, len(products), indexing, token, _questions(token, products))


def _products(merchant: Merchant) -> list[Product]:
    """Titles of a kind, a name, a colour and a size; half of each title is shared with a thousand others."""
    categories = {
        kind: Category(merchant=merchant, name=kind, path=f"Draußen{Category.SEPARATOR}{kind}") for kind in KINDS
    }
    Category.objects.bulk_create(categories.values())
    titles = list(combinations(KINDS, NAMES, COLOURS, SIZES))
    Random(1).shuffle(titles)
    made = [
        Product(
            merchant=merchant,
            sku=f"{kind[:3].upper()}-{number:05}",
            title=f"{kind} {name} {colour} {size}",
            description=TEXT,
            category=categories[kind],
            brand=f"Marke {number % 40}",
            price=990 + number % 300 * 100,
            tags=[colour],
        )
        for number, (kind, name, colour, size) in enumerate(titles[:PRODUCTS])
    ]
    return Product.objects.bulk_create(made, batch_size=BATCH)


def _sell(merchant: Merchant, products: Sequence[Product]) -> None:
    """Everybody buys around a place of their own in the range."""
    random, now = Random(2), datetime.now(UTC)
    people = Customer.objects.bulk_create([Customer(merchant=merchant) for _ in range(CUSTOMERS)])
    Identity.objects.bulk_create(
        Identity(merchant=merchant, customer=person, kind=Identity.Kind.EXTERNAL_ID, value=f"c-{number}")
        for number, person in enumerate(people)
    )
    orders = Order.objects.bulk_create(
        [
            Order(
                merchant=merchant,
                number=f"{number}-{turn}",
                customer=person,
                placed_at=now - timedelta(days=random.uniform(0, 200)),
                currency="EUR",
                total=100 * LINES,
            )
            for number, person in enumerate(people)
            for turn in range(ORDERS)
        ],
        batch_size=BATCH,
    )
    lines = [
        OrderLine(merchant=merchant, order=order, position=position, product=bought, title=bought.title, quantity=1)
        for number, order in enumerate(orders)
        for position, bought in enumerate(_around(products, number // ORDERS, random))
    ]
    for line in lines:
        line.unit_price = line.total = 100
        line.tax_rate = 0
    OrderLine.objects.bulk_create(lines, batch_size=BATCH)


def _around(products: Sequence[Product], person: int, random: Random) -> list[Product]:
    home = person * len(products) // CUSTOMERS
    places = {int(home + random.gauss(0, 60)) % len(products) for _ in range(LINES)}
    return [products[place] for place in sorted(places)]


def _questions(token: str, products: Sequence[Product]) -> dict[str, list[bytes]]:
    random = Random(3)

    def some(words: Sequence[str]) -> str:
        return random.choice(words).lower()

    texts: dict[str, Callable[[], dict[str, str]]] = {
        "one word": lambda: {"q": some(KINDS)},
        "two words": lambda: {"q": f"{some(KINDS)} {some(COLOURS)}"},
        "for a customer": lambda: {
            "q": f"{some(NAMES)} {some(COLOURS)}",
            "customer": f"c-{random.randrange(CUSTOMERS)}",
        },
        "with filters": lambda: {"q": some(KINDS), "brand": f"Marke {random.randrange(40)}", "max_price": "20000"},
        "a SKU": lambda: {"q": random.choice(products).sku},
        "a slip": lambda: {"q": _slip(f"{some(KINDS[1:])}", random)},
    }
    asked = {
        kind: [get(f"/api/v1/search?{urlencode(question())}", token) for _ in range(QUESTIONS)]
        for kind, question in texts.items()
    }
    begun = [some(KINDS)[: random.randint(2, 5)] for _ in range(QUESTIONS)]
    asked["suggestions"] = [get(f"/api/v1/search/suggestions?{urlencode({'q': text})}", token) for text in begun]
    return asked


def _slip(word: str, random: Random) -> str:
    """Two neighbours swapped."""
    place = random.randrange(1, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
