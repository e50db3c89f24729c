# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a register, whatever it is printed on: read from the journal page by page, never all at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from itertools import chain
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.journal import registers
from gateway.journal.entries import Entry, State
from gateway.journal.reading import Readable
from gateway.journal.registers import Asked, Line
from gateway.model import Day, Document, Message, Party, folded
from gateway.office import Office
from gateway.outbox import Expected, late
from gateway.reports import Rung
from gateway.settings import OfficeSettings

PAGE = 500  # LIMIT: lines held at once
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NOT_TOLD = ("", "sent")  # rungs at which the partner has said nothing
Question = Callable[[Connection, Line | None], tuple[Line, ...]]


class Which(Enum):
    """The registers there are."""

    SENT = "sent"
    RECEIVED = "received"
    WAITING = "waiting"
    OVERDUE = "overdue"


STANDING = (Which.WAITING, Which.OVERDUE)  # shown as they stand now: what waits since last year waits now
WAITS = {State.WAITING: "waiting", State.ACCEPTED: "put_off", State.PARKED: "parked"}  # for people first


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a register; its fields are the keys that programs read (docs/operating.md)."""

    register: str
    line: int  # from 1, in each office's register anew
    office: str
    at: datetime  # sent, received: when we took it up; waiting: since when; overdue: when its limit ended
    date: Day  # of `at`, in the office's zone
    partner: str
    correspondent: str
    to: tuple[str, ...]  # the officials it is for
    number: str  # at its sender
    number_date: Day | None
    subject: str
    registered: str | None  # its number at its receiver; None: not registered
    registered_date: Day | None
    state: str
    rung: str | None  # what was proven last; None: nothing yet
    late: str | None  # the rung that should be proven by now; None: nothing is late
    due_at: datetime | None  # until when it should have been
    note: str
    exchange: str


def items(
    journal: Readable, which: Which, asked: Asked, office: Office, ours: OfficeSettings, now: datetime
) -> Iterator[Item]:
    """Yield the lines of a register of *ours*, numbered."""
    number = 0
    for line in _lines(journal, which, asked, now):
        item = item_of(line, which, office, ours, now)
        if which is Which.OVERDUE and not (item.late and asked.since <= item.at < asked.before):
            continue
        number += 1
        yield replace(item, line=number)


def _lines(journal: Readable, which: Which, asked: Asked, now: datetime) -> Iterator[Line]:
    if which is Which.WAITING:
        return chain.from_iterable(_pages(journal, partial(_waiting, state, asked)) for state in WAITS)
    if which is Which.OVERDUE:
        return _pages(journal, lambda tx, after: registers.unproven(tx, asked, now, after, PAGE))
    direction: Literal["in", "out"] = "out" if which is Which.SENT else "in"
    return _pages(journal, lambda tx, after: registers.opened(tx, direction, asked, after, PAGE))


def _waiting(state: State, asked: Asked, tx: Connection, after: Line | None) -> tuple[Line, ...]:
    return registers.waiting(tx, state, asked, after, PAGE)


def _pages(journal: Readable, question: Question) -> Iterator[Line]:
    """Ask page after page, each in a transaction of its own: whoever reads slowly holds nothing up."""
    last: Line | None = None
    while True:
        with journal.read() as tx:
            lines = question(tx, last)
        yield from lines
        if len(lines) < PAGE:
            return
        last = lines[-1]


def item_of(line: Line, which: Which, office: Office, ours: OfficeSettings, now: datetime) -> Item:
    """Return what register *which* of *ours* shows of a document; its `line` is 0."""
    exchange, letter = line.exchange, line.letter
    missing = _late(line, office, now) if exchange.direction == "out" else None
    at = exchange.opened_at
    if which is Which.WAITING and letter is not None:
        at = letter.concluded_at or letter.created_at
    if which is Which.OVERDUE and missing is not None:
        at = missing.due_at
    state = _state(line, which)
    sent = exchange.direction == "out" and letter is not None and letter.state is State.SENT
    return Item(
        register=which.value,
        line=0,
        office=exchange.office,
        at=at,
        date=at.astimezone(ZoneInfo(ours.time_zone)).date(),
        partner=exchange.partner,
        correspondent=_correspondent(line, office),
        to=_officials(line),
        number=exchange.number.text,
        number_date=exchange.number.date,
        subject=_document(line.message).subject,
        registered=exchange.registered.text if exchange.registered else None,
        registered_date=exchange.registered.date if exchange.registered else None,
        state=state,
        rung=exchange.rung or ("sent" if sent else None),
        late=missing.rung.name.lower() if missing else None,
        due_at=missing.due_at if missing else None,
        note=_note(line, state),
        exchange=exchange.id,
    )


def _state(line: Line, which: Which) -> str:
    """Return how the document stands: its rung, or where its letter is while nobody has said anything of it."""
    exchange, letter = line.exchange, line.letter
    if which is Which.WAITING and letter is not None:
        return WAITS[letter.state]
    if exchange.direction == "out":
        if exchange.rung not in NOT_TOLD:
            return exchange.rung
        return on_its_way(letter)
    if exchange.registered is not None:
        return exchange.rung if Rung[exchange.rung.upper()] > Rung.REGISTERED else "registered"
    if letter is not None and letter.state in (State.WAITING, State.PARKED, State.DROPPED):
        return str(letter.state.value)
    return exchange.rung or "received"


def on_its_way(letter: Entry | None) -> str:
    """Return how a document of ours stands that its partner is silent about, by the *letter* that carries it."""
    if letter is None:
        return "sent"
    return "held" if letter.held and letter.state is State.QUEUED else str(letter.state.value)


def _late(line: Line, office: Office, now: datetime) -> Expected | None:
    """Return what the partner should have proven by *now*; limits run from the moment mail took the letter."""
    exchange, letter = line.exchange, line.letter
    return late(office, exchange, letter.sent_at, now) if letter is not None and letter.state is State.SENT else None


def _note(line: Line, state: str) -> str:
    """Return the words that explain the state: the refusing side's, the mail server's, or why it waits."""
    letter = line.letter
    if state == "refused":
        return line.refusal
    if letter is None:
        return ""
    if state in ("queued", "failed"):
        return letter.words
    return letter.detail if state in (*WAITS.values(), "dropped") else ""


def _correspondent(line: Line, office: Office) -> str:
    """Return the other organisation as we know it; when a partner speaks for several, as the message names it."""
    partner = office.partner_by_id(line.exchange.partner)
    if partner is not None and len(partner.settings.indices) == 1:
        return partner.settings.name
    parties = () if line.message is None else line.message.recipients
    if line.message is not None and line.exchange.direction == "in":
        parties = (line.message.sender,)
    organisations = [party.organisation for party in parties if party.organisation]
    names = (one.short_name or one.full_name for one in organisations)
    known = partner.settings.name if partner else str(line.exchange.partner)
    return next((name for name in names if name), known)


def _officials(line: Line) -> tuple[str, ...]:
    """Return whom the document is for; of one that came for several of our organisations, this one's people only."""
    ours = folded(line.exchange.office)
    parties: tuple[Party, ...] = line.message.recipients if line.message is not None else ()
    if line.exchange.direction == "in":
        parties = tuple(party for party in parties if folded(party.index) in ("", ours))
    named = (party.person.name or party.person.post for party in parties if party.person)
    return tuple(dict.fromkeys(name for name in named if name))


def _document(message: Message | None) -> Document:
    return message.body if message is not None and isinstance(message.body, Document) else Document()
