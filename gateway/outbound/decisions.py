# SPDX-License-Identifier: GPL-3.0-or-later
"""What our people did with a partner's document, told to its sender truthfully (protocol.md, "What a person decides").

A document may lie here in several versions: the first one, and papers that change or repeat it, each laid before a
person in an exchange of its own that `follows` the document's.  A version reports nothing by itself: what is decided
about it is news of the document.  A refusal is told only when nothing of the document stands or waits any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import structlog
from sqlalchemy import Connection

from gateway.errors import Reason
from gateway.journal import entries, events, exchanges
from gateway.journal.entries import State
from gateway.journal.exchanges import Exchange
from gateway.model import CardRef, Contents, Event, EventKind, ExchangeId
from gateway.outbox import Outbox

DECISIONS = frozenset({EventKind.REGISTERED, EventKind.REFUSED})
UNDECIDED = (State.WAITING, State.ACCEPTED)

log = structlog.get_logger(__name__)


@lru_cache(4096)
def _warn_of(id: ExchangeId) -> None:
    """Once, for the EDMS tells the same again and again; `db verify` names them all."""
    log.warning("the EDMS reports on an exchange the journal does not know", exchange_id=id)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Hears facts of the EDMS inside one transaction of the journal."""

    tx: Connection
    outbox: Outbox
    contents: Contents  # the files that came with the facts
    now: datetime

    def hear(self, id: ExchangeId, facts: Sequence[Event]) -> int:
        """Tell the sender of exchange *id* what *facts* mean to him; return how many were new to him."""
        found = exchanges.get(self.tx, id)
        document = exchanges.get(self.tx, found.follows or id, lock=True) if found else None
        if found is None or document is None:
            _warn_of(id)
            return 0
        if found.follows is not None:
            version = exchanges.get(self.tx, id, lock=True) or found
            return self._of_version(document, version, facts)
        if document.registered is not None:
            return self._of_registered(document, facts)
        if document.subject_card:
            return self._of_waiting(document, facts)
        if self._being_registered(document) and not any(fact.kind in DECISIONS for fact in facts):
            self._keep(document.id, facts)
            return 0  # told with the registration
        return self._tell(document, facts)

    def _being_registered(self, document: Exchange) -> bool:
        """Say whether nothing is decided yet, as far as the journal knows: its letter is in work, or was cut off."""
        history = events.history(self.tx, document.id, ours=True)
        return not any(fact.event.kind in DECISIONS for fact in history)

    def _of_waiting(self, document: Exchange, facts: Sequence[Event]) -> int:
        """A paper that waited: registered, its letters go on, and the EDMS answers with the registration."""
        if _only(facts, EventKind.REGISTERED):
            entries.reopen(self.tx, document.id, "a person registered it", self.now)
        elif refusals := _only(facts, EventKind.REFUSED):
            self._close_letters(document.id, "a person refused it", looked_at_again=(None,))
            return self._refuse(document, refusals)
        if entries.select(self.tx, exchange=document.id, states=[State.ACCEPTED], limit=1):  # decided: told with it
            self._keep(document.id, _others(facts))
        return 0

    def _of_registered(self, document: Exchange, facts: Sequence[Event]) -> int:
        """A document that stands: it is never said to be refused, and a card of another number is no renumbering."""
        told: list[Event] = []
        for fact in facts:
            elsewhere = fact.card not in (CardRef(""), document.subject_card)
            if fact.kind in DECISIONS:
                self._close_letters(document.id, "a person decided; another version is registered")
            if fact.kind is EventKind.REFUSED:
                self._keep(document.id, (fact,))
            elif fact.kind is not EventKind.REGISTERED or (fact.number != document.registered and not elsewhere):
                told.append(fact)
            elif fact.number is not None and fact.number != document.registered:
                self.outbox.tell_version(self.tx, document, fact.key, fact.number, CardRef(fact.card), self.now)
        return self._tell(document, told)

    def _of_version(self, document: Exchange, version: Exchange, facts: Sequence[Event]) -> int:
        """A paper that changes or repeats a document, or the card it became."""
        if version.registered is not None:
            shared = document.subject_card == version.subject_card
            return self._tell(document, _others(facts)) if shared else 0
        if _only(facts, EventKind.REGISTERED):
            entries.reopen(self.tx, version.id, "a person registered it", self.now)
            if document.registered is None:
                self._keep(document.id, _others(facts))
        elif refusals := _only(facts, EventKind.REFUSED):
            self._close_letters(version.id, "a person did not take it over", looked_at_again=(None, Reason.CHANGED))
            self._keep(version.id, refusals)
            if document.registered is None:
                return self._refuse(document, refusals)
            if version.digest == document.digest:  # the very same document again: what stands is the answer
                self.outbox.tell_all(self.tx, document, self.now)
        return 0

    # --- parts

    def _refuse(self, document: Exchange, refusals: Sequence[Event]) -> int:
        """Tell the refusal of a *document* that is not registered, unless another version is still to be decided."""
        versions = exchanges.versions(self.tx, document.id)
        if any(entries.select(self.tx, exchange=one, states=UNDECIDED, limit=1) for one in versions):
            self._keep(document.id, refusals)
            return 0
        return self._tell(replace(document, subject_card=CardRef("")), refusals)

    def _tell(self, document: Exchange, facts: Sequence[Event]) -> int:
        return len(self.outbox.tell(self.tx, document, facts, self.now, self.contents)) if facts else 0

    def _keep(self, exchange: ExchangeId, facts: Sequence[Event]) -> None:
        """Remember *facts* without telling them by themselves."""
        events.add(self.tx, exchange, facts, ours=True, now=self.now)

    def _close_letters(
        self, exchange: ExchangeId, why: str, *, looked_at_again: tuple[Reason | None, ...] = ()
    ) -> None:
        """End the letters of *exchange* that waited for a person.

        An operator may have let one be processed again before this was heard: one whose reason is in *looked_at_again*
        lay before that person too, and what he decided stands.
        """
        waiting = entries.select(self.tx, exchange=exchange, states=[State.WAITING])
        again = entries.select(self.tx, exchange=exchange, states=[State.ACCEPTED])
        entries.reopen(self.tx, exchange, why, self.now)
        for entry in (*waiting, *(one for one in again if one.reason in looked_at_again)):
            entries.conclude(self.tx, entry.id, State.DONE, now=self.now, detail=why)


def _only(facts: Sequence[Event], kind: EventKind) -> tuple[Event, ...]:
    return tuple(fact for fact in facts if fact.kind is kind)


def _others(facts: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(fact for fact in facts if fact.kind not in DECISIONS)
