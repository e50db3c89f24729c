# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing goes into the EDMS, or out of it, before a scanner has looked into it.

What is scanned is what would get there: every file with its signatures, decoded and taken out of its wrapping, once
for each content.  A scanner that is down, slow or speaks in riddles makes documents wait: none of them passes, none is
refused, and the pause is written down for all workers and for `status`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

import structlog

from gateway.errors import Deferred, Reason, Refused
from gateway.journal import scans
from gateway.journal.scans import Pause, Scan
from gateway.journal.store import Journal
from gateway.model import Content, Contents, Document, Sha256
from gateway.ports import Scanned, Scanner, ScannerTrouble, Verdict
from gateway.retry import EDMS, next_attempt
from gateway.settings import AntivirusSettings

GOOD_FOR = timedelta(hours=1)  # LIMIT: how long a clean file of a letter that is tried again is not scanned again
DOWN = "the scanner does not work"  # how the detail of a letter begins that waits for it

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Screen:
    """A scanner and what was agreed about what it finds."""

    journal: Journal
    scanner: Scanner | None = None  # None: nobody scans
    rules: AntivirusSettings = field(default_factory=AntivirusSettings)

    def objection(
        self,
        contents: Contents,
        now: datetime,
        *,
        entry: int | None = None,
        names: Mapping[Sha256, str] | None = None,
        accepted: Collection[Reason] = (),
    ) -> Refused | None:
        """Return why *contents* may not go on, but for what is *accepted*; None: nothing is wrong with them.

        With *entry* the verdicts are kept beside it, each in a commit of its own, so what was found clean is not looked
        into again when the letter is tried again soon.  Raises Deferred while the scanner does not work.
        """
        if self.scanner is None or not contents:
            return None
        self._guard(now)
        called = names or {}
        worst: Refused | None = None
        for digest, found in self._looked_into(contents, entry, called, now):
            why = self._why(found, called.get(digest, ""), contents[digest].size)
            if why is not None and why.reason not in accepted and (worst is None or why.reason is Reason.VIRUS):
                worst = why
        return worst

    def _looked_into(
        self, contents: Contents, entry: int | None, names: Mapping[Sha256, str], now: datetime
    ) -> Iterator[tuple[Sha256, Scanned]]:
        """Yield what is found in each of *contents* that was not found clean lately."""
        deadline = monotonic() + self.rules.time_limit.total_seconds()
        for digest in sorted(contents.keys() - self._clean(entry, now)):
            content = contents[digest]
            found = self._scanned(content, deadline, now)
            if entry is not None:
                scan = Scan(
                    entry, now, digest, names.get(digest, ""), content.size, found.verdict, found.words, found.engine
                )
                with self.journal.write() as tx:
                    scans.note(tx, scan)
            if found.verdict is not Verdict.CLEAN:
                log.warning("a scanner objects", entry=entry, verdict=found.verdict.value, signature=found.words)
            yield digest, found

    def _scanned(self, content: Content, deadline: float, now: datetime) -> Scanned:
        if content.size > self.rules.max_size:
            return Scanned(Verdict.TOO_LARGE, "", "")
        if self.scanner is None:
            raise ScannerTrouble("nobody scans")
        try:
            patience = timedelta(seconds=deadline - monotonic())
            if patience <= timedelta(0):
                raise ScannerTrouble(f"the files of one letter took longer than {self.rules.time_limit}")
            found = self.scanner.scan(content, patience)
        except ScannerTrouble as trouble:
            self._failed(str(trouble), now)
            raise Deferred(f"{DOWN}: {trouble}") from trouble
        self._worked()
        return found

    def _why(self, found: Scanned, name: str, size: int) -> Refused | None:
        if found.verdict is Verdict.VIRUS:
            return Refused(Reason.VIRUS, "a scanner found a virus", place=name, found=found.words)
        if found.verdict is Verdict.TOO_LARGE and self.rules.too_large == "wait":
            words = "a file is larger than what is scanned"
            return Refused(Reason.NOT_SCANNED, words, place=name, found=found.words or f"{size} bytes")
        if found.verdict is Verdict.ENCRYPTED and self.rules.encrypted == "wait":
            words = "a file is encrypted, so no scanner sees into it"
            return Refused(Reason.NOT_SCANNED, words, place=name, found=found.words)
        return None

    def _clean(self, entry: int | None, now: datetime) -> frozenset[Sha256]:
        if entry is None:
            return frozenset()
        with self.journal.read() as tx:
            return scans.clean_since(tx, entry, now - GOOD_FOR)

    # --- a scanner that does not work

    def _guard(self, now: datetime) -> None:
        """Raise Deferred while nobody shall ask the scanner."""
        with self.journal.read() as tx:
            stands = scans.pause(tx)
        if stands is not None and now < stands.retry_at:
            raise Deferred(f"{DOWN} at the moment: {stands.words}", until=stands.retry_at)

    def _failed(self, words: str, now: datetime) -> None:
        with self.journal.write() as tx:
            before = scans.pause(tx)
            failures = before.failures + 1 if before else 1
            retry_at = next_attempt(EDMS, failures, now, now) or now
            scans.set_pause(tx, Pause(before.opened_at if before else now, retry_at, failures, words[:500]))
        log.error("the scanner does not work, documents wait", error=words[:500], retry_at=retry_at.isoformat())

    def _worked(self) -> None:
        with self.journal.read() as tx:
            paused = scans.pause(tx) is not None
        if paused:
            with self.journal.write() as tx:
                scans.set_pause(tx, None)
            log.info("the scanner works again")


def names_in(document: Document) -> dict[Sha256, str]:
    """Return what *document* and its tasks call their files, by digest."""
    files = [*document.files, *(file for task in document.tasks for file in task.files)]
    return {file.sha256: file.name for file in files if file.sha256 is not None}
