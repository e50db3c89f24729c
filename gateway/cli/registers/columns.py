# SPDX-License-Identifier: GPL-3.0-or-later
"""Which columns each register has, on paper and in a spreadsheet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from gateway.registers.items import Item, Which
from gateway.registers.words import Words

Value = Callable[[Item, Words, tzinfo], str]  # in the words and the zone of an office


@dataclass(frozen=True, slots=True)
class Column:
    head: str  # a key of `Words.heads`
    value: Value
    width: int = 0  # characters on paper; a spreadsheet has none


def line(item: Item, words: Words, zone: tzinfo) -> str:
    return str(item.line)


def day(item: Item, words: Words, zone: tzinfo) -> str:
    return words.date(item.date)


def correspondent(item: Item, words: Words, zone: tzinfo) -> str:
    return item.correspondent


def addressee(item: Item, words: Words, zone: tzinfo) -> str:
    return ", ".join(item.to)


def receiver(item: Item, words: Words, zone: tzinfo) -> str:
    return ": ".join(part for part in (item.correspondent, addressee(item, words, zone)) if part)


def number(item: Item, words: Words, zone: tzinfo) -> str:
    return words.number(item.number, item.number_date)


def registered(item: Item, words: Words, zone: tzinfo) -> str:
    return words.number(item.registered, item.registered_date)


def subject(item: Item, words: Words, zone: tzinfo) -> str:
    return item.subject


def state(item: Item, words: Words, zone: tzinfo) -> str:
    return words.states[item.state]


def why(item: Item, words: Words, zone: tzinfo) -> str:
    return item.note


def note(item: Item, words: Words, zone: tzinfo) -> str:
    """What explains the state, and what is late."""
    missing = ""
    if item.late and item.due_at:
        missing = words.missing.format(late=words.late[item.late], due=words.moment(item.due_at, zone))
    return "; ".join(part for part in (item.note, missing) if part)


def late_since(item: Item, words: Words, zone: tzinfo) -> str:
    return words.moment(item.at, zone)


def late(item: Item, words: Words, zone: tzinfo) -> str:
    return words.late[item.late] if item.late else ""


def proven(item: Item, words: Words, zone: tzinfo) -> str:
    return words.states[item.rung] if item.rung else ""


ON_PAPER: Mapping[Which, tuple[Column, ...]] = {
    Which.SENT: (
        Column("line", line, 5),
        Column("date", day, 10),
        Column("receiver", receiver, 19),
        Column("our_number", number, 13),
        Column("subject", subject, 16),
        Column("registered_there", registered, 13),
        Column("state", state, 15),
        Column("note", note, 15),
    ),
    Which.RECEIVED: (
        Column("line", line, 5),
        Column("date", day, 10),
        Column("correspondent", correspondent, 19),
        Column("their_number", number, 13),
        Column("subject", subject, 16),
        Column("registered_here", registered, 13),
        Column("state", state, 15),
        Column("note", note, 15),
    ),
    Which.WAITING: (
        Column("line", line, 5),
        Column("since", day, 10),
        Column("correspondent", correspondent, 20),
        Column("their_number", number, 13),
        Column("subject", subject, 20),
        Column("state", state, 12),
        Column("why", why, 28),
    ),
    Which.OVERDUE: (
        Column("line", line, 5),
        Column("late_since", late_since, 10),
        Column("receiver", receiver, 24),
        Column("our_number", number, 13),
        Column("subject", subject, 22),
        Column("late", late, 18),
        Column("proven", proven, 16),
    ),
}


def number_text(item: Item, words: Words, zone: tzinfo) -> str:
    return item.number


def number_date(item: Item, words: Words, zone: tzinfo) -> str:
    return item.number_date.isoformat() if item.number_date else ""


def registered_text(item: Item, words: Words, zone: tzinfo) -> str:
    return item.registered or ""


def registered_date(item: Item, words: Words, zone: tzinfo) -> str:
    return item.registered_date.isoformat() if item.registered_date else ""


def iso_day(item: Item, words: Words, zone: tzinfo) -> str:
    return item.date.isoformat()


def office(item: Item, words: Words, zone: tzinfo) -> str:
    return item.office


IN_A_SHEET = (
    Column("office", office),
    Column("line", line),
    Column("date", iso_day),
    Column("correspondent", correspondent),
    Column("addressee", addressee),
    Column("number", number_text),
    Column("number_date", number_date),
    Column("subject", subject),
    Column("registered", registered_text),
    Column("registered_date", registered_date),
    Column("state", state),
    Column("note", note),
)
