# SPDX-License-Identifier: GPL-3.0-or-later
"""What is new about tasks in a partner's report: given, changed, reported on, executed, not mentioned any more."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.model import ControlState, Event, EventKind, Executor, Message, Task, TaskControl, TaskUid
from gateway.model import EventKind as K
from gateway.reports.heard import Heard, again_in, gone_in, key_of, who_is
from gateway.reports.ladder import standing_tasks

Said = tuple[str, str, str, str]  # of an executor: who, and the text, moment and status of the report
NOTHING_SAID: list[Said] = [("", "", "", "")]


def of_tasks(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    standing = {event.task.uid: event.task for event in standing_tasks(history) if event.task}
    ever = {event.task.uid for event in history if event.kind is K.ASSIGNED and event.task}
    told = [(fact.task, fact.initial_task) for fact in report.considerations]
    told += [(task, None) for task in report.sent_tasks]
    if report.fact is K.TASK_CANCELLED:
        for task, initial in told:
            yield Event(
                K.TASK_CANCELLED, key_of(K.TASK_CANCELLED, task.uid), message.sent_at, task=task, initial_task=initial
            )
        return
    for task, initial in told:
        known = standing.get(task.uid) or next((one for one in heard.sent_tasks if one.uid == task.uid), None)
        newer = any(_tells_of(event, task.uid, message.sent_at) for event in history)
        if report.fact is not None and known is not None:  # what a report of one fact leaves out stands as it was
            task = known if newer else _completed(known, task)
        if report.fact is not None and report.fact is not K.ASSIGNED:
            yield from _one_difference(known, task, initial, heard, newer=newer)
        elif task.uid not in ever:
            event = Event(K.ASSIGNED, key_of(K.ASSIGNED, task.uid), message.sent_at, task=task, initial_task=initial)
            yield event
            if heard.overtaken:
                yield gone_in(event, heard)
            else:
                yield from _differences(_as_sent(task, heard), task, initial, message)
        elif heard.late:
            continue
        elif (before := standing.get(task.uid)) is None:
            key = again_in(key_of(K.ASSIGNED, task.uid), heard)
            yield Event(K.ASSIGNED, key, message.sent_at, task=task, initial_task=initial)
        else:
            yield from _differences(before, task, initial, message)
    if heard.whole:
        present = {task.uid for task, _ in told}
        assigned = {event.task.uid: event for event in history if event.kind is K.ASSIGNED and event.task}
        for uid, task in standing.items():
            if uid not in present and uid in assigned:
                yield gone_in(replace(assigned[uid], task=task), heard)


def _tells_of(event: Event, uid: TaskUid, after: datetime) -> bool:
    return event.task is not None and event.task.uid == uid and event.told_at is not None and event.told_at > after


def _one_difference(
    before: Task | None, task: Task, initial: TaskUid | None, heard: Heard, *, newer: bool
) -> Iterator[Event]:
    """Return the one fact that a report of one fact tells of *task*.

    When something *newer* was told of the task, the fact counts, and the task stands as it did.
    """
    fact, message = heard.report.fact, heard.message
    if before is None or newer:  # of a task nobody told of, what is said is all there is
        key = key_of(fact or K.PROGRESS, task.uid, message.id)
        yield Event(fact or K.PROGRESS, key, message.sent_at, task=task, initial_task=initial)
        return
    yield from (event for event in _differences(before, task, initial, message) if event.kind is fact)


def _completed(before: Task, said: Task) -> Task:
    """Return what is *said* of a task, with what stood *before* where nothing is said."""
    return replace(
        said,
        number=said.number or before.number,
        author=said.author or before.author,
        signed_on=said.signed_on or before.signed_on,
        text=said.text or before.text,
        executors=said.executors or before.executors,
        control=_controlled(before.control, said.control),
        note=said.note or before.note,
        category=said.category or before.category,
        parent=said.parent or before.parent,
    )


def _controlled(before: TaskControl | None, said: TaskControl | None) -> TaskControl | None:
    if before is None or said is None:
        return said or before
    return TaskControl(
        state=said.state if said.state is not None else before.state,
        controller=said.controller or before.controller,
        deadline=said.deadline or before.deadline,
        progress=said.progress or before.progress,
        fact_date=said.fact_date or before.fact_date,
        resume=said.resume or before.resume,
    )


def _as_sent(task: Task, heard: Heard) -> Task | None:
    """Return *task* with the deadline it was sent with, to tell what was moved; None when it is the receiver's own.

    A deadline that the report leaves out was not moved.
    """
    sent = next((one for one in heard.sent_tasks if one.uid == task.uid), None)
    if sent is None or task.control is None or task.control.deadline is None:
        return None
    deadline = sent.control.deadline if sent.control else None
    executors = tuple(replace(one, text="", reported_at=None, status=None) for one in task.executors)
    return replace(task, control=TaskControl(deadline=deadline), executors=executors)


def _differences(before: Task | None, task: Task, initial: TaskUid | None, message: Message) -> Iterator[Event]:
    """What changed in one task; *before* is None when it was not known, so only what goes beyond "assigned" counts.

    Only what is said counts: words that are left out now were not taken back.
    """
    again = [message.id] if before else []

    def event(kind: EventKind, at: datetime | None, *words: str, executor: Executor | None = None) -> Event:
        key = key_of(kind, task.uid, *words)
        return Event(kind, key, at or message.sent_at, task=task, initial_task=initial, executor=executor)

    old, new = (before.control if before else None), task.control
    if before and _deadline(before) != _deadline(task):
        yield event(K.DUE_CHANGED, None, str(_deadline(task)), message.id)
    if (new.progress if new else "") not in ("", old.progress if old else ""):
        yield event(K.PROGRESS, None, new.progress if new else "", message.id)
    said = _said(before.executors if before else ())
    for executor in task.executors:
        if _says_more(executor, said.get(who_is(executor.party), NOTHING_SAID)):
            yield event(K.EXECUTOR_REPORTED, executor.reported_at, *_reported(executor), *again, executor=executor)
    if before and _names(before) != _names(task):
        yield event(K.EXECUTOR_CHANGED, None, message.id)
    ended_before, ended = _ended(before), _ended(task)
    if ended and not ended_before:
        yield event(K.EXECUTED, None, str(new.fact_date if new else ""), *again)
    if ended_before and new and new.state in (ControlState.OPEN, ControlState.NONE):
        yield event(K.REOPENED, None, message.id)


def _deadline(task: Task) -> object:
    return task.control.deadline if task.control else None


def _ended(task: Task | None) -> bool:
    return bool(task and task.control and task.control.state is ControlState.ENDED)


def _names(task: Task) -> tuple[tuple[str, bool], ...]:
    return tuple((who_is(executor.party), executor.responsible) for executor in task.executors)


def _said(executors: Sequence[Executor]) -> dict[str, list[Said]]:
    """Return what each of *executors* reported, by who it is."""
    found: dict[str, list[Said]] = {}
    for executor in executors:
        found.setdefault(who_is(executor.party), []).append(_reported(executor))
    return found


def _says_more(executor: Executor, before: Sequence[Said]) -> bool:
    """Say whether *executor*'s report says something that the ones told *before* did not."""
    return all(
        any(new not in ("", old) for new, old in zip(_reported(executor)[1:], one[1:], strict=True)) for one in before
    )


def _reported(executor: Executor) -> Said:
    at = executor.reported_at.isoformat() if executor.reported_at else ""
    return (who_is(executor.party), executor.text, at, executor.status.text if executor.status else "")
