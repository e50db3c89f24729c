# SPDX-License-Identifier: GPL-3.0-or-later
"""What people did with our documents, never losing a committed change.

What was done stands in the log of each document's workflow, with user and moment.  Which documents to look at is said
by Mayan's audit log, which is written by tasks of its own: late, with the late time, and not at all when a task is
lost.  So a reader first *walks* over all documents, in the order of exchanges; then it reads the audit log from the
newest event back to where it was, and an overlap further, and looks at a few documents of the walk besides, round and
round.  Facts come again; who reads them knows them by event key.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from gateway.edms_adapter.mayan.documents import Archive, Entry
from gateway.edms_adapter.mayan.options import Options
from gateway.edms_adapter.mayan.registering import COURSE, EXCHANGE, OF_COURSE, OFFICE, WAITED, Registrar
from gateway.edms_adapter.mayan.wire import Json, moment_of
from gateway.edms_adapter.remote import telling
from gateway.edms_adapter.step_journal import StepJournal
from gateway.model import Event, ExchangeId
from gateway.ports import ChangePage, EdmsEvent, Registration, Waiting

log = structlog.get_logger(__name__)

VERSION = 1
MOVED = "document_states.workflow_instance_transitioned"
OVERLAP = timedelta(seconds=60)  # LIMIT: no task of Mayan's writes an event later than one that it began so much later
FEW_EVENTS, EVENTS = 5, 50  # of a page of the audit log, at first and then: Mayan takes some milliseconds for each
MAX_EVENTS = 2000  # LIMIT: events read back at most; after a longer absence we walk again, which takes less
ROUND = 3  # documents that are looked at besides, every time
STEP = 50  # documents of a walk that one page looks at, at most
MAX_PENDING = 1000  # LIMIT: exchanges that are kept in mind while their errand is not settled; normally none


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a reader stands, as the opaque text it keeps for us."""

    walked: str | None = ""  # the last exchange of the walk that was told whole; None: it is over
    event: int = 0  # the newest event of the audit log when we last read it
    since: datetime = datetime.min.replace(tzinfo=UTC)  # its moment
    queue: tuple[str, ...] = ()  # exchanges to look at
    cut: int = 0  # how many facts of the first exchange in turn were told already
    turn: str = ""  # the last exchange that was looked at besides
    pending: tuple[str, ...] = ()  # exchanges whose errand was not settled

    @classmethod
    def parse(cls, written: str) -> "Cursor":
        """Return the cursor; raises ValueError for a text we did not write."""
        raw = json.loads(written)
        if not isinstance(raw, dict) or raw.get("v") != VERSION:
            raise ValueError("a cursor that was not given by this adapter is not understood")
        since = datetime.fromisoformat(raw["since"])
        queue, pending = tuple(raw["queue"]), tuple(raw["pending"])
        return cls(raw["walked"], raw["event"], since, queue, raw["cut"], raw["turn"], pending)

    def __str__(self) -> str:
        said = {name: getattr(self, name) for name in ("walked", "event", "queue", "cut", "turn", "pending")}
        return json.dumps({"v": VERSION, **said, "since": self.since.isoformat()})


@dataclass
class Page:
    """The facts of a page, until it is full."""

    limit: int
    events: list[EdmsEvent] = field(default_factory=list)

    def take(self, facts: Sequence[EdmsEvent], told: int) -> int | None:
        """Take what fits of *facts* beyond the first *told*; return how many are told now, None when all are."""
        fitting = facts[told : told + self.limit - len(self.events)]
        self.events += fitting
        return None if told + len(fitting) == len(facts) else told + len(fitting)

    def given(self, cursor: Cursor, *, more: bool) -> ChangePage:
        order = sorted(self.events, key=lambda one: one.event.at or datetime.min.replace(tzinfo=UTC))
        return ChangePage(tuple(order), str(cursor), more)


