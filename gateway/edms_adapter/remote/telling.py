# SPDX-License-Identifier: GPL-3.0-or-later
"""What people did in an EDMS that keeps states of cards, in the words of the exchange.  Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.model import (
    ControlState,
    Event,
    EventKey,
    EventKind,
    Executor,
    Number,
    Organisation,
    Party,
    Person,
    Refusal,
    Task,
    TaskControl,
    TaskUid,
)
from gateway.ports import Registration

REFUSED_BY_A_PERSON = 1016  # as the shipped mappings say; docs/protocol.md lists the codes
TASK = "Обработать документ"
PROCESSED = "Обработан"


@dataclass(frozen=True, slots=True)
class Act:
    """One change of a card's state, as the EDMS logged it."""

    id: int
    card: int
    state: str  # it was brought into
    user: str
    at: datetime


def forwarded(made: Registration, office: str) -> tuple[Event, ...]:
    """Return that a document was put before its addressees, one event each."""
    return tuple(
        Event(
            EventKind.FORWARDED,
            EventKey(f"forwarded/{made.ref}/{one.inbox}"),
            made.at,
            to=_party(office, one.name),
        )
        for one in made.routed
    )


def registered(root: str, act: Act, number: Number, office: str) -> Event:
    """Return that a person took up a paper that waited."""
    key = EventKey(f"registered/{root}")
    return Event(EventKind.REGISTERED, key, act.at, who=_party(office, act.user), number=number, card=root)


def refused(root: str, act: Act, words: str, office: str) -> Event:
    """Return that a person did not take a paper that waited."""
    refusal = Refusal(REFUSED_BY_A_PERSON, words)
    key = EventKey(f"refused/{root}/{act.id}")
    return Event(EventKind.REFUSED, key, act.at, who=_party(office, act.user), refusal=refusal)


def deregistered(root: str, act: Act, number: Number, words: str, office: str) -> Event:
    """Return that a person cancelled a registered card."""
    key = EventKey(f"deregistered/{root}/{act.id}")
    who = _party(office, act.user)
    return Event(EventKind.DEREGISTERED, key, act.at, who=who, number=number, card=root, text=words)


def executed(root: str, act: Act, words: str, office: str, system: str, zone: ZoneInfo) -> Event:
    """Return that a card was processed to its end: the one task there is of a card, done.

    *system* names the EDMS and its database, for the id of that task.
    """
    who = _party(office, act.user)
    resume = words or PROCESSED
    done = Executor(who, responsible=True, text=words, reported_at=act.at)
    control = TaskControl(ControlState.ENDED, fact_date=_day(act.at, zone), resume=resume)
    task = Task(TaskUid(f"{system}-{root}"), text=TASK, executors=(done,), control=control)
    key = EventKey(f"executed/{root}/{act.id}")
    return Event(EventKind.EXECUTED, key, act.at, who=who, task=task, text=resume)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _party(office: str, name: str) -> Party:
    return Party(Organisation(index=office), person=Person(name) if name else None)
