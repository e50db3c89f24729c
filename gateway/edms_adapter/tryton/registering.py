# SPDX-License-Identifier: GPL-3.0-or-later
"""Registering an incoming document, and adding to one, in steps that a crash may fall between.

The order: what becomes of it is decided; a number is taken, which stays with the exchange for ever; the card is made
with its number in its name and the exchange stamped into it; files follow, each read back; the sheet; the addressees.
A repeated call goes on after the last step that was noted, and looks for the card before it makes one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import structlog

from gateway.content import Held
from gateway.edms_adapter.remote import sheet
from gateway.edms_adapter.remote.given_numbers import given, recall
from gateway.edms_adapter.remote.papers import Paper, main_file, papers, stamp
from gateway.edms_adapter.remote.same_number import same_number
from gateway.edms_adapter.remote.telling import forwarded
from gateway.edms_adapter.sql.register import NO_DRAFTS
from gateway.edms_adapter.step_journal import Errand, StepJournal
from gateway.edms_adapter.tryton.cards import MODEL, Cabinet, Card
from gateway.edms_adapter.tryton.numbers import NoSequence, Numbers, sequence_called
from gateway.edms_adapter.tryton.options import Options
from gateway.edms_adapter.tryton.people import Staff
from gateway.errors import Deferred, Reason, Refused
from gateway.model import CardRef, Contents, Document, DocumentType, ExchangeId, Number
from gateway.ports import Addressee, Clock, Failpoint, Intake, Registration, Rehearsal, Waiting, Written

log = structlog.get_logger(__name__)

MAKING, CARD, OFFICE, SEQUENCE, WAITED, ADDED = "making", "card", "office", "sequence", "waited", "added"


@dataclass(frozen=True, slots=True)
class Decided:
    """What shall become of a letter."""

    routed: tuple[Addressee, ...]
    company: int | None
    waits: str  # why a person must decide; empty: it is registered


class Registrar:
    """Registers and attaches; what it knows lies in the journal and in Tryton."""

    def __init__(
        self,
        options: Options,
        cabinet: Cabinet,
        staff: Staff,
        journal: StepJournal,
        numbers: Numbers,
        zone: ZoneInfo,
        clock: Clock,
        failpoint: Failpoint,
    ) -> None:
        self.options, self.cabinet, self.staff, self.journal = options, cabinet, staff, journal
        self.numbers, self.zone, self.clock, self.failpoint = numbers, zone, clock, failpoint

    # --- the story --------------------------------------------------------------------------------------------------

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        """See `gateway.ports.Edms.register`."""
        known = self._known(exchange, intake)
        if known is not None:
            return known
        decided = self._decided(document, exchange, intake)
        main, rest = self._papers(document, contents, exchange)
        if not decided.waits:
            decided = replace(decided, waits=same_number(self.journal, document, exchange, intake, claiming=True))
        number = None
        if not decided.waits:
            number, why = self._numbered(exchange, intake)
            decided = replace(decided, waits=why)
        with self.journal.errand(exchange) as errand:
            settled = self.journal.outcome(exchange)
            if settled is not None:
                return self._with_events(exchange, settled)
            made = self._made(errand, document, intake, exchange, decided, number, main, rest)
            self.journal.settle(exchange, made)
            self.failpoint("tryton:settled")
        return self._with_events(exchange, made)

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        """See `gateway.ports.Edms.rehearse`."""
        settled = self.journal.outcome(exchange)
        if settled is not None:
            return Rehearsal(settled)
        try:
            decided = self._decided(document, exchange, intake)
            main, rest = self._papers(document, contents, exchange)
        except Refused as why:
            return Rehearsal(why)
        number, why_not = self._next_number(exchange, intake)
        number, waits = (None, decided.waits or why_not) if decided.waits or why_not else (number, "")
        name = sheet.name_of(document, main_file(document), number)
        values = (("name", name), ("source", stamp(exchange)), ("data", f"{main.content.size} bytes"))
        words = (("message", sheet.sheet(document, intake, number, decided.routed, waits)),)
        rows = [Written(MODEL, "insert", values)]
        rows += [Written("ir.attachment", "insert", (("name", paper.name),)) for paper in rest]
        rows += [Written("ir.note", "insert", words)]
        rows += [Written("res.notification", "insert", (("user", one.name),)) for one in decided.routed]
        outcome: Registration | Waiting = Waiting(CardRef(""), waits)
        if not waits:
            outcome = Registration(CardRef(""), number or Number("", intake.register_on), True, None, decided.routed)
        return Rehearsal(outcome, tuple(rows))

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        """See `gateway.ports.Edms.attach`; Deferred while the main document waits for a person."""
        found = self.journal.outcome(exchange)
        if found is None:
            raise Refused(Reason.UNKNOWN_EXCHANGE, "the document this adds to is not registered here")
        if isinstance(found, Waiting):
            raise Deferred("the document this adds to waits for a person")
        with self.journal.errand(follow_up_id) as errand:
            created = errand.done(ADDED) is None
            if created:
                card = int(found.ref)
                there = self._there(card, fresh=False)
                for paper in papers(follow_up, contents, follow_up_id, self.options.max_file):
                    self._lay(card, paper, there)
                    self.failpoint("tryton:addition-attached")
                self.cabinet.note(card, sheet.addition(follow_up))
                self.failpoint("tryton:addition-noted")
                errand.note(ADDED, found.ref)
        return replace(self._telling(exchange, found), created=created)

    def accept(self, exchange: ExchangeId, card: Card) -> Registration | None:
        """Give a number to what waited and a person processed; None while none can be given."""
        noted = self.journal.noted(exchange)
        today = self.clock.now().astimezone(self.zone).date()
        try:
            name = noted.get(SEQUENCE, "")
            number = self.numbers.take(exchange, name, today) if name else Number(card.ref, today)
        except NoSequence as why:
            log.warning("a person registered a document, and there is no number for it", card=card.ref, why=str(why))
            return None
        with self.journal.errand(exchange):
            settled = self.journal.outcome(exchange)
            if isinstance(settled, Registration):
                return settled
            made = Registration(card.ref, number, True, self.clock.now())
            self.cabinet.note(card.id, sheet.registered(number))
            self.journal.settle(exchange, made)
        return made

    # --- what is there already --------------------------------------------------------------------------------------

    def _known(self, exchange: ExchangeId, intake: Intake) -> Registration | Waiting | None:
        """Return what became of *exchange*; None when it is new, or forgotten to be judged afresh."""
        with self.journal.errand(exchange):
            settled = self.journal.outcome(exchange)
            if settled is None:
                return None
            there = self.cabinet.with_ids([int(settled.ref)])
            refused = isinstance(settled, Waiting) and there and there[0].state == "cancelled"
            vanished = intake.number is not None and not there
            if vanished or (refused and intake.afresh):
                self.journal.forget(exchange)
                return None
        if isinstance(settled, Waiting) and there and there[0].state in ("processing", "done"):
            accepted = self.accept(exchange, there[0])
            return replace(accepted, created=False) if accepted else settled
        return self._with_events(exchange, settled)

    def _with_events(self, exchange: ExchangeId, made: Registration | Waiting) -> Registration | Waiting:
        return made if isinstance(made, Waiting) else self._telling(exchange, made)

    def _telling(self, exchange: ExchangeId, made: Registration) -> Registration:
        office = self.journal.noted(exchange).get(OFFICE, "")
        return replace(made, events=forwarded(made, office))

    # --- decisions --------------------------------------------------------------------------------------------------

    def _decided(self, document: Document, exchange: ExchangeId, intake: Intake) -> Decided:
        waits = [intake.wait_because] if intake.wait_because else []
        if document.type is DocumentType.DRAFT:
            waits.append(NO_DRAFTS)
        company = None
        try:
            company = self.staff.company(intake.office)
        except LookupError as lacking:
            waits.append(str(lacking))
        if not waits and (same := same_number(self.journal, document, exchange, intake)):
            waits.append(same)
        routed: tuple[Addressee, ...] = ()
        if not waits:
            routed, trouble = self._routed(document, intake)
            waits += [trouble] if trouble else []
        if waits:
            person = self.staff.default(intake.default_inbox, "; ".join(waits), found=True)
            routed = (person,) if person else ()
        return Decided(routed, company, "; ".join(waits))

    def _routed(self, document: Document, intake: Intake) -> tuple[tuple[Addressee, ...], str]:
        try:
            return self.staff.routed(document, intake)
        except Refused as why:
            if why.reason not in intake.accepted:
                raise
            return (), why.detail

    def _numbered(self, exchange: ExchangeId, intake: Intake) -> tuple[Number | None, str]:
        """Return the number, or why a person must do something first; neither when the number is the card's id."""
        name = self._sequence(intake)
        if not name:
            return None, ""
        if given(self.journal, exchange) is None:
            self._recall(exchange)
        try:
            return self.numbers.take(exchange, name, intake.register_on, intake.number), ""
        except NoSequence as why:
            return None, f"нет счётчика номеров: {why}"

    def _recall(self, exchange: ExchangeId) -> None:
        """Take the number from the sheet of a card that the journal has forgotten."""
        cards = [card.id for card in self.cabinet.of_exchange(exchange)]
        for note in self.cabinet.notes(cards):
            number = sheet.number_in(note.message) if note.user == self.cabinet.server.user else None
            if number is not None:
                recall(self.journal, exchange, number)

    def _next_number(self, exchange: ExchangeId, intake: Intake) -> tuple[Number | None, str]:
        """Return the number that a registration would get, taking none."""
        name = self._sequence(intake)
        if not name or (has := given(self.journal, exchange)) is not None:
            return (has, "") if name else (None, "")
        try:
            sequence = sequence_called(self.cabinet.server, name)
        except NoSequence as why:
            return None, f"нет счётчика номеров: {why}"
        return intake.number or Number(sequence.text(sequence.next, intake.register_on), intake.register_on), ""

    def _sequence(self, intake: Intake) -> str:
        return (intake.journal or self.options.sequence).replace("{year}", str(intake.register_on.year))

    # --- steps ------------------------------------------------------------------------------------------------------

    def _made(
        self,
        errand: Errand,
        document: Document,
        intake: Intake,
        exchange: ExchangeId,
        decided: Decided,
        number: Number | None,
        main: Paper,
        rest: list[Paper],
    ) -> Registration | Waiting:
        errand.note(OFFICE, intake.office)
        errand.note(SEQUENCE, self._sequence(intake))
        if decided.waits:
            errand.note(WAITED, decided.waits)
        name = sheet.name_of(document, main_file(document), number)
        card, fresh = self._card(errand, exchange, name, main, decided)
        if number is None and not decided.waits:
            number = Number(str(card), intake.register_on)
        self._verify_main(card, main)
        there = self._there(card, fresh=fresh)
        for paper in rest:
            self._lay(card, paper, there)
            self.failpoint("tryton:file-attached")
        words = sheet.sheet(document, intake, number, decided.routed, decided.waits)
        self.cabinet.note(card, words, fresh=fresh)
        self.failpoint("tryton:sheet-written")
        for one in decided.routed:
            self.cabinet.notify(int(one.inbox), card, name, one.why, fresh=fresh)
            self.failpoint("tryton:addressee-told")
        made = self._without_twins(exchange, card)
        if decided.waits or number is None:
            return Waiting(made.ref, decided.waits)
        return Registration(made.ref, number, True, made.made, decided.routed)

    def _card(self, errand: Errand, exchange: ExchangeId, name: str, main: Paper, decided: Decided) -> tuple[int, bool]:
        """Return the card of *exchange*, made now unless an earlier attempt made it, and whether it was made now."""
        if (known := errand.done(CARD)) is not None and self.cabinet.with_ids([int(known)]):
            return int(known), False
        found = self.cabinet.of_exchange(exchange)
        if found:
            card = found[0].id
        else:
            errand.note(MAKING)
            self.failpoint("tryton:making-card")
            more = {"company": decided.company, "type": self.options.type or None}
            card = self.cabinet.make(exchange, name, main.content, more)
            self.failpoint("tryton:card-made")
        errand.note(CARD, str(card))
        self.failpoint("tryton:card-noted")
        return card, not found

    def _without_twins(self, exchange: ExchangeId, card: int) -> Card:
        """Return the card as it stands; a second one of a call that came through late is taken away."""
        cards = self.cabinet.of_exchange(exchange)
        for other in cards:
            if other.id != card and other.state == "draft" and other.maker == self.cabinet.server.user:
                self.cabinet.delete(other.id)
        (ours,) = [one for one in cards if one.id == card] or self.cabinet.with_ids([card])
        return ours

    def _verify_main(self, card: int, main: Paper) -> None:
        if self.cabinet.digest(card, MODEL) == main.content.sha256:
            return
        self.cabinet.delete(card)
        raise OSError(f"the main file of card {card} reads back differently from what was written")

    def _there(self, card: int, *, fresh: bool) -> dict[str, int]:
        """Return the attachments on a card by their marks; a *fresh* one has none."""
        return {} if fresh else {one.mark: one.id for one in self.cabinet.attached(card)}

    def _lay(self, card: int, paper: Paper, there: Mapping[str, int]) -> None:
        """Put a file onto a card and read it back; one that reads back differently is taken away again."""
        key = there.get(paper.mark) or self.cabinet.attach(card, paper.name, paper.content, paper.mark)
        if self.cabinet.digest(key) != paper.content.sha256:
            self.cabinet.detach(key)
            raise OSError(f"file {paper.name!r} reads back differently from what was written")

    # --- files ------------------------------------------------------------------------------------------------------

    def _papers(self, document: Document, contents: Contents, exchange: ExchangeId) -> tuple[Paper, list[Paper]]:
        """Return the main file of a letter and all others; without one the main file says that there is none."""
        came = list(papers(document, contents, exchange, self.options.max_file))
        main = main_file(document)
        if main is None:
            words = sheet.name_of(document, None, None)
            return Paper("", Held(words.encode()), ""), came
        place = next(place for place, paper in enumerate(came) if paper.content.sha256 == main.sha256)
        return came[place], came[:place] + came[place + 1 :]
