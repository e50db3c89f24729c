# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of documents, a page at a time: each page is found by the last line of the page before it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from gateway.journal import entries, exchanges, registers
from gateway.journal.registers import Asked, Line
from gateway.journal.states import State
from gateway.model import ExchangeId
from gateway.office import Office
from gateway.registers.items import WAITS, Item, Which, item_of
from gateway.settings import OfficeSettings

PAGE = 50  # LIMIT: lines of a page
LOOKED_AT = 2000  # LIMIT: documents that one page of the overdue looks through
LISTS = ("received", "sent", "waiting", "overdue", "refused")


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list."""

    items: tuple[Item, ...]
    following: str  # the key of the next page; empty: this one is the last


@dataclass(frozen=True, slots=True)
class Clerk:
    """For whom lists are made: an organisation of ours, and the moment."""

    office: Office
    ours: OfficeSettings
    now: datetime

    def item(self, line: Line, which: Which) -> Item:
        return item_of(line, which, self.office, self.ours, self.now)


def listed(tx: Connection, name: str, asked: Asked, clerk: Clerk, after: str, *, refused_by: str = "them") -> Listed:
    """Return the page of list *name* that comes after key *after*; an empty or unknown key gives the first page.

    What waits or is overdue begins with the oldest, everything else with the newest.
    """
    if name == "waiting":
        return _waiting(tx, asked, clerk, after)
    last = _line(tx, after)
    if name == "overdue":
        return _overdue(tx, asked, clerk, last)
    if name == "refused":
        which = Which.SENT if refused_by == "them" else Which.RECEIVED
        lines = registers.refused(tx, "out" if refused_by == "them" else "in", asked, last, PAGE + 1)
    else:
        which = Which.SENT if name == "sent" else Which.RECEIVED
        direction = "out" if name == "sent" else "in"
        lines = registers.opened(tx, direction, asked, last, PAGE + 1, newest_first=True)  # type: ignore[arg-type]
    following = lines[PAGE - 1].exchange.id if len(lines) > PAGE else ""
    return Listed(tuple(clerk.item(line, which) for line in lines[:PAGE]), following)


def named(tx: Connection, ids: tuple[ExchangeId, ...], clerk: Clerk) -> tuple[Item, ...]:
    """Return the lines of at most a page of documents, the newest first."""
    lines = registers.named(tx, ids[-PAGE:])
    return tuple(clerk.item(line, Which.SENT if line.exchange.direction == "out" else Which.RECEIVED) for line in lines)


def _line(tx: Connection, key: str) -> Line | None:
    exchange = exchanges.get(tx, ExchangeId(key)) if key else None
    return Line(exchange, None, None) if exchange else None


def _overdue(tx: Connection, asked: Asked, clerk: Clerk, last: Line | None) -> Listed:
    """Look for what is late among what nobody has answered yet, which is little."""
    found: list[Item] = []
    looked_at = 0
    for line in _following(lambda after: registers.unproven(tx, asked, clerk.now, after, PAGE), last):
        if len(found) == PAGE or looked_at == LOOKED_AT:
            return Listed(tuple(found), last.exchange.id if last else "")
        item = clerk.item(line, Which.OVERDUE)
        if item.late and asked.since <= item.at < asked.before:
            found.append(item)
        last, looked_at = line, looked_at + 1
    return Listed(tuple(found), "")


def _waiting(tx: Connection, asked: Asked, clerk: Clerk, after: str) -> Listed:
    """One state after the other, what waits for people first; a key names the state, the letter and the document."""
    state, _, rest = after.partition(".")
    states = [one for one in WAITS if one.value == state] or [next(iter(WAITS))]
    remaining = list(WAITS)[list(WAITS).index(states[0]) :]
    last = _letter(tx, rest)
    found: list[tuple[State, Line]] = []
    for one in remaining:
        question = partial(_of_state, tx, one, asked)
        lines = islice(_following(question, last), PAGE + 1 - len(found))
        found += [(one, line) for line in lines]
        last = None
    following = ""
    if len(found) > PAGE:
        one, line = found[PAGE - 1]
        following = f"{one.value}.{line.letter.id if line.letter else ''}.{line.exchange.id}"
    return Listed(tuple(clerk.item(line, Which.WAITING) for _, line in found[:PAGE]), following)


def _of_state(tx: Connection, state: State, asked: Asked, after: Line | None) -> tuple[Line, ...]:
    return registers.waiting(tx, state, asked, after, PAGE + 1)


def _letter(tx: Connection, key: str) -> Line | None:
    number, _, exchange_id = key.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    letter, exchange = entries.get(tx, int(number)), exchanges.get(tx, ExchangeId(exchange_id))
    return Line(exchange, letter, None) if letter and exchange else None


def _following(question: Callable[[Line | None], tuple[Line, ...]], last: Line | None) -> Iterator[Line]:
    while lines := question(last):
        yield from lines
        last = lines[-1]
