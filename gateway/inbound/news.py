# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner's report: news about a document of ours.  `collect` writes it onto the sender's card; nothing is answered.

A report changes something only if it comes from the very partner the document was sent to.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gateway import identity, reports
from gateway.errors import Reason, Refused
from gateway.inbound.attributing import prove_arrival
from gateway.inbound.desk import Desk
from gateway.inbound.endings import About, conclude
from gateway.journal import entries, events, exchanges, files, messages
from gateway.journal.entries import Entry, State
from gateway.journal.exchanges import Exchange
from gateway.model import Contents, Document, Message, Report, ReportKind
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
    brought = [desk.journal.blobs.keep(content) for content in contents.values()]
    with desk.journal.write() as tx:
        exchange = exchanges.by_return_id(tx, message.return_id) or exchanges.by_document(
            tx, "out", partner.id, report.about.uid
        )
        about = About(partner.id, exchange.id if exchange else None, message.id, kind, letter_id)
        about = replace(about, office=exchange.office if exchange else "")
        if (why := objection(tx, entry, partner, exchange)) is not None or exchange is None:
            return conclude(tx, entry, State.PARKED, about, now, why=why)
        if messages.find(tx, partner.id, exchange.office, message.id) is not None:
            return conclude(tx, entry, State.DONE, about, now, detail="a duplicate")
        exchange = told(tx, exchange, message, report, desk, now)
        files.keep(tx, exchange.id, brought, now)
        prove_arrival(tx, exchange, message.return_id, desk, now)
        digest = identity.report_digest(report)
        messages.note(tx, partner.id, exchange.office, message.id, digest, exchange.id, entry.id, now)
        desk.failpoint("process:reported")
        return conclude(tx, entry, State.DONE, about, now)


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
    history = [fact.event for fact in events.history(tx, exchange.id, ours=False)]
    sent = exchange.message.body if exchange.message else None
    tasks = sent.tasks if isinstance(sent, Document) else ()
    news = reports.news(history, message, exchange.heard_at, tasks)
    history += events.add(tx, exchange.id, news, ours=False, now=now)
    rung, standing = reports.rung(history), reports.registered(history)
    heard_at = exchange.heard_at
    if report.kind is ReportKind.PROGRESS:
        heard_at = max(heard_at or message.sent_at, message.sent_at)
    exchange = replace(
        exchange,
        rung=rung.name.lower(),
        registered=standing.number if standing else None,
        due_at=desk.outbox.next_due(exchange, rung, exchange.opened_at),
        heard_at=heard_at,
    )
    exchanges.save(tx, exchange)
    return exchange
