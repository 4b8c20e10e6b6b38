"""``python manage.py rebuild_kpis --merchant SLUG``: every customer's figures from the facts; ``--check`` compares."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from customers.models import Customer
from merchants.models import Merchant
from orders.actions.recounting import differences
from orders.actions.valuation import rebuild_figures

SHOWN = 20


class Command(BaseCommand):
    help = "Rebuilds the figures of a shop's customers from orders, returns, refunds and payments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", required=True, metavar="SLUG", help="the shop's short name")
        parser.add_argument(
            "--check", action="store_true", help="write nothing; report differences, and exit with 1 if there are any"
        )

    def handle(self, *args: Any, merchant: str, check: bool, **options: Any) -> None:
        shop = Merchant.objects.filter(slug=merchant).first()
        if shop is None:
            raise CommandError(f"There is no shop “{merchant}”.")
        if check:
            self._check(shop)
            return
        with tqdm(desc="  Adding up orders", disable=None, unit=" customers") as bar:
            rebuild_figures(shop, _Bar(bar))
        self.stdout.write(f"Rebuilt the figures of {Customer.objects.for_merchant(shop).count():,} customers.")

    @transaction.atomic
    def _check(self, shop: Merchant) -> None:
        found = list(differences(shop))
        for difference in found[:SHOWN]:
            self.stdout.write(
                f"  customer {difference.customer_id}: {difference.name} is {difference.stored!r}, "
                f"the facts say {difference.facts!r}"
            )
        if found:
            customers = len({difference.customer_id for difference in found})
            raise CommandError(f"{len(found):,} figures of {customers:,} customers differ from the facts.")
        self.stdout.write("Every figure agrees with the facts.")


class _Bar:
    """The round's progress on the terminal."""

    def __init__(self, bar: "tqdm[Any]") -> None:
        self._bar = bar

    def step(self, text: str, *, total: int | None = None) -> None:
        self._bar.total = total

    def advance(self, count: int = 1) -> None:
        self._bar.update(count)
