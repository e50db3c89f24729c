# SPDX-License-Identifier: GPL-3.0-or-later
"""What people did with the documents we registered, never losing a committed change.

A *sweep* goes through every rule once, each in the order (cur, id), in pages.  A row counts when its `cur` is younger
than the last sweep's youngest minus the overlap (a transaction that committed late), or when its card became ours
that recently (a paper put onto a card with a history).  Rows come again; the reader knows them by event key.
A rule that a watch tells has no overlap: its rows count when the outbox names them between the last sweep's place and
this one's, and it is not read at all while there is nothing of it.
What counts is asked for in several selects, one for each reason, so that each finds its rows by an index.
A row dated in the future, or a clock that was put back, never hides what comes after: no sweep starts later than now,
and a cursor that stands in the future starts from the beginning.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Executable,
    FromClause,
    Select,
    and_,
    bindparam,
    column,
    literal_column,
    or_,
    select,
    union_all,
)

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.files import Store
from gateway.edms_adapter.sql.outbox import BREAK, Counts, Outbox, outbox_of
from gateway.edms_adapter.sql.plan import Plan, ReadyChange
from gateway.edms_adapter.sql.reading import Shelf, constants, scope_of
from gateway.edms_adapter.sql.values import Record, before_fold, moment
from gateway.edms_adapter.sql.waiting import note_settled
from gateway.model import Event, EventKey, EventKind, ExchangeId
from gateway.ports import ChangePage, Clock, EdmsEvent

log = structlog.get_logger(__name__)

VERSION = 1
KNOWN_OVERLAP = 900  # LIMIT: seconds; the clocks of several nodes may differ that much
YOUNG = 1000  # LIMIT: young ties that are compared with those of the sweep before; of more, every card is read again
OUTBOX = ("life", "upto", "fresh", "young", "rereads")  # of a cursor
Mark = str | int  # of a cursor column: an ISO moment in UTC, or an integer


@dataclass
class Reached:
    """How far one rule has come: `since` and `known` from earlier sweeps, `top` the youngest row of this one.

    A rule that a watch tells has `seen`, the place in the outbox, and neither `since` nor `top`.
    """

    since: Mark | None = None
    known: str | None = None
    top: Mark | None = None
    seen: int | None = None


@dataclass
class Cursor:
    """Where a reader stands, as the opaque text it keeps for us."""

    rules: dict[str, Reached] = field(default_factory=dict)
    current: str = ""  # the rule a sweep is in; empty: between sweeps
    after: tuple[Mark, Any, str] | None = None  # Any: a row id; the last row of the page before
    latest: str | None = None  # the youngest tie when this sweep began
    life: str = ""  # of the outbox that `seen` are places in
    upto: int | None = None  # the place in the outbox when this sweep began
    fresh: tuple[str, ...] = ()  # what the outbox names up to there
    young: str = ""  # a digest of the young ties when this sweep began; empty: of none that were looked at
    rereads: bool = True  # the cards of young ties are read again in this sweep

    @classmethod
    def parse(cls, written: str | None) -> "Cursor":
        """Return the cursor; raises ValueError for a text we did not write."""
        if written is None:
            return cls()
        raw = json.loads(written)
        if raw.get("v") != VERSION:
            raise ValueError(f"a cursor of version {raw.get('v')} is not understood")
        rules = {name: Reached(*place) for name, place in raw["rules"].items()}
        after = tuple(raw["after"]) if raw["after"] else None
        outbox = {name: raw[name] for name in OUTBOX if name in raw}
        return cls(rules, raw["current"], after, raw["latest"], **outbox)

    def __str__(self) -> str:
        rules = {name: (place.since, place.known, place.top, place.seen) for name, place in self.rules.items()}
        rest = {"current": self.current, "after": self.after, "latest": self.latest}
        return json.dumps({"v": VERSION, "rules": rules, **rest, **{name: getattr(self, name) for name in OUTBOX}})


class Watcher:
    """Reads the pages; keeps nothing of them between calls."""

    def __init__(self, plan: Plan, database: Database, store: Store, clock: Clock) -> None:
        self.plan, self.database, self.store, self.clock = plan, database, store, clock
        self.outbox = outbox_of(plan, database)
        self._queries: dict[tuple[object, ...], Executable] = {}  # built once, so that the database prepares each once

    def page(self, written: str | None, limit: int) -> ChangePage:
        """See `gateway.ports.Edms.changes`."""
        note_settled(self.plan, self.database, self.clock.now())
        return self.seen(written, limit)

    def seen(self, written: str | None, limit: int) -> ChangePage:
        """Return what `page` does, writing nothing: papers that people settled since then are told by `page` alone."""
        cursor = Cursor.parse(written)
        events: list[EdmsEvent] = []
        with self.database.reading() as work:
            shelf = Shelf(self.store)
            scope = scope_of(self.plan, work, shelf, constants(self.plan))
            self._begin(cursor, work)
            for change in self._rest_of_sweep(cursor):
                if self._nothing_new(change, cursor):
                    continue
                rows = self._rows(work, change, cursor, limit - len(events))
                events += [_event(change, row, scope) for row in rows]
                self._advance(cursor, change, rows)
                if len(events) >= limit:
                    return ChangePage(_in_order(events), str(cursor), True, shelf.contents)
                cursor.after = None
        self._end(cursor)
        return ChangePage(_in_order(events), str(cursor), False, shelf.contents)

    # --- the sweep ----------------------------------------------------------------------------------------------

    def _begin(self, cursor: Cursor, work: Work) -> None:
        if cursor.current:
            return
        now = self.clock.now()
        if any(_ahead(mark, now) for place in cursor.rules.values() for mark in (place.since, place.known)):
            log.warning("the clock was put back: what people did is read from the beginning")
            cursor.rules.clear()
        latest = moment(self.plan.association.latest(work), self.plan.zone)
        cursor.latest = min(latest, now).isoformat() if latest else None
        cursor.after = None
        for place in cursor.rules.values():
            place.top = place.since
        if self.outbox is not None:
            self._reach(cursor, self.outbox, work)

    def _reach(self, cursor: Cursor, outbox: Outbox, work: Work) -> None:
        """Note how far the outbox goes, and what it names up to there.

        Rules that cannot rely on it are read from the beginning.
        """
        place, fresh = outbox.place(work), set()
        for seen in {one.seen for one in cursor.rules.values() if one.seen is not None}:
            comparable = cursor.life == place.life and seen <= place.upto
            named = outbox.named(work, seen, place.upto) if comparable else {BREAK}
            fresh |= named
            if BREAK in named:
                log.info("the outbox began anew: what people did is read from the beginning")
                for reached in cursor.rules.values():
                    reached.seen = None if reached.seen == seen else reached.seen
        young = self._young(cursor, work)
        cursor.rereads = not young or young != cursor.young
        cursor.life, cursor.upto, cursor.fresh, cursor.young = place.life, place.upto, tuple(sorted(fresh)), young

    def _young(self, cursor: Cursor, work: Work) -> str:
        """Return a digest of the young ties; empty: there are too many, or it is not known which are young."""
        known = [cursor.rules[change.name].known for change in self.plan.changes if change.name in cursor.rules]
        oldest = min((one for one in known if one is not None), default=None)
        if oldest is None or None in known:
            return ""
        ties = self.plan.association.young(work, _young_since(oldest), YOUNG + 1)
        return sha256(json.dumps([oldest, ties]).encode()).hexdigest()[:16] if len(ties) <= YOUNG else ""

    def _nothing_new(self, change: ReadyChange, cursor: Cursor) -> bool:
        """Say whether a rule need not be read: nothing that tells it was changed, and no card became ours."""
        place = cursor.rules.get(change.name)
        if self.outbox is None or place is None or place.seen is None or cursor.rereads or not self._watched(change):
            return False
        return self.outbox.sources(change.name).isdisjoint(cursor.fresh)

    def _rest_of_sweep(self, cursor: Cursor) -> list[ReadyChange]:
        names = [change.name for change in self.plan.changes]
        start = names.index(cursor.current) if cursor.current in names else 0
        return list(self.plan.changes[start:])

    def _advance(self, cursor: Cursor, change: ReadyChange, rows: list[Record]) -> None:
        cursor.current = change.name
        place = cursor.rules.setdefault(change.name, Reached())
        if rows:
            last = rows[-1]
            cursor.after = (self._mark(change, last.cur), last.id, last.exchange)
            place.top = self._younger(place.top, cursor.after[0])

    def _end(self, cursor: Cursor) -> None:
        now = self.clock.now().isoformat(timespec="microseconds")
        for change in self.plan.changes:
            place = cursor.rules.setdefault(change.name, Reached())
            place.known = cursor.latest or place.known
            if self._watched(change):
                place.since, place.top, place.seen = None, None, cursor.upto
            else:
                place.since = min(place.top, now) if isinstance(place.top, str) else place.top
        cursor.current, cursor.after = "", None

    @staticmethod
    def _younger(one: Mark | None, other: Mark) -> Mark:
        return other if one is None or other > one else one  # type: ignore[operator]  # both are of one rule: one type

    # --- rows ---------------------------------------------------------------------------------------------------

    def _rows(self, work: Work, change: ReadyChange, cursor: Cursor, limit: int) -> list[Record]:
        place = cursor.rules.get(change.name, Reached())
        values: dict[str, object] = {"limit": limit}
        if self.outbox is not None and self._watched(change):
            since = place.seen is not None and cursor.upto is not None
            if place.seen is not None and cursor.upto is not None:
                values.update(self.outbox.between(place.seen, cursor.upto))
        else:
            since = place.since is not None
            if place.since is not None:
                values["since"] = self._since(change, place.since)
        if since and place.known is not None:
            values["known"] = _young_since(place.known)
        if cursor.after is not None:
            cur, row_id, exchange = cursor.after
            values.update(after_0=self._bound(change, cur, 0), after_1=row_id, after_2=exchange)
        shape = (change.name, since, "known" in values, cursor.after is not None)
        query = self._queries.get(shape)
        if query is None:
            query = self._queries[shape] = self._query(change, since=since, known=shape[2], after=shape[3])
        return work.rows(query, values)

    def _query(self, change: ReadyChange, *, since: bool, known: bool, after: bool) -> Executable:
        """Return the query of a rule's rows: all of them, or those *since* the last sweep and of young ties."""
        query, row = _facts(self.plan, change, self._columns(change))
        if after:
            query = query.where(_beyond((row.cur, row.id, row.exchange)))
        counts = self._counts(change, row, known=known) if since else []
        limit: ColumnElement[int] = bindparam("limit")
        first: ColumnElement[int] = literal_column("0")  # SQLite's dialect binds an offset that nobody gave
        if not counts:
            return query.order_by(row.cur, row.id, row.exchange).limit(limit).offset(first)
        parts = [
            query.where(one.holds, *(earlier.fails for earlier in counts[:number])) for number, one in enumerate(counts)
        ]
        every = union_all(*parts)
        order: list[ColumnElement[Any]] = [literal_column(name) for name in ("cur", "id", "exchange")]
        if self.database.engine.dialect.name != "sqlite":
            return every.order_by(*order).limit(limit).offset(first)
        # SQLite reads a whole table by an index that gives the order, unless the order is one of no index
        order[0] = literal_column("+cur")
        rows: Select[Any] = select(literal_column("*")).select_from(
            every.subquery("every")
        )  # Any: as the rule has them
        return rows.order_by(*order).limit(limit).offset(first)

    def _counts(self, change: ReadyChange, row: "_Columns", *, known: bool) -> list[Counts]:
        """Return why a row counts."""
        if self.outbox is not None and self._watched(change):
            counts = self.outbox.fresh(change.name, row.fact)
        else:
            moment_or_number: ColumnElement[Any] = bindparam("since")  # Any: either
            counts = [Counts(row.cur >= moment_or_number, or_(row.cur < moment_or_number, row.cur.is_(None)))]
        if known:
            young: ColumnElement[datetime] = bindparam("known")
            # named twice, because SQLite looks only from left to right past a rule's outer join
            cards = self.plan.association.young_cards(young)
            counts.append(Counts(and_(row.fact.c.card.in_(cards), row.known_at >= young), row.known_at < young))
        return counts

    def _watched(self, change: ReadyChange) -> bool:
        return self.outbox is not None and self.outbox.tells(change.name)

    def _columns(self, change: ReadyChange) -> frozenset[str]:
        return self.outbox.columns(change.name) if self.outbox is not None else frozenset()

    def _mark(self, change: ReadyChange, value: object) -> Mark:
        if change.rule.cursor == "integer":
            return int(str(value))
        when = moment(value, self.plan.zone)
        if when is None:
            raise MappingError(f"changes {change.name!r}: a row without 'cur': leave such rows out of the query")
        return when.isoformat(timespec="microseconds")

    def _since(self, change: ReadyChange, mark: Mark) -> object:
        """Return from where to read again: the overlap before *mark*, and the hour that clocks repeat after it."""
        bound = self._bound(change, mark, change.rule.overlap or 0)
        return before_fold(bound, self.plan.zone) if isinstance(bound, datetime) else bound

    @staticmethod
    def _bound(change: ReadyChange, mark: Mark, overlap: int) -> object:
        if isinstance(mark, int):
            return mark - overlap
        return datetime.fromisoformat(mark) - timedelta(seconds=overlap)


