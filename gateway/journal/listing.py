# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about the entries, for the command line and the metrics; changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, or_

from gateway.errors import Reason
from gateway.journal import claiming, schema
from gateway.journal.claiming import FRESH, OUTGOING, SUSPECT
from gateway.journal.entry import COLUMNS, SERVERS, Entry, entry_of
from gateway.journal.states import Direction, State
from gateway.model import ExchangeId, PartnerId

E = schema.entries.c
X = schema.exchanges.c
_REGISTERED = "(state = 'done' AND kind = 'document')"  # literal, as its index has it
_REFUSED = sa.and_(E.direction == "in", E.state == "done", E.kind == "document", E.reason.is_not(None))
OPEN = (State.ACCEPTED, State.WAITING, State.PARKED, State.QUEUED, State.FAILED)  # where somebody should look or work


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send."""

    at: datetime
    outcome: str  # a `ports.Outcome`
    phase: str  # a `ports.Phase`
    code: int | None  # None: the server said none
    words: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entries stand where; an absent key means none."""

    by_state: Mapping[tuple[Direction, State], int]
    oldest: Mapping[tuple[Direction, State], datetime]  # of the open states: when the oldest entry there was written
    by_reason: Mapping[tuple[State, Reason], int]  # of WAITING, PARKED and FAILED ones that have a reason


def get(tx: Connection, id: int) -> Entry | None:
    """Return entry *id*."""
    row = tx.execute(sa.select(*COLUMNS).where(E.id == id)).one_or_none()
    return entry_of(row) if row else None


def select(
    tx: Connection,
    *,
    direction: Direction | None = None,
    states: Iterable[State] = (),
    partner: PartnerId | None = None,
    reason: Reason | None = None,
    text: str = "",
    exchange: ExchangeId | None = None,
    office: str = "",
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    refused: bool = False,
    limit: int = 100,
) -> list[Entry]:
    """Return at most *limit* entries, the newest first; what is None or empty does not matter.

    *text* is looked for in ids, Message-IDs, addresses, the detail, and what is known of the document (number,
    subject), in lower, upper or its own case.  *since* and *until* (not included) are moments of arrival.
    *before* gives the next page: only entries with a smaller id.  *refused* also gives the DONE documents whose
    partner was told a refusal.
    """
    statement = sa.select(*COLUMNS).order_by(E.id.desc()).limit(limit)
    wanted = tuple(states)
    if wanted or refused:
        places = [_stands(wanted)] if wanted else []
        statement = statement.where(or_(*places, *([_REFUSED] if refused else [])))
    if direction is not None:
        statement = statement.where(E.direction == direction.value)
    if partner is not None:
        statement = statement.where(E.partner == partner)
    if reason is not None:
        statement = statement.where(E.reason == reason.value)
    if exchange is not None:
        statement = statement.where(E.exchange == exchange)
    if office:
        statement = statement.where(E.office == office)
    if kind:
        statement = statement.where(E.kind == kind)
    if since is not None:
        statement = statement.where(E.created_at >= since)
    if until is not None:
        statement = statement.where(E.created_at < until)
    if before is not None:
        statement = statement.where(E.id < before)
    if text:
        statement = statement.where(_mentions(text))
    return [entry_of(row) for row in tx.execute(statement)]


def _mentions(text: str) -> sa.ColumnElement[bool]:
    """Whether an entry, or the document in it as far as it is known, has *text* somewhere."""
    own = (E.message_id, E.rfc_message_id, E.envelope_sender, E.recipient, E.detail, E.exchange)
    known = (X.number_text, X.registered_text, X.document_uid, X.message)
    spellings = dict.fromkeys((text, text.lower(), text.upper(), text.capitalize()))  # SQLite folds ASCII only

    def somewhere(columns: Iterable[sa.ColumnElement[Any]]) -> sa.ColumnElement[bool]:  # Any: of text
        return or_(*(column.icontains(spelling, autoescape=True) for column in columns for spelling in spellings))

    places = [somewhere(own), E.exchange.in_(sa.select(X.id).where(somewhere(known)))]
    if text.isascii() and text.isdigit() and len(text) < 19:
        places.append(E.id == int(text))
    return or_(*places)


def called(tx: Connection, name: str) -> list[Entry]:
    """Return the letters whose message id, Message-ID or source is just *name*, the newest first."""
    bare = name.strip().strip("<>")
    same = or_(*(column.in_((name.strip(), bare)) for column in (E.message_id, E.rfc_message_id, E.source)))
    return [entry_of(row) for row in tx.execute(sa.select(*COLUMNS).where(same).order_by(E.id.desc()))] if bare else []


def attempts(tx: Connection, id: int) -> tuple[Attempt, ...]:
    """Return every attempt to send entry *id*, in order."""
    table = schema.attempts.c
    columns = (table.at, table.outcome, table.phase, table.code, table.words)
    rows = tx.execute(sa.select(*columns).where(table.entry == id).order_by(table.id))
    return tuple(Attempt(*row) for row in rows)


