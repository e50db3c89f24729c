# SPDX-License-Identifier: GPL-3.0-or-later
"""Fair turns: who may take what from a queue.  Knows lanes and leases, nothing of letters.

A queue is a partial index (lane, ready_at, id) that holds only what waits.  Lanes with due work are found by hopping
from one to the next in that index; each gets an equal share of a claim, oldest first, so ten thousand letters in one
lane cost the others nothing.  What a small claim cannot reach, the next one does: the worker's last lane is remembered.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from gateway.journal import schema
from gateway.journal.columns import EPOCH, Moment
from gateway.journal.entry import COLUMNS, Entry, entry_of

E = schema.entries.c
_NOW = bindparam("now", type_=Moment())


@dataclass(frozen=True, slots=True)
class Queue:
    """One of the queues, named by the condition of its index."""

    name: str
    condition: str  # literal, as the index has it: with bound values neither engine would use the index
    in_order: bool  # an entry waits until earlier ones of its exchange have left the queue
    counts_starts: bool


FRESH = Queue("fresh", schema.FRESH, in_order=False, counts_starts=True)
SUSPECT = Queue("suspect", schema.SUSPECT, in_order=False, counts_starts=True)
OUTGOING = Queue("outgoing", schema.DUE_OUT, in_order=True, counts_starts=False)


def take(
    tx: Connection, queue: Queue, lanes: Sequence[str], worker: str, limit: int, now: datetime, until: datetime
) -> list[Entry]:
    """Claim up to *limit* due entries until *until*, shared equally among *lanes*; the first ones get the rest."""
    taken: list[Entry] = []
    waiting = list(lanes)
    while waiting and (room := limit - len(taken)) > 0:
        served, waiting = waiting[:room], waiting[room:]
        each, more = divmod(room, len(served))
        shares = {lane: each + (place < more) for place, lane in enumerate(served)}
        values: dict[str, Any] = {"now": now, "until": until, "worker": worker}  # Any: bound values
        for place, (lane, share) in enumerate(shares.items()):
            values |= {f"lane{place}": lane, f"share{place}": share}
        batch = [entry_of(row) for row in tx.execute(_claim(queue, len(shares)), values)]
        taken += batch
        got = Counter(entry.lane for entry in batch)
        waiting += [lane for lane, share in shares.items() if got[lane] == share]
    return sorted(taken, key=_turn_in_batch(taken))


def _turn_in_batch(taken: Sequence[Entry]) -> Callable[[Entry], tuple[datetime, int]]:
    """Return the order of a batch: as they came, but what was put off further than others goes behind them."""
    first = min((entry.not_before for entry in taken if entry.not_before is not None), default=EPOCH)
    return lambda entry: (entry.not_before or first, entry.id)


def lanes_with_work(tx: Connection, queues: tuple[Queue, ...], now: datetime) -> dict[Queue, list[str]]:
    """Return the lanes of each queue that have something due."""
    found: dict[Queue, list[str]] = {queue: [] for queue in queues}
    for place, lane in tx.execute(_lanes(queues), {"now": now}):
        found[queues[place]].append(lane)
    return found


def next_moment(tx: Connection, queues: tuple[Queue, ...]) -> datetime | None:
    """Return the earliest moment at which something can be taken, long past for "at once", None for never."""
    moments = [moment for (moment,) in tx.execute(_moments(queues)) if moment is not None]
    return min(moments, default=None)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a worker's round stands."""

    lane: str = ""
    alone: bool = False  # its last claim was a single suspect


def turn_of(tx: Connection, worker: str) -> Turn:
    """Return where *worker*'s round stands."""
    row = tx.execute(_TURN, {"worker": worker}).one_or_none()
    return Turn(row.lane, row.alone) if row else Turn()


def remember(tx: Connection, worker: str, turn: Turn) -> None:
    """Write down where *worker*'s round stands."""
    values = {"who": worker, "lane": turn.lane, "alone": turn.alone}
    if tx.execute(_MOVE, values).rowcount == 0:
        tx.execute(_START, {"worker": worker, "lane": turn.lane, "alone": turn.alone})


