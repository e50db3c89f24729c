# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in Tryton, in the words of the exchange.  Pure."""

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.edms_adapter.tryton.cards import Act
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


def executed(root: str, act: Act, words: str, office: str, database: str, zone: ZoneInfo) -> Event:
    """Return that a card was processed to its end: the one task that Tryton knows of a card, done."""
    who = _party(office, act.user)
    resume = words or PROCESSED
    done = Executor(who, responsible=True, text=words, reported_at=act.at)
    control = TaskControl(ControlState.ENDED, fact_date=_day(act.at, zone), resume=resume)
    task = Task(TaskUid(f"tryton-{database}-{root}"), text=TASK, executors=(done,), control=control)
    key = EventKey(f"executed/{root}/{act.id}")
    return Event(EventKind.EXECUTED, key, act.at, who=who, task=task, text=resume)


def states(acts: list[Act], state: str) -> Iterator[Act]:
    """Yield the acts that brought a card into *state*."""
    return (act for act in acts if act.target == f"state:{state}")


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _party(office: str, name: str) -> Party:
    return Party(Organisation(index=office), person=Person(name) if name else None)
