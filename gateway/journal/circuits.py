# SPDX-License-Identifier: GPL-3.0-or-later
"""What sending leaves alone at the moment, for who looks at it from outside, and for the next start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.journal import schema

C = schema.circuits.c


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A relay, or a partner behind one, that is not asked before `retry_at`."""

    name: str  # "relay", "relay <name>" or "partner <lane>"
    opened_at: datetime
    retry_at: datetime
    failures: int  # in a row
    words: str  # what it said last


def stand(tx: Connection) -> tuple[OpenCircuit, ...]:
    """Return the open circuits by name."""
    rows = tx.execute(select(C.name, C.opened_at, C.retry_at, C.failures, C.words).order_by(C.name))
    return tuple(OpenCircuit(*row) for row in rows)


def write(tx: Connection, before: Sequence[OpenCircuit], after: Sequence[OpenCircuit]) -> None:
    """Write down what changed from *before* to *after*; other nodes' circuits stay."""
    if tuple(before) == tuple(after):
        return
    gone = [one.name for one in (*before, *after)]
    if gone:
        tx.execute(delete(schema.circuits).where(C.name.in_(gone)))
    for one in after:
        row = {"name": one.name, "opened_at": one.opened_at, "retry_at": one.retry_at}
        tx.execute(insert(schema.circuits), row | {"failures": one.failures, "words": one.words})