def rotated(lanes: Sequence[str], last: str) -> list[str]:
    """Return *lanes* in the order of a round that served *last* last."""
    ordered = sorted(lanes)
    return [lane for lane in ordered if lane > last] + [lane for lane in ordered if lane <= last]


_TURN = select(schema.turns.c.lane, schema.turns.c.alone).where(schema.turns.c.worker == bindparam("worker"))
_MOVE = (
    update(schema.turns)
    .where(schema.turns.c.worker == bindparam("who"))
    .values(lane=bindparam("lane"), alone=bindparam("alone"))
)
_START = insert(schema.turns)


# --- statements: built once, so that SQLAlchemy compiles and the engines prepare them once --------------------------


def _takeable(queue: Queue) -> ColumnElement[bool]:
    standing: ColumnElement[bool] = literal_column(f"({queue.condition})")
    if not queue.in_order:
        return standing
    earlier = schema.entries.alias("earlier")
    blocked = (
        exists()
        .where(earlier.c.exchange == E.exchange, earlier.c.id < E.id, earlier.c.state == literal_column("'queued'"))
        .correlate(schema.entries)
    )
    return and_(standing, ~blocked)


def _walk(queue: Queue) -> Any:  # Any: a recursive CTE
    """Return the lanes of *queue*, one search in its index each, and a NULL at the end."""

    def following(lane: ColumnElement[str]) -> ScalarSelect[str]:
        there = and_(literal_column(f"({queue.condition})"), E.lane > lane)
        return select(E.lane).where(there).order_by(E.lane).limit(1).correlate_except(schema.entries).scalar_subquery()

    walk = select(following(literal_column("''")).label("lane")).cte(f"walk_{queue.name}", recursive=True)
    return walk.union_all(select(following(walk.c.lane)).where(walk.c.lane.is_not(None)))


@lru_cache
def _lanes(queues: tuple[Queue, ...]) -> Any:  # Any: a select or a union of them
    arms = []
    for place, queue in enumerate(queues):
        walk = _walk(queue)
        # Neither EXISTS nor unordered: PostgreSQL would answer either by reading the whole queue.
        due = select(E.id).where(_takeable(queue), E.lane == walk.c.lane, E.ready_at <= _NOW)
        there = due.order_by(E.ready_at).limit(1).correlate(walk).scalar_subquery().is_not(None)
        arms.append(select(literal_column(str(place)), walk.c.lane).where(walk.c.lane.is_not(None), there))
    return union_all(*arms)


@lru_cache
def _moments(queues: tuple[Queue, ...]) -> Any:  # Any: a select or a union of them
    arms = []
    for queue in queues:
        walk = _walk(queue)
        first = select(E.ready_at).where(_takeable(queue), E.lane == walk.c.lane).order_by(E.ready_at).limit(1)
        arms.append(select(first.correlate(walk).scalar_subquery()).where(walk.c.lane.is_not(None)))
    return union_all(*arms)


@lru_cache(maxsize=256)
def _claim(queue: Queue, lanes: int) -> ReturningUpdate[Any]:
    picked = union_all(*(select(_oldest(queue, place).c.id) for place in range(lanes))).cte("picked")
    return (
        update(schema.entries)
        .where(E.id.in_(select(picked.c.id)))
        .values(
            worker=bindparam("worker"),
            ready_at=bindparam("until", type_=Moment()),
            starts=E.starts + (1 if queue.counts_starts else 0),
        )
        .returning(*COLUMNS)
    )


def _oldest(queue: Queue, place: int) -> Any:  # Any: a subquery
    oldest: Select[Any] = select(E.id).where(_takeable(queue), E.lane == bindparam(f"lane{place}"), E.ready_at <= _NOW)
    oldest = oldest.order_by(E.ready_at, E.id).limit(bindparam(f"share{place}", type_=Integer()))
    return oldest.with_for_update(skip_locked=True, of=schema.entries).subquery(f"lane_{place}")
