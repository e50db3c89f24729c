# SPDX-License-Identifier: GPL-3.0-or-later
"""Registering an incoming document, and adding to one: one transaction, once for ever per exchange id."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from gateway.edms_adapter.sql import addressees
from gateway.edms_adapter.sql.changes import told_at_once
from gateway.edms_adapter.sql.database import Database, Recorder, Work
from gateway.edms_adapter.sql.failing import Unwilling
from gateway.edms_adapter.sql.files import Staged, Store, Wanted
from gateway.edms_adapter.sql.lookups import looked_up
from gateway.edms_adapter.sql.numbering import assigned_number, given_again, next_number
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.readback import read_back
from gateway.edms_adapter.sql.reading import Shelf, constants, scope_of
from gateway.edms_adapter.sql.reserving import Reserver
from gateway.edms_adapter.sql.standing import card_is_gone
from gateway.edms_adapter.sql.steps import run
from gateway.edms_adapter.sql.values import Record, day, moment, text
from gateway.edms_adapter.sql.waiting import settled_papers
from gateway.errors import Deferred, Reason, Refused
from gateway.model import CardRef, Document, DocumentType, ExchangeId, Number
from gateway.ports import Addressee, Clock, Contents, Failpoint, Intake, Registration, Rehearsal, Waiting

REFUSED_BY_A_PERSON = "refused"
VANISHED = "vanished"  # its card is gone, and its number was told
NO_DRAFTS = "проекты документов здесь не ведутся"


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A document that is to be registered."""

    document: Document
    exchange: ExchangeId
    now: datetime
    afresh: bool  # what became of it before counts no more: a person refused it, or its card is gone


