"""``manage.py import_customers FILE --merchant SLUG``: people from a file."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.importing.report import rejections_of
from core.jobs import run
from core.models import Job
from core.terminal import JobTerminal
from customers.actions.imports import checked_mapping, describe_file, request_import
from customers.importing.reading import open_people
from customers.models import CustomerImport
from merchants.models import Merchant

EXAMPLES = 10


class Command(BaseCommand):
    help = "Imports customers from a CSV or JSON file; every row that could not be imported is listed with its reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--merchant", required=True, metavar="SLUG", help="the shop's short name")
        parser.add_argument(
            "--mapping",
            type=Path,
            metavar="JSON",
            help='what the columns are: {"columns": {"E-Mail": "email", "Tags": "trait:tags"}, "defaults": {}}',
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing but the report")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            known = ", ".join(Merchant.objects.values_list("slug", flat=True)[:20]) or "–"
            raise CommandError(
                _("There is no shop “%(slug)s”. There are: %(known)s.") % {"slug": options["merchant"], "known": known}
            )
        path = options["file"].resolve()
        try:
            imported, mapping = _described(merchant, path, options["mapping"])
            job = request_import(imported, mapping=mapping, dry_run=options["dry_run"], staff=None, path=path)
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self._show_mapping(mapping)
        with JobTerminal().watching() as terminal:
            run(job, echo=terminal.show)
        self._report(job)

    def _show_mapping(self, mapping: dict[str, Any]) -> None:
        for column, target in mapping["columns"].items():
            self.stdout.write(f"{column} → {target or '–'}")

    def _report(self, job: Job) -> None:
        """The figures, the reasons and the first rejected rows; raises CommandError unless the job is done."""
        tally = job.result.get("tally")
        if tally:
            figures = {name: f"{value:,}" for name, value in tally.items() if isinstance(value, int)}
            self.stdout.write(
                _(
                    "%(rows)s rows: %(imported)s imported, %(rejected)s rejected. New: %(added)s customers, "
                    "%(consents)s consents; %(consents_refused)s consents refused."
                )
                % figures
            )
            for code, count in sorted(tally["reasons"].items(), key=lambda item: -item[1]):
                self.stdout.write(f"{count:>12,}  {code}")
            for row in rejections_of(job)[:EXAMPLES]:
                self.stdout.write(_("row %(line)s: %(reason)s") % {"line": row.line, "reason": row.reason})
        if job.state == Job.State.CANCELLED:
            raise CommandError(_("Stopped. Start it again to go on: what is stored stays."), returncode=130)
        if job.state != Job.State.DONE:
            raise CommandError(job.error)


def _described(merchant: Merchant, path: Path, mapping_file: Path | None) -> tuple[CustomerImport, dict[str, Any]]:
    """The file, and what its columns are: as the mapping says, else as remembered, else by their names."""
    file = open_people(path)
    imported = describe_file(merchant, file, name=path.name, staff=None)
    given = imported.mapping
    if mapping_file is not None:
        try:
            given = json.loads(mapping_file.read_text(encoding="utf-8"))
            columns, defaults = dict(given["columns"]), dict(given.get("defaults", {}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(_("The mapping cannot be read: %(error)s") % {"error": error}) from error
    else:
        columns, defaults = given["columns"], given.get("defaults", {})
    return imported, checked_mapping(file.header, columns, defaults)
