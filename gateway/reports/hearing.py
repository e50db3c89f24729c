# SPDX-License-Identifier: GPL-3.0-or-later
"""What is new in a partner's report: the events we did not know yet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from gateway.model import (
    ControlState,
    Event,
    EventKey,
    EventKind,
    Executor,
    Message,
    Party,
    Report,
    ReportKind,
    Task,
    TaskUid,
)
from gateway.model import EventKind as K
from gateway.reports import drafts
from gateway.reports.ladder import registered, standing_tasks


def news(history: Sequence[Event], message: Message, heard_at: datetime | None = None) -> tuple[Event, ...]:
    """Return the events in a partner's report that *history* does not know yet.

    *heard_at* is when the newest report heard so far was made (None: none was).  An older one adds facts but never
    turns back a state; what the newest no longer mentions is an event of its own (`no_longer_reported`).
    """
    report = message.body
    if not isinstance(report, Report):
        raise TypeError("only a report has news")
    heard = Heard(report, message, heard_at is not None and message.sent_at < heard_at)
    found: list[Event] = []
    for finder in FINDERS:
        found.extend(finder(history, heard))
    known = {event.key for event in history}
    return tuple(replace(event, told_at=message.sent_at) for event in found if event.key not in known)


@dataclass(frozen=True, slots=True)
class Heard:
    """A report and the message that carried it."""

    report: Report
    message: Message
    late: bool  # a newer report was heard before


Finder = Callable[[Sequence[Event], Heard], Iterator[Event]]


def _receipt(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    if report.received_at:
        yield Event(K.RECEIVED, _key(K.RECEIVED, message.return_id), report.received_at, who=message.sender)


def _refusal(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    if report.refusal and registered(history) is None:
        key = _key(K.REFUSED, message.return_id, message.id)
        yield Event(K.REFUSED, key, message.sent_at, who=message.sender, refusal=report.refusal)


def _registered(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    if not report.registered:
        return
    fact, standing = report.registered, registered(history)
    number = None if drafts.is_draft(fact) else fact.number
    if standing is None:
        kind = K.REGISTERED
    elif standing.number == number or heard.late:
        return
    else:
        kind = K.RENUMBERED
    key = _key(kind, fact.number.text, str(fact.number.date), *([message.id] if kind is K.RENUMBERED else []))
    at = message.sent_at if kind is K.RENUMBERED else fact.at or message.sent_at
    yield Event(kind, key, at, who=message.sender, number=number, card=fact.card, document=fact.document)


def _forwarded(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for fact in heard.report.forwardings:
        key = _key(K.FORWARDED, _who(fact.to), fact.at.isoformat())
        yield Event(K.FORWARDED, key, fact.at, to=fact.to)


def _redirected(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for fact in heard.report.redirections:
        key = _key(K.REDIRECTED, _who(fact.to), fact.at.isoformat())
        yield Event(K.REDIRECTED, key, fact.at, to=fact.to, way=fact.way)


def _answered(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for fact in heard.report.answers:
        number = fact.document.number
        key = _key(K.ANSWERED, fact.document.uid or f"{number.text} {number.date}")
        yield Event(K.ANSWERED, key, fact.at, document=fact.document, way=fact.way)


def _directed(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for fact in heard.report.directions:
        key = _key(K.DIRECTED, fact.kind.value, _who(fact.to), fact.at.isoformat())
        yield Event(K.DIRECTED, key, fact.at, to=fact.to, approval=fact.kind)


def _drafts(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for event, words in drafts.heard(history, heard.report, heard.message, late=heard.late):
        yield replace(event, key=_key(event.kind, *words))


def _edited(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    if report.edited is not None:
        key = _key(K.EDITED, repr(report.edited), report.edited_text, report.about.version_uid)
        who, text = message.sender, report.edited_text
        yield Event(K.EDITED, key, message.sent_at, who=who, document=report.edited, text=text)


def _tasks(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    last = {event.task.uid: event for event in standing_tasks(history) if event.task}
    told = [(fact.task, fact.initial_task) for fact in report.considerations]
    told += [(task, None) for task in report.sent_tasks]
    for task, initial in told:
        before = last.get(task.uid)
        if before is None:
            yield Event(K.ASSIGNED, _key(K.ASSIGNED, task.uid), message.sent_at, task=task, initial_task=initial)
            if heard.late:  # the newer report said nothing of it
                yield _gone(task, message)
            else:
                yield from _differences(None, task, initial, message)
        elif before.task and not heard.late:
            yield from _differences(before.task, task, initial, message)


def _differences(before: Task | None, task: Task, initial: TaskUid | None, message: Message) -> Iterator[Event]:
    """What changed in one task; *before* is None when it was not known, so only what goes beyond "assigned" counts."""

    def event(kind: EventKind, at: datetime | None, *words: str, executor: Executor | None = None) -> Event:
        key = _key(kind, task.uid, *words)
        return Event(kind, key, at or message.sent_at, task=task, initial_task=initial, executor=executor)

    old, new = (before.control if before else None), task.control
    if before and _deadline(before) != _deadline(task):
        yield event(K.DUE_CHANGED, None, str(_deadline(task)), message.id)
    if (new.progress if new else "") not in ("", old.progress if old else ""):
        yield event(K.PROGRESS, None, new.progress if new else "", message.id)
    reported = {_reported(executor) for executor in before.executors} if before else set()
    for executor in task.executors:
        if (executor.text or executor.reported_at or executor.status) and _reported(executor) not in reported:
            yield event(K.EXECUTOR_REPORTED, executor.reported_at, *_reported(executor), executor=executor)
    if before and _names(before) != _names(task):
        yield event(K.EXECUTOR_CHANGED, None, message.id)
    ended_before, ended = _ended(before), _ended(task)
    if ended and not ended_before:
        yield event(K.EXECUTED, None, str(new.fact_date if new else ""), *([message.id] if before else []))
    if ended_before and not ended:
        yield event(K.REOPENED, None, message.id)


def _vanished(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    if report.kind is not ReportKind.PROGRESS or heard.late:
        return
    present = {fact.task.uid for fact in report.considerations} | {task.uid for task in report.sent_tasks}
    gone = {event.about for event in history if event.kind is K.NO_LONGER_REPORTED}
    for event in standing_tasks(history):
        if event.task and event.task.uid not in present and _key(K.ASSIGNED, event.task.uid) not in gone:
            yield _gone(event.task, message)


def _gone(task: Task, message: Message) -> Event:
    """The fact that an accumulated report says nothing of *task* any more."""
    key = _key(K.NO_LONGER_REPORTED, task.uid, message.id)
    return Event(K.NO_LONGER_REPORTED, key, message.sent_at, task=task, about=_key(K.ASSIGNED, task.uid))


FINDERS: tuple[Finder, ...] = (
    _receipt,
    _refusal,
    _registered,
    _edited,
    _forwarded,
    _redirected,
    _tasks,
    _vanished,
    _directed,
    _drafts,
    _answered,
)


def _key(kind: EventKind, *words: str) -> EventKey:
    return EventKey(f"{kind.value}:{sha256(chr(0).join(words).encode()).hexdigest()[:24]}")


def _who(party: Party) -> str:
    person = party.person
    return "|".join((party.index, person.index if person else "", party.name))


def _deadline(task: Task) -> object:
    return task.control.deadline if task.control else None


def _ended(task: Task | None) -> bool:
    return bool(task and task.control and task.control.state is ControlState.ENDED)


def _names(task: Task) -> tuple[tuple[str, bool], ...]:
    return tuple((_who(executor.party), executor.responsible) for executor in task.executors)


def _reported(executor: Executor) -> tuple[str, str, str, str]:
    at = executor.reported_at.isoformat() if executor.reported_at else ""
    return (_who(executor.party), executor.text, at, executor.status.text if executor.status else "")
