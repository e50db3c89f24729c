# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may do to an entry; who did it and why is written beside it, in the same transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, bindparam, insert, literal_column, select, update

from gateway.journal import exchanges, schema
from gateway.journal.columns import EPOCH, Moment
from gateway.journal.exchanges import Exchange
from gateway.journal.settling import impossible
from gateway.journal.states import State
from gateway.model import CardRef, ExchangeId

E = schema.entries.c


@dataclass(frozen=True, slots=True)
class Act:
    """Something an operator did."""

    entry: int
    at: datetime
    act: str  # "hold", "release", "retry", "drop", "reprocess"
    who: str
    why: str


_AT_ONCE: dict[str, Any] = {  # Any: column values
    "worker": "",
    "not_before": None,
    "concluded_at": None,
    "ready_at": bindparam("epoch", EPOCH, type_=Moment()),
}
_THIS = E.id == bindparam("entry")
_HOLD = update(schema.entries).where(_THIS, E.state == "queued").values(held=literal_column("true"))
_FREE = update(schema.entries).where(_THIS, E.state == "queued").values(held=literal_column("false"))
_RETRY = (
    update(schema.entries).where(_THIS, E.state.in_(["failed", "queued"]), E.stored).values(state="queued", **_AT_ONCE)
)
_DROP = (
    update(schema.entries)
    .where(_THIS, E.state == "parked")
    .values(state="dropped", concluded_at=bindparam("now", type_=Moment()))
)
_REPROCESS = (
    update(schema.entries)
    .where(_THIS, E.state.in_(["parked", "waiting"]))
    .values(state="accepted", starts=0, **_AT_ONCE)
)
_RECREATE = (
    update(schema.entries)
    .where(_THIS, E.state == "done", E.kind == "document", E.exchange == bindparam("of_exchange"))
    .values(state="accepted", starts=0, **_AT_ONCE)
)
_NOTE = insert(schema.acts)


def set_held(tx: Connection, id: int, held: bool, *, who: str, why: str, now: datetime) -> None:
    """Stop a queued letter, or let it go again; those behind it in its exchange wait with it."""
    _act(tx, _HOLD if held else _FREE, id, State.SENT, now)
    _note(tx, id, "hold" if held else "release", who, why, now)


def retry(tx: Connection, id: int, *, who: str, why: str, now: datetime) -> None:
    """Queue a failed letter again, or send a deferred one at once; the same bytes."""
    _act(tx, _RETRY, id, State.QUEUED, now)
    _note(tx, id, "retry", who, why, now)


def drop(tx: Connection, id: int, *, who: str, why: str, now: datetime) -> None:
    """Put a parked letter away for good."""
    _act(tx, _DROP, id, State.DROPPED, now)
    _note(tx, id, "drop", who, why, now)


def reprocess(tx: Connection, id: int, *, who: str, why: str, now: datetime) -> None:
    """Process a parked letter afresh, or a waiting one whose person decided; its starts are forgiven."""
    _act(tx, _REPROCESS, id, State.ACCEPTED, now)
    _note(tx, id, "reprocess", who, why, now)


def recreate(tx: Connection, id: int, *, who: str, why: str, now: datetime) -> None:
    """Process a letter that is done afresh, because the card it brought has vanished; the caller has looked.

    Until the card is there again its exchange has none, and keeps the number that was told.
    """
    done = exchange_of(tx, id)
    if tx.execute(_RECREATE, {"entry": id, "of_exchange": done.id}).rowcount == 0:
        raise impossible(tx, id, State.ACCEPTED, None)
    exchanges.advance(tx, replace(done, subject_card=CardRef("")))
    _note(tx, id, "reprocess", who, why, now)


def exchange_of(tx: Connection, id: int) -> Exchange:
    """Return the exchange that entry *id* registered, its row ours; raises ValueError when it registered none."""
    named: ExchangeId | None = tx.scalar(select(E.exchange).where(E.id == id))
    exchange = exchanges.get(tx, named, lock=True) if named else None
    if exchange is None or exchange.direction != "in" or exchange.registered is None:
        raise ValueError(f"entry {id} registered no document")
    return exchange


def reopen(tx: Connection, exchange: ExchangeId, why: str, now: datetime) -> int:
    """Process the waiting letters of *exchange* afresh, because a person decided in the EDMS; return how many."""
    waiting = select(E.id).where(E.exchange == exchange, E.state == "waiting").order_by(E.id)
    ids = tx.execute(waiting).scalars().all()
    for id in ids:
        reprocess(tx, id, who="EDMS", why=why, now=now)
    return len(ids)


def acts(tx: Connection, id: int) -> tuple[Act, ...]:
    """Return what operators did to entry *id*, in order."""
    table = schema.acts.c
    rows = tx.execute(
        select(table.entry, table.at, table.act, table.who, table.why).where(table.entry == id).order_by(table.id)
    )
    return tuple(Act(*row) for row in rows)


def _act(tx: Connection, statement: Update, id: int, target: State, now: datetime) -> None:
    if tx.execute(statement, {"entry": id, "now": now}).rowcount == 0:
        raise impossible(tx, id, target, None)


def _note(tx: Connection, id: int, act: str, who: str, why: str, now: datetime) -> None:
    if not who or not why:
        raise ValueError(f"who did {act} to entry {id}, and why?")
    tx.execute(_NOTE, {"entry": id, "at": now, "act": act, "who": who, "why": why})
