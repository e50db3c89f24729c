# SPDX-License-Identifier: GPL-3.0-or-later
"""Registering: a package is noted, filled, numbered when the numbers are ours, shown by its JSON, and settled.

Each step is noted before the next one begins, so that a repeated call goes on where a killed one ended: the same
package, under the same name and number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from gateway.edms_adapter.folder.answers import REFUSED, Answers
from gateway.edms_adapter.folder.counter import Counter
from gateway.edms_adapter.folder.forms import Incoming, written
from gateway.edms_adapter.folder.ledger import Ledger
from gateway.edms_adapter.folder.shelf import DOCUMENT, Planned, Shelf, planned
from gateway.edms_adapter.step_journal import Errand, StepJournal
from gateway.errors import Deferred, Reason, Refused
from gateway.model import CardRef, Contents, Document, DocumentType, ExchangeId, Number
from gateway.ports import Clock, Failpoint, Intake, Registration, Rehearsal, Waiting, Written

WAITS = "ждёт, пока система примет документ из папки"
DRAFT = "проект документа не регистрируется"
PACKAGE, ON, ADDED = "package", "register on", "added"  # steps


@dataclass(frozen=True, slots=True)
class Registrar:
    shelf: Shelf
    ledger: Ledger
    journal: StepJournal
    answers: Answers
    counter: Counter | None  # None: the system gives the numbers
    clock: Clock
    failpoint: Failpoint

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        """See `gateway.ports.Edms.register`."""
        self.shelf.reach()
        if (known := self._known(exchange, intake)) is not None:
            return known
        with self.journal.errand(exchange) as errand:
            if (known := self._known(exchange, intake)) is not None:
                return known
            return self._made(errand, document, contents, exchange, intake)

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        """See `gateway.ports.Edms.rehearse`: the bytes are read, and nothing is written."""
        self.shelf.reach()
        if (known := self._known(exchange, intake)) is not None:
            return Rehearsal(known)
        files = planned(document)
        for file in files:
            _agree(file, contents)
        reasons, package = _reasons(document, intake), "…"
        number = None if reasons or self.counter is None else self.counter.next(intake.register_on)
        form = _form(package, document, exchange, intake, reasons, number, files)
        row = Written(f"{package}/{DOCUMENT}", "insert", tuple(written(form).items()))
        return Rehearsal(self._outcome(package, reasons, number), (row,))

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        """See `gateway.ports.Edms.attach`: a package of its own says which one it adds to."""
        self.shelf.reach()
        main = self._main(exchange)
        with self.journal.errand(follow_up_id) as errand:
            if errand.done(ADDED) is not None:
                return main
            if (package := errand.done(PACKAGE)) is None:
                package = self.ledger.begin_addition(exchange, follow_up_id)
                errand.note(PACKAGE, package)
            self.failpoint("folder-attach:noted")
            if not self.shelf.has(package, DOCUMENT):
                files = planned(follow_up)
                self._fill(package, files, contents)
                self.failpoint("folder-attach:filled")
                form = Incoming(
                    package=package,
                    exchange=exchange,
                    adds_to=main.ref,
                    files=tuple(file.entry for file in files),
                    document=follow_up,
                )
                self.shelf.publish_form(package, DOCUMENT, form)
            self.failpoint("folder-attach:shown")
            errand.note(ADDED)
            self.failpoint("folder-attach:added")
            return Registration(main.ref, main.number, True, main.at)

    # --- what is there already ------------------------------------------------------------------------------------

    def _known(self, exchange: ExchangeId, intake: Intake) -> Registration | Waiting | None:
        """Return what became of *exchange*; None when it is new, or shall be judged afresh after a refusal."""
        outcome = self.journal.outcome(exchange)
        if not isinstance(outcome, Waiting):
            return outcome
        self.answers.hear(outcome.ref)
        if intake.afresh and self.ledger.heard(outcome.ref, REFUSED):
            return None
        return self.journal.outcome(exchange)

    def _main(self, exchange: ExchangeId) -> Registration:
        outcome = self.journal.outcome(exchange)
        if isinstance(outcome, Waiting):
            self.answers.hear(outcome.ref)
            outcome = self.journal.outcome(exchange)
        if outcome is None:
            raise Refused(Reason.UNKNOWN_EXCHANGE, "the document this adds to is not registered here")
        if isinstance(outcome, Waiting):
            raise Deferred("the document this adds to waits for the system")
        return outcome

    # --- the story ------------------------------------------------------------------------------------------------

    def _made(
        self, errand: Errand, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        if self.journal.outcome(exchange) is not None:  # a person refused it, and it was sent again
            self.journal.forget(exchange)
            errand.clear()
        package, on = self._begun(errand, exchange, intake)
        self.failpoint("folder-register:noted")
        reasons, files = _reasons(document, intake), planned(document)
        shown = self.shelf.has(package, DOCUMENT)
        if not shown:
            self._fill(package, files, contents)
        self.failpoint("folder-register:filled")
        number = None
        if self.counter is not None and not reasons:
            number = self.counter.take(errand, on)
        self.failpoint("folder-register:numbered")
        if not shown:
            form = _form(package, document, exchange, intake, reasons, number, files, on)
            self.shelf.publish_form(package, DOCUMENT, form)
        self.failpoint("folder-register:shown")
        made = self._outcome(package, reasons, number)
        self.journal.settle(exchange, made)
        self.failpoint("folder-register:settled")
        return made

    def _begun(self, errand: Errand, exchange: ExchangeId, intake: Intake) -> tuple[str, date]:
        """Return the package of this errand and the date to register under, as they were at the first attempt."""
        if (on := errand.done(ON)) is None:
            on = intake.register_on.isoformat()
            errand.note(ON, on)
        if (package := errand.done(PACKAGE)) is None:
            package = self.ledger.begin(exchange)
            errand.note(PACKAGE, package)
        return package, date.fromisoformat(on)

    def _fill(self, package: str, files: tuple[Planned, ...], contents: Contents) -> None:
        self.shelf.clear(package, files)
        self.shelf.fill(package, files, contents)

    def _outcome(self, package: str, reasons: tuple[str, ...], number: Number | None) -> Registration | Waiting:
        if number is None:
            return Waiting(CardRef(package), "; ".join(reasons) or WAITS)
        return Registration(CardRef(package), number, True, self.clock.now())


def _reasons(document: Document, intake: Intake) -> tuple[str, ...]:
    """Return why a person must decide, if so."""
    found = (intake.wait_because, DRAFT if document.type is DocumentType.DRAFT else "")
    return tuple(reason for reason in found if reason)


def _form(
    package: str,
    document: Document,
    exchange: ExchangeId,
    intake: Intake,
    reasons: tuple[str, ...],
    number: Number | None,
    files: tuple[Planned, ...],
    on: date | None = None,
) -> Incoming:
    """Return the JSON of a document; *number* is ours, or one that its sender was told before."""
    return Incoming(
        package=package,
        exchange=exchange,
        office=intake.office,
        partner=intake.partner,
        correspondent=intake.correspondent,
        received_at=intake.received_at,
        register_on=on or intake.register_on,
        number=number or intake.number,
        wait_because="; ".join(reasons),
        draft=document.type is DocumentType.DRAFT,
        group=intake.group,
        journal=intake.journal,
        access=intake.access,
        rule=intake.rule,
        default_inbox=intake.default_inbox,
        files=tuple(file.entry for file in files),
        document=document,
    )


def _agree(file: Planned, contents: Contents) -> None:
    if _digest(contents[file.sha256].blocks()) != file.sha256:
        raise ValueError(f"the bytes of {file.entry.file} are not those of SHA-256 {file.sha256}")


def _digest(blocks: Iterator[bytes]) -> str:
    digest = sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
