# SPDX-License-Identifier: GPL-3.0-or-later
"""Rungs that did not come in time: said on the sender's card, with what was proven last.

Limits run from the moment mail took the letter.  A late rung is accepted afterwards; nothing is overdue after the
subscription's last day.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.journal import entries, events, exchanges
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.office import Office
from gateway.outbound.sayings import overdue
from gateway.outbox import Outbox
from gateway.ports import Edms, OutgoingState
from gateway.reports import Rung

PAGE = 500  # LIMIT: exchanges looked at in one round


@dataclass(frozen=True, slots=True)
class Overdue:
    journal: Journal
    edms: Edms
    office: Office
    outbox: Outbox
    now: Callable[[], datetime]

    def tell(self) -> int:
        """Tell every sending clerk whose partner is late, once for each rung; return how many were looked at."""
        now = self.now()
        with self.journal.read() as tx:
            late = exchanges.overdue(tx, now, PAGE)
        for exchange in late:
            due_at = self._look(exchange, now)
            with self.journal.write() as tx:
                standing = exchanges.get(tx, exchange.id, lock=True)
                if standing is not None and standing.due_at == exchange.due_at:  # else a report came meanwhile
                    exchanges.save(tx, replace(standing, due_at=due_at))
        return len(late)

    def _look(self, exchange: Exchange, now: datetime) -> datetime | None:
        """Say what is late about *exchange*, if anything; return when to look again."""
        with self.journal.read() as tx:
            letter = last_letter(tx, exchange, exchange.outgoing_ref)
        over = exchange.until is not None and now > exchange.until
        if over or letter is None or letter.state is State.FAILED or exchange.outgoing_ref is None:
            return None
        rung = Rung[exchange.rung.upper()] if exchange.rung else Rung.SENT
        due_at = self._due(exchange, rung, letter, now)
        if due_at is not None or letter.state is not State.SENT:
            return due_at  # the limit ran from the queueing, or mail still has not taken it
        zone = ZoneInfo((self.office.ours(exchange.office) or self.office.settings.offices[0]).time_zone)
        proven_at = self._proven_at(exchange, rung, letter) or now
        words = overdue(rung, (exchange.due_at or now).astimezone(zone), proven_at.astimezone(zone), self.office)
        self.edms.mark(exchange.outgoing_ref, OutgoingState.OVERDUE, words, now)
        return self._due(exchange, Rung.RECEIVED, letter, now)

    def _proven_at(self, exchange: Exchange, rung: Rung, letter: Entry) -> datetime | None:
        """Return when *rung* was proven: that mail took the letter, or what the partner told of it first."""
        with self.journal.read() as tx:
            history = events.history(tx, exchange.id, ours=False)
        told = [fact.event.at or fact.at for fact in history if fact.event.kind.value == rung.name.lower()]
        return told[0] if told else letter.sent_at

    def _due(self, exchange: Exchange, rung: Rung, letter: Entry, now: datetime) -> datetime | None:
        """Return when the rung after *rung* is due, if that is still to come."""
        due_at = self.outbox.next_due(exchange, rung, letter.sent_at or now)
        return due_at if due_at is not None and due_at > now else None


def last_letter(tx: Connection, exchange: Exchange, outgoing_ref: str | None) -> Entry | None:
    """Return the newest letter that went for a dispatch row with the document itself, not with a change of it."""
    letters = entries.select(tx, direction=Direction.OUT, exchange=exchange.id)
    mine = (one for one in letters if one.outgoing_ref == outgoing_ref and not one.change)
    return next(mine, None)
