# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner's report: news about a document of ours.  `collect` writes it onto the sender's card; nothing is answered.

A report changes something only if it comes from the very partner the document was sent to.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gateway import identity, reports
from gateway.dialects import by_name
from gateway.errors import Reason, Refused
from gateway.inbound.attributing import prove_arrival
from gateway.inbound.desk import Desk
from gateway.inbound.endings import About, conclude
from gateway.journal import entries, events, exchanges, files, messages
from gateway.journal.entries import Entry, State
from gateway.journal.exchanges import Exchange
from gateway.logs import learnt
from gateway.model import Contents, Document, DocumentRef, Event, Message, Report, ReportKind, ReturnId, Task
from gateway.office import Partner


def take_report(
    entry: Entry,
    message: Message,
    report: Report,
    contents: Contents,
    letter_id: str,
    partner: Partner,
    desk: Desk,
    now: datetime,
) -> None:
    """Note what *report* tells, in one commit with the end of its letter; park what it may not tell."""
    kind = "receipt" if report.kind is ReportKind.RECEIPT else "report"
    infected = scanned(entry, contents, desk, now)
    brought = [desk.journal.blobs.keep(content) for content in contents.values()] if infected is None else []
    with desk.journal.write() as tx:
        exchange = sent_as(tx, message.return_id, report.about, partner)
        about = About(partner.id, exchange.id if exchange else None, message.id, kind, letter_id)
        about = replace(about, office=exchange.office if exchange else "")
        learnt(exchange_id=about.exchange, office=about.office)
        if exchange is None and answers_a_report(tx, message, report, partner):
            return conclude(tx, entry, State.DONE, about, now, detail="a receipt for a report of ours")
        if (why := objection(tx, entry, partner, exchange)) is not None or exchange is None:
            return conclude(tx, entry, State.PARKED, about, now, why=why)
        if infected is not None:  # a report is owed nothing: it lies here, whatever is agreed about documents
            return conclude(tx, entry, State.PARKED, about, now, why=infected)
        if messages.find(tx, partner.id, exchange.office, message.id) is not None:
            return conclude(tx, entry, State.DONE, about, now, detail="a duplicate")
        exchange = told(tx, exchange, message, report, desk, now)
        files.keep(tx, exchange.id, brought, now)
        prove_arrival(tx, exchange, message.return_id, desk, now)
        digest = identity.report_digest(report)
        messages.note(tx, partner.id, exchange.office, message.id, digest, exchange.id, entry.id, now)
        desk.outbox.confirm(tx, exchange, message, now)
        desk.failpoint("process:reported")
        return conclude(tx, entry, State.DONE, about, now)


def sent_as(tx: Connection, return_id: ReturnId, about: DocumentRef, partner: Partner) -> Exchange | None:
    """Return which document of ours a report is about: by return id, by uid, and only without one by number."""
    return (
        exchanges.by_return_id(tx, return_id)
        or exchanges.by_document(tx, "out", partner.id, about.uid)
        or (None if about.uid else exchanges.by_number(tx, partner.id, about.number))
    )


def answers_a_report(tx: Connection, message: Message, report: Report, partner: Partner) -> bool:
    """Say whether *partner* only confirms a report of ours: some standards want a receipt for reports, too."""
    if report.kind is not ReportKind.RECEIPT or not message.return_id:
        return False
    letter = entries.by_message_id(tx, message.return_id)
    return letter is not None and letter.partner == partner.id and letter.kind == "report"


def scanned(entry: Entry, contents: Contents, desk: Desk, now: datetime) -> Refused | None:
    """Return what a scanner has against the files of a report, unless an operator let it pass; see `Screen`."""
    if not contents:
        return None
    with desk.journal.read() as tx:
        accepted = entries.fix_of(tx, entry.id).accepts
    return desk.screen.objection(contents, now, entry=entry.id, accepted=accepted)


