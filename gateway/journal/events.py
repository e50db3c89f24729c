# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said about a document, by both sides: append-only, every fact once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, distinct, func, literal_column, select, update

from gateway.journal import schema
from gateway.journal.columns import Moment
from gateway.journal.entry import insert_or_ignore
from gateway.journal.values import from_json, to_json
from gateway.model import Event, ExchangeId

V = schema.events.c


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as the journal has it."""

    event: Event
    ours: bool  # True: we say it to the partner; False: the partner says it
    at: datetime  # when it was written down
    seq: int  # in the order of writing
    exchange: ExchangeId

    @property
    def id(self) -> int:
        """What `told` wants."""
        return self.seq


_COLUMNS = (V.event, V.ours, V.at, V.seq, V.exchange)
_ADD = {engine: statement.returning(V.key) for engine, statement in insert_or_ignore(schema.events).items()}
_DIRECTION = select(schema.exchanges.c.direction).where(schema.exchanges.c.id == bindparam("of_exchange"))
_HISTORY = select(*_COLUMNS).where(V.exchange == bindparam("of_exchange")).order_by(V.seq)
_OF_SEVERAL = select(*_COLUMNS).where(V.exchange.in_(bindparam("of_exchanges", expanding=True))).order_by(V.seq)
_OF_ONE = _HISTORY.where(V.ours == bindparam("side"))
_UNTOLD = (
    select(*_COLUMNS)
    .where(literal_column("(tell AND told_at IS NULL)"))
    .order_by(V.exchange, V.seq)
    .limit(bindparam("most", type_=Integer()))
)
_KNOWN = select(V.exchange, V.key).where(V.exchange.in_(bindparam("exchanges", expanding=True)), V.ours)
_CONTRADICTED = select(func.count(distinct(V.exchange))).where(literal_column("contradicts"))
_TOLD = (
    update(schema.events)
    .where(V.seq.in_(bindparam("seqs", expanding=True)))
    .values(told_at=bindparam("now", type_=Moment()))
)


def add(
    tx: Connection, exchange: ExchangeId, events: Sequence[Event], *, ours: bool, now: datetime
) -> tuple[Event, ...]:
    """Append *events* and return those that are new, in order; a known key is a known fact and changes nothing."""
    by_key = {event.key: event for event in reversed(events)}  # of two with one key the first counts
    if not by_key:
        return ()
    tell = not ours and tx.scalar(_DIRECTION, {"of_exchange": exchange}) == "out"
    fresh = dict.fromkeys(event.key for event in events)
    rows = [_row(exchange, by_key[key], ours=ours, tell=tell, now=now) for key in fresh]
    new = set(tx.execute(_ADD[tx.dialect.name], rows).scalars())
    return tuple(by_key[key] for key in fresh if key in new)


def history(tx: Connection, exchange: ExchangeId, *, ours: bool | None = None) -> tuple[Recorded, ...]:
    """Return what was said in *exchange*, in the order we heard it; with *ours*, by that side only."""
    if ours is None:
        return tuple(map(_recorded, tx.execute(_HISTORY, {"of_exchange": exchange})))
    return tuple(map(_recorded, tx.execute(_OF_ONE, {"of_exchange": exchange, "side": ours})))


def histories(tx: Connection, exchanges: Sequence[ExchangeId]) -> dict[ExchangeId, tuple[Recorded, ...]]:
    """Return what was said in each of *exchanges* (at most a page of them), in the order we heard it."""
    found: dict[ExchangeId, list[Recorded]] = {id: [] for id in exchanges}
    for row in tx.execute(_OF_SEVERAL, {"of_exchanges": list(exchanges)}) if exchanges else ():
        found[row.exchange].append(_recorded(row))
    return {id: tuple(facts) for id, facts in found.items()}


def known(tx: Connection, exchanges: Sequence[ExchangeId]) -> frozenset[tuple[str, str]]:
    """Return the facts of ours in *exchanges* (at most a page of them), as exchange and key."""
    return frozenset((row[0], row[1]) for row in tx.execute(_KNOWN, {"exchanges": list(exchanges)}))


def untold(tx: Connection, limit: int) -> tuple[Recorded, ...]:
    """Return what partners said about documents of ours and the EDMS does not know yet, exchange by exchange."""
    return tuple(map(_recorded, tx.execute(_UNTOLD, {"most": limit})))


def contradicted(tx: Connection) -> int:
    """Return in how many exchanges a partner's report contradicted what stands."""
    return int(tx.scalar(_CONTRADICTED) or 0)


def told(tx: Connection, seqs: Sequence[int], now: datetime) -> None:
    """Note that the EDMS knows the events *seqs*."""
    if seqs:
        tx.execute(_TOLD, {"seqs": list(seqs), "now": now})


def _row(exchange: ExchangeId, event: Event, *, ours: bool, tell: bool, now: datetime) -> dict[str, Any]:  # Any: values
    return {
        "exchange": exchange,
        "ours": ours,
        "key": event.key,
        "kind": event.kind.value,
        "at": now,
        "event": to_json(event),
        "tell": tell,
        "contradicts": event.contradicts is not None,
    }


def _recorded(row: Any) -> Recorded:  # Any: a row of `_COLUMNS`
    return Recorded(from_json(Event, row.event), row.ours, row.at, row.seq, row.exchange)
