# SPDX-License-Identifier: GPL-3.0-or-later
"""What a partner hears from us: everything that stands is told again, as far as its audience may know it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.model import (
    Answer,
    Consideration,
    Document,
    DocumentRef,
    Event,
    Forwarding,
    Number,
    Redirection,
    Registered,
    Report,
    ReportKind,
    TaskField,
    TaskUid,
    Term,
)
from gateway.model import EventKind as K
from gateway.reports import drafts
from gateway.reports.ladder import REGISTRATIONS, TASK_KINDS, registered, standing_tasks
from gateway.reports.rule import Audience, wanted
from gateway.reports.showing import shown

# What a snapshot can show; telling anything else would repeat the last report word for word.
SHOWN = TASK_KINDS | {K.REGISTERED, K.RENUMBERED, K.DEREGISTERED, K.FORWARDED, K.REDIRECTED, K.ANSWERED}
SHOWN |= drafts.KINDS
# Native Russian for people: the standard's texts are Russian whatever the partner's language.
OFF_THE_REGISTER = "Документ снят с регистрации."
REGISTERED_APART = "Изменённый документ зарегистрирован отдельно, под этим номером."


def snapshot(about: DocumentRef, history: Sequence[Event], audience: Audience) -> Report:
    """Return the accumulated report of what stands after *history*, as far as *audience* may know it.

    It shows what stands now: a fact that may no longer be told is simply not told any more.
    """
    told = [_as_agreed(event, audience) for event in history if wanted(event, audience)]
    ours, sent = _tasks(history, audience)
    forwardings = [
        Forwarding(event.to, event.at) for event in told if event.kind is K.FORWARDED and event.to and event.at
    ]
    report = Report(
        kind=ReportKind.PROGRESS,
        about=about,
        registered=_registration(about, history, audience),
        forwardings=tuple(forwardings if audience.forwarded_all else forwardings[:1]),
        considerations=ours if audience.assigned_all else ours[:1],
        sent_tasks=tuple(fact.task for fact in sent),
        redirections=tuple(
            Redirection(event.to, event.at, event.way or Term())
            for event in told
            if event.kind is K.REDIRECTED and event.to and event.at
        ),
        answers=tuple(
            Answer(event.document, event.at, event.way or Term())
            for event in told
            if event.kind is K.ANSWERED and event.document and event.at
        ),
    )
    return drafts.told(report, told, audience.asked, texts=TaskField.EXECUTOR_TEXT in audience.fields)


def owed(
    about: DocumentRef,
    history: Sequence[Event],
    news: Sequence[Event],
    audience: Audience,
    *,
    one_by_one: bool = False,
) -> tuple[Report, ...]:
    """Return the reports due for *news*, the last events of *history*.

    A receipt, a refusal and an edit are messages of their own and do not accumulate; everything else is one snapshot,
    and none when it would show what the one before *news* showed.  *one_by_one*: each fact is a message of its own.
    """
    new = [event for event in news if wanted(event, audience)]
    reports = [report for event in new for report in _alone(about, history, event, audience)]
    if one_by_one:
        return (*reports, *_facts(about, history, new, audience))
    if any(event.kind in SHOWN for event in new):
        keys = {event.key for event in news}
        before = snapshot(about, [event for event in history if event.key not in keys], audience)
        if (now := snapshot(about, history, audience)) != before:
            reports.append(now)
    return tuple(reports)


def owed_again(
    about: DocumentRef, history: Sequence[Event], audience: Audience, *, one_by_one: bool = False
) -> tuple[Report, ...]:
    """Return the reports due to a sender who asks anew: what stands, also when it stood before; nothing when nothing.

    Of a card that was taken off registration it hears so again.  *one_by_one*: each fact is told again by itself.
    """
    told = [event for event in history if event.kind in SHOWN and wanted(event, audience)]
    if not told:
        return ()
    if one_by_one:
        return _facts(about, history, told, audience)
    off = [event for event in told if event.kind is K.DEREGISTERED] if registered(history) is None else []
    return (
        *(report for event in off[-1:] for report in _alone(about, history, event, audience)),
        snapshot(about, history, audience),
    )


def _facts(
    about: DocumentRef, history: Sequence[Event], facts: Sequence[Event], audience: Audience
) -> tuple[Report, ...]:
    """Return one report for each of *facts*, events of *history*, that shows it and nothing else."""
    found: list[Report] = []
    for event in facts:
        if event.kind not in SHOWN or event.kind is K.DEREGISTERED:
            continue
        until = history[: history.index(event) + 1]
        alone = [event]
        if event.kind in REGISTRATIONS:
            alone = [fact for fact in until if fact.kind in (*REGISTRATIONS, K.DEREGISTERED)]
        elif event.kind is K.TASK_CANCELLED:
            alone = [replace(event, kind=K.ASSIGNED)]  # it does not stand any more: shown as it was
        elif event.task is not None:
            alone = [fact for fact in until if fact.task is not None and fact.task.uid == event.task.uid]
        elif event.kind in drafts.KINDS:
            alone = [fact for fact in until if fact.kind is event.kind]
        report = replace(snapshot(about, alone, audience), fact=event.kind)
        if report != Report(ReportKind.PROGRESS, about, event.kind) and report not in found:
            found.append(report)
    return tuple(found)


# --- parts --------------------------------------------------------------------------------------------------------


def _alone(about: DocumentRef, history: Sequence[Event], event: Event, audience: Audience) -> tuple[Report, ...]:
    """Return the message that *event* is told by on its own, or nothing."""
    words = event.text if TaskField.NOTE in audience.fields else ""
    if event.kind is K.RECEIVED:
        return (Report(ReportKind.RECEIPT, about, received_at=event.at),)
    if event.kind is K.REFUSED:
        return (Report(ReportKind.REFUSAL, about, refusal=event.refusal),)
    if event.kind is K.EDITED:
        card = event if event.document else registered(history)
        edited = _card(about, card, audience) if card else None
        ours = {fact.card for fact in history if fact.kind in REGISTRATIONS}
        apart = REGISTERED_APART if event.card and event.card not in ours else ""
        text = " ".join(part for part in (apart, words) if part)
        return (Report(ReportKind.EDITED, about, edited=edited, edited_text=text),)
    if event.kind is K.DEREGISTERED:
        once = next((fact for fact in reversed(history) if fact.kind in REGISTRATIONS), event)
        text = " ".join(part for part in (OFF_THE_REGISTER, words) if part)
        return (Report(ReportKind.EDITED, about, edited=_card(about, once, audience), edited_text=text),)
    return ()


def _registration(about: DocumentRef, history: Sequence[Event], audience: Audience) -> Registered | None:
    """Return the registration that stands; who may hear of registrations hears its number as it is now."""
    event = registered(history)
    if event is None or not any(wanted(replace(event, kind=kind), audience) for kind in REGISTRATIONS):
        return None
    return Registered(event.number or Number(), event.card, event.at, _card(about, event, audience))


def _tasks(history: Sequence[Event], audience: Audience) -> tuple[tuple[Consideration, ...], tuple[Consideration, ...]]:
    """Return the tasks that stand and may be known: our own, and those that were sent."""
    heard_of = {event.task.uid for event in history if event.task and wanted(event, audience)}
    reopened = _reopened(history)
    ours: list[Consideration] = []
    sent: list[Consideration] = []
    for event in standing_tasks(history):
        task = event.task
        if task is None or task.uid not in heard_of or not audience.may_know(task):
            continue
        fact = Consideration(shown(task, audience, reopened.get(task.uid)), event.initial_task)
        (sent if audience.sent(task) else ours).append(fact)
    return tuple(ours), tuple(sent)


def _reopened(history: Sequence[Event]) -> dict[TaskUid, datetime]:
    """Return when each task was last reopened."""
    return {event.task.uid: event.at for event in history if event.kind is K.REOPENED and event.task and event.at}


def _card(about: DocumentRef, event: Event, audience: Audience) -> Document:
    """The receiver's card as a report shows it: the sender's uid, the receiver's number."""
    card = _described(event.document or Document(), audience)
    return replace(card, uid=about.uid, number=event.number or card.number, card=event.card or card.card)


def _as_agreed(event: Event, audience: Audience) -> Event:
    """Return *event* with the document of ours that it is about described as far as was agreed."""
    if event.kind not in (K.ANSWERED, K.DRAFT_REGISTERED) or event.document is None:
        return event
    return replace(event, document=_described(event.document, audience))


def _described(document: Document, audience: Audience) -> Document:
    """Return *document* in full where texts may be told, else only what names it."""
    if TaskField.TEXT in audience.fields:
        return document
    return Document(
        uid=document.uid, type=document.type, number=document.number, card=document.card, kind=document.kind
    )