def counts(tx: Connection, *, closed: bool = True) -> Counts:
    """Return how many entries stand in each state; *closed* False leaves out those that need nobody (DONE, SENT …).

    The open ones cost what is open; the closed ones cost a walk through an index of the whole journal.
    """
    states = tuple(State) if closed else OPEN
    found = tx.execute(
        sa.select(E.state, func.count(), func.min(E.id)).where(_stands(states)).group_by(E.direction, E.state)
    )
    rows = [(State(state), number, first) for state, number, first in found]
    firsts = [first for state, _, first in rows if state in OPEN]
    written = {row.id: row.created_at for row in tx.execute(sa.select(E.id, E.created_at).where(E.id.in_(firsts)))}
    reasons = tx.execute(
        sa.select(E.state, E.reason, func.count())
        .where(_stands((State.WAITING, State.PARKED, State.FAILED)), E.reason.is_not(None))
        .group_by(E.direction, E.state, E.reason)
    )
    return Counts(
        {(state.direction, state): number for state, number, _ in rows},
        {(state.direction, state): written[first] for state, _, first in rows if state in OPEN},
        {(State(state), Reason(reason)): number for state, reason, number in reasons},
    )


def _stands(states: tuple[State, ...]) -> sa.ColumnElement[bool]:
    """Whether an entry is in one of *states*, said so that the index by direction and state answers."""
    directions = {state.direction.value for state in states}
    return sa.and_(E.direction.in_(sorted(directions)), E.state.in_([state.value for state in states]))


def troubled(tx: Connection, limit: int) -> list[Entry]:
    """Return at most *limit* letters that were tried in vain and will be tried again, the oldest first."""
    waiting = E.state.in_([State.ACCEPTED.value, State.QUEUED.value])
    return [
        entry_of(row)
        for row in tx.execute(sa.select(*COLUMNS).where(waiting, E.attempts > 0).order_by(E.id).limit(limit))
    ]


@dataclass(frozen=True, slots=True)
class Pile:
    """Letters that lie in one state for one reason, of one partner."""

    state: State
    reason: Reason | None  # None: it waits, and its detail says why
    partner: PartnerId | None  # None: nobody proved who they are
    letters: int
    oldest: datetime  # when the first of them came


def piles(tx: Connection, states: Iterable[State]) -> tuple[Pile, ...]:
    """Return how many letters lie in *states*, per reason and partner, the largest pile first.

    Letters to ourselves are told of by their self-test.
    """
    number = func.count()
    columns = (E.state, E.reason, E.partner, number, func.min(E.created_at))
    people = sa.or_(E.kind.is_(None), E.kind != "self-test")
    statement = sa.select(*columns).where(_stands(tuple(states)), people).group_by(E.state, E.reason, E.partner)
    return tuple(
        Pile(State(state), Reason(reason) if reason else None, partner, letters, oldest)
        for state, reason, partner, letters, oldest in tx.execute(statement.order_by(number.desc(), E.reason))
    )


@dataclass(frozen=True, slots=True)
class PartnerTraffic:
    """What went to and fro with one partner."""

    partner: PartnerId
    heard_at: datetime | None  # when the last letter of its own gateway came; None: never
    sent_at: datetime | None  # when the last letter was handed to mail; None: never
    queued: int
    failed: int
    parked: int


def partners(tx: Connection) -> tuple[PartnerTraffic, ...]:
    """Return the traffic with every partner that ever had some; walks through the whole journal."""

    def number(state: State) -> sa.ColumnElement[int]:
        return func.count(sa.case((E.state == state.value, 1)))

    servers = or_(*(E.kind.startswith(word) for word in SERVERS))
    came = func.max(sa.case((sa.and_(E.direction == Direction.IN.value, sa.not_(servers)), E.created_at)))
    columns = (E.partner, came, func.max(E.sent_at), number(State.QUEUED), number(State.FAILED), number(State.PARKED))
    statement = sa.select(*columns).where(E.partner.is_not(None)).group_by(E.partner).order_by(E.partner)
    return tuple(PartnerTraffic(*row) for row in tx.execute(statement))


def finished_since(tx: Connection, moment: datetime) -> bool:
    """Say whether any document was taken by the EDMS after *moment*: then the EDMS works.

    Refusals, duplicates and resends do not count: they end without the EDMS.
    """
    wanted = sa.select(func.max(E.concluded_at)).where(sa.literal_column(_REGISTERED), E.reason.is_(None))
    last: datetime | None = tx.scalar(wanted)
    return last is not None and last > moment


def next_due(tx: Connection, direction: Direction) -> datetime | None:
    """Return when the next entry can be taken: long past for "at once", None when nothing waits.

    A claimed one counts with the end of its lease.
    """
    return claiming.next_moment(tx, (SUSPECT, FRESH) if direction is Direction.IN else (OUTGOING,))
