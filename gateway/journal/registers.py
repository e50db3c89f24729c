# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a register of documents: questions about exchanges over a period, a page at a time.

Every question takes the last line of the page before it and costs what its page holds, however old the journal is.
Knows nothing of calendars, languages or time limits: the period comes as moments, and who prints decides what is late.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Select, func, literal, literal_column, or_, select, tuple_

from gateway.journal import exchanges, schema
from gateway.journal.columns import Moment
from gateway.journal.entry import COLUMNS, Entry, entry_of
from gateway.journal.exchanges import Exchange
from gateway.journal.states import Direction, State
from gateway.journal.values import from_json
from gateway.model import DocumentUid, Event, EventKind, ExchangeId, Message, PartnerId

X = schema.exchanges.c
E = schema.entries.c
M = schema.messages.c
V = schema.events.c
DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines: of one organisation of ours, from `since` until just before `before`."""

    office: str  # its exchange index
    since: datetime
    before: datetime
    partner: PartnerId | None = None  # None: every partner's


@dataclass(frozen=True, slots=True)
class Line:
    """One document, and the newest letter of ours or theirs that carried it."""

    exchange: Exchange
    letter: Entry | None  # None: it is being worked on, or was removed
    message: Message | None  # the document as it was sent; None: not kept
    refusal: str = ""  # why it was refused last, in the refusing side's words


def opened(
    tx: Connection,
    direction: Literal["in", "out"],
    asked: Asked,
    after: Line | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> tuple[Line, ...]:
    """Return at most *limit* documents that came ("in") or were sent ("out") in the period, the oldest first."""
    statement = _of(asked).where(X.direction == direction, X.opened_at >= asked.since)
    return _lines(tx, tx.scalars(_page(statement, after, limit, newest_first)), newest_first)


def refused(
    tx: Connection, direction: Literal["in", "out"], asked: Asked, after: Line | None, limit: int
) -> tuple[Line, ...]:
    """Return at most *limit* documents of the period that stand refused, by us ("in") or them ("out"), newest first."""
    statement = _of(asked).where(X.direction == direction, literal_column(schema.REFUSED), X.opened_at >= asked.since)
    return _lines(tx, tx.scalars(_page(statement, after, limit, newest_first=True)), newest_first=True)


def named(tx: Connection, ids: Sequence[ExchangeId]) -> tuple[Line, ...]:
    """Return the documents *ids* (at most a page of them) that are there, the newest first."""
    return _lines(tx, ids, newest_first=True)


def unproven(tx: Connection, asked: Asked, now: datetime, after: Line | None, limit: int) -> tuple[Line, ...]:
    """Return at most *limit* documents sent before the period's end of which neither refusal nor registration is known.

    The period's beginning does not count: what is late was sent before it was late.  Left out is what nobody shall
    report on any more *now*.
    """
    waited_for = or_(X.until.is_(None), X.until >= now)
    statement = _of(asked).where(X.direction == "out", literal_column(schema.UNPROVEN), waited_for)
    return _lines(tx, tx.scalars(_page(statement, after, limit)))


def waiting(tx: Connection, state: State, asked: Asked, after: Line | None, limit: int) -> tuple[Line, ...]:
    """Return at most *limit* documents whose letters came to a stand in *state* in the period, the oldest letter first.

    WAITING: before a person in the EDMS.  ACCEPTED: put off, since their arrival, because the EDMS does not answer.
    PARKED: in quarantine.  Letters of which no document is known are none of a register's business.
    """
    known = _at_a_stand(state, asked)
    if after is not None and after.letter is not None:
        known = known.where(E.id > after.letter.id)
    rows = tx.execute(known.order_by(E.id).limit(limit)).all()
    found = {exchange.id: exchange for exchange in exchanges.several(tx, {row.document for row in rows})}
    letters = {row.id: entry_of(row) for row in tx.execute(select(*COLUMNS).where(E.id.in_([row.id for row in rows])))}
    return tuple(Line(found[row.document], letters[row.id], _message(tx, found[row.document])) for row in rows)


def number_waiting(tx: Connection, state: State, asked: Asked) -> int:
    """Return how many documents `waiting` would give in all; costs what waits."""
    return int(tx.scalar(select(func.count()).select_from(_at_a_stand(state, asked).subquery())) or 0)


def _at_a_stand(state: State, asked: Asked) -> Select[tuple[int, str]]:
    statement = select(E.id, X.id.label("document")).where(E.direction == "in", E.state == state.value)
    if state is State.ACCEPTED:  # its exchange is written onto the entry only when it is concluded
        known = statement.where(M.entry == E.id, X.id == M.exchange, E.deferred_at.is_not(None))
    else:
        known = statement.where(X.id == E.exchange, E.kind == DOCUMENT)
    since = func.coalesce(E.concluded_at, E.created_at)
    known = known.where(X.direction == "in", X.office == asked.office, since >= asked.since, since < asked.before)
    return known if asked.partner is None else known.where(X.partner == asked.partner)


def _of(asked: Asked) -> Select[tuple[str]]:
    """The documents of the office and the partner that were opened before the period's end."""
    statement = select(X.id).where(X.office == asked.office, X.opened_at < asked.before)
    return statement if asked.partner is None else statement.where(X.partner == asked.partner)


