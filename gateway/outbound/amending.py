# SPDX-License-Identifier: GPL-3.0-or-later
"""A clerk changed a document after it was sent: what is new goes as an addition, or the whole document once more.

The exchange keeps the document as it was last told, whole, so the next change is found by comparing with it.
Every wish of the clerk has a name, and is answered by one letter at most, whatever crashes in between.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway import identity
from gateway.errors import Reason, Refused
from gateway.journal import entries, exchanges
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.model import Document, Message
from gateway.office import Office, Partner
from gateway.outbound.differences import Difference, addition, difference
from gateway.outbound.leaving import leaving
from gateway.outbound.sayings import changes_that_go, no_changes
from gateway.outbox import Outbox, subscription_of, until
from gateway.ports import Edms, Failpoint, Outgoing, OutgoingState
from gateway.reports import Rung
from gateway.sealing import Going


@dataclass(frozen=True, slots=True)
class Change:
    """What shall go to a partner that has the document already."""

    item: Outgoing  # the document as it stands now, with the tasks this partner gets
    exchange: Exchange
    last: Message  # what was told last, as if in one message
    partner: Partner
    found: Difference
    whole: bool  # the whole document once more, not an addition
    words: str  # for the clerk


@dataclass(frozen=True, slots=True)
class Amending:
    journal: Journal
    edms: Edms
    office: Office
    outbox: Outbox
    now: Callable[[], datetime]
    failpoint: Failpoint

    def send(self, item: Outgoing) -> None:
        """Queue what changed in a document that was sent, and tell the clerk what goes; raises Refused.

        A wish that was answered before is only marked again.
        """
        with self.journal.read() as tx:
            exchange = exchanges.by_outgoing_ref(tx, item.ref)
            letters = letters_of(tx, exchange) if exchange else []
        partner = self.office.partner_by_id(exchange.partner) if exchange else None
        served = next((letter for letter in letters if letter.change == item.change), None)
        if served is not None:
            return self._served(item, served)
        if exchange is None or partner is None or exchange.message is None or not _with_partner(exchange, letters):
            return self._nothing(item, no_changes("not-sent", None, self.office))
        sent = exchange.message.body
        assert isinstance(sent, Document)  # exchanges of ours are about documents
        now = replace(item, document=leaving(item, partner, self.office.settings.access))
        found = difference(sent, now.document, item.to)
        lost = last_was_lost(letters)
        if not found.can_be_told and not lost:
            return self._nothing(item, no_changes("nothing", found, self.office))
        whole = partner.settings.changes == "repeat" or found.otherwise or lost
        words = changes_that_go(found, self.office, whole=whole)
        self._queue(Change(now, exchange, exchange.message, partner, found, whole, words))
        self.failpoint("amend:queued")
        return self.edms.mark(item.ref, OutgoingState.CHANGES_TAKEN, words, self.now())

    def _served(self, item: Outgoing, letter: Entry) -> None:
        """Mark a wish whose letter is queued, or went before the EDMS heard of its being queued."""
        self.edms.mark(item.ref, OutgoingState.CHANGES_TAKEN, letter.detail, self.now())
        if letter.told_at is not None:  # what became of it was told too early, to a wish nobody had answered
            went = OutgoingState.CHANGES_SENT if letter.state is State.SENT else OutgoingState.CHANGES_FAILED
            self.edms.mark(item.ref, went, letter.words, letter.sent_at or self.now())

    def _nothing(self, item: Outgoing, words: str) -> None:
        self.edms.mark(item.ref, OutgoingState.CHANGES_NONE, words, self.now())

    def _queue(self, change: Change) -> None:
        """Seal and queue the letter under ids of its own, unless somebody else did so meanwhile."""
        now, item, exchange = self.now(), change.item, change.exchange
        return_id, message_id = self.outbox.sealer.ids(exchange.id, exchange.attempt + 1, change.last.dialect)
        subscription = item.subscription or subscription_of(change.partner, item.document)
        told = replace(
            change.last, id=message_id, return_id=return_id, sent_at=now, body=item.document, subscription=subscription
        )
        message = told if change.whole else replace(told, body=addition(item.document, change.found))
        ours = self.office.ours(exchange.office)
        if ours is None:
            raise Refused(
                Reason.MISSING_AUTHOR, "who sent it is no organisation of ours any more", found=exchange.office
            )
        kind = "document" if change.whole else "addition"
        going = Going(message, item.contents, change.partner, ours, kind, exchange.id, outgoing_ref=item.ref)
        letter = replace(self.outbox.sealer.sealed(going, now), change=item.change, detail=change.words)
        with self.journal.write() as tx:
            standing = exchanges.get(tx, exchange.id, lock=True)
            if standing is None or standing.attempt != exchange.attempt:
                return  # the next round finds what was queued
            changed = replace(
                standing,
                digest=identity.document_digest(item.document),
                return_id=return_id,
                number=item.document.number,
                message=told,
                subscription=subscription,
                until=until(now, subscription),
                attempt=exchange.attempt + 1,
            )
            exchanges.save(tx, changed)
            entries.queue(tx, letter, now)


def letters_of(tx: Connection, exchange: Exchange) -> list[Entry]:
    """Return the letters that went, or shall go, with the document of *exchange* or an addition, the newest first."""
    letters = entries.select(tx, direction=Direction.OUT, exchange=exchange.id)
    return [letter for letter in letters if not letter.in_reply]


def of_last_sending(letters: Sequence[Entry]) -> list[Entry]:
    """Return those of *letters*, the newest first, that went since the document itself was last to be sent."""
    place = next((place for place, letter in enumerate(letters) if not letter.change), len(letters))
    return list(letters[: place + 1])


def last_was_lost(letters: Sequence[Entry]) -> bool:
    """Say whether a letter newer than the whole document failed: what it told is then not there to be added to."""
    for letter in letters:
        if letter.state is State.FAILED:
            return True
        if letter.kind == "document":
            return False
    return False


def _with_partner(exchange: Exchange, letters: Sequence[Entry]) -> bool:
    """Say whether the partner has the document, or will have it: else there is nothing to add to."""
    gone = (State.QUEUED, State.SENT)
    if not exchange.open or exchange.rung == Rung.REFUSED.name.lower():
        return False
    letters = of_last_sending(letters)
    return any(letter.kind == "document" and letter.state in gone for letter in letters)
