# SPDX-License-Identifier: GPL-3.0-or-later
"""From "this happened" to reports in the queue: what both directions share.

Knows what is owed to whom for a fact, and until when; how a letter is made is the sealer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway import identity, policy, reports
from gateway.dialects import by_name
from gateway.dialects.wire import carried
from gateway.journal import entries, events, exchanges
from gateway.journal.entries import Outbound
from gateway.journal.exchanges import Exchange
from gateway.model import (
    CardRef,
    Contents,
    Document,
    DocumentRef,
    DocumentType,
    Event,
    EventKey,
    EventKind,
    Message,
    Number,
    Report,
    ReportKind,
    ReturnId,
    Subscription,
)
from gateway.office import Office, Partner
from gateway.ports import NO_FILES
from gateway.sealing import Going, Sealer
from gateway.settings import OfficeSettings


@dataclass(frozen=True, slots=True)
class Outbox:
    office: Office
    sealer: Sealer

    # --- telling

    def tell(
        self,
        tx: Connection,
        exchange: Exchange,
        news: Sequence[Event],
        now: datetime,
        contents: Contents = NO_FILES,
    ) -> tuple[Event, ...]:
        """Add facts of ours to a standing *exchange*, queue the reports owed for them and write how far it has come.

        Returns the facts that were new; a fact known already is told no second time.
        """
        fresh = events.add(tx, exchange.id, news, ours=True, now=now)
        history = [fact.event for fact in events.history(tx, exchange.id, ours=True)]
        reached = replace(exchange, rung=reports.rung(history).name.lower())
        if any(fact.kind in reports.REGISTRATIONS for fact in fresh):
            standing = reports.registered(history)
            if standing is not None and standing.number is not None:  # a draft has none
                reached = replace(reached, registered=standing.number)
        exchanges.advance(tx, reached)
        for outbound in self.due(exchange, history, fresh, now, contents):
            entries.queue(tx, outbound, now)
        return fresh

    def tell_all(self, tx: Connection, exchange: Exchange, now: datetime) -> None:
        """Tell everything that stands once more: the sender asks anew, under a new return id."""
        history = [fact.event for fact in events.history(tx, exchange.id, ours=True)]
        for outbound in self.due(exchange, history, None, now):
            entries.queue(tx, outbound, now)

    def tell_version(
        self,
        tx: Connection,
        document: Exchange,
        version: str,
        number: Number,
        card: CardRef,
        now: datetime,
        news: Sequence[Event] = (),
    ) -> tuple[Event, ...]:
        """Tell that another *version* of a *document* (its name, for the event key) became *card*, known as *number*.

        Put onto the document's own card, it was edited.  On a card of its own it is the document's registration when
        there was none, with the *news* of that card; otherwise the document stands, and the sender hears both numbers.
        Returns the facts that were new.
        """
        facts: list[Event] = []
        own = card == document.subject_card
        if document.registered is None:
            document = replace(document, subject_card=card, registered=number)
            facts += [registered_as(number, card, now), *news]
        if own:
            facts.append(Event(EventKind.EDITED, EventKey(f"edited:{version}"), now, number=number, card=card))
        elif document.registered != number:
            beside = Document(uid=document.document_uid, number=number, card=card)
            key = EventKey(f"edited:{version}")
            facts.append(Event(EventKind.EDITED, key, now, number=number, card=card, document=beside))
        return self.tell(tx, document, facts, now)

    # --- reports

    def due(
        self,
        exchange: Exchange,
        history: Sequence[Event],
        news: Sequence[Event] | None,
        now: datetime,
        contents: Contents = NO_FILES,
    ) -> list[Outbound]:
        """Return the sealed reports owed to the sender of *exchange* for *news*, the last events of *history*.

        With None everything that stands is told again.  Nothing is owed after the last day that subscription and rule
        both allow, and nothing that they do not both want.
        """
        partner = self.office.partner_by_id(exchange.partner)
        ours = self.office.ours(exchange.office)
        if partner is None or ours is None:
            return []
        owed = self.owed(exchange, history, news, now)
        leaving = [fact.key for fact in history if self._may_leave(fact, partner)]
        after = leaving[-1] if leaving else EventKey("")
        present = contents.keys() & reports.brought_by(news or ())
        carried = [reports.carrying(report, present) for report in owed]
        return [self._report(report, exchange, after, partner, ours, now, contents) for report in carried]

    def owed(
        self, exchange: Exchange, history: Sequence[Event], news: Sequence[Event] | None, now: datetime
    ) -> tuple[Report, ...]:
        """Return what `due` seals, before it is sealed."""
        partner, ours = self.office.partner_by_id(exchange.partner), self.office.ours(exchange.office)
        message = exchange.message
        if partner is None or ours is None or message is None or not isinstance(message.body, Document):
            return ()
        audience = self._audience(exchange, message.body, partner, ours)
        last_day = _last_day(exchange, audience)
        if last_day is not None and now > last_day:
            return ()
        about = message.body.ref
        history = [fact for fact in history if self._may_leave(fact, partner)]
        dialect = by_name(message.dialect)
        singly = not dialect.accumulates
        if news is None:
            found = reports.owed_again(about, history, audience, one_by_one=singly)
        else:
            leaving = [fact for fact in news if self._may_leave(fact, partner)]
            found = reports.owed(about, history, leaving, audience, one_by_one=singly)
        return tuple(report for report in found if carried(dialect, report).how != "no")

    def _report(
        self,
        report: Report,
        exchange: Exchange,
        after: EventKey,
        partner: Partner,
        ours: OfficeSettings,
        now: datetime,
        contents: Contents,
    ) -> Outbound:
        """Return *report* about the exchange's document, told after the event *after*, sealed for its sender."""
        about = exchange.message
        assert about is not None  # `due` has looked
        message = Message(
            id=identity.report_id(self.sealer.secret, exchange.id, about.return_id, after, report),
            return_id=about.return_id,
            sent_at=now,
            sender=self.office.party(ours),
            recipients=(partner.named(about.sender),),
            body=report,
            dialect=about.dialect,
            dialect_version=about.dialect_version,
            in_reply_to=about.id,
        )
        kind = "receipt" if report.kind is ReportKind.RECEIPT else "report"
        going = Going(message, contents, partner, ours, kind, exchange.id, in_reply_to=exchange.letter_id)
        return self.sealer.sealed(going, now)

    def confirm(self, tx: Connection, exchange: Exchange, message: Message, now: datetime) -> None:
        """Queue the receipt for a partner's report on *exchange*, where its standard wants one."""
        partner, ours = self.office.partner_by_id(exchange.partner), self.office.ours(exchange.office)
        if partner is None or ours is None or not isinstance(message.body, Report):
            return
        is_receipt = message.body.kind is ReportKind.RECEIPT or message.body.about == DocumentRef()
        if is_receipt or not by_name(message.dialect).confirms_reports:  # what names a message alone is a receipt, too
            return
        receipt = Message(
            id=identity.confirmation_id(self.sealer.secret, exchange.id, message.id),
            return_id=ReturnId(message.id),
            sent_at=now,
            sender=self.office.party(ours),
            recipients=(message.sender,),
            body=Report(ReportKind.RECEIPT, message.body.about, received_at=now),
            dialect=message.dialect,
            dialect_version=message.dialect_version,
            in_reply_to=message.id,
        )
        going = Going(receipt, NO_FILES, partner, ours, "receipt", exchange.id)
        entries.queue(tx, self.sealer.sealed(going, now), now)

    def _audience(
        self, exchange: Exchange, document: Document, partner: Partner, ours: OfficeSettings
    ) -> reports.Audience:
        """Return what *partner* may hear of what our people do with its *document*."""
        facts = policy.Facts.of(document, partner.id, ours.index)
        agreed = policy.reporting(self.office.settings.report, facts).rule
        rule = reports.ReportRule(
            kinds=frozenset(agreed.events),
            fields=frozenset(agreed.fields),
            forwarded=agreed.forwarded,
            assigned=agreed.assigned,
            executors=agreed.executors,
            decides=agreed.decides,
            days=agreed.days,
            restricted=not policy.is_open(document.access, self.office.settings.access),
        )
        sent = frozenset(task.uid for task in document.tasks)
        asked = frozenset(approval.uid for approval in document.approvals)
        subscription = exchange.subscription or subscription_of(partner, document)
        return reports.Audience(subscription, rule, sent, ZoneInfo(ours.time_zone), asked)

    def _may_leave(self, fact: Event, partner: Partner) -> bool:
        """Say whether *fact* names no document of ours that may not go to *partner* itself: its subject tells it."""
        made = fact.document if fact.kind in (EventKind.ANSWERED, EventKind.DRAFT_REGISTERED) else None
        if made is None or partner.channel.encrypted:
            return True
        return policy.is_open(made.access, self.office.settings.access)

    # --- time limits

    def next_due(self, exchange: Exchange, rung: reports.Rung, sent_at: datetime) -> datetime | None:
        """Return when the partner's next rung is overdue, counted from *sent_at*; None when nothing is expected."""
        next_ = expected(self.office, exchange, rung, sent_at)
        return next_.due_at if next_ else None


