# SPDX-License-Identifier: GPL-3.0-or-later
"""How far an exchange has come: a function of its history alone, because reports come late, twice and out of order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import IntEnum

from gateway.model import Event, TaskUid
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


def rung(history: Sequence[Event]) -> Rung:
    """Return the highest rung proven by *history*, in whatever order its events came."""
    return max((_RUNGS[event.kind] for event in history if event.kind in _RUNGS), default=Rung.SENT)


def registered(history: Sequence[Event]) -> Event | None:
    """Return the registration that stands: the latest of `registered` and `renumbered`, or None."""
    standing = [event for event in history if event.kind in (K.REGISTERED, K.RENUMBERED)]
    return max(standing, key=moment, default=None)


def standing_tasks(history: Sequence[Event]) -> tuple[Event, ...]:
    """Return the last event of each task that stands, in the order the tasks were first told."""
    last: dict[TaskUid, Event] = {}
    for event in history:
        if event.kind in TASK_KINDS and event.task:
            first = last.get(event.task.uid)
            initial = event.initial_task or (first.initial_task if first else None)
            last[event.task.uid] = replace(event, initial_task=initial)
    return tuple(event for event in last.values() if event.kind is not K.TASK_CANCELLED)


def moment(event: Event) -> datetime:
    """Return when *event* was told or happened; the beginning of time when nobody said."""
    return event.told_at or event.at or datetime.min.replace(tzinfo=UTC)
