# SPDX-License-Identifier: GPL-3.0-or-later
"""Which letters' bytes may be given up, and giving them up.

Rows, digests, message ids, events and exchanges stay for ever: an old letter that comes again is known again, and
`trace` tells its story.  What is not finished, not told, disputed, held, or may still be asked for keeps its bytes;
whatever is not known to be finished counts as unfinished.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, delete, func, literal, or_, select, update

from gateway.journal import schema
from gateway.journal.columns import Moment
from gateway.model import Sha256

E, X, V = schema.entries.c, schema.exchanges.c, schema.events.c
PAGE = 500  # LIMIT: letters given up in one transaction
FINISHED = ("done", "dropped", "sent", "cancelled")

_own = schema.exchanges.alias("own")
_copy = schema.entries.alias("copy").c
_NOW, _BEFORE = bindparam("now", type_=Moment()), bindparam("before", type_=Moment())
_TIED = schema.entries.outerjoin(_own, _own.c.id == E.exchange)

# The document a letter is about, with all its versions: what is said of one of their exchanges holds for all.
_DOCUMENT = func.coalesce(_own.c.follows, _own.c.id)
_OF_EXCHANGE = select(func.coalesce(X.follows, X.id))
_OF_EVENT = _OF_EXCHANGE.join_from(schema.exchanges, schema.events, V.exchange == X.id)
_OF_LETTER = _OF_EXCHANGE.join_from(schema.exchanges, schema.entries, E.exchange == X.id)


def _among(documents: Select[Any]) -> Any:  # Any: SQLAlchemy's columns of any type
    """Whether the letter's document is among *documents*: a set of its own, so it is made once for all letters."""
    return _DOCUMENT.in_(documents.correlate(None))


# Why a letter keeps its bytes, in the order in which the reasons are said; the first that holds counts.
REASONS: Mapping[str, Any] = {  # Any: likewise
    "held": E.held,
    "parked": E.state == "parked",
    "failed": E.state == "failed",
    "unfinished": E.state.not_in(FINISHED),
    "not told to the EDMS": or_(
        and_(E.outgoing_ref.is_not(None), E.told_at.is_(None), E.state.in_(("sent", "failed"))),
        _among(_OF_EVENT.where(V.tell, V.told_at.is_(None))),
    ),
    "not flagged in its mailbox": E.flag_due,
    "disputed": or_(_among(_OF_EVENT.where(V.contradicts)), _among(_OF_LETTER.where(E.state == "parked"))),
    "unfinished exchange": or_(
        _among(_OF_LETTER.where(or_(E.held, E.state.not_in(FINISHED)))),
        _among(_OF_EXCHANGE.where(X.direction == "in", X.registered_text.is_not(None), X.subject_card == "")),
    ),
    "open subscription": _among(_OF_EXCHANGE.where(or_(X.until.is_(None), X.until >= _NOW))),
    "awaited": _among(_OF_EXCHANGE.where(X.due_at.is_not(None))),
    "shared": E.id.in_(select(_copy.letter_of).where(_copy.letter_of.is_not(None), _copy.stored)),
    "recent": or_(E.concluded_at.is_(None), E.concluded_at >= _BEFORE),
}
_WHY: Any = case(*((condition, literal(reason)) for reason, condition in REASONS.items()), else_=literal(""))
_JUDGED = select(E.id, E.direction, E.kind, E.sha256, E.size, _WHY.label("why")).select_from(_TIED).where(E.stored)


@dataclass(frozen=True, slots=True)
class Heap:
    """Letters of one kind that meet one end."""

    direction: str  # "in" | "out"
    kind: str  # "document", "report" …; empty: never known
    why: str  # why they are kept; empty: they go
    letters: int
    size: int  # bytes


def heaps(tx: Connection, before: datetime, now: datetime) -> tuple[Heap, ...]:
    """Return every letter that has its bytes, by kind and by why it keeps them, counted against *before*."""
    judged = _JUDGED.subquery("judged")
    at = judged.c
    named = (at.direction, at.kind, at.why)
    found = select(*named, func.count(), func.sum(at.size)).select_from(judged).group_by(*named).order_by(*named)
    return tuple(
        Heap(row[0], row[1], row[2], row[3], int(row[4])) for row in tx.execute(found, {"before": before, "now": now})
    )


@dataclass(frozen=True, slots=True)
class Given:
    """A letter whose bytes may go."""

    entry: int
    sha256: Sha256
    size: int


def spent(tx: Connection, before: datetime, now: datetime, after: int = 0, limit: int = PAGE) -> Sequence[Given]:
    """Return at most *limit* letters beyond entry *after* that keep their bytes for no reason, the oldest first."""
    return _free(tx, _JUDGED.where(E.id > after), before, now, limit)


def give_up(tx: Connection, letters: Sequence[Given], before: datetime, now: datetime) -> Sequence[Given]:
    """Give up the bytes of those *letters* (a page) that still keep them for no reason, and return these.

    Bytes in files of their own go with the next sweep.
    """
    ids = [letter.entry for letter in letters]
    free = [letter.entry for letter in _free(tx, _JUDGED.where(E.id.in_(ids)), before, now, len(ids))]
    given = update(schema.entries).where(E.id.in_(free), E.state.in_(FINISHED)).values(stored=False).returning(E.id)
    gone = set(tx.execute(given).scalars()) if free else set()
    tx.execute(delete(schema.letters).where(schema.letters.c.entry.in_(gone)))
    return [letter for letter in letters if letter.entry in gone]


def _free(tx: Connection, judged: Select[Any], before: datetime, now: datetime, limit: int) -> Sequence[Given]:
    at = judged.subquery("judged").c
    free = select(at.id, at.sha256, at.size).where(at.why == "").order_by(at.id).limit(limit)
    return [Given(*row) for row in tx.execute(free, {"before": before, "now": now})]