class Watcher:
    """Reads the pages; keeps nothing between calls."""

    def __init__(
        self, options: Options, archive: Archive, journal: StepJournal, registrar: Registrar, zone: ZoneInfo
    ) -> None:
        self.options, self.archive, self.journal = options, archive, journal
        self.registrar, self.zone = registrar, zone

    def page(self, written: str | None, limit: int) -> ChangePage:
        """See `gateway.ports.Edms.changes`."""
        cursor = Cursor() if written is None else Cursor.parse(written)
        if cursor.walked == "" and not cursor.cut:
            event, since = self._newest()  # what happens during the walk is found in the audit log after it
            cursor = replace(cursor, event=event, since=since)
        if cursor.walked is not None:
            return self._walk(cursor, Page(limit))
        if not cursor.queue:
            cursor = self._called(cursor)
            if cursor.walked is not None:
                return Page(limit).given(cursor, more=True)
        return self._visit(cursor, Page(limit))

    # --- which documents --------------------------------------------------------------------------------------------

    def _walk(self, cursor: Cursor, page: Page) -> ChangePage:
        ties = self.journal.ties_after(ExchangeId(cursor.walked) if cursor.walked else None, STEP)
        for tie in ties:
            facts, cursor = self._facts(tie.exchange, cursor)
            left = page.take(facts, cursor.cut)
            if left is not None:
                return page.given(replace(cursor, cut=left), more=True)
            cursor = replace(cursor, walked=tie.exchange, cut=0)
        more = len(ties) == STEP
        return page.given(cursor if more else replace(cursor, walked=None), more=more)

    def _visit(self, cursor: Cursor, page: Page) -> ChangePage:
        for exchange in cursor.queue:
            facts, cursor = self._facts(ExchangeId(exchange), cursor)
            left = page.take(facts, cursor.cut)
            if left is not None:
                return page.given(replace(cursor, cut=left), more=True)
            cursor = replace(cursor, queue=cursor.queue[1:], cut=0)
        return page.given(cursor, more=False)

    def _called(self, cursor: Cursor) -> Cursor:
        """Return the cursor with the exchanges in its queue that something may have happened to."""
        events = self._events_since(cursor)
        if events is None:
            log.warning("much has happened in Mayan, or its audit log was cut: every document of ours is looked at")
            return Cursor(pending=cursor.pending, turn=cursor.turn)
        if events:
            cursor = replace(cursor, event=events[0][0], since=max(events[0][1], cursor.since))
        named = [self.journal.noted(OF_COURSE.format(course)).get(EXCHANGE) for _, _, course in events if course]
        besides = [tie.exchange for tie in self.journal.ties_after(ExchangeId(cursor.turn), ROUND)]
        late = [one for one in cursor.pending if self.journal.outcome(ExchangeId(one)) is not None]
        pending = tuple(one for one in cursor.pending if one not in late)
        queue = dict.fromkeys([*late, *(one for one in named if one is not None), *besides])
        turn = besides[-1] if len(besides) == ROUND else ""
        return replace(cursor, queue=tuple(queue), turn=turn, pending=pending)

    def _newest(self) -> tuple[int, datetime]:
        found = self.archive.server.get("/events/", page_size=1)["results"]
        return (found[0]["id"], moment_of(found[0]["timestamp"])) if found else (0, Cursor().since)

    def _events_since(self, cursor: Cursor) -> list[tuple[int, datetime, str]] | None:
        """Return key, moment and workflow (empty: of something else) of events, newest first.

        Back to where the reader was and an overlap further; None when that is not there any more, or too far.
        """
        for size, most in ((FEW_EVENTS, FEW_EVENTS), (EVENTS, MAX_EVENTS)):
            found: list[tuple[int, datetime, str]] = []
            for page in range(1, most // size + 1):
                said = self.archive.server.get("/events/", page_size=size, page=page)
                for row in said["results"]:
                    one = _event(row)
                    if one[0] <= cursor.event and one[1] < cursor.since - OVERLAP:
                        return found
                    found.append(one)
                if not said["next"]:
                    begun = not cursor.event or any(key <= cursor.event for key, _, _ in found)
                    return found if begun else None
        return None

    # --- what happened to one ---------------------------------------------------------------------------------------

    def _facts(self, exchange: ExchangeId, cursor: Cursor) -> tuple[list[EdmsEvent], Cursor]:
        """Return what *exchange* has to tell; one that is not settled yet is kept in mind."""
        settled, noted = self.journal.outcome(exchange), self.journal.noted(exchange)
        if settled is None:
            pending = tuple(dict.fromkeys((*cursor.pending, exchange)))[-MAX_PENDING:]
            return [], replace(cursor, pending=pending)
        course = noted.get(COURSE)
        entries = self.archive.entries(int(settled.ref), int(course)) if course else []
        by_people = [one for one in entries if one.login != self.options.login]
        found = self._of(exchange, settled, noted, by_people)
        return [EdmsEvent(exchange, event) for event in found], cursor

    def _of(
        self, exchange: ExchangeId, settled: Registration | Waiting, noted: dict[str, str], entries: list[Entry]
    ) -> list[Event]:
        office, options = noted.get(OFFICE, ""), self.options
        last = entries[-1] if entries else None
        if isinstance(settled, Waiting):
            taken_up = [one for one in entries if one.act.state == options.registered]
            if not taken_up:
                if last is None or last.act.state not in (options.refused, options.cancelled):
                    return []
                return [telling.refused(settled.ref, last.act, self._words(last), office)]
            card = self.archive.card(int(settled.ref))
            accepted = self.registrar.accept(exchange, card) if card is not None else None
            if accepted is None:
                return []
            settled = accepted
        events = list(telling.forwarded(settled, office))
        if WAITED in noted:
            taken_up = [one for one in entries if one.act.state == options.registered][:1]
            events += [telling.registered(settled.ref, one.act, settled.number, office) for one in taken_up]
        for one in entries:
            if one.act.state == options.executed:
                words = self._words(one)
                events.append(telling.executed(settled.ref, one.act, words, office, "mayan", self.zone))
        if last is not None and last.act.state in (options.cancelled, options.refused):
            words = self._words(last)
            events.append(telling.deregistered(settled.ref, last.act, settled.number, words, office))
        return events

    def _words(self, entry: Entry) -> str:
        """Return what people wrote for the sender; other comments are not for him."""
        mark = self.options.words
        return entry.comment.removeprefix(mark).strip() if entry.comment.startswith(mark) else ""


def _event(row: Json) -> tuple[int, datetime, str]:
    course = str(row["target_object_id"]) if row["verb"]["id"] == MOVED else ""
    return row["id"], moment_of(row["timestamp"]), course
