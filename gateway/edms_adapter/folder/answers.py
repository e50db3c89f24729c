# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system wrote into packages of ours: registered, refused, and what people did since.

Each file is read once and noted in the ledger, in the order of hearing; a broken one is set aside, and the others go
on.  One process at a time reads, so that nothing is heard twice.
"""

import fnmatch
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from gateway.edms_adapter.folder.forms import Happened, Registered, Rejected
from gateway.edms_adapter.folder.ledger import Ledger, Package
from gateway.edms_adapter.folder.shelf import Shelf, Unreadable
from gateway.edms_adapter.step_journal import StepJournal
from gateway.model import CardRef, Event, EventKey, EventKind, Number, Refusal
from gateway.ports import ChangePage, Clock, EdmsEvent, Registration, Waiting

REGISTERED, REFUSED, HAPPENED = "registered.json", "refused.json", "event-*.json"
MAX_NAME = 120  # LIMIT: bytes of the name of an event file: it becomes part of the event's key
PATIENCE = timedelta(minutes=1)  # a file that cannot be read is perhaps still being written by whoever cannot rename

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Answers:
    shelf: Shelf
    ledger: Ledger
    journal: StepJournal
    clock: Clock
    _place: int = 0  # what of the ledger is in `_files`
    _files: set[tuple[str, str]] = field(default_factory=set)

    def page(self, cursor: str | None, limit: int) -> ChangePage:
        """See `gateway.ports.Edms.changes`; a cursor is how far the ledger was read."""
        after = self._after(cursor)
        self.hear()
        found = self.ledger.page(after, limit + 1)
        events = tuple(EdmsEvent(one.exchange, one.event) for one in found[:limit])
        last = found[:limit][-1].place if events else after
        return ChangePage(events, str(last), len(found) > limit)

    def hear(self, package: str | None = None) -> None:
        """Read what is new in *package*, or in every one; raises OSError when the folder is not there."""
        self.shelf.reach()
        with self.ledger.alone("hearing"):
            self._place, fresh = self.ledger.files_after(self._place)
            self._files.update(fresh)
            for one in self.shelf.packages() if package is None else [package]:
                self._hear(one)

    def _after(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        if not (cursor.isascii() and cursor.isdecimal() and int(cursor) <= self.ledger.last()):
            raise ValueError(f"{cursor!r} is no cursor of this ledger")
        return int(cursor)

    def _hear(self, name: str) -> None:
        files = [file for file in self.shelf.names(name) if _is_answer(file) and (name, file) not in self._files]
        package = self.ledger.package(name) if files else None
        if package is None:
            return  # somebody else's folder, or nothing new
        for file in sorted(files, key=lambda file: (file not in (REGISTERED, REFUSED), file)):
            try:
                event = self._read(package, file)
            except Unreadable as why:
                self._doubt(name, file, str(why))
                continue
            except FileNotFoundError:
                continue  # taken away meanwhile
            self.ledger.hear(name, file, event)

    def _doubt(self, package: str, file: str, why: str) -> None:
        """Set aside what cannot be read, unless it was written just now."""
        if self.clock.now().timestamp() - self.shelf.written_at(package, file) < PATIENCE.total_seconds():
            return
        try:
            self.shelf.set_aside(package, file, why)
        except OSError as error:
            self.shelf.reach()  # else it is this package alone, and the others go on
            why = f"{why}; it cannot be renamed: {error.strerror}"
        log.warning("an answer of the EDMS is set aside", package=package, file=file, why=why)

    # --- what a file says -----------------------------------------------------------------------------------------

    def _read(self, package: Package, file: str) -> Event | None:
        """Return what *file* tells, None for nothing; raises Unreadable."""
        if file == REGISTERED:
            return self._registered(package, self.shelf.read(package.name, file, Registered))
        if file == REFUSED:
            return self._refused(package, self.shelf.read(package.name, file, Rejected))
        if len(file.encode()) > MAX_NAME:
            raise Unreadable(f"its name is longer than {MAX_NAME} bytes")
        key = EventKey(f"{package.name}/{file.removesuffix('.json')}")
        return self.shelf.read(package.name, file, Happened).event(key)

    def _registered(self, package: Package, told: Registered) -> Event | None:
        if package.addition:
            return None  # it says that the addition is taken: nobody waits for that
        outcome = self.journal.outcome(package.exchange)
        if outcome is None or outcome.ref != package.name:
            raise Unreadable("this package is no longer what its document waits for")
        if isinstance(outcome, Waiting) and self.ledger.heard(package.name, REFUSED):
            raise Unreadable("this document was refused before")
        number = told.number or _given(outcome)
        if isinstance(outcome, Registration) and number != outcome.number:
            raise Unreadable(f"it has the number {outcome.number.text} already: write an event of the kind renumbered")
        self.journal.settle(package.exchange, Registration(CardRef(package.name), number, True, told.at))
        key = EventKey(f"{package.name}/registered")
        return Event(EventKind.REGISTERED, key, told.at or self.clock.now(), number=number, card=package.name)

    def _refused(self, package: Package, told: Rejected) -> Event:
        outcome = self.journal.outcome(package.exchange)
        if package.addition or not isinstance(outcome, Waiting) or outcome.ref != package.name:
            raise Unreadable("only a document that waits for a number can be refused")
        at = told.at or self.clock.now()
        key = EventKey(f"{package.name}/refused")
        return Event(EventKind.REFUSED, key, at, refusal=Refusal(told.code, told.text))


def _given(outcome: Registration | Waiting) -> Number:
    """Return the number that we gave; raises Unreadable where the system must give it."""
    if isinstance(outcome, Waiting):
        raise Unreadable('number: is missing, write {"number": {"text": "IN-17", "date": "2026-11-22"}}')
    return outcome.number


def _is_answer(file: str) -> bool:
    return file in (REGISTERED, REFUSED) or fnmatch.fnmatchcase(file, HAPPENED)