@dataclass(frozen=True, slots=True)
class Expected:
    """The rung that shall come next, and until when."""

    rung: reports.Rung
    due_at: datetime


def expected(office: Office, exchange: Exchange, rung: reports.Rung, sent_at: datetime) -> Expected | None:
    """Return what *exchange*'s partner shall prove after *rung*, counted from *sent_at*; None when nothing is expected.

    Of an exchange that is closed nothing is.
    Only receipt and registration have limits, and only while the sender wants to hear of them.
    """
    partner = office.partner_by_id(exchange.partner)
    wanted = exchange.subscription
    if partner is None or wanted is None or not exchange.open:
        return None
    limits = partner.settings.time_limits
    if rung is reports.Rung.SENT and wanted.receipt:
        return Expected(reports.Rung.RECEIVED, sent_at + limits.received)
    if rung <= reports.Rung.RECEIVED and wanted.registration:
        return Expected(reports.Rung.REGISTERED, sent_at + limits.registered)
    return None


def late(office: Office, exchange: Exchange, sent_at: datetime | None, now: datetime) -> Expected | None:
    """Return what *exchange*'s partner should have proven before *now*; *sent_at*: when mail took it, None: not yet.

    After the last day of the subscription nothing is overdue.
    """
    if sent_at is None or (exchange.until is not None and now > exchange.until):
        return None
    rung = reports.Rung[exchange.rung.upper()] if exchange.rung else reports.Rung.SENT
    next_ = expected(office, exchange, rung, sent_at)
    return next_ if next_ is not None and next_.due_at < now else None