def objection(tx: Connection, entry: Entry, partner: Partner, exchange: Exchange | None) -> Refused | None:
    """Return why *partner* may not report on *exchange*, or None; an operator may have accepted its reports once."""
    accepted = entry.reason is not None and Reason.NOT_ALLOWED in entries.fix_of(tx, entry.id).accepts
    if "report" not in partner.settings.may_send and not accepted:
        return Refused(Reason.NOT_ALLOWED, "this partner does not send reports here")
    if exchange is None:
        return Refused(Reason.UNKNOWN_EXCHANGE, "no document of ours was sent under this return id")
    if exchange.partner != partner.id or exchange.direction != "out":
        return Refused(Reason.FORGED, "the document it reports on was not sent to this partner")
    return None


def told(tx: Connection, exchange: Exchange, message: Message, report: Report, desk: Desk, now: datetime) -> Exchange:
    """Add the news of *report* to the history and return *exchange* as it stands after them."""
    exchange = exchanges.get(tx, exchange.id, lock=True) or exchange
    sent = exchange.message.body if exchange.message else None
    tasks = sent.tasks if isinstance(sent, Document) else ()
    message = replace(message, body=naming(report, tasks))
    history = heard_before(tx, exchange)
    news = reports.news(history, message, exchange.heard_at, tasks)
    if report.kind is ReportKind.PROGRESS:
        exchange = replace(exchange, heard_at=max(exchange.heard_at or message.sent_at, message.sent_at))
    return climbed(tx, exchange, history, news, desk, now)


def naming(report: Report, sent: Sequence[Task]) -> Report:
    """Return *report* with each task under the uid that it was *sent* with, where its place or number tells which.

    A standard may name a task by its place in its document alone (``uid#place``), or by its number.
    """
    known = {task.uid for task in sent}
    numbers = Counter(task.number for task in sent if task.number)
    without_uid = f"{report.about.uid}#"
    written = (task for task in sent if not (task.draft or task.private))
    by_place = {f"{without_uid}{place}": task.uid for place, task in enumerate(written)}
    by_number = {task.number: task.uid for task in sent if numbers[task.number] == 1}

    def named(task: Task) -> Task:
        if task.uid in known or not task.uid.startswith(without_uid):
            return task
        return replace(task, uid=by_place.get(task.uid) or by_number.get(task.number) or task.uid)

    told_of = (replace(each, task=named(each.task)) for each in report.considerations)
    return replace(report, considerations=tuple(told_of))


def take_as_answer(
    tx: Connection, message: Message, answer: Document, partner: Partner, office: str, desk: Desk, now: datetime
) -> None:
    """Note on every document of ours that *answer*, which *partner* sent, answers that it was answered.

    A standard whose reports accumulate tells of the answer itself, and what it is silent about does not stand.
    """
    if by_name(partner.channel.dialect).accumulates:
        return
    for link in answer.links:
        if not link.answers or link.document is None:
            continue
        exchange = _answered(tx, partner, link.document)
        if exchange is None or exchange.office != office:
            continue
        exchange = exchanges.get(tx, exchange.id, lock=True) or exchange
        history = heard_before(tx, exchange)
        climbed(tx, exchange, history, reports.answered(history, answer, message), desk, now)


def _answered(tx: Connection, partner: Partner, named: DocumentRef) -> Exchange | None:
    """Return which document of ours is *named*: by its uid, else as the one that was sent with that number and date."""
    by_uid = exchanges.by_document(tx, "out", partner.id, named.uid)
    return by_uid or (exchanges.by_number(tx, partner.id, named.number) if named.number.date else None)


def heard_before(tx: Connection, exchange: Exchange) -> list[Event]:
    return [fact.event for fact in events.history(tx, exchange.id, ours=False)]


def climbed(
    tx: Connection, exchange: Exchange, history: Sequence[Event], news: Sequence[Event], desk: Desk, now: datetime
) -> Exchange:
    """Add *news* to *history* and return *exchange*, locked before, as it stands after them."""
    history = [*history, *events.add(tx, exchange.id, news, ours=False, now=now)]
    rung, standing = reports.rung(history), reports.registered(history)
    exchange = replace(
        exchange,
        rung=rung.name.lower(),
        registered=standing.number if standing else None,
        due_at=desk.outbox.next_due(exchange, rung, exchange.opened_at),
    )
    exchanges.save(tx, exchange)
    return exchange
