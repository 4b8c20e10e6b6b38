"""Where the pictures of the demo's products are: at this installation, whose address may change."""

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Product
from cxapp.demo.assortment import MAIN, SECOND
from merchants.models import Merchant

FOLDER = "cxapp/demo/"


def picture_url(name: str) -> str:
    """The plain name, not the one with a hash: messages that left ask for it for years."""
    return f"{settings.PUBLIC_URL}{settings.STATIC_URL}{FOLDER}{name}.png"


def pictures_have_moved() -> bool:
    """Whether products tell an address that is not this installation's any more (another PORT, say)."""
    return any(_misplaced(merchant).exists() for merchant in _merchants())


@transaction.atomic
def move_pictures() -> None:
    """Let the pictures' addresses follow PUBLIC_URL; messages that left keep theirs."""
    for merchant in _merchants():
        for address in set(_misplaced(merchant).values_list("image_url", flat=True)):
            name = address.rpartition("/")[2].removesuffix(".png")
            _misplaced(merchant).filter(image_url=address).update(image_url=picture_url(name))


def _merchants() -> QuerySet[Merchant]:
    return Merchant.objects.filter(slug__in=[MAIN, SECOND])


def _misplaced(merchant: Merchant) -> QuerySet[Product]:
    pictures = Product.objects.for_merchant(merchant).filter(image_url__contains=f"/{FOLDER}")
    return pictures.exclude(image_url__startswith=settings.PUBLIC_URL + settings.STATIC_URL)
