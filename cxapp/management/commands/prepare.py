"""Brings an installation up to date before its processes start; skips what is done already."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cxapp import staticfiles
from cxapp.demo import addresses, messages
from cxapp.demo.assortment import MAIN
from merchants.models import Merchant
from recommendations.models import ModelVersion


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--credentials", type=Path, help="file for the demo shop's logins and keys; else printed")
        parser.add_argument("--no-demo", action="store_true", help="leave an empty installation empty")

    def handle(self, *args: Any, credentials: Path | None, no_demo: bool, **options: Any) -> None:
        self._step("Static files", staticfiles.have_changed, staticfiles.collect)
        self._step("Database", _is_behind, lambda: call_command("migrate", interactive=False))
        if no_demo:
            return
        self._step("Demo shop", _is_empty, lambda: call_command("demo", credentials=credentials))
        self._step("Demo pictures", addresses.pictures_have_moved, addresses.move_pictures)
        self._step("First training", _is_untrained, self._train)
        self._step("Demo messages", messages.are_missing, lambda: call_command("demo", messages=True))

    def _step(self, title: str, is_due: Callable[[], bool], work: Callable[[], object]) -> None:
        """Do ``work`` if it is due, and say so, with the seconds it took."""
        if not is_due():
            return
        self.stdout.write(f"▸ {title}")
        started = time.monotonic()
        work()
        self.stdout.write(f"  {title}: {time.monotonic() - started:.1f} s")

    def _train(self) -> None:
        """Without a model popular products fill in, so a failed training keeps nobody from working."""
        try:
            call_command("train", merchant=MAIN)
        except CommandError as error:
            self.stdout.write(f"  {error}. Popular products fill in; train again on the recommendations screen.")


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _is_empty() -> bool:
    return not Merchant.objects.exists()


def _is_untrained() -> bool:
    """Whether the demo shop exists and no training of it ever ended."""
    shop = Merchant.objects.filter(slug=MAIN).first()
    return shop is not None and not ModelVersion.objects.for_merchant(shop).exists()
