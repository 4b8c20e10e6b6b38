"""``manage.py import_orders FILE --merchant SLUG --format FORMAT``: the history of a shop from a file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.jobs import run
from core.models import ImportRejection, Job
from core.terminal import JobTerminal
from merchants.models import Merchant
from orders.actions.imports import request_import
from orders.importing import FileFormat

# The data set is a British shop's.
BRITISH = {"currency": "GBP", "country": "GB", "language": "en", "time_zone": "Europe/London"}
EXAMPLES = 10


class Command(BaseCommand):
    help = "Imports orders from a file; every row that could not be imported is listed with its reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--merchant", required=True, metavar="SLUG", help="the shop's short name")
        parser.add_argument("--format", required=True, choices=FileFormat.values)
        parser.add_argument("--dry-run", action="store_true", help="write nothing but the report")
        parser.add_argument("--create-merchant", action="store_true", help="make the shop if there is none")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = _merchant(options["merchant"], options["format"], create=options["create_merchant"])
        job = request_import(
            merchant,
            file_format=options["format"],
            dry_run=options["dry_run"],
            staff=None,
            path=options["file"].resolve(),
        )
        with JobTerminal().watching() as terminal:
            run(job, echo=terminal.show)
        self._report(job)

    def _report(self, job: Job) -> None:
        """The figures, the reasons and the first rejected rows; raises CommandError unless the job is done."""
        tally = job.result.get("tally")
        if tally:
            self.stdout.write(_figures(tally))
            for code, count in sorted(tally["reasons"].items(), key=lambda item: -item[1]):
                self.stdout.write(f"{count:>12,}  {code}")
            self._examples(job)
        if job.state == Job.State.CANCELLED:
            raise CommandError(_("Stopped. Start it again to go on: what is stored stays."), returncode=130)
        if job.state != Job.State.DONE:
            raise CommandError(job.error)

    def _examples(self, job: Job) -> None:
        rejected = ImportRejection.objects.for_merchant(job.merchant_id).filter(job=job)
        for row in rejected[:EXAMPLES]:
            self.stdout.write(_("row %(line)s: %(reason)s") % {"line": row.line, "reason": row.reason})


def _merchant(slug: str, file_format: str, *, create: bool) -> Merchant:
    merchant = Merchant.objects.filter(slug=slug).first()
    if merchant is None and create:
        fields = BRITISH if file_format == FileFormat.ONLINE_RETAIL else {}
        merchant = Merchant.objects.create(slug=slug, name=slug, **fields)
    if merchant is None:
        known = ", ".join(Merchant.objects.values_list("slug", flat=True)[:20]) or "–"
        raise CommandError(
            _("There is no shop “%(slug)s”. There are: %(known)s. --create-merchant makes it first.")
            % {"slug": slug, "known": known}
        )
    return merchant


def _figures(tally: dict[str, Any]) -> str:
    return _(
        "%(rows)s rows: %(imported)s imported, %(unchanged)s known already, %(rejected)s rejected. "
        "Added: %(orders)s orders, %(lines)s lines, %(returns)s returns, %(products)s products; "
        "%(updated)s orders updated."
    ) % {name: f"{value:,}" for name, value in tally.items() if isinstance(value, int)}
