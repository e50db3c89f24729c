# SPDX-License-Identifier: GPL-3.0-or-later
"""What a partner hears from us: the subscription and our rule decide, and everything that stands is told again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.model import (
    Answer,
    Consideration,
    Document,
    DocumentRef,
    Event,
    EventKind,
    Forwarding,
    Number,
    Redirection,
    Registered,
    Report,
    ReportKind,
    Subscription,
    Task,
    TaskUid,
    Term,
)
from gateway.model import EventKind as K
from gateway.reports import drafts
from gateway.reports.ladder import TASK_KINDS, registered, standing_tasks

# What a snapshot can show; telling anything else would repeat the last report word for word.
SHOWN = TASK_KINDS | drafts.KINDS | {K.REGISTERED, K.RENUMBERED, K.FORWARDED, K.REDIRECTED, K.ANSWERED}


@dataclass(frozen=True, slots=True)
class ReportRule:
    """What a partner may hear: these kinds of event, with or without the texts of people."""

    kinds: frozenset[EventKind]
    texts: bool = False


def wanted(event: Event, subscription: Subscription, rule: ReportRule, sent_tasks: frozenset[TaskUid]) -> bool:
    """Say whether *event* is told: the sender's subscription and our rule both want it.

    A refusal is told whatever they say.  Private tasks and drafts of tasks never leave.
    """
    if event.kind is K.REFUSED:
        return True
    if event.task is not None and (event.task.private or event.task.draft):
        return False
    if event.kind not in rule.kinds:
        return False
    if event.kind in TASK_KINDS:
        ours = event.task is None or event.task.uid not in sent_tasks
        return subscription.consideration if ours else subscription.execution
    if event.kind in drafts.KINDS:
        return drafts.wanted(event, subscription)
    asked: dict[EventKind, bool] = {
        K.RECEIVED: subscription.receipt,
        K.REGISTERED: subscription.registration,
        K.RENUMBERED: subscription.registration,
        K.DEREGISTERED: subscription.registration,
        K.EDITED: subscription.registration,
        K.FORWARDED: subscription.forwarding,
        K.ACQUAINTED: subscription.forwarding,
        K.REDIRECTED: subscription.redirection,
        K.ANSWERED: subscription.answer,
    }
    return asked.get(event.kind, False)


def snapshot(
    about: DocumentRef,
    history: Sequence[Event],
    sent_tasks: frozenset[TaskUid],
    *,
    texts: bool,
    asked: frozenset[str] = frozenset(),
) -> Report:
    """Return the accumulated report of what stands after *history* (only events that may be told).

    Without *texts* it says who shall do what by when and that it was done, not in what words; *asked* are the visas
    and signatures that the sender of a draft asked for, whose words are always told.
    """
    tasks = standing_tasks(history)
    tell = _plainly if not texts else _in_full
    registration = registered(history)
    report = Report(
        kind=ReportKind.PROGRESS,
        about=about,
        registered=_registration(about, registration) if registration else None,
        forwardings=tuple(
            Forwarding(event.to, event.at) for event in history if event.kind is K.FORWARDED and event.to and event.at
        ),
        considerations=tuple(
            Consideration(tell(event.task), event.initial_task)
            for event in tasks
            if event.task and event.task.uid not in sent_tasks
        ),
        sent_tasks=tuple(tell(event.task) for event in tasks if event.task and event.task.uid in sent_tasks),
        redirections=tuple(
            Redirection(event.to, event.at, event.way or Term())
            for event in history
            if event.kind is K.REDIRECTED and event.to and event.at
        ),
        answers=tuple(
            Answer(event.document, event.at, event.way or Term())
            for event in history
            if event.kind is K.ANSWERED and event.document and event.at
        ),
    )
    return drafts.told(report, history, asked, texts=texts)


def owed(
    about: DocumentRef,
    history: Sequence[Event],
    news: Sequence[Event],
    sent_tasks: frozenset[TaskUid],
    *,
    texts: bool,
    asked: frozenset[str] = frozenset(),
) -> tuple[Report, ...]:
    """Return the reports due for *news*, the last events of *history*; both hold only what may be told.

    A receipt, a refusal and an edit are messages of their own and do not accumulate; everything else is one snapshot.
    """
    reports: list[Report] = []
    for event in news:
        if event.kind is K.RECEIVED:
            reports.append(Report(ReportKind.RECEIPT, about, received_at=event.at))
        elif event.kind is K.REFUSED:
            reports.append(Report(ReportKind.REFUSAL, about, refusal=event.refusal))
        elif event.kind is K.EDITED:
            standing = registered(history)
            document = event.document or (_card(about, standing) if standing else None)
            reports.append(Report(ReportKind.EDITED, about, edited=document, edited_text=event.text))
    if any(event.kind in SHOWN for event in news):
        reports.append(snapshot(about, history, sent_tasks, texts=texts, asked=asked))
    return tuple(reports)


def _registration(about: DocumentRef, event: Event) -> Registered:
    return Registered(event.number or Number(), event.card, event.at, _card(about, event))


def _card(about: DocumentRef, event: Event) -> Document:
    """The receiver's card as a report shows it: the sender's uid, the receiver's number."""
    from_event = event.document or Document()
    return replace(from_event, uid=about.uid, number=event.number or Number(), card=event.card)


def _in_full(task: Task) -> Task:
    return task


def _plainly(task: Task) -> Task:
    return replace(
        task,
        text="",
        note="",
        files=(),
        executors=tuple(replace(executor, text="", files=()) for executor in task.executors),
        control=replace(task.control, progress="", resume="") if task.control else None,
    )
