"""``python manage.py check_points --merchant SLUG``: is every balance the sum of its ledger? Exits with 1 if not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from merchants.models import Merchant
from promotions.actions.loyalty.checking import check_ledger

SHOWN = 20


class Command(BaseCommand):
    help = "Checks that points of a shop's members are what their ledger adds up to. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", required=True, metavar="SLUG", help="the shop's short name")

    def handle(self, *args: Any, merchant: str, **options: Any) -> None:
        shop = Merchant.objects.filter(slug=merchant).first()
        if shop is None:
            raise CommandError(f"There is no shop “{merchant}”.")
        found = check_ledger(shop)
        if found.count:
            lots, people = (", ".join(map(str, ids[:SHOWN])) or "none" for ids in (found.lots, found.customers))
            raise CommandError(f"{found.count} do not add up. Lots: {lots}; customers: {people}.")
        self.stdout.write("Every balance is the sum of its ledger.")
