# SPDX-License-Identifier: GPL-3.0-or-later
"""What the EDMS wants: documents to send, what its people did, and the news it must hear.

Five errands, each repeatable at any time: what shall be taken back, `fetch_outgoing`, `fetch_changes`, `tell_edms`, and
what is overdue.
The journal and the EDMS never share a transaction; whatever is done on one side is marked on the other afterwards, and
found again by its key when that marking is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic

import structlog
from sqlalchemy import Connection

from gateway import identity
from gateway.dialects import version_of
from gateway.errors import Deferred, Reason, Refused
from gateway.journal import cursors, entries, events, exchanges, files
from gateway.journal.entries import Entry, State
from gateway.journal.events import Recorded
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.logs import learnt, story
from gateway.model import Document, Event, ExchangeId, Message, Party
from gateway.office import Office, Partner
from gateway.outbound import drafts
from gateway.outbound.amending import Amending
from gateway.outbound.decisions import Decisions
from gateway.outbound.leaving import leaving
from gateway.outbound.overdue import Overdue, last_letter
from gateway.outbound.sayings import said
from gateway.outbound.withdrawing import Withdrawing
from gateway.outbox import Outbox, subscription_of, until
from gateway.ports import Edms, EdmsEvent, Failpoint, Outgoing, OutgoingState
from gateway.reports import Rung
from gateway.screening import Screen, names_in
from gateway.sealing import Going
from gateway.settings import OfficeSettings

CURSOR = "edms"
PAGE = 500  # LIMIT: changes asked for at once
OUTGOING = 20  # LIMIT: documents asked for at once

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Collector:
    journal: Journal
    edms: Edms
    office: Office
    outbox: Outbox
    now: Callable[[], datetime]
    failpoint: Failpoint
    screen: Screen | None = None  # None: what goes out is not scanned
    longest: timedelta = timedelta(minutes=5)  # LIMIT: then further documents wait for the next round; scanning is slow

    @property
    def overdue(self) -> Overdue:
        return Overdue(self.journal, self.edms, self.office, self.outbox, self.now)

    @property
    def amending(self) -> Amending:
        return Amending(self.journal, self.edms, self.office, self.outbox, self.now, self.failpoint)

    @property
    def withdrawing(self) -> Withdrawing:
        return Withdrawing(self.journal, self.edms, self.office, self.now, self.failpoint)

    def round(self) -> int:
        """Run every errand once; return how much there was to do."""
        done = self.withdrawing.answer()  # first: what shall not go is not queued
        return done + self.fetch_outgoing() + self.fetch_changes() + self.tell_edms() + self.overdue.tell()

    # --- documents to send

    def fetch_outgoing(self) -> int:
        """Queue every document the EDMS wants sent: unique by its dispatch row, so a repeat only marks it again."""
        queued, ends = 0, monotonic() + self.longest.total_seconds()
        for place, item in enumerate(self._wanted()):
            if place and monotonic() > ends:
                break
            with story(outgoing_ref=item.ref):
                queued += self._queued(item)
        return queued

    def _queued(self, item: Outgoing) -> bool:
        """Send *item*, or say on its card why not; False when neither could be done."""
        try:
            self._send(item)
        except Refused as why:
            state = OutgoingState.CHANGES_FAILED if item.change else OutgoingState.REFUSED
            self.edms.mark(item.ref, state, said(why, self.office), self.now())
        except Deferred as later:
            log.warning("a document waits", why=later.detail)
            return False
        except Exception:  # an edge: what is wrong with one document keeps no other one from going
            log.exception("a document could not be queued")
            return False
        return True

    def _wanted(self) -> Sequence[Outgoing]:
        """Return the documents to send now; those for partners that are only observed stay where they lie."""
        return self.edms.outgoing(OUTGOING, self.office.observed)

    def _send(self, item: Outgoing) -> None:
        if item.change:
            self._scan(item)
            return self.amending.send(item)
        with self.journal.read() as tx:
            known = exchanges.by_outgoing_ref(tx, item.ref)
            again = known is not None and (_asked_again(tx, known, item.ref) or drafts.new_version(known, item))
        if known is None or again:
            partner = self.office.partner_by_index(item.to)
            if partner is None:
                raise Refused(Reason.UNKNOWN_PARTNER, "no agreement with this organisation", found=item.to)
            self._scan(item)
            item = replace(item, document=leaving(item, partner, self.office.settings.access))
            self._queue(item, partner, self._ours(item))
        self.failpoint("collect:queued")
        return self.edms.mark(item.ref, OutgoingState.TAKEN, "", self.now())

    def _scan(self, item: Outgoing) -> None:
        """Raise Refused for files that a scanner objects to, Deferred while it does not work."""
        if self.screen is None:
            return
        if (why := self.screen.objection(item.contents, self.now(), names=names_in(item.document))) is not None:
            raise why

    def _queue(self, item: Outgoing, partner: Partner, ours: OfficeSettings) -> None:
        now, document = self.now(), item.document
        exchange_id = identity.outgoing_exchange(ours.index, partner.id, item.to, document.uid)
        learnt(exchange_id=exchange_id, partner=partner.id, office=ours.index)
        with self.journal.read() as tx:
            before = exchanges.get(tx, exchange_id)
        attempt = before.attempt + 1 if before else 1
        return_id, message_id = self.outbox.sealer.ids(exchange_id, attempt, partner.channel.dialect)
        subscription = item.subscription or subscription_of(partner, document)
        asked = self._answered(document, partner, ours)
        message = Message(
            id=message_id,
            return_id=return_id,
            sent_at=now,
            sender=self.office.party(ours),
            recipients=self._recipients(item, partner),
            body=document,
            dialect=partner.channel.dialect,
            dialect_version=version_of(partner.channel.dialect, partner.channel.dialect_version),
            subscription=subscription,
            in_reply_to=asked.id if asked else None,
            thread=(asked.thread or asked.id) if asked else None,
        )
        exchange = Exchange(
            id=exchange_id,
            direction="out",
            partner=partner.id,
            office=ours.index,
            document_uid=document.uid,
            digest=identity.document_digest(document),
            return_id=return_id,
            number=document.number,
            subject_card=item.card,
            outgoing_ref=item.ref,
            opened_at=now,
            until=until(now, subscription),
            subscription=subscription,
            message=message,
            attempt=attempt,
        )
        going = Going(message, item.contents, partner, ours, "document", exchange_id, outgoing_ref=item.ref)
        letter = self.outbox.sealer.sealed(going, now)
        exchange = replace(exchange, due_at=self.outbox.next_due(exchange, Rung.SENT, now))
        with self.journal.write() as tx:
            if before is None:
                exchanges.open_(tx, exchange)
            else:
                exchanges.save(tx, exchange)
                entries.forget_ref(tx, item.ref, ours.index)
            entries.queue(tx, letter, now)

    def _answered(self, document: Document, partner: Partner, ours: OfficeSettings) -> Message | None:
        """Return the message by which *partner* sent the document that this one answers; None when it answers none."""
        asked = next((link.document.uid for link in document.links if link.answers and link.document), None)
        if not asked:
            return None
        with self.journal.read() as tx:
            there = exchanges.get(tx, identity.incoming_exchange(ours.index, partner.id, asked))
        return there.message if there else None

    def _recipients(self, item: Outgoing, partner: Partner) -> tuple[Party, ...]:
        """The addressees who live in the organisation this dispatch is for; without any, the organisation itself."""
        return item.document.addressees_in(item.to) or (self.office.theirs(partner, item.to),)

    def _ours(self, item: Outgoing) -> OfficeSettings:
        """Which of our organisations sends it: the document's author; the only one we are needs no naming.

        Raises Refused when there are several and none is its author: nobody sends in another's name by chance.
        """
        named = [author.party.index for author in item.document.authors if author.party]
        for index in named:
            if office := self.office.ours(index):
                return office
        if len(self.office.settings.offices) > 1:
            found = ", ".join(index for index in named if index)
            raise Refused(Reason.MISSING_AUTHOR, "none of its authors is an organisation of ours", found=found)
        return self.office.settings.offices[0]

    # --- what people did

    def fetch_changes(self) -> int:
        """Tell partners what our people did with their documents; the cursor moves last, so nothing is lost."""
        with self.journal.read() as tx:
            cursor = cursors.get(tx, CURSOR)
        page = self.edms.changes(cursor, PAGE)
        if not page.events and page.cursor == cursor:
            return 0
        now = self.now()
        fresh = 0
        for exchange_id, facts in self._unheard(page.events):  # each in its own commit: others wait for the journal
            with self.journal.write() as tx:
                fresh += Decisions(tx, self.outbox, page.contents, now).hear(exchange_id, facts)
            self.failpoint("collect:heard")
        with self.journal.write() as tx:
            cursors.put(tx, CURSOR, page.cursor)
        self.failpoint("collect:told-partners")
        return fresh + (1 if page.more else 0)

    def _unheard(self, page: Sequence[EdmsEvent]) -> list[tuple[ExchangeId, list[Event]]]:
        """Return the facts of *page* by exchange, without those that were told before: most rows come again."""
        grouped = _by_exchange(page)
        with self.journal.read() as tx:
            known = events.known(tx, [exchange for exchange, _ in grouped])
        unheard = ((id, [fact for fact in facts if (id, fact.key) not in known]) for id, facts in grouped)
        return [(id, facts) for id, facts in unheard if facts]

    # --- what the EDMS must hear

    def tell_edms(self) -> int:
        """Write onto senders' cards what became of their letters and what partners report; repeated until it worked."""
        with self.journal.read() as tx:
            letters = entries.untold(tx, PAGE)
            reported = events.untold(tx, PAGE)
        told = sum(self._tell_letter(letter) for letter in letters)
        by_exchange = groupby(reported, key=lambda fact: fact.exchange)
        return told + sum(self._tell_news(exchange_id, list(facts)) for exchange_id, facts in by_exchange)

    def _tell_letter(self, letter: Entry) -> int:
        """Write onto its card what became of a letter; a card that cannot take it holds up no other one."""
        sent, failed = OutgoingState.SENT, OutgoingState.FAILED
        if letter.change:
            sent, failed = OutgoingState.CHANGES_SENT, OutgoingState.CHANGES_FAILED
        state = sent if letter.state is State.SENT else failed
        try:
            self.edms.mark(letter.outgoing_ref or "", state, letter.words, letter.sent_at or self.now())
        except LookupError:
            log.warning("the EDMS has lost a dispatch row", outgoing_ref=letter.outgoing_ref, entry=letter.id)
        self.failpoint("collect:marked")
        with self.journal.write() as tx:
            entries.told(tx, [letter.id], self.now(), seen=letter.state)
        return 1

    def _tell_news(self, exchange_id: ExchangeId, facts: Sequence[Recorded]) -> int:
        """Write a partner's news onto its card; likewise."""
        with self.journal.read() as tx:
            exchange = exchanges.get(tx, exchange_id)
            contents = files.of(tx, self.journal.blobs, exchange_id)
        try:
            if exchange is not None and exchange.outgoing_ref:
                self.edms.record(exchange.outgoing_ref, [fact.event for fact in facts], contents)
        except LookupError:
            log.warning("the EDMS has lost a dispatch row", exchange_id=exchange_id)
        self.failpoint("collect:recorded")
        with self.journal.write() as tx:
            exchanges.get(tx, exchange_id, lock=True)
            events.told(tx, [fact.id for fact in facts], self.now())
            files.forget_told(tx, exchange_id)
        return len(facts)


def _asked_again(tx: Connection, exchange: Exchange, outgoing_ref: str) -> bool:
    """Say whether the clerk wants this dispatch sent anew, rather than that we could not mark it as taken.

    Anew: its last letter failed and the EDMS knows it, or it was taken back, or the partner refused the document.
    """
    last = last_letter(tx, exchange, outgoing_ref)
    if last is not None and last.state is State.CANCELLED:
        return True
    if last is None or last.told_at is None:
        return False
    return last.state is State.FAILED or exchange.rung == Rung.REFUSED.name.lower()


def _by_exchange(facts: Sequence[EdmsEvent]) -> list[tuple[ExchangeId, list[Event]]]:
    """Group *facts* by exchange, keeping their order."""
    grouped: dict[ExchangeId, list[Event]] = {}
    for fact in facts:
        grouped.setdefault(fact.exchange, []).append(fact.event)
    return list(grouped.items())