def _young_since(known: str) -> datetime:
    """Return since when a tie is young whose like was seen up to *known*."""
    return datetime.fromisoformat(known) - timedelta(seconds=KNOWN_OVERLAP)


def _ahead(mark: Mark | None, now: datetime) -> bool:
    """Say whether *mark* is a moment that the clocks of our nodes cannot have shown yet."""
    return isinstance(mark, str) and datetime.fromisoformat(mark) > now + timedelta(seconds=KNOWN_OVERLAP)


@dataclass(frozen=True, slots=True)
class _Columns:
    cur: ColumnElement[Any]  # Any: a moment or an integer
    id: ColumnElement[Any]  # Any: whatever the business row's key is
    exchange: ColumnElement[str]
    known_at: ColumnElement[datetime]
    fact: FromClause  # the rule's own columns


def _facts(
    plan: Plan, change: ReadyChange, named: frozenset[str] = frozenset()
) -> tuple[Select[Any], _Columns]:  # Any: whatever columns the rule has
    """Return the query of a rule's rows tied to our exchanges; its columns *named* can be spoken of."""
    names = ("id", "card", "cur", *sorted(named - {"id", "card", "cur"}))
    row = change.sql.columns(*(column(name) for name in names)).subquery("fact")
    tied, exchange, known_at = plan.association.joined(row)
    every: ColumnElement[Any] = literal_column("fact.*")
    query: Select[Any] = select(every, exchange.label("exchange")).select_from(tied)
    return query, _Columns(row.c.cur, row.c.id, exchange, known_at, row)


