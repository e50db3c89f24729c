# SPDX-License-Identifier: GPL-3.0-or-later
"""A clerk takes a document back: cancelled while it is still here, else told what was possible.

What is with the partner stays there: it is withdrawn only by a message, and a dialect says whether it has one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway import reports
from gateway.dialects import by_name
from gateway.journal import entries, events, exchanges
from gateway.journal.entries import Entry, State
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.model import EventKind
from gateway.office import Office
from gateway.outbound.amending import letters_of, of_last_sending
from gateway.outbound.sayings import Possible, cancelled, not_withdrawn
from gateway.ports import Edms, Failpoint, OutgoingState, Withdrawal
from gateway.reports import Rung

PAGE = 50  # LIMIT: wishes asked for at once
CANCELLED = "taken back by its sender"
UNPROVEN = ("", Rung.SENT.name.lower())  # the partner has told nothing yet

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a wish: the answer, and what its words are made of."""

    state: OutgoingState
    how: str = ""  # of a cancelled one: "never" sent, "returned" undelivered, "perhaps" delivered
    facts: Possible = Possible()


@dataclass(frozen=True, slots=True)
class Withdrawing:
    journal: Journal
    edms: Edms
    office: Office
    now: Callable[[], datetime]
    failpoint: Failpoint

    def answer(self) -> int:
        """Answer every wish to take a document back; one whose letter is being sent right now is answered later.

        Returns how many were answered.
        """
        answered = 0
        for wish in self.edms.withdrawals(PAGE):
            try:
                answered += self._answer(wish)
            except Exception:  # an edge: what is wrong with one wish keeps no other one from being answered
                log.exception("a withdrawal could not be answered", outgoing_ref=wish.ref)
        return answered

    def _answer(self, wish: Withdrawal) -> bool:
        with self.journal.write() as tx:
            known = exchanges.by_outgoing_ref(tx, wish.ref)
            exchange = exchanges.get(tx, known.id, lock=True) if known else None
            found = self._taken_back(tx, exchange) if exchange else Found(OutgoingState.CANCELLED, "never")
        if found is None:
            return False
        if found.state is OutgoingState.CANCELLED:
            words = cancelled(found.how, self.office)
        else:
            words = not_withdrawn(found.facts, self.office)
        self.failpoint("withdraw:decided")
        self.edms.mark(wish.ref, found.state, words, self.now())
        return True

    def _taken_back(self, tx: Connection, exchange: Exchange) -> Found | None:
        """Cancel what has not gone yet and close the exchange; None while a letter is in somebody's hands."""
        now = self.now()
        entries.cancel(tx, exchange.id, CANCELLED, now)
        letters = of_last_sending(letters_of(tx, exchange))
        if any(letter.state is State.QUEUED and not letter.change for letter in letters):
            return None
        gone = [letter for letter in letters if letter.kind == "document" and letter.state is State.SENT]
        if gone or exchange.rung not in UNPROVEN:
            return Found(OutgoingState.STANDS, facts=self._facts(tx, exchange, (gone or letters)[-1]))
        entries.cancel(tx, exchange.id, CANCELLED, now, changes=True)
        exchanges.save(tx, replace(exchange, open=False, due_at=None))
        if any(letter.ambiguous_since for letter in letters):
            return Found(OutgoingState.CANCELLED, "perhaps")
        return Found(OutgoingState.CANCELLED, "returned" if any(letter.sent_at for letter in letters) else "never")

    def _facts(self, tx: Connection, exchange: Exchange, letter: Entry) -> Possible:
        history = [fact.event for fact in events.history(tx, exchange.id, ours=False)]
        registered = reports.registered(history)
        partner = self.office.partner_by_id(exchange.partner)
        dialect = partner.channel.dialect if partner else exchange.message.dialect if exchange.message else ""
        ours = self.office.ours(exchange.office) or self.office.settings.offices[0]
        zone = ZoneInfo(ours.time_zone)
        received = [event.at.astimezone(zone) for event in history if event.kind is EventKind.RECEIVED and event.at]
        return Possible(
            dialect=dialect,
            can_withdraw=EventKind.WITHDRAWN in by_name(dialect).can_tell,
            sent_at=letter.sent_at.astimezone(zone) if letter.sent_at else None,
            received_at=received[0] if received else None,
            refused=exchange.rung == Rung.REFUSED.name.lower(),
            registered=registered.number if registered else None,
        )