class Registrar:
    """Registers and attaches; holds no state of its own."""

    def __init__(self, plan: Plan, database: Database, store: Store, clock: Clock, failpoint: Failpoint) -> None:
        self.plan, self.database, self.store = plan, database, store
        self.clock, self.failpoint = clock, failpoint
        reserve = plan.numbering.reserve
        self.reserver = Reserver(plan, reserve, database, store, clock) if reserve else None

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        """See `gateway.ports.Edms.register`."""
        known = self._known(exchange, intake)
        if isinstance(known, Registration | Waiting):
            return known
        arrival = _Arrival(document, exchange, self.clock.now(), afresh=known is not None)
        with self.store.staged(wanted_files(document), contents, exchange) as staged:

            def attempt(given: Intake) -> Registration | Waiting:
                return self._attempted(arrival, staged, given)

            return self.reserver.provided(exchange, intake, attempt) if self.reserver else attempt(intake)

    def _attempted(self, arrival: _Arrival, staged: Staged, intake: Intake) -> Registration | Waiting:
        """Register in one transaction, or find that somebody else just did."""
        try:
            with self.database.writing() as work:
                scope = self._claimed(work, arrival, staged, intake)
                made = self._made(work, scope, staged, arrival.exchange, intake)
                staged.publish()
                self.failpoint("edms-register:before-commit")
        except IntegrityError as error:
            winner = self._known(arrival.exchange, intake)
            if isinstance(winner, Registration | Waiting):
                return winner
            raise error
        self.failpoint("edms-register:after-commit")
        return made

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        """See `gateway.ports.Edms.rehearse`; the store must stage where nothing is kept."""
        known = self._known(exchange, intake)
        if isinstance(known, Registration | Waiting):
            return Rehearsal(known)
        arrival = _Arrival(document, exchange, self.clock.now(), afresh=known is not None)
        ours = [table.fullname for table in self.plan.association.metadata.sorted_tables]
        with (
            self.store.staged(wanted_files(document), contents, exchange) as staged,
            self.database.rehearsing(ours) as work,
        ):
            scope = self._claimed(work, arrival, staged, intake)
            stands = self._standing(work, dict(scope), intake)
            try:
                return replace(self._rehearsed(work, scope, staged, exchange, intake), stands=stands)
            except Refused as why:
                return Rehearsal(why, tuple(work.written), stands)

    def _standing(self, work: Work, scope: dict[str, Any], intake: Intake) -> Number | None:  # Any: see scope_of
        """Return `Rehearsal.stands`."""
        if self.plan.same_number is None:
            return None
        try:
            looked_up(self.plan, work, scope)
        except Refused:  # a correspondent nobody here knows has no card either
            return Number()
        same = self._same_number(work, scope, replace(intake, same_number="wait"))
        return Number(text(same.number), day(same.date)) if same is not None else Number()

    def _rehearsed(
        self, work: Recorder, scope: dict[str, Any], staged: Staged, exchange: ExchangeId, intake: Intake
    ) -> Rehearsal:
        def attempt(given: Intake) -> Registration | Waiting:
            return self._made(work, scope, staged, exchange, given)

        if self.reserver is None:
            return Rehearsal(attempt(intake), tuple(work.written))
        outcome, reserved = self.reserver.rehearsed(work, exchange, intake, attempt)
        written = tuple(work.written)
        if reserved is not None:  # a vendor's procedure may have committed it by itself
            self.reserver.returned(work, reserved)
        return Rehearsal(outcome, written)

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        """See `gateway.ports.Edms.attach`; Deferred while the main document waits for a person."""
        with self.database.reading() as work:
            found = self._main(work, exchange)
            if self.plan.association.followed(work, follow_up_id):
                return self._registration(work, found, created=False)
        now = self.clock.now()
        with self.store.staged(wanted_files(follow_up), contents, follow_up_id) as staged:
            try:
                with self.database.writing() as work:
                    self.plan.association.claim_follow_up(work, follow_up_id, exchange, now)
                    scope = self._scope(work, follow_up, staged, exchange, now)
                    scope["card"] = found.card
                    run(self.plan.attach, work, scope)
                    self._verify(work, found.card, staged, every=False)
                    staged.publish()
                    made = self._registration(work, found, created=True)
                    self.failpoint("edms-attach:before-commit")
            except IntegrityError as error:
                with self.database.reading() as work:
                    if not self.plan.association.followed(work, follow_up_id):
                        raise error
                    return self._registration(work, found, created=False)
            return made

    # --- what is there already ----------------------------------------------------------------------------------

    def _known(self, exchange: ExchangeId, intake: Intake) -> Registration | Waiting | str | None:
        """Return what became of *exchange*; None when it is new, or REFUSED_BY_A_PERSON, or VANISHED.

        Without `intake.afresh` a refusal that the journal has not heard yet still waits: `changes` will tell it.
        """
        with self.database.reading() as work:
            found = self.plan.association.find(work, exchange)
            if found is None:
                return None
            if intake.number is not None and card_is_gone(self.plan, work, exchange):
                return VANISHED
            if found.waits is None:
                return self._registration(work, found, created=False)
            for paper in settled_papers(self.plan, work, exchange):
                if paper.card is None and not intake.afresh:
                    return Waiting(card_ref(found.card), found.waits)
                if paper.card is None:
                    return REFUSED_BY_A_PERSON
                return Registration(card_ref(paper.card), paper.number, created=False, at=paper.at)
            return Waiting(card_ref(found.card), found.waits)

    def _registration(self, work: Work, found: Record, *, created: bool) -> Registration:
        number = Number(text(found.number), day(found.number_date))
        at = moment(found.made_at, self.plan.zone)
        routed = tuple(Addressee(**one) for one in json.loads(found.routed or "[]"))
        events = told_at_once(self.plan, work, self.store, ExchangeId(found.exchange_id))
        return Registration(card_ref(found.card), number, created, at, routed, events)

    def _main(self, work: Work, exchange: ExchangeId) -> Record:
        found = self.plan.association.find(work, exchange)
        if found is None:
            raise Refused(Reason.UNKNOWN_EXCHANGE, "the document this adds to is not registered here")
        if found.waits is None:
            return found
        for paper in settled_papers(self.plan, work, exchange):  # registered since anybody asked for changes
            if paper.card is not None:
                known = {"card": paper.card, "number": paper.number.text, "number_date": paper.number.date}
                return Record({**found.__dict__, **known, "made_at": paper.at})
        raise Deferred("the document this adds to waits for a person")

    def _claimed(self, work: Work, arrival: _Arrival, staged: Staged, intake: Intake) -> dict[str, Any]:
        """Take the exchange, and return what expressions see; IntegrityError when somebody else has it by now."""
        if arrival.afresh:
            self.plan.association.forget(work, arrival.exchange)
        self.plan.association.claim(work, arrival.exchange, arrival.now)
        return self._scope(work, arrival.document, staged, arrival.exchange, arrival.now, intake)

    # --- the story ----------------------------------------------------------------------------------------------

    def _made(
        self, work: Work, scope: dict[str, Any], staged: Staged, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        waits = [intake.wait_because] if intake.wait_because else []
        waits += looked_up(self.plan, work, scope)
        if scope["document"].type is DocumentType.DRAFT:
            return self._drafted(work, scope, staged, exchange, intake, waits)
        same = self._same_number(work, scope, intake) if not waits else None
        if same is not None and intake.same_number == "attach":
            return self._joined(work, scope, staged, exchange, same)
        if same is not None:
            waits.append(f"документ с этим исходящим номером и датой уже зарегистрирован: № {text(same.number)}")
        routed, trouble = addressees.routed(self.plan, work, scope["document"], intake)
        scope["addressees"] = routed
        if trouble:
            waits.append(trouble)
        if waits:
            return self._laid_aside(work, scope, staged, exchange, "; ".join(waits))
        return self._unless_declined(
            work, scope, staged, exchange, intake, lambda tried: self._registered(work, tried, staged, exchange, intake)
        )

    def _unless_declined(
        self,
        work: Work,
        scope: dict[str, Any],
        staged: Staged,
        exchange: ExchangeId,
        intake: Intake,
        make: Callable[[dict[str, Any]], Registration],
    ) -> Registration | Waiting:
        """Return what *make* makes; where the EDMS declines, nothing of it stays and the document is laid aside."""
        try:
            with work.trying() if self.plan.declinable else nullcontext():
                return make({**scope})
        except Unwilling as why:
            words = str(why)
        except Refused as why:
            if why.reason not in intake.accepted:
                raise
            words = why.detail
        return self._laid_aside(work, scope, staged, exchange, words)

    def _registered(
        self, work: Work, scope: dict[str, Any], staged: Staged, exchange: ExchangeId, intake: Intake
    ) -> Registration:
        """Make the card; raises Unwilling when a person must decide after all: what was written must go then."""
        number = self._number(work, scope, exchange, intake)
        scope.update(number=number.text if number else None, reason="")
        run(self.plan.register, work, scope)
        card = self.plan.card(scope)
        number = number or assigned_number(self.plan.numbering, work, {**scope, "card": card}, intake)
        self._verify(work, card, staged)
        self._settle(work, exchange, card, scope, number=number)
        events = told_at_once(self.plan, work, self.store, exchange)
        return Registration(card_ref(card), number, True, scope["now"], scope["addressees"], events)

    def _drafted(
        self, work: Work, scope: dict[str, Any], staged: Staged, exchange: ExchangeId, intake: Intake, waits: list[str]
    ) -> Registration | Waiting:
        """Lay a draft before those whose visas and signatures are asked, or, when nobody is, before its addressees."""
        scope["approvals"], trouble = addressees.asked(self.plan, work, scope["document"], intake)
        asked = [one.addressee for one in scope["approvals"] if one.addressee]
        if not asked and not trouble:
            scope["addressees"], trouble = addressees.routed(self.plan, work, scope["document"], intake)
        if trouble:
            waits.append(trouble)
        if self.plan.draft_card is None:
            waits.append(NO_DRAFTS)
        if waits or self.plan.draft_card is None:
            return self._laid_aside(work, scope, staged, exchange, "; ".join(waits))
        return self._unless_declined(
            work, scope, staged, exchange, intake, lambda tried: self._draft_made(work, tried, staged, exchange, asked)
        )

    def _draft_made(
        self, work: Work, scope: dict[str, Any], staged: Staged, exchange: ExchangeId, asked: list[Addressee]
    ) -> Registration:
        assert self.plan.draft_card is not None
        run(self.plan.draft, work, scope)
        card = self.plan.draft_card(scope)
        self._verify(work, card, staged)
        scope["addressees"] = (*asked, *scope["addressees"])
        self._settle(work, exchange, card, scope)
        events = told_at_once(self.plan, work, self.store, exchange)
        return Registration(card_ref(card), Number(), True, scope["now"], scope["addressees"], events)

    def _laid_aside(
        self, work: Work, scope: dict[str, Any], staged: Staged, exchange: ExchangeId, reason: str
    ) -> Waiting:
        scope.update(number=None, n=None, reason=reason)
        scope[self.plan.numbering.answer] = None  # there is no result of `take` or `reserve`
        try:
            run(self.plan.waiting, work, scope)
        except (Unwilling, Refused) as why:  # not even a paper before a person could be made: nothing stays
            raise Deferred(f"{reason}; {why}") from why
        card = self.plan.waiting_card(scope)
        self._verify(work, card, staged)
        self._settle(work, exchange, card, scope, waits=reason)
        return Waiting(card_ref(card), reason)

    def _joined(
        self, work: Work, scope: dict[str, Any], staged: Staged, exchange: ExchangeId, same: Record
    ) -> Registration:
        """Add the document to the card that has its number already."""
        scope["card"] = same.card
        run(self.plan.attach, work, scope)
        self._verify(work, same.card, staged, every=False)
        number = Number(text(same.number), day(same.date))
        self._settle(work, exchange, same.card, scope, number=number)
        events = told_at_once(self.plan, work, self.store, exchange)
        return Registration(card_ref(same.card), number, True, scope["now"], events=events)

    def _scope(
        self,
        work: Work,
        document: Document,
        staged: Staged,
        exchange: ExchangeId,
        now: datetime,
        intake: Intake | None = None,
    ) -> dict[str, Any]:  # Any: what expressions see
        shelf = Shelf(self.store)
        const = constants(self.plan, intake.partner if intake else "")
        scope = scope_of(self.plan, work, shelf, const)
        today = intake.register_on if intake else now.astimezone(self.plan.office_zone).date()
        scope.update(document=document, exchange=exchange, now=now, files=staged.files, addressees=())
        scope["resolve"] = addressees.resolver(self.plan, work, intake.office if intake else "", today)
        if intake is not None:
            scope.update(intake=intake, today=today)
        return scope

    def _settle(
        self,
        work: Work,
        exchange: ExchangeId,
        card: object,
        scope: dict[str, Any],
        *,
        number: Number | None = None,
        waits: str | None = None,
    ) -> None:
        routed = json.dumps([asdict(one) for one in scope["addressees"]], ensure_ascii=False)
        outcome = {
            "card": card,
            "number": number.text if number else None,
            "number_date": number.date if number else None,
            "made_at": scope["now"],
            "waits": waits,
            "routed": routed,
        }
        self.plan.association.settle(work, exchange, outcome)

    # --- its parts ----------------------------------------------------------------------------------------------

    def _number(self, work: Work, scope: dict[str, Any], exchange: ExchangeId, intake: Intake) -> Number | None:
        """Return the number and its date, and note them in *scope*; None when the EDMS gives it with the card.

        Raises Unwilling when a person must do something first, NumberNeeded when one must be reserved first.
        """
        numbering, told = self.plan.numbering, intake.number
        if numbering.format is None:
            scope["n"] = None
            return None
        if told and given_again(numbering, work, scope, told):
            return told
        if self.reserver is not None:
            scope["n"] = self.reserver.reserved(work, scope, exchange)
        else:
            scope["n"] = next_number(numbering, work, scope)
        return Number(text(numbering.format(scope)), intake.register_on)

    def _same_number(self, work: Work, scope: dict[str, Any], intake: Intake) -> Record | None:
        document: Document = scope["document"]
        if self.plan.same_number is None or intake.same_number == "register":
            return None
        if not document.number.text or document.number.date is None:
            return None
        found: Record | None = self.plan.same_number.first(work, scope)
        return found

    def _verify(self, work: Work, card: object, staged: Staged, *, every: bool = True) -> None:
        read_back(self.plan, work, self.store, card, staged, every=every)


def wanted_files(document: Document) -> tuple[Wanted, ...]:
    """Return the files of *document*, of the visas of a draft and of its tasks that came."""
    own = tuple(("", file) for file in document.files)
    own += tuple(("", file) for approval in document.approvals for file in approval.files)
    return own + tuple((task.uid, file) for task in document.tasks for file in task.files)


def card_ref(card: object) -> CardRef:
    return CardRef(str(card))
