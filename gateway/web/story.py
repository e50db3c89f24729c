# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of one document as values: both numbers, the ladder, and what happened, when, and in whose words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.journal import entries, events, exchanges, registers
from gateway.journal.entries import Entry
from gateway.journal.events import Recorded
from gateway.journal.exchanges import Exchange
from gateway.model import Day, EventKind, ExchangeId
from gateway.outbox import Expected
from gateway.registers.items import Item, Which
from gateway.registers.lateness import came_late, late_now, when_proven
from gateway.registers.letters import letters_about
from gateway.reports.ladder import REGISTRATIONS
from gateway.web.lists import Clerk

MINUTE = timedelta(minutes=1)
LADDER = ("sent", "received", "registered", "forwarded", "assigned", "reported", "executed", "answered")
REFUSED = ("sent", "received", "refused")
RUNGS = {
    EventKind.RECEIVED: "received",
    EventKind.REFUSED: "refused",
    **dict.fromkeys(REGISTRATIONS, "registered"),
    EventKind.FORWARDED: "forwarded",
    EventKind.ASSIGNED: "assigned",
    EventKind.EXECUTOR_REPORTED: "reported",
    EventKind.EXECUTED: "executed",
    EventKind.ANSWERED: "answered",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    at: datetime  # when we knew
    what: str  # "event", "letter" or "act"
    kind: str
    ours: bool  # our side did or said it
    happened_at: datetime | None = None  # when it happened, as its side says; None: as good as at once
    number: str = ""
    date: Day | None = None
    to: str = ""
    deadline: Day | datetime | None = None
    code: str = ""
    text: str = ""  # in the words of whoever did it
    who: str = ""
    late: bool = False
    contradicts: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder."""

    name: str
    at: datetime | None  # when it was proven; None: it is not


@dataclass(frozen=True, slots=True)
class Story:
    item: Item
    exchange: Exchange
    ladder: tuple[Rung, ...]
    steps: tuple[Step, ...]
    letters: tuple[Entry, ...]
    missing: Expected | None  # what is overdue; None: nothing
    proven_at: datetime | None  # when the last proven rung was; None: nothing was proven


def story(tx: Connection, id: ExchangeId, clerk: Clerk) -> Story | None:
    """Return the story of document *id*, or None when there is none."""
    lines = registers.named(tx, (id,))
    if not lines:
        return None
    line, exchange = lines[0], lines[0].exchange
    letters, facts = letters_about(tx, id), events.history(tx, id)
    out = exchange.direction == "out"
    steps = [_event(fact, late=came_late(fact, exchange, letters, clerk.office)) for fact in facts]
    steps += [step for letter in letters for step in _letter(letter, out=out)]
    steps += [_act(act) for letter in letters for act in entries.acts(tx, letter.id)]
    steps.sort(key=lambda step: step.at)
    return Story(
        item=clerk.item(line, Which.SENT if out else Which.RECEIVED),
        exchange=exchange,
        ladder=_ladder(exchange, letters, facts),
        steps=tuple(steps),
        letters=tuple(letters),
        missing=late_now(exchange, letters, clerk.office, clerk.now) if out else None,
        proven_at=when_proven(exchange, letters, facts) if out else None,
    )


def _ladder(exchange: Exchange, letters: Sequence[Entry], facts: Sequence[Recorded]) -> tuple[Rung, ...]:
    out = exchange.direction == "out"
    proven: dict[str, datetime] = {}
    if not out:
        proven["sent"] = exchange.message.sent_at if exchange.message else exchange.opened_at
    carried = [letter.sent_at for letter in letters if out and letter.kind == "document" and letter.sent_at]
    if carried:
        proven["sent"] = carried[0]
    for fact in facts:
        name = RUNGS.get(fact.event.kind)
        if name and fact.ours is not out:
            proven.setdefault(name, fact.at)
    if exchange.rung == "refused":
        return tuple(Rung(name, proven.get(name)) for name in REFUSED)
    return tuple(Rung(name, proven.get(name)) for name in LADDER)


def _event(fact: Recorded, *, late: bool) -> Step:
    event = fact.event
    control = event.task.control if event.task else None
    happened = event.at if event.at is not None and abs(event.at - fact.at) > MINUTE else None
    return Step(
        at=fact.at,
        what="event",
        kind=event.kind.value,
        ours=fact.ours,
        happened_at=happened,
        number=event.number.text if event.number else "",
        date=event.number.date if event.number else None,
        to=event.to.name if event.to else "",
        deadline=control.deadline if control else None,
        code=str(event.refusal.code) if event.refusal and event.refusal.code else "",
        text=event.refusal.text if event.refusal else event.text,
        who=event.who.person.name if event.who and event.who.person else "",
        late=late,
        contradicts=event.contradicts is not None,
    )


def _letter(letter: Entry, *, out: bool) -> list[Step]:
    """Tell of the letters that carried the document itself; those with reports are told by what they say."""
    ours = letter.direction.value == "out"
    if ours is not out or letter.kind not in ("document", "addition"):
        return []
    at = letter.sent_at or letter.created_at
    words = letter.words if letter.state.value == "failed" else letter.detail
    told = [Step(at, "letter", letter.state.value if letter.state.value != "sent" else "went", ours, text=words)]
    if not ours:
        told = [Step(letter.created_at, "letter", "came", ours)]
        if letter.state.value in ("waiting", "parked", "dropped"):
            told.append(Step(letter.concluded_at or at, "letter", letter.state.value, True, text=letter.detail))
    if letter.delivered_at is not None:
        told.append(Step(letter.delivered_at, "letter", "delivered", False))
    return told


def _act(act: entries.Act) -> Step:
    return Step(act.at, "act", act.act, True, text=act.why, who=act.who)


def found(tx: Connection, sought: str) -> tuple[ExchangeId, ...]:
    """Return the documents that people call *sought*: any id, number or Message-ID of them, the oldest first."""
    return exchanges.find(tx, sought)
