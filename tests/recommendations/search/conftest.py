import pytest

from merchants.models import Merchant
from recommendations.search import log, searching, synonyms, understanding
from recommendations.search.actions import index_stale
from tests.factories import CategoryFactory, ProductFactory


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing a process remembers outlives a test, and what was found is not remembered at all."""
    log._rests_until = 0.0
    monkeypatch.setattr(searching, "KEPT_SECONDS", 0.0)
    for remembering in (searching, synonyms, understanding):
        remembering.forget()


@pytest.fixture
def range_of_goods(merchant: Merchant) -> Merchant:
    """A German shop of outdoor goods, indexed."""
    tents = CategoryFactory(merchant=merchant, name="Zelte", path="Outdoor › Zelte")
    shoes = CategoryFactory(merchant=merchant, name="Schuhe", path="Outdoor › Schuhe")
    bags = CategoryFactory(merchant=merchant, name="Schlafsäcke", path="Outdoor › Schlafsäcke")
    goods = [
        ("Z-1", "Kuppelzelt Fjord rot", tents, "Nordlicht", 19900, {"list_price": 24900}),
        ("Z-2", "Zelt Polar", tents, "Polaris", 29900, {}),
        ("Z-3", "Kinderzelt Zirkus", tents, "Bunt", 4900, {}),
        ("S-1", "Wanderschuhe Gipfel", shoes, "Nordlicht", 14900, {}),
        ("S-2", "Sandalen Strand", shoes, "Bunt", 3900, {}),
        ("B-1", "Schlafsack Daune 200", bags, "Polaris", 24900, {"description": "Warm bis minus zehn Grad, im Zelt."}),
        ("B-2", "Schlafsäcke für Stühle", bags, "Bunt", 900, {}),
        ("T-1", "T-Shirt Waldbrand", None, "Bunt", 1900, {"tags": ["baumwolle"]}),
    ]
    for sku, title, category, brand, price, more in goods:
        ProductFactory(merchant=merchant, sku=sku, title=title, category=category, brand=brand, price=price, **more)
    ProductFactory(merchant=merchant, sku="Z-8", title="Zelt ausverkauft", category=tents, stock=0)
    ProductFactory(merchant=merchant, sku="Z-9", title="Zelt eingestellt", category=tents, active=False)
    index_stale(merchant)
    return merchant
