# SPDX-License-Identifier: GPL-3.0-or-later
"""What is new in a partner's report: the events we did not know yet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.model import Document, Event, EventKey, EventKind, Message, Number, Party, Registered, Report, Task
from gateway.model import EventKind as K
from gateway.reports import drafts
from gateway.reports.heard import Heard, again_in, gone_in, key_of, who_is
from gateway.reports.hearing_tasks import of_tasks
from gateway.reports.ladder import gone, moment, registered


def news(
    history: Sequence[Event], message: Message, heard_at: datetime | None = None, sent_tasks: Sequence[Task] = ()
) -> tuple[Event, ...]:
    """Return the events in a partner's report that *history* does not know yet.

    *heard_at* is when the newest accumulated report heard so far was made (None: none was).  An older one adds facts
    but never turns back what stands; what the newest no longer mentions is an event of its own (`no_longer_reported`).
    *sent_tasks* are the tasks that went with the document: a deadline that is not theirs was moved.
    What contradicts a fact that stands changes nothing and says so (docs/states.md has the rules).
    """
    report = message.body
    if not isinstance(report, Report):
        raise TypeError("only a report has news")
    heard = Heard(report, message, heard_at, sent_tasks)
    found: list[Event] = []
    for finder in FINDERS:
        found.extend(finder(history, heard))
    known = {event.key for event in history}
    return tuple(replace(event, told_at=message.sent_at) for event in found if event.key not in known)


def answered(history: Sequence[Event], answer: Document, message: Message) -> tuple[Event, ...]:
    """Return that *answer*, which came in *message*, answers: empty when that was told before.

    For standards that do not tell of an answer in a report, or only in words.
    """
    fact = Event(K.ANSWERED, EventKey(""), message.sent_at, who=message.sender, document=answer)
    if _as_known(fact, _known(history)) is not None:
        return ()
    return (replace(fact, key=_fact(fact), told_at=message.sent_at),)


Finder = Callable[[Sequence[Event], Heard], Iterator[Event]]


def _receipt(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    if report.received_at:
        yield Event(K.RECEIVED, key_of(K.RECEIVED, message.return_id), report.received_at, who=message.sender)


# --- registered or refused ----------------------------------------------------------------------------------------


def _refusal(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    """A refusal made after the registration contradicts it; one made before was overtaken by it."""
    report, message = heard.report, heard.message
    if report.refusal is None:
        return
    standing = registered(history)
    against = standing.key if standing and message.sent_at >= (standing.at or moment(standing)) else None
    key = key_of(K.REFUSED, message.return_id, message.id)
    yield Event(K.REFUSED, key, message.sent_at, who=message.sender, refusal=report.refusal, contradicts=against)


def _registered(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    fact, standing = heard.report.registered, registered(history)
    if fact is None:
        if standing is not None and heard.whole:
            yield gone_in(standing, heard)
    elif standing is None:
        yield from _newly_registered(history, heard, fact)
    elif standing.number != _number(fact) and not heard.late:
        yield _renumbered(standing, heard, fact)


def _newly_registered(history: Sequence[Event], heard: Heard, fact: Registered) -> Iterator[Event]:
    """A registration where none stands: the first one, one that is told again, or one that is over already."""
    message = heard.message
    key = key_of(K.REGISTERED, fact.number.text, str(fact.number.date))
    again = any(event.key == key for event in history)
    if again and heard.late:
        return
    at = message.sent_at if again else fact.at or message.sent_at
    event = _registration(K.REGISTERED, again_in(key, heard) if again else key, at, heard, fact)
    yield event
    if heard.overtaken:
        yield gone_in(event, heard)
        return
    for refused in history:
        if refused.kind is K.REFUSED and refused.contradicts is None and refused.at and refused.at >= at:
            yield replace(refused, key=key_of(K.REFUSED, "contradicts", refused.key), contradicts=event.key)


def _renumbered(standing: Event, heard: Heard, fact: Registered) -> Event:
    """Another number than the one that stands: a newer report renumbers, one of the same moment contradicts."""
    message = heard.message
    if message.sent_at in (heard.heard_at, standing.told_at):
        key = key_of(K.REGISTERED, fact.number.text, str(fact.number.date), message.id)
        return replace(
            _registration(K.REGISTERED, key, fact.at or message.sent_at, heard, fact), contradicts=standing.key
        )
    key = key_of(K.RENUMBERED, fact.number.text, str(fact.number.date), message.id)
    return _registration(K.RENUMBERED, key, message.sent_at, heard, fact)


def _registration(kind: EventKind, key: EventKey, at: datetime, heard: Heard, fact: Registered) -> Event:
    who = heard.message.sender
    return Event(kind, key, at, who=who, number=_number(fact), card=fact.card, document=fact.document)


def _number(fact: Registered) -> Number | None:
    """Return the number that was taken: a draft that came to a card has none."""
    return None if drafts.is_draft(fact) else fact.number


# --- what accumulates: told again in every report as long as it stands ----------------------------------------------

ACCUMULATED = (K.FORWARDED, K.REDIRECTED, K.ANSWERED)


def _accumulated(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    told = {_fact(event): event for event in _told(heard.report)}
    known = _known(history)
    lost = gone(history)
    for key, event in told.items():
        before = _as_known(event, known)
        if before is None:
            yield event
            if heard.overtaken:
                yield gone_in(event, heard)
        elif before.key in lost and not heard.late:
            yield replace(event, key=again_in(key, heard))
    if heard.whole:
        for key, event in known.items():
            if key not in told and event.key not in lost:
                yield gone_in(event, heard)


def _known(history: Sequence[Event]) -> dict[EventKey, Event]:
    return {_fact(event): event for event in history if event.kind in ACCUMULATED}


def _as_known(event: Event, known: Mapping[EventKey, Event]) -> Event | None:
    """Return the fact of *known* that *event* tells again; one of them may name an answer by its number alone."""
    answer, found = event.document, known.get(_fact(event))
    if found is not None or answer is None or not answer.number.text:
        return found
    alike = (one for one in known.values() if one.document and one.document.number == answer.number)
    return next((one for one in alike if one.document and not (one.document.uid and answer.uid)), None)


def _told(report: Report) -> Iterator[Event]:
    facts = [Event(K.FORWARDED, EventKey(""), fact.at, to=fact.to) for fact in report.forwardings]
    facts += [Event(K.REDIRECTED, EventKey(""), fact.at, to=fact.to, way=fact.way) for fact in report.redirections]
    facts += [Event(K.ANSWERED, EventKey(""), fact.at, document=fact.document, way=fact.way) for fact in report.answers]
    for fact in facts:
        yield replace(fact, key=_fact(fact))


def _fact(event: Event) -> EventKey:
    """Return the key that names the same fact in every report that mentions it."""
    if event.document is not None:
        number = event.document.number
        return key_of(event.kind, event.document.uid or f"{number.text} {number.date}")
    return key_of(event.kind, who_is(event.to or Party()), event.at.isoformat() if event.at else "")


# --- what does not --------------------------------------------------------------------------------------------------


def _directed(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for fact in heard.report.directions:
        key = key_of(K.DIRECTED, fact.kind.value, who_is(fact.to), fact.at.isoformat())
        yield Event(K.DIRECTED, key, fact.at, to=fact.to, approval=fact.kind)


def _drafts(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for event, words in drafts.heard(history, heard.report, heard.message, late=heard.late):
        yield replace(event, key=key_of(event.kind, *words))


def _edited(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    report, message = heard.report, heard.message
    if report.edited is not None:
        key = key_of(K.EDITED, repr(report.edited), report.edited_text, report.about.version_uid)
        who, text = message.sender, report.edited_text
        yield Event(K.EDITED, key, message.sent_at, who=who, document=report.edited, text=text)


def _remarks(history: Sequence[Event], heard: Heard) -> Iterator[Event]:
    for remark in heard.report.remarks:
        key = key_of(K.PROGRESS, remark.at.isoformat(), remark.text)
        yield Event(K.PROGRESS, key, remark.at, who=remark.who or heard.message.sender, text=remark.text)


FINDERS: tuple[Finder, ...] = (
    _receipt,
    _refusal,
    _registered,
    _edited,
    _accumulated,
    of_tasks,
    _directed,
    _drafts,
    _remarks,
)
