"""``python manage.py demo``: the demo shops, made once; ``--reset`` makes them anew."""

import json
import os
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from core.bulk import Tick
from core.errors import DomainError
from cxapp.demo import building
from cxapp.demo import messages as confirmations
from cxapp.demo.assortment import MAIN
from merchants.models import Merchant

CUSTOMERS, SEED = 5_000, 20_261


class Command(BaseCommand):
    help = "Makes two demo shops with staff, keys and eighteen months of orders, unless they are there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--credentials", type=Path, help="file for logins and keys; without it they are printed")
        parser.add_argument("--customers", type=_positive, default=CUSTOMERS, help="of the main shop (%(default)s)")
        parser.add_argument("--seed", type=int, default=SEED, help="another number makes other shops (%(default)s)")
        parser.add_argument(
            "--messages", action="store_true", help="confirm the newest orders of the main shop; best after a training"
        )
        parser.add_argument("--reset", action="store_true", help="delete the demo shops and all their data first")

    def handle(self, *args: Any, messages: bool, **options: Any) -> None:
        if messages:
            self._confirm()
        else:
            self._make_once(**{name: options[name] for name in ("credentials", "customers", "seed", "reset")})

    def _confirm(self) -> None:
        shop = Merchant.objects.filter(slug=MAIN).first()
        if shop is None:
            raise CommandError("There is no demo shop yet: run `manage.py demo` first.")
        with self._watch("Confirming the newest orders", confirmations.NEWEST) as tick:
            states = confirmations.confirm_newest(shop, tick)
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        self.stdout.write(f"  Order confirmations: {told or 'none was missing'}.")

    def _make_once(self, *, credentials: Path | None, customers: int, seed: int, reset: bool) -> None:
        started = time.monotonic()
        try:
            present = building.demo_merchants()
            if present and not reset:
                self._say_present(present)
                return
            access = self._make(present, credentials, customers=customers, seed=seed)
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        if not credentials:
            self.stdout.write(json.dumps(access.as_json(), indent=2))
        self.stdout.write(f"Made in {time.monotonic() - started:.1f} s.")

    @transaction.atomic
    def _make(self, present: list[Merchant], credentials: Path | None, *, customers: int, seed: int) -> building.Access:
        """All or nothing, the old shops included: an error leaves everything as it was."""
        if present:
            with self._watch("Deleting the demo shops", None):
                building.remove(present)
        access, counts = building.build(customers=customers, seed=seed, now=timezone.now(), watch=self._watch)
        for name, count in counts.items():
            self.stdout.write(f"  {count:>9,} {name}")
        if credentials:
            _write_private(credentials, access.as_json())
        return access

    def _say_present(self, present: list[Merchant]) -> None:
        names = ", ".join(f"{merchant.name} ({merchant.slug})" for merchant in present)
        self.stdout.write(f"The demo is there already: {names}. Nothing was changed; --reset makes it anew.")
        if MAIN not in {merchant.slug for merchant in present}:
            self.stdout.write("Its main shop is missing, though: --reset brings it back.")

    @contextmanager
    def _watch(self, title: str, total: int | None) -> Iterator[Tick]:
        """A bar on a terminal, a line elsewhere."""
        with tqdm(desc=f"  {title}", total=total, disable=None, dynamic_ncols=True, mininterval=0.2) as bar:
            if bar.disable:
                self.stdout.write(f"  {title} …")

            def tick(count: int) -> None:
                bar.update(count)

            yield tick


def _positive(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not number:
        raise ArgumentTypeError(f"“{text}” is no number of customers, e.g. 5000.")
    return number


def _write_private(path: Path, content: dict[str, object]) -> None:
    """Readable by its owner only, and never half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
