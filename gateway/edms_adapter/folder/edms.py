# SPDX-License-Identifier: GPL-3.0-or-later
"""The `Edms` port over folders: puts the parts together and delegates.

What a folder cannot do is in the table of docs/edms-folder.md.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from gateway.edms_adapter.folder import check
from gateway.edms_adapter.folder.answers import Answers
from gateway.edms_adapter.folder.counter import Counter
from gateway.edms_adapter.folder.ledger import Ledger
from gateway.edms_adapter.folder.options import Options
from gateway.edms_adapter.folder.registering import Registrar
from gateway.edms_adapter.folder.sending import Dispatches, Receivers
from gateway.edms_adapter.folder.shelf import Shelf
from gateway.edms_adapter.opening import Surroundings
from gateway.edms_adapter.step_journal import StepJournal
from gateway.model import Document, Event, ExchangeId, Party
from gateway.ports import (
    NO_FILES,
    Addressee,
    ChangePage,
    Contents,
    Expected,
    Finding,
    Health,
    Imported,
    Intake,
    NotOffered,
    Official,
    Original,
    Outgoing,
    OutgoingState,
    Registration,
    Rehearsal,
    Standing,
    Waiting,
    Wanted,
    Withdrawal,
)

NO_PEOPLE = "a system behind a folder does not say who works there"


class FolderEdms:
    """A system that imports from a directory; threads may share one, a forked process opens its own."""

    def __init__(self, options: Options, around: Surroundings) -> None:
        around.files.mkdir(parents=True, exist_ok=True)
        self.options, self.clock = options, around.clock
        self.incoming = Shelf(options.incoming_folder)
        self.journal, self.ledger = StepJournal(around.files, around.clock), Ledger(around.files)
        self._answers = Answers(self.incoming, self.ledger, self.journal, around.clock)
        counter = None
        if options.numbers == "ours":
            counter = Counter(Shelf(around.files), options.number_format, self.ledger, self.journal)
        self._registrar = Registrar(
            self.incoming, self.ledger, self.journal, self._answers, counter, around.clock, around.failpoint
        )
        self._dispatches: Dispatches | None = None
        if options.outgoing_folder is not None:
            outgoing = Shelf(options.outgoing_folder)
            self._dispatches = Dispatches(
                outgoing, self.ledger, self.journal, around.clock, around.failpoint, Receivers(outgoing)
            )

    # --- looking --------------------------------------------------------------------------------------------------

    def check(self, expected: Sequence[Expected] = (), wanted: Sequence[Wanted] = ()) -> Health:
        """See `gateway.ports.Edms.check`; a folder knows nothing of organisations, groups and inboxes."""
        found = [check.folder("incoming", self.incoming)]
        if self._dispatches is not None:
            found.append(check.folder("outgoing", self._dispatches.shelf))
        if all(finding.ok for finding in found):
            found += [check.set_aside(self.incoming), self._unanswered()]
        return Health(tuple(found))

    def prepare(self) -> None:
        """Nothing: the folders are the system's, and one that is not mounted must not be made here."""

    def lacking(self) -> tuple[Finding, ...]:
        waiting = self._unanswered()
        return () if waiting.ok else (waiting,)

    def resolve(self, hint: Party) -> Addressee | None:
        """None: the system's import finds the inbox."""
        return None

    def people(self, office: str) -> Sequence[Official]:
        raise NotOffered(NO_PEOPLE)

    def import_people(
        self,
        correspondent: str,
        officials: Sequence[Official],
        *,
        gone: Sequence[str] | None = None,
        dry_run: bool = False,
    ) -> Imported:
        raise NotOffered("a system behind a folder takes no directories in")

    def _unanswered(self) -> Finding:
        return check.unanswered(self.incoming, self.ledger, self.options.deadline, self.clock.now())

    # --- coming in ------------------------------------------------------------------------------------------------

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        return self._registrar.register(document, contents, exchange, intake)

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        return self._registrar.rehearse(document, contents, exchange, intake)

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        return self._registrar.attach(exchange, follow_up, contents, follow_up_id)

    def changes(self, cursor: str | None, limit: int = 500) -> ChangePage:
        return self._answers.page(cursor, limit)

    def link(self, exchange: ExchangeId, original: Original) -> bool:
        """False: the links stand in ``document.json``, and the system ties what it finds."""
        return False

    def standing(self, exchanges: Sequence[ExchangeId]) -> tuple[Standing, ...]:
        """Return what was handed over; that a package is gone says nothing, for an import may take it away."""
        self._answers.hear()
        ties = self.journal.ties(exchanges)
        return tuple(Standing(tie.exchange, tie.card, tie.number, tie.since) for tie in ties)

    def holdings(self, after: ExchangeId | None, limit: int = 500) -> tuple[Standing, ...]:
        self._answers.hear()
        ties = self.journal.ties_after(after, limit)
        return tuple(Standing(tie.exchange, tie.card, tie.number, tie.since) for tie in ties)

    # --- going out ------------------------------------------------------------------------------------------------

    def outgoing(self, limit: int = 50, exclude: Collection[str] = ()) -> tuple[Outgoing, ...]:
        return self._dispatches.outgoing(limit, exclude) if self._dispatches else ()

    def withdrawals(self, limit: int = 50) -> tuple[Withdrawal, ...]:
        return self._dispatches.withdrawals(limit) if self._dispatches else ()

    def dispatches(self, after: str | None, limit: int = 500) -> tuple[str, ...]:
        return self._dispatches.dispatches(after, limit) if self._dispatches else ()

    def mark(self, outgoing_ref: str, state: OutgoingState, detail: str = "", at: datetime | None = None) -> None:
        self._sending().mark(outgoing_ref, state, detail, at)

    def record(self, outgoing_ref: str, events: Sequence[Event], contents: Contents = NO_FILES) -> None:
        self._sending().record(outgoing_ref, events, contents)

    def _sending(self) -> Dispatches:
        if self._dispatches is None:
            raise NotOffered("nothing goes out: [edms.options] names no outgoing_folder")
        return self._dispatches

    # --------------------------------------------------------------------------------------------------------------

    def sweep(self) -> int:
        """Remove nothing: a package belongs to the system as soon as it is shown."""
        return 0

    def close(self) -> None:
        self.journal.close()
        self.ledger.close()
