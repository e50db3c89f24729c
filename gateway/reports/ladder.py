# SPDX-License-Identifier: GPL-3.0-or-later
"""How far an exchange has come: a function of its history alone, because reports come late, twice and out of order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import IntEnum

from gateway.model import Event, EventKey, TaskUid
from gateway.model import EventKind as K

TASK_KINDS = frozenset(
    {
        K.ASSIGNED,
        K.DUE_CHANGED,
        K.PROGRESS,
        K.EXECUTOR_REPORTED,
        K.EXECUTED,
        K.REOPENED,
        K.EXECUTOR_CHANGED,
        K.TASK_CANCELLED,
    }
)


class Rung(IntEnum):
    """How far the ladder of reports has come; a higher rung implies nothing about the ones it skipped."""

    SENT = 0
    RECEIVED = 1
    REFUSED = 2
    REGISTERED = 3
    FORWARDED = 4
    ASSIGNED = 5
    REPORTED = 6
    EXECUTED = 7
    ANSWERED = 8


_RUNGS = {
    K.RECEIVED: Rung.RECEIVED,
    K.REFUSED: Rung.REFUSED,
    K.REGISTERED: Rung.REGISTERED,
    K.RENUMBERED: Rung.REGISTERED,
    K.FORWARDED: Rung.FORWARDED,
    K.ASSIGNED: Rung.ASSIGNED,
    K.EXECUTOR_REPORTED: Rung.REPORTED,
    K.EXECUTED: Rung.EXECUTED,
    K.ANSWERED: Rung.ANSWERED,
    K.DIRECTED: Rung.FORWARDED,
    K.SIGNED: Rung.REPORTED,
    K.DRAFT_REGISTERED: Rung.EXECUTED,
}


REGISTRATIONS = (K.REGISTERED, K.RENUMBERED)


def rung(history: Sequence[Event]) -> Rung:
    """Return the highest rung proven by *history*, in whatever order its events came.

    What was proven stays so: nobody climbs down.  What contradicts a registration stands below it.
    """
    return max((_RUNGS[event.kind] for event in history if event.kind in _RUNGS), default=Rung.SENT)


def registered(history: Sequence[Event]) -> Event | None:
    """Return the registration that stands: the latest told one, or None when it was taken off or is told no more.

    Of two told at one moment the one heard first stands; one that contradicts it never does.
    """
    told = [event for event in history if event.kind in REGISTRATIONS and event.contradicts is None]
    latest = max(told, key=moment, default=None)
    if latest is None or latest.key in gone(history):
        return None
    off = [event for event in history if event.kind is K.DEREGISTERED and moment(event) >= moment(latest)]
    return None if off else latest


def gone(history: Sequence[Event]) -> frozenset[EventKey]:
    """Return the facts that the newest accumulated report no longer mentioned."""
    return frozenset(event.about for event in history if event.kind is K.NO_LONGER_REPORTED and event.about)


def standing_tasks(history: Sequence[Event]) -> tuple[Event, ...]:
    """Return the last event of each task that stands, in the order the tasks were first told."""
    lost = gone(history)
    last: dict[TaskUid, Event] = {}
    assigned: dict[TaskUid, EventKey] = {}
    for event in history:
        if event.kind in TASK_KINDS and event.task:
            uid = event.task.uid
            first = last.get(uid)
            last[uid] = replace(event, initial_task=event.initial_task or (first.initial_task if first else None))
            if event.kind is K.ASSIGNED:
                assigned[uid] = event.key
    return tuple(e for uid, e in last.items() if e.kind is not K.TASK_CANCELLED and assigned.get(uid) not in lost)


def moment(event: Event) -> datetime:
    """Return when *event* was told or happened; the beginning of time when nobody said."""
    return event.told_at or event.at or datetime.min.replace(tzinfo=UTC)
