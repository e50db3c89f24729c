# SPDX-License-Identifier: GPL-3.0-or-later
"""What people did with our cards, never losing a committed change.

A *sweep* reads our cards in the order in which they were last changed, from the youngest change of the last sweep minus
an overlap, for a transaction that was committed late.  What was done to each is read from Tryton's own log, which keeps
user, moment and state.  Facts come again; the reader knows them by event key.  A card of an errand that is not settled
yet is kept in mind, and looked at again in every sweep.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from gateway.edms_adapter.remote import telling
from gateway.edms_adapter.remote.telling import Act
from gateway.edms_adapter.step_journal import StepJournal
from gateway.edms_adapter.tryton.cards import MODEL, Cabinet, Card, Note
from gateway.edms_adapter.tryton.options import Options
from gateway.edms_adapter.tryton.registering import OFFICE, WAITED, Registrar
from gateway.model import Event
from gateway.ports import ChangePage, Clock, EdmsEvent, Registration, Waiting

log = structlog.get_logger(__name__)

VERSION = 1
OVERLAP = timedelta(seconds=300)  # LIMIT: no transaction of Tryton's lasts longer; its own time-out is 60 s
AHEAD = timedelta(seconds=900)  # LIMIT: the clocks of Tryton and of our nodes may differ that much
MAX_PENDING = 1000  # LIMIT: cards of unsettled errands that are kept in mind; normally none
RESULT_PREFIX = MODEL + ","  # a result that is an incoming document again


@dataclass
class Cursor:
    """Where a reader stands, as the opaque text it keeps for us."""

    since: datetime | None = None  # the youngest change of earlier sweeps
    after: tuple[datetime, int] | None = None  # the last card that was told whole; None: between sweeps
    cut: tuple[int, int] = (0, 0)  # the card that did not fit into a page, and how many of its facts were told
    pending: tuple[int, ...] = ()  # cards whose errand was not settled

    @classmethod
    def parse(cls, written: str | None) -> "Cursor":
        """Return the cursor; raises ValueError for a text we did not write."""
        if written is None:
            return cls()
        raw = json.loads(written)
        if raw.get("v") != VERSION:
            raise ValueError(f"a cursor of version {raw.get('v')} is not understood")
        since = datetime.fromisoformat(raw["since"]) if raw["since"] else None
        after = (datetime.fromisoformat(raw["after"][0]), raw["after"][1]) if raw["after"] else None
        return cls(since, after, (raw["cut"][0], raw["cut"][1]), tuple(raw["pending"]))

    def __str__(self) -> str:
        since = self.since.isoformat() if self.since else None
        after = [self.after[0].isoformat(), self.after[1]] if self.after else None
        return json.dumps({"v": VERSION, "since": since, "after": after, "cut": self.cut, "pending": self.pending})


@dataclass(frozen=True, slots=True)
class Seen:
    """What belongs to a page of cards."""

    acts: dict[int, list[Act]]
    notes: dict[int, list[Note]]


class Watcher:
    """Reads the pages; keeps nothing between calls."""

    def __init__(
        self,
        options: Options,
        cabinet: Cabinet,
        journal: StepJournal,
        registrar: Registrar,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self.options, self.cabinet, self.journal = options, cabinet, journal
        self.registrar, self.zone, self.clock = registrar, zone, clock

    def page(self, written: str | None, limit: int) -> ChangePage:
        """See `gateway.ports.Edms.changes`."""
        cursor = Cursor.parse(written)
        if cursor.since is not None and cursor.since > self.clock.now() + AHEAD:
            log.warning("the clock was put back: what people did is read from the beginning")
            cursor = Cursor(pending=cursor.pending)
        since = self._beginning(cursor) if cursor.after is None else None
        cards = self.cabinet.changed_since(since, cursor.after, limit)
        facts, unsettled = self._facts(cards)
        cursor.pending = tuple(sorted({*cursor.pending, *unsettled}))[-MAX_PENDING:]
        events: list[EdmsEvent] = []
        for card in cards:
            told = cursor.cut[1] if cursor.cut[0] == card.id else 0
            fitting = facts[card.id][told : told + limit - len(events)]
            events += fitting
            if told + len(fitting) < len(facts[card.id]):
                cursor.cut = card.id, told + len(fitting)
                return ChangePage(_in_order(events), str(cursor), True)
            cursor.after, cursor.cut = (card.changed, card.id), (0, 0)
        more = len(cards) >= limit
        if not more:
            self._end(cursor)
        return ChangePage(_in_order(events), str(cursor), more)

    def _beginning(self, cursor: Cursor) -> datetime | None:
        """Return from when on a sweep reads; None: from the beginning.

        What is settled by now, and was not when it was last looked at, is read again with everything after it.
        """
        late = [card for card in self.cabinet.with_ids(cursor.pending) if self.journal.outcome(card.exchange)]
        cursor.pending = tuple(sorted(set(cursor.pending) - {card.id for card in late}))
        if cursor.since is None:
            return None
        return min(cursor.since - OVERLAP, *(card.changed for card in late), cursor.since)

    def _end(self, cursor: Cursor) -> None:
        if cursor.after is not None:
            youngest = max(cursor.after[0], cursor.since or cursor.after[0])
            cursor.since = min(youngest, self.clock.now() + AHEAD)
        cursor.after = None

    # --- cards ------------------------------------------------------------------------------------------------------

    def _facts(self, cards: Sequence[Card]) -> tuple[dict[int, list[EdmsEvent]], list[int]]:
        """Return what each of *cards* has to tell, and the ids of those whose errand is not settled."""
        seen = self._seen(cards)
        facts: dict[int, list[EdmsEvent]] = {}
        unsettled: list[int] = []
        for card in cards:
            settled = self.journal.outcome(card.exchange)
            found: list[Event] = []
            if settled is None:
                unsettled.append(card.id)
            elif settled.ref == card.ref or card.parent is not None:
                found = self._of(card, settled, seen)
            facts[card.id] = [EdmsEvent(card.exchange, event) for event in found]
        return facts, unsettled

    def _seen(self, cards: Sequence[Card]) -> Seen:
        ids = [card.id for card in cards]
        acts: dict[int, list[Act]] = {card: [] for card in ids}
        for act in self.cabinet.acts(ids):
            acts[act.card].append(act)
        notes: dict[int, list[Note]] = {card: [] for card in ids}
        decided = [card for card in ids if acts[card]]
        for note in self.cabinet.notes(decided):
            notes[note.card].append(note)
        return Seen(acts, notes)

    def _of(self, card: Card, settled: Registration | Waiting, seen: Seen) -> list[Event]:
        acts, noted = seen.acts[card.id], self.journal.noted(card.exchange)
        office = noted.get(OFFICE, "")
        if isinstance(settled, Waiting):
            for act in [act for act in acts if act.state == "cancelled"][-1:]:
                if card.ref == settled.ref and card.state == "cancelled":
                    return [telling.refused(settled.ref, act, self._words(card, act, seen), office)]
            if card.state not in ("processing", "done"):
                return []
            accepted = self.registrar.accept(card.exchange, card)
            if accepted is None:
                return []
            settled = accepted
        events: list[Event] = []
        if card.ref == settled.ref:
            events += telling.forwarded(settled, office)
            taken_up = [act for act in acts if act.state == "processing"][:1] if WAITED in noted else []
            events += [telling.registered(settled.ref, act, settled.number, office) for act in taken_up]
        return events + self._ended(card, settled, acts, seen, office)

    def _ended(self, card: Card, settled: Registration, acts: list[Act], seen: Seen, office: str) -> list[Event]:
        events = []
        for act in (act for act in acts if act.state == "done"):
            if self._executes(card, settled):
                words, system = self._words(card, act, seen), f"tryton-{self.options.database}"
                events.append(telling.executed(settled.ref, act, words, office, system, self.zone))
        for act in (act for act in acts if act.state == "cancelled"):
            if card.ref == settled.ref and card.state == "cancelled":
                words = self._words(card, act, seen)
                events.append(telling.deregistered(settled.ref, act, settled.number, words, office))
        return events

    def _executes(self, card: Card, settled: Registration) -> bool:
        """Say whether a card that is done means that the document was executed."""
        if self.options.executed == "result":
            return bool(card.result) and not card.result.startswith(RESULT_PREFIX)
        return card.ref == settled.ref

    def _words(self, card: Card, act: Act, seen: Seen) -> str:
        """Return what people wrote for the sender before *act*, the youngest; other notes are not for him."""
        said = [note for note in seen.notes[card.id] if note.at <= act.at]
        # what we ourselves noted may begin with a sender's own words
        said = [note for note in said if note.user != self.cabinet.server.user]
        said = [note for note in said if note.message.startswith(self.options.words)]
        return said[-1].message.removeprefix(self.options.words).strip() if said else ""


def _in_order(events: list[EdmsEvent]) -> tuple[EdmsEvent, ...]:
    """Return the events of a page as they happened, those without a moment first."""
    return tuple(sorted(events, key=lambda one: one.event.at or datetime.min.replace(tzinfo=UTC)))