def _page(
    statement: Select[tuple[str]], after: Line | None, limit: int, newest_first: bool = False
) -> Select[tuple[str]]:
    place = tuple_(X.opened_at, X.id)
    if after is not None:
        last = tuple_(literal(after.exchange.opened_at, Moment()), literal(after.exchange.id))
        statement = statement.where(place < last if newest_first else place > last)
    order = (X.opened_at.desc(), X.id.desc()) if newest_first else (X.opened_at, X.id)
    return statement.order_by(*order).limit(limit)


def _lines(tx: Connection, ids: Iterable[str], newest_first: bool = False) -> tuple[Line, ...]:
    found = exchanges.several(tx, [ExchangeId(id) for id in ids])
    if newest_first:
        found = found[::-1]
    letters = _letters(tx, found)
    refusals = _refusals(tx, [exchange.id for exchange in found if exchange.rung == EventKind.REFUSED.value])
    return tuple(
        Line(exchange, letters.get(exchange.id), _message(tx, exchange), refusals.get(exchange.id, ""))
        for exchange in found
    )


def _letters(tx: Connection, found: Sequence[Exchange]) -> dict[str, Entry]:
    """Return the newest letter with each document, in the document's direction."""
    direction = {exchange.id: Direction(exchange.direction) for exchange in found}
    statement = select(*COLUMNS).where(E.exchange.in_(list(direction)), E.kind == DOCUMENT).order_by(E.id)
    letters = [entry_of(row) for row in tx.execute(statement)] if direction else []
    by_exchange = [(letter.exchange, letter) for letter in letters if letter.exchange]
    return {id: letter for id, letter in by_exchange if letter.direction is direction[id]}


def _refusals(tx: Connection, refused: Sequence[ExchangeId]) -> dict[str, str]:
    """Return the words of the last refusal of each document."""
    statement = select(V.exchange, V.event).where(V.exchange.in_(refused), V.kind == EventKind.REFUSED.value)
    facts = tx.execute(statement.order_by(V.seq)) if refused else ()
    told = {row.exchange: from_json(Event, row.event) for row in facts}
    return {exchange: event.refusal.text if event.refusal else event.text for exchange, event in told.items()}


def _message(tx: Connection, exchange: Exchange) -> Message | None:
    """Return the document as it was sent; a paper that only adds to a card shows that card's."""
    main, added, _ = exchange.document_uid.partition("#")
    if exchange.message is not None or not added:
        return exchange.message
    standing = exchanges.all_by_document(tx, exchange.partner, DocumentUid(main))
    return next((other.message for other in standing if other.message is not None), None)