def told_at_once(plan: Plan, work: Work, store: Store, exchange: ExchangeId) -> tuple[Event, ...]:
    """Return what `changes` will say of the inboxes *exchange* came to and was directed to, with the same keys."""
    scope = scope_of(plan, work, Shelf(store), constants(plan))
    events: list[Event] = []
    for change, query in _forwardings(plan):
        events += [_event(change, row, scope).event for row in work.rows(query, {"exchange": exchange})]
    return tuple(events)


@lru_cache(16)
def _forwardings(plan: Plan) -> tuple[tuple[ReadyChange, Select[Any]], ...]:  # Any: whatever columns the rule has
    """Return the rules that tell of inboxes and of directions, each with its query for one :exchange."""
    made = []
    for change in plan.changes:
        if change.rule.event in (EventKind.FORWARDED, EventKind.DIRECTED):
            query, columns = _facts(plan, change)
            query = query.where(columns.exchange == bindparam("exchange")).order_by(columns.cur, columns.id)
            made.append((change, query))
    return tuple(made)


def _event(change: ReadyChange, row: Record, scope: dict[str, Any]) -> EdmsEvent:  # Any: see scope_of
    seen = {**scope, "row": row}
    state = f"/{change.state(seen)}" if change.state else ""
    fields = change.fields(seen)
    fields.setdefault("at", None)
    key = EventKey(f"{change.name}/{row.card}/{row.id}{state}")
    return EdmsEvent(ExchangeId(row.exchange), Event(change.rule.event, key, **fields))


def _in_order(events: list[EdmsEvent]) -> tuple[EdmsEvent, ...]:
    """Return the events of a page as they happened, those without a moment first."""
    return tuple(sorted(events, key=lambda one: one.event.at or datetime.min.replace(tzinfo=UTC)))


def _beyond(columns: tuple[ColumnElement[Any], ...]) -> ColumnElement[bool]:  # Any: columns of any type
    """Return the condition (columns) > (:after_0, :after_1 …), in plain words every database understands."""
    first, *rest = columns
    condition = first > bindparam(f"after_{3 - len(columns)}")
    if not rest:
        return condition
    same = first == bindparam(f"after_{3 - len(columns)}")
    return or_(condition, and_(same, _beyond(tuple(rest))))
