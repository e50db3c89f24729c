# SPDX-License-Identifier: GPL-3.0-or-later
"""Registering an incoming document, and adding to one, in steps that a crash may fall between.

The order: what becomes of it is decided; a number is taken, which stays with the exchange for ever; the document is
made with its number in its label and the exchange stamped into it; files follow, and are waited for until Mayan has
stored every one as it came; metadata; the inboxes; last the workflow says that it is registered.
A repeated call goes on after the last step that was noted, and looks for the document before it makes one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import structlog

from gateway.edms_adapter.mayan import saying
from gateway.edms_adapter.mayan.catalogue import NotSetUp
from gateway.edms_adapter.mayan.documents import ALONE, WITH, Archive, Card, Course
from gateway.edms_adapter.mayan.numbers import Numbers
from gateway.edms_adapter.mayan.options import Options
from gateway.edms_adapter.mayan.people import Staff
from gateway.edms_adapter.mayan.storing import FIRST_PAUSE, LONGEST_PAUSE, Storage
from gateway.edms_adapter.remote import sheet
from gateway.edms_adapter.remote.given_numbers import given, recall
from gateway.edms_adapter.remote.papers import Paper, papers, stamp
from gateway.edms_adapter.remote.same_number import same_number
from gateway.edms_adapter.remote.telling import forwarded
from gateway.edms_adapter.sql.register import NO_DRAFTS
from gateway.edms_adapter.step_journal import Errand, StepJournal
from gateway.errors import Deferred, Reason, Refused
from gateway.model import CardRef, Contents, Document, DocumentType, ExchangeId, Number
from gateway.ports import Addressee, Clock, Failpoint, Intake, Registration, Rehearsal, Waiting, Written

log = structlog.get_logger(__name__)

MAKING, CARD, OFFICE, SEQUENCE, WAITED, ADDED = "making", "card", "office", "sequence", "waited", "added"
SEEN = "seen"  # the card that we could see: one that cannot be seen later was taken away by people
COURSE = "course"  # the key of the document's workflow
OF_COURSE, EXCHANGE = "course/{}", "exchange"  # an errand that keeps whose workflow that is
UNSEEN = "we may not see document {} that we made: grant documents.document_view to the role of our account"


@dataclass(frozen=True, slots=True)
class Decided:
    """What shall become of a letter."""

    routed: tuple[Addressee, ...]
    waits: str  # why a person must decide; empty: it is registered


class Registrar:
    """Registers and attaches; what it knows lies in the journal and in Mayan."""

    def __init__(
        self,
        options: Options,
        archive: Archive,
        staff: Staff,
        journal: StepJournal,
        numbers: Numbers,
        zone: ZoneInfo,
        clock: Clock,
        failpoint: Failpoint,
    ) -> None:
        self.options, self.archive, self.staff, self.journal = options, archive, staff, journal
        self.numbers, self.zone, self.clock, self.failpoint = numbers, zone, clock, failpoint
        self._storage = Storage(archive, options.patience, failpoint)

    # --- the story --------------------------------------------------------------------------------------------------

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        """See `gateway.ports.Edms.register`."""
        known = self._known(exchange, intake)
        if known is not None:
            return known
        decided = self._decided(document, exchange, intake)
        came = list(papers(document, contents, exchange, self.options.max_file))
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
            made = self._made(errand, document, intake, exchange, decided, number, came)
            self.journal.settle(exchange, made)
            self.failpoint("mayan:settled")
        return self._with_events(exchange, made)

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        """See `gateway.ports.Edms.rehearse`."""
        settled = self.journal.outcome(exchange)
        if settled is not None:
            return Rehearsal(settled)
        try:
            decided = self._decided(document, exchange, intake)
            came = list(papers(document, contents, exchange, self.options.max_file))
        except Refused as why:
            return Rehearsal(why)
        number, why_not = self._next_number(exchange, intake)
        number, waits = (None, decided.waits or why_not) if decided.waits or why_not else (number, "")
        words = saying.words(document, intake, number, decided.routed, waits, came)
        rows = [Written("documents", "insert", (("label", saying.label(document, number)), ("description", words)))]
        rows += [Written("files", "insert", (("filename", paper.name),)) for paper in came if paper.content.size]
        facts = saying.facts(document, intake, exchange, number)
        rows += [Written("metadata", "insert", ((name, facts[name]),)) for name in self.options.metadata_of]
        rows += [Written("cabinets", "insert", (("cabinet", one.name),)) for one in decided.routed]
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
                came = list(papers(follow_up, contents, follow_up_id, self.options.max_file))
                self._storage.lay(card, came, WITH, "mayan:addition-brought", fresh=False)
                words = sheet.addition(follow_up)
                self.archive.note(card, "\n".join(word for word in (words, saying.empty(came)) if word))
                self.failpoint("mayan:addition-noted")
                errand.note(ADDED, found.ref)
        return replace(self._telling(exchange, found), created=created)

    def accept(self, exchange: ExchangeId, card: Card) -> Registration | None:
        """Give a number to what waited and a person registered; None while none can be given."""
        noted = self.journal.noted(exchange)
        today = self.clock.now().astimezone(self.zone).date()
        try:
            name = noted.get(SEQUENCE, "")
            number = self.numbers.take(exchange, name, today) if name else Number(card.ref, today)
        except NotSetUp as why:
            log.warning("a person registered a document, and there is no number for it", card=card.ref, why=str(why))
            return None
        with self.journal.errand(exchange):
            settled = self.journal.outcome(exchange)
            if isinstance(settled, Registration):
                return settled
            made = Registration(card.ref, number, True, self.clock.now())
            self._name(card, number, exchange)
            self.archive.tell(card.id, saying.numbers(number))
            self.journal.settle(exchange, made)
        return made

    # --- what is there already --------------------------------------------------------------------------------------

    def _known(self, exchange: ExchangeId, intake: Intake) -> Registration | Waiting | None:
        """Return what became of *exchange*; None when it is new, or forgotten to be judged afresh."""
        with self.journal.errand(exchange):
            settled = self.journal.outcome(exchange)
            if settled is None:
                return None
            card = self.archive.card(int(settled.ref))
            refused = isinstance(settled, Waiting) and card is not None and self._is_refused(card)
            vanished = intake.number is not None and card is None
            if vanished or (refused and intake.afresh):
                self.journal.forget(exchange)
                return None
        if card is not None and isinstance(settled, Waiting) and self._was_registered(exchange, card):
            accepted = self.accept(exchange, card)
            return replace(accepted, created=False) if accepted else settled
        return self._with_events(exchange, settled)

    def _was_registered(self, exchange: ExchangeId, card: Card) -> bool:
        noted = self.journal.noted(exchange).get(COURSE)
        states = {one.act.state for one in self.archive.entries(card.id, int(noted))} if noted else set()
        return self.options.registered in states

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
        if not waits and (same := same_number(self.journal, document, exchange, intake)):
            waits.append(same)
        routed: tuple[Addressee, ...] = ()
        if not waits:
            routed, trouble = self._routed(document, intake)
            waits += [trouble] if trouble else []
        if waits:
            person = self.staff.default(intake.office, intake.default_inbox, "; ".join(waits))
            routed = (person,) if person else ()
        return Decided(routed, "; ".join(waits))

    def _routed(self, document: Document, intake: Intake) -> tuple[tuple[Addressee, ...], str]:
        try:
            return self.staff.routed(document, intake)
        except LookupError as lacking:
            return (), str(lacking)
        except Refused as why:
            if why.reason not in intake.accepted:
                raise
            return (), why.detail

    def _numbered(self, exchange: ExchangeId, intake: Intake) -> tuple[Number | None, str]:
        """Return the number, or why a person must do something first; neither when the number is the document's id."""
        name = self._sequence(intake)
        if not name:
            return None, ""
        if given(self.journal, exchange) is None and MAKING not in self.journal.noted(exchange):
            self._recall(exchange)
        try:
            return self.numbers.take(exchange, name, intake.register_on, intake.number), ""
        except NotSetUp as why:
            return None, f"нет счётчика номеров: {why}"

    def _recall(self, exchange: ExchangeId) -> None:
        """Take the number from the description of a document that the journal has forgotten."""
        for card in self._forgotten(exchange):
            number = sheet.number_in(card.description)
            if number is not None:
                recall(self.journal, exchange, number)

    def _forgotten(self, exchange: ExchangeId) -> list[Card]:
        """Return documents of *exchange* that Mayan's index finds, refused ones left out; the index may be behind."""
        found = (self.archive.card(key) for key in self.archive.searched("exchange", exchange))
        return [card for card in found if card is not None and card.is_of(exchange) and not self._is_refused(card)]

    def _is_refused(self, card: Card) -> bool:
        course = self.archive.course(card.id)
        return course is not None and course.label in (self.options.refused, self.options.cancelled)

    def _next_number(self, exchange: ExchangeId, intake: Intake) -> tuple[Number | None, str]:
        """Return the number that a registration would get, taking none."""
        name = self._sequence(intake)
        if not name or (has := given(self.journal, exchange)) is not None:
            return (has, "") if name else (None, "")
        try:
            return intake.number or self.numbers.next_of(self.numbers.sequence_called(name), intake.register_on), ""
        except NotSetUp as why:
            return None, f"нет счётчика номеров: {why}"

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
        came: Sequence[Paper],
    ) -> Registration | Waiting:
        errand.note(OFFICE, intake.office)
        errand.note(SEQUENCE, self._sequence(intake))
        if decided.waits:
            errand.note(WAITED, decided.waits)
        before = errand.done(MAKING)
        words = saying.words(document, intake, number, decided.routed, decided.waits, came)
        card, fresh = self._card(errand, exchange, saying.label(document, number), words)
        if number is None and not decided.waits:
            number = Number(card.ref, intake.register_on)
            self._name(card, number, exchange)
        self._storage.lay(card.id, saying.main_first(document, came), ALONE, "mayan:file-brought", fresh=fresh)
        self.failpoint("mayan:files-stored")
        self.archive.tell(card.id, saying.facts(document, intake, exchange, number), fresh=fresh)
        self.failpoint("mayan:metadata-written")
        self.archive.put_into(card.id, (int(one.inbox) for one in decided.routed), fresh=fresh)
        self.failpoint("mayan:addressees-told")
        self._begin(errand, exchange, card, registered=not decided.waits)
        self.failpoint("mayan:moved")
        if before is not None:
            self._without_twins(exchange, card.id, int(before))
        if decided.waits or number is None:
            return Waiting(card.ref, decided.waits)
        return Registration(card.ref, number, True, card.made, decided.routed)

    def _card(self, errand: Errand, exchange: ExchangeId, label: str, words: str) -> tuple[Card, bool]:
        """Return the document of *exchange*, and whether it was made just now: an earlier attempt may have made it."""
        if (known := errand.done(CARD)) is not None:
            if (there := self.archive.card(int(known))) is not None:
                errand.note(SEEN, known)
                return there, False
            if errand.done(SEEN) != known:
                raise Deferred(UNSEEN.format(known))
        before = errand.done(MAKING)
        found = self.archive.made_after(int(before), exchange) if before else self._forgotten(exchange)
        if found:
            card = found[0]
        else:
            if before is None:
                errand.note(MAKING, str(self.archive.newest()))
            self.failpoint("mayan:making-document")
            card = self.archive.make(exchange, label, words)
            self.failpoint("mayan:document-made")
        errand.note(CARD, card.ref)
        self.failpoint("mayan:document-noted")
        if self.archive.card(card.id) is None:
            raise Deferred(UNSEEN.format(card.id))
        errand.note(SEEN, card.ref)
        return card, not found

    def _name(self, card: Card, number: Number, exchange: ExchangeId) -> None:
        """Write a number that came later into label and description of a document."""
        if sheet.number_in(card.description) is None:
            words = card.description.removesuffix(stamp(exchange)).rstrip()
            subject = next((line for line in words.splitlines() if line.startswith("О чём: ")), "")
            title = subject.removeprefix("О чём: ") or sheet.NO_SUBJECT
            self.archive.rename(card.id, f"{number.text} {title}", f"{sheet.registered(number)}\n{words}", exchange)

    def _without_twins(self, exchange: ExchangeId, card: int, before: int) -> None:
        """Take away a second document of a call that came through late."""
        for other in self.archive.made_after(before, exchange):
            if other.id != card:
                log.warning("a second document of one letter is put into the trash", document=other.id)
                self.archive.discard(other.id)

    def _begin(self, errand: Errand, exchange: ExchangeId, card: Card, *, registered: bool) -> None:
        """Wait for the workflow that Mayan begins, remember it, and say in it that the document is registered."""
        course = self._course(card.id)
        errand.note(COURSE, str(course.id))
        self.journal.note(OF_COURSE.format(course.id), EXCHANGE, exchange)
        workflow = self.archive.catalogue.workflow()
        if registered and course.label == workflow.first:
            self.archive.move(card.id, course, workflow, self.options.registered)

    def _course(self, card: int) -> Course:
        until, pause = time.monotonic() + self.options.patience.total_seconds(), FIRST_PAUSE
        while (course := self.archive.course(card)) is None:
            if time.monotonic() > until:
                remedy = "see that it is launched automatically for the document type, and that its workers run"
                raise Deferred(
                    f"Mayan has not begun the workflow {self.options.workflow!r} of document {card}: {remedy}"
                )
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return course