def registered_as(number: Number, card: CardRef, at: datetime, *, draft: bool = False) -> Event:
    """Return the fact that a document stands registered: the same one whoever tells it.

    A *draft* stands on a card as one, without a number.
    """
    key = EventKey(f"registered:{number.text}:{number.date}")
    if draft:
        return Event(EventKind.REGISTERED, key, at, card=card, document=Document(type=DocumentType.DRAFT))
    return Event(EventKind.REGISTERED, key, at, number=number, card=card)


def subscription_of(partner: Partner, document: Document) -> Subscription:
    """Return what is to be heard of *document* when its message does not say, as agreed with *partner*."""
    return partner.settings.subscription.subscription(draft=document.type is DocumentType.DRAFT)


def until(opened_at: datetime, subscription: Subscription) -> datetime:
    """Return the last moment at which reports are sent."""
    return opened_at + timedelta(days=subscription.days)


def _last_day(exchange: Exchange, audience: reports.Audience) -> datetime | None:
    """Return the last moment at which reports about *exchange* are sent; None: there is no end."""
    days = audience.rule.days
    if not days:
        return exchange.until
    begun = exchange.until - timedelta(days=audience.subscription.days) if exchange.until else exchange.opened_at
    ours = begun + timedelta(days=days)
    return min(ours, exchange.until) if exchange.until else ours
