# SPDX-License-Identifier: GPL-3.0-or-later
"""The `Edms` port over Tryton: puts the parts together and delegates.

What ``document_incoming`` has no place for is not offered: docs/edms-tryton.md has the table.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path

from gateway.edms_adapter.opening import Surroundings
from gateway.edms_adapter.remote import sheet
from gateway.edms_adapter.step_journal import StepJournal, Tie
from gateway.edms_adapter.tryton.cards import Cabinet
from gateway.edms_adapter.tryton.changes import Watcher
from gateway.edms_adapter.tryton.check import findings, sequences
from gateway.edms_adapter.tryton.numbers import Numbers
from gateway.edms_adapter.tryton.options import Options
from gateway.edms_adapter.tryton.people import Staff
from gateway.edms_adapter.tryton.registering import Registrar
from gateway.edms_adapter.tryton.wire import Server
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

NO_OUTGOING = "Tryton's document_incoming keeps no outgoing documents"


class TrytonEdms:
    """Tryton with ``document_incoming``; threads may share one, a forked process opens its own."""

    def __init__(self, options: Options, around: Surroundings) -> None:
        self.options, self.zone, self.clock = options, around.zone, around.clock
        folder: Path = around.files
        folder.mkdir(parents=True, exist_ok=True)
        self.server = Server(options)
        self.cabinet, self.staff = Cabinet(self.server), Staff(self.server)
        self.journal = StepJournal(folder, around.clock)
        numbers = Numbers(self.server, self.journal, around.failpoint)
        self._registrar = Registrar(
            options, self.cabinet, self.staff, self.journal, numbers, around.zone, around.clock, around.failpoint
        )
        self._watcher = Watcher(options, self.cabinet, self.journal, self._registrar, around.zone, around.clock)

    def check(self, expected: Sequence[Expected] = (), wanted: Sequence[Wanted] = ()) -> Health:
        return Health(tuple(findings(self.server, self.staff, self.clock, self._today(), expected, wanted)))

    def prepare(self) -> None:
        """Nothing: what we keep lies in a folder of our own, made at opening."""

    def lacking(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in sequences(self.server, self._today()) if not finding.ok)

    def resolve(self, hint: Party) -> Addressee | None:
        return self.staff.resolve(hint, hint.index, self._today())

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        return self._registrar.register(document, contents, exchange, intake)

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        return self._registrar.rehearse(document, contents, exchange, intake)

    def standing(self, exchanges: Sequence[ExchangeId]) -> tuple[Standing, ...]:
        return self._standing(self.journal.ties(exchanges))

    def holdings(self, after: ExchangeId | None, limit: int = 500) -> tuple[Standing, ...]:
        return self._standing(self.journal.ties_after(after, limit))

    def dispatches(self, after: str | None, limit: int = 500) -> tuple[str, ...]:
        return ()

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        return self._registrar.attach(exchange, follow_up, contents, follow_up_id)

    def record(self, outgoing_ref: str, events: Sequence[Event], contents: Contents = NO_FILES) -> None:
        raise NotOffered(NO_OUTGOING)

    def changes(self, cursor: str | None, limit: int = 500) -> ChangePage:
        return self._watcher.page(cursor, limit)

    def outgoing(self, limit: int = 50, exclude: Collection[str] = ()) -> tuple[Outgoing, ...]:
        return ()

    def withdrawals(self, limit: int = 50) -> tuple[Withdrawal, ...]:
        return ()

    def mark(self, outgoing_ref: str, state: OutgoingState, detail: str = "", at: datetime | None = None) -> None:
        raise NotOffered(NO_OUTGOING)

    def link(self, exchange: ExchangeId, original: Original) -> bool:
        """Keep the reference on the card as words: Tryton's cards have no links."""
        words = sheet.link_words(original.kind.text, original.number, original.description, original.url)
        (tie,) = self.journal.ties((exchange,))
        if words:
            self.cabinet.note(int(tie.card), words)
        return False

    def people(self, office: str) -> Sequence[Official]:
        return self.staff.officials(office, self._today())

    def import_people(
        self,
        correspondent: str,
        officials: Sequence[Official],
        *,
        gone: Sequence[str] | None = None,
        dry_run: bool = False,
    ) -> Imported:
        raise NotOffered("Tryton's parties are the office's own: partners' people are not brought into them")

    def sweep(self) -> int:
        """Remove nothing: Tryton keeps its own files."""
        return 0

    def close(self) -> None:
        self.journal.close()

    def _standing(self, ties: Sequence[Tie]) -> tuple[Standing, ...]:
        there = {card.ref for card in self.cabinet.with_ids(int(tie.card) for tie in ties)}
        return tuple(
            Standing(tie.exchange, tie.card, tie.number if tie.card in there else None, tie.since) for tie in ties
        )

    def _today(self) -> date:
        return self.clock.now().astimezone(self.zone).date()
