# SPDX-License-Identifier: GPL-3.0-or-later
"""From "this must be told" to a sealed letter in the queue: what both directions share.

Knows how a message of ours is addressed, signed with its ids and wrapped; does not know why it is due.
A letter is sealed once: its bytes are kept before the transaction that queues it, and sent unchanged for ever after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway import identity, reports
from gateway.dialects import by_name
from gateway.envelope import Wrapping, seal
from gateway.errors import Reason, Refused
from gateway.journal import entries, events, exchanges
from gateway.journal.blobs import Blobs
from gateway.journal.entries import Entry, Outbound
from gateway.journal.exchanges import Exchange
from gateway.model import (
    Content,
    Document,
    Event,
    EventKind,
    ExchangeId,
    Message,
    Report,
    ReportKind,
    Subscription,
    TaskUid,
)
from gateway.office import Office, Partner
from gateway.ports import Contents
from gateway.settings import OfficeSettings
from gateway.wording import Wording


@dataclass(frozen=True, slots=True)
class Outbox:
    office: Office
    wording: Wording
    blobs: Blobs
    secret: bytes

    # --- telling

    def tell(self, tx: Connection, exchange: Exchange, news: Sequence[Event], now: datetime) -> tuple[Event, ...]:
        """Add facts of ours to *exchange*, queue the reports owed for them and save the exchange's rung.

        Returns the facts that were new; a fact known already is told no second time.
        """
        fresh = events.add(tx, exchange.id, news, ours=True, now=now)
        history = [fact.event for fact in events.history(tx, exchange.id, ours=True)]
        exchanges.save(tx, replace(exchange, rung=reports.rung(history).name.lower()))
        for outbound in self.due(exchange, history, fresh, now):
            entries.queue(tx, outbound, now)
        return fresh

    def tell_all(self, tx: Connection, exchange: Exchange, now: datetime) -> None:
        """Tell everything that stands once more: the sender asks anew, under a new return id."""
        history = [fact.event for fact in events.history(tx, exchange.id, ours=True)]
        standing = [event for event in history if event.kind not in (EventKind.RECEIVED, EventKind.REFUSED)]
        for outbound in self.due(exchange, history, standing[-1:], now):
            entries.queue(tx, outbound, now)

    # --- reports

    def due(self, exchange: Exchange, history: Sequence[Event], news: Sequence[Event], now: datetime) -> list[Outbound]:
        """Return the sealed reports owed to the sender of *exchange* for *news*, the last events of *history*.

        Nothing is owed after the subscription's last day, and nothing that subscription and rule do not both want.
        """
        partner = self.office.partner_by_id(exchange.partner)
        ours = self.office.ours(exchange.office)
        message = exchange.message
        if partner is None or ours is None or message is None or not isinstance(message.body, Document):
            return []
        subscription = exchange.subscription or subscription_of(partner)
        rule = rule_of(partner)
        sent = frozenset(task.uid for task in message.body.tasks)
        told = [event for event in history if reports.wanted(event, subscription, rule, sent)]
        new = [event for event in news if reports.wanted(event, subscription, rule, sent)]
        if exchange.until is not None and now > exchange.until:
            new = []
        owed = reports.owed(message.body.ref, told, new, sent, texts=rule.texts)
        return [self.report(report, message, partner, ours, exchange.id, now) for report in owed]

    def report(
        self,
        report: Report,
        about: Message,
        partner: Partner,
        ours: OfficeSettings,
        exchange: ExchangeId | None,
        now: datetime,
    ) -> Outbound:
        """Return *report* about the message *about*, sealed for its sender."""
        message = Message(
            id=identity.report_id(self.secret, partner.id, about.return_id, report),
            return_id=about.return_id,
            sent_at=now,
            sender=self.office.party(ours),
            recipients=(about.sender,),
            body=report,
            dialect=about.dialect,
            dialect_version=about.dialect_version,
            in_reply_to=about.id,
        )
        kind = "receipt" if report.kind is ReportKind.RECEIPT else "report"
        return self._sealed(message, {}, partner, ours, exchange, kind, outgoing_ref=None, now=now)

    # --- documents

    def document(
        self,
        message: Message,
        contents: Contents,
        partner: Partner,
        ours: OfficeSettings,
        exchange: ExchangeId,
        outgoing_ref: str,
        now: datetime,
    ) -> Outbound:
        """Return a document of ours, sealed for *partner*; raises Refused(TOO_LARGE) beyond the partner's limit."""
        return self._sealed(message, contents, partner, ours, exchange, "document", outgoing_ref=outgoing_ref, now=now)

    def forward(self, entry: Entry, letter: Content) -> Outbound | None:
        """Return *entry*'s letter, unchanged, for the people's address of the office; None without one."""
        to, ours = self.office.settings.human_address, self.office.settings.offices[0]
        if not to or to.casefold() in self.office.our_addresses():
            return None
        return Outbound(
            exchange=None,
            partner=None,
            channel="",
            office=ours.index,
            kind="forward",
            message_id="",
            rfc_message_id="",
            envelope_sender=ours.address,
            recipient=to,
            letter=self.blobs.keep(letter),
            outgoing_ref=None,
            in_reply=False,
        )

    # --- time limits

    def next_due(self, exchange: Exchange, rung: reports.Rung, sent_at: datetime) -> datetime | None:
        """Return when the partner's next rung is overdue, counted from *sent_at*; None when nothing is expected.

        Only receipt and registration have limits, and only while the sender wants to hear of them.
        """
        partner = self.office.partner_by_id(exchange.partner)
        wanted = exchange.subscription
        if partner is None or wanted is None:
            return None
        limits = partner.settings.time_limits
        if rung is reports.Rung.SENT and wanted.receipt:
            return sent_at + limits.received
        if rung <= reports.Rung.RECEIVED and wanted.registration:
            return sent_at + limits.registered
        return None

    # --- sealing

    def _sealed(
        self,
        message: Message,
        contents: Contents,
        partner: Partner,
        ours: OfficeSettings,
        exchange: ExchangeId | None,
        kind: str,
        *,
        outgoing_ref: str | None,
        now: datetime,
    ) -> Outbound:
        channel = partner.channel
        dialect = by_name(message.dialect)
        package = dialect.write(message)  # degraded by it
        words = (
            self.wording.words(message, channel.language, zone=ZoneInfo(ours.time_zone)) if channel.human_text else None
        )
        domain = ours.address.rpartition("@")[2]
        wrapping = Wrapping(
            sender=ours.address,
            recipient=channel.address,
            at=now,
            message_id=f"{message.id}@{domain}",
            in_reply_to=f"{message.in_reply_to}@{channel.address.rpartition('@')[2]}" if message.in_reply_to else "",
            text=words.body if words else "",
            automatic=kind != "document",
            zipped=channel.package == "zip",
            file_names=channel.file_names,
        )
        letter = self._written(seal(package, contents, wrapping, self.blobs.sink))
        if letter.size > channel.max_letter:
            letter_size = f"{letter.size} bytes"
            raise Refused(
                Reason.TOO_LARGE, f"the letter is larger than {partner.settings.id} takes", found=letter_size,
                expected=f"at most {channel.max_letter} bytes",
            )  # fmt: skip
        return Outbound(
            exchange=exchange,
            partner=partner.id,
            channel=channel.id,
            office=ours.index,
            kind=kind,
            message_id=message.id,
            rfc_message_id=wrapping.message_id,
            envelope_sender=self._envelope_sender(message, partner, ours),
            recipient=channel.address,
            letter=self.blobs.keep(letter),
            outgoing_ref=outgoing_ref,
            in_reply=kind != "document",
        )

    def _envelope_sender(self, message: Message, partner: Partner, ours: OfficeSettings) -> str:
        relay = self.office.settings.relay_named(partner.channel.relay)
        if relay.bounce_sender == "tagged":
            return identity.bounce_address(self.secret, ours.address, message.id)
        return ours.address

    def bounce_for(self, recipients: Sequence[str]) -> str | None:
        """Return the Message-ID of the letter of ours that a bounce to *recipients* is about; None for none."""
        for address in recipients:
            message_id = identity.bounced_message(self.secret, address)
            if message_id is not None:
                return f"{message_id}@{address.rpartition('@')[2]}"
        return None

    def _written(self, blocks: Iterable[bytes]) -> Content:
        sink = self.blobs.sink()
        try:
            for block in blocks:
                sink.write(block)
            return sink.close()
        except BaseException:
            sink.discard()
            raise


def subscription_of(partner: Partner) -> Subscription:
    """Return what *partner* wants to hear when its message does not say, as agreed in the configuration."""
    return partner.settings.subscription.subscription()


def rule_of(partner: Partner) -> reports.ReportRule:
    """Return what we tell *partner*."""
    report = partner.settings.report
    return reports.ReportRule(frozenset(report.events), report.texts)


def until(opened_at: datetime, subscription: Subscription) -> datetime:
    """Return the last moment at which reports are sent."""
    return opened_at + timedelta(days=subscription.days)


def sent_task_uids(document: Document) -> frozenset[TaskUid]:
    return frozenset(task.uid for task in document.tasks)
