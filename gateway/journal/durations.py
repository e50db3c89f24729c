# SPDX-License-Identifier: GPL-3.0-or-later
"""How long documents and letters took to come from one stage to the next, for monitors that draw curves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    Subquery,
    and_,
    case,
    extract,
    func,
    select,
    true,
    type_coerce,
)

from gateway.journal import schema
from gateway.journal.totals import DOCUMENTS

E, V = schema.entries.c, schema.events.c
BUCKETS = (1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 259_200, 604_800)  # seconds
STAGES = ("concluded", "sent", "received", "registered")
HEARD = ("received", "registered")  # kinds of facts


@dataclass(frozen=True, slots=True)
class Durations:
    """Of one stage, since the journal began."""

    within: tuple[int, ...] = (0,) * len(BUCKETS)  # how many took at most so long, by bucket
    number: int = 0
    seconds: float = 0.0  # all of them together


def durations(tx: Connection) -> Mapping[str, Durations]:
    """Return every stage; walks through the whole journal.

    ``concluded``: a document came → it was registered or refused here, with the time people took for it.  ``sent``: a
    letter of ours was written → mail took it.  ``received``, ``registered``: a document of ours left → its recipient's
    report that says so came.
    """
    found = {}
    for stage, (began, ended, rows, which) in _stages():
        took = _seconds(tx, began, ended)
        within = [func.sum(case((took <= most, 1), else_=0)) for most in BUCKETS]
        row = tx.execute(select(*within, func.count(), func.sum(took)).select_from(rows).where(which)).one()
        *counts, number, seconds = row
        found[stage] = Durations(tuple(int(count or 0) for count in counts), number, float(seconds or 0))
    return found


Stage = tuple[ColumnElement[datetime], ColumnElement[datetime], FromClause, ColumnElement[bool]]


def _stages() -> Iterator[tuple[str, Stage]]:
    """Yield each stage with the moments at its ends, the rows it is read from, and which of them."""
    came = and_(E.direction == "in", E.state == "done", E.kind.in_(DOCUMENTS), E.concluded_at.is_not(None))
    yield "concluded", (E.created_at, E.concluded_at, schema.entries, came)
    yield "sent", (E.created_at, E.sent_at, schema.entries, and_(E.direction == "out", E.sent_at.is_not(None)))
    left = _left()
    for kind in HEARD:
        heard = _heard(kind)
        yield kind, (left.c.at, heard.c.at, left.join(heard, heard.c.exchange == left.c.exchange), true())


def _left() -> Subquery:
    """Return when the documents of exchanges first left."""
    ours = and_(E.direction == "out", E.kind.in_(DOCUMENTS), E.sent_at.is_not(None))
    return select(E.exchange, func.min(E.sent_at).label("at")).where(ours).group_by(E.exchange).subquery("departed")


def _heard(kind: str) -> Subquery:
    """Return when a partner's fact of that *kind* first reached us, by exchange."""
    theirs = and_(~V.ours, V.kind == kind)
    return select(V.exchange, func.min(V.at).label("at")).where(theirs).group_by(V.exchange).subquery("heard")


def _seconds(tx: Connection, began: ColumnElement[datetime], ended: ColumnElement[datetime]) -> ColumnElement[Any]:
    """Return what lies between two moments, see `columns.Moment`.  Any: a number, of each engine its own."""
    if tx.dialect.name == "postgresql":
        zoned = DateTime(timezone=True)
        return extract("epoch", type_coerce(ended, zoned) - type_coerce(began, zoned))
    return (type_coerce(ended, BigInteger) - type_coerce(began, BigInteger)) / 1e6
