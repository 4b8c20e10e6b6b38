"""The walk through a file of customers: some thousand rows at a time, each batch one transaction with its report.

A job that is started again goes on behind the last batch that was written. A file that is imported again adds nobody:
its people are known, and say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from core.bulk import collecting_no_garbage
from core.importing.report import Rejected, forget_rejected, list_rejected
from core.jobs import Progress
from core.models import Job
from core.statistics import refresh_statistics
from customers.importing.reading import PeopleFile, Row, open_people, read_through
from customers.importing.reasons import explain
from customers.importing.rows import Flaw, Mapped, Parsed, parse, vocabulary
from customers.importing.writing import Written, write_people
from customers.models import (
    Channel,
    Company,
    CompanyPerson,
    ConsentRecord,
    Customer,
    Identity,
    IdentityLink,
    Purpose,
    Trait,
)

BATCH = 2000
TRIES = 3


@dataclass(frozen=True)
class Tally:
    """What became of the rows so far, and where to go on. Each row is imported or rejected, once.

    ``added`` profiles are new. ``consents`` were taken over, ``consents_refused`` not, though their people were.
    """

    rows: int
    imported: int = 0
    rejected: int = 0
    added: int = 0
    consents: int = 0
    consents_refused: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    batches: int = 0

    @classmethod
    def of_job(cls, job: Job, rows: int) -> Tally:
        """Where an interrupted job stands; a new one stands at the beginning."""
        stored = job.result.get("tally", {})
        return cls(**stored) if stored.get("rows") == rows else cls(rows)

    def plus(self, **counts: int) -> Tally:
        return replace(self, **{name: getattr(self, name) + count for name, count in counts.items()})

    def with_reasons(self, codes: Iterable[str]) -> Tally:
        return replace(self, reasons=dict(Counter(self.reasons) + Counter(codes)))


class _Undo(Exception):  # noqa: N818  # it is no error
    """Ends the transaction of a trial."""


def import_people(progress: Progress, *, path: Path, mapping: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Import a file for the job's merchant, or only report what would become of it; returns the job's result.

    Raises InvalidInput for a file that cannot be read, before anything is written.
    """
    with translation.override(progress.job.merchant.language):
        progress.step(gettext_noop("Reading the file"))
        file = open_people(path)
        return _Walk(progress, file, read_through(file), mapping, dry_run=dry_run).run()


class _Walk:
    """One run of a job through its file."""

    def __init__(
        self, progress: Progress, file: PeopleFile, rows: int, mapping: dict[str, Any], *, dry_run: bool
    ) -> None:
        self._progress, self._job, self._merchant = progress, progress.job, progress.job.merchant
        self._file, self._dry_run = file, dry_run
        self._tally = Tally.of_job(self._job, rows)
        self._mapped = mapped_for(self._job, mapping)
        # People that a trial has seen in earlier batches: they would be known by then.
        self._seen: set[tuple[str, str]] = set()

    def run(self) -> dict[str, Any]:
        if not self._tally.batches:
            forget_rejected(self._job)
        self._job.result = {"dry_run": self._dry_run, "encoding": self._file.encoding}
        self._save(self._tally)
        self._progress.step(gettext_noop("Importing customers"), total=self._tally.rows)
        for number, rows in enumerate(_batches(self._file.rows())):
            if number >= self._tally.batches:
                self._take_rows(rows)
            self._progress.advance(len(rows))
        self._refresh_statistics()
        return dict(self._job.result)

    def _take_rows(self, rows: Sequence[Row]) -> None:
        begun = self._tally.added
        with collecting_no_garbage():
            self._take([parse(row, self._mapped) for row in rows])
        if not begun:
            self._refresh_statistics()

    def _refresh_statistics(self) -> None:
        """After the first rows, so that the next are found among them by their index, and at the end for everybody."""
        if self._tally.added and not self._dry_run:
            refresh_statistics([Customer, Identity, IdentityLink, Trait, ConsentRecord, Company, CompanyPerson])

    def _take(self, batch: Sequence[Parsed]) -> None:
        """Again if somebody else stored one of the people in the meantime: then they are known."""
        for _attempt in range(TRIES - 1):
            try:
                return self._try(batch)
            except IntegrityError:
                continue
        return self._try(batch)

    def _try(self, batch: Sequence[Parsed]) -> None:
        good = [parsed for parsed in batch if parsed.flaw is None]
        written = self._rehearse(good) if self._dry_run else None
        with transaction.atomic():
            if written is None:
                written = self._write(good)
            tally = self._account(batch, good, written)
        self._tally = tally

    def _write(self, good: Sequence[Parsed]) -> Written:
        return write_people(
            self._merchant, good, at=self._job.created_at, file_name=str(self._job.parameters.get("file", ""))
        )

    def _rehearse(self, good: Sequence[Parsed]) -> Written:
        """Do it, see what comes of it, and take it back."""
        written = Written([], 0, 0)
        try:
            with transaction.atomic():
                written = self._write(good)
                raise _Undo
        except _Undo:
            pass
        return replace(written, added=self._new_to_trial(good, written))

    def _new_to_trial(self, good: Sequence[Parsed], written: Written) -> int:
        """Of the profiles that this batch would add, those that no earlier batch of the trial has added."""
        known = Customer.objects.for_merchant(self._merchant).filter(pk__in=set(written.ids))
        stored = set(known.values_list("pk", flat=True))
        fresh: dict[int, bool] = {}
        for pk, parsed in zip(written.ids, good, strict=True):
            keys = {(name, value.casefold()) for name, value in parsed.person.items() if name in _KEYS}
            fresh[pk] = fresh.get(pk, True) and pk not in stored and not keys & self._seen
            self._seen |= keys
        return sum(fresh.values())

    def _account(self, batch: Sequence[Parsed], good: Sequence[Parsed], written: Written) -> Tally:
        flaws = [(parsed.row, parsed.flaw) for parsed in batch if parsed.flaw]
        consents = [(parsed.row, parsed.consent_flaw) for parsed in good if parsed.consent_flaw]
        consents += [(good[number].row, flaw) for number, flaw in written.refused.items()]
        listed = sorted([*flaws, *consents], key=lambda entry: entry[0].line)
        list_rejected(self._job, (_rejected(row, flaw) for row, flaw in listed))
        tally = self._tally.with_reasons(flaw.code for _row, flaw in listed).plus(
            imported=len(good),
            rejected=len(flaws),
            added=written.added,
            consents=written.consents,
            consents_refused=len(consents),
            batches=1,
        )
        self._save(tally)
        return tally

    def _save(self, tally: Tally) -> None:
        """In the transaction of what the tally counts."""
        self._job.result = {**self._job.result, "tally": asdict(tally)}
        Job.objects.for_merchant(self._job.merchant_id).filter(pk=self._job.pk).update(result=self._job.result)


_KEYS = frozenset({"external_id", "email", "phone", "loyalty_card"})


def mapped_for(job: Job, mapping: dict[str, Any]) -> Mapped:
    return Mapped(
        columns=mapping["columns"],
        defaults=mapping.get("defaults", {}),
        zone=job.merchant.tz,
        region=job.merchant.country,
        purposes=_in_both_languages(dict(Purpose.choices)),
        channels=_in_both_languages(dict(Channel.choices)),
        now=timezone.now(),
    )


def _in_both_languages(choices: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for language in ("en", "de"):
        with translation.override(language):
            found |= vocabulary(choices)
    return found


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _rejected(row: Row, flaw: Flaw) -> Rejected:
    return Rejected(row.line, flaw.code, explain(flaw.code, column=flaw.column, value=flaw.value), row.values)
