# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of what the journal is given."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from gateway.content import Held
from gateway.errors import Reason
from gateway.journal import entries
from gateway.journal.entries import Arrival, Entry, Outbound, State
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.model import (
    Document,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Message,
    MessageId,
    Number,
    Organisation,
    PartnerId,
    Party,
    ReturnId,
)
from gateway.ports import Outcome, Phase, Posted

NOW = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)
LEASE = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)

SENT = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 taken")
LATER = Posted(Outcome.TRY_LATER, Phase.RCPT, 450, "4.2.0 not now")
REJECTED = Posted(Outcome.REJECTED, Phase.RCPT, 550, "5.1.1 nobody of that name")
UNCLEAR = Posted(Outcome.AMBIGUOUS, Phase.DOT, None, "the connection was lost")

_numbers = count(1)


def arrival(journal: Journal, *, source: str = "", lane: str = "north", body: bytes = b"", **more: Any) -> Arrival:
    """Return a letter at the door, unlike any other unless *source* says so."""
    number = next(_numbers)
    given = Arrival(
        source=source or f"smtp:{number}",
        channel="listener",
        lane=lane,
        envelope_sender="chancery@north.example",
        envelope_recipients=("registry@south.example",),
        peer="192.0.2.7",
        arrived_anew=True,
        letter=journal.blobs.keep(Held(body or b"Subject: letter %d\r\n\r\n" % number)),
    )
    return replace(given, **more)


def accepted(journal: Journal, many: int = 1, **more: Any) -> list[int]:
    """Accept *many* letters and return their ids."""
    with journal.write() as tx:
        return entries.accept(tx, [arrival(journal, **more) for _ in range(many)], NOW)


def claimed(journal: Journal, limit: int = 10, *, worker: str = "worker-1", now: datetime = NOW) -> list[Entry]:
    with journal.write() as tx:
        return entries.claim(tx, worker, limit, now, LEASE)


def concluded(journal: Journal, id: int, state: State, **more: Any) -> None:
    with journal.write() as tx:
        entries.conclude(tx, id, state, now=NOW, **more)


def parked(journal: Journal, reason: Reason = Reason.BAD_XML, **more: Any) -> int:
    """Accept and park one letter."""
    (id,) = accepted(journal, **more)
    concluded(journal, id, State.PARKED, reason=reason, detail="line 3: tag without an end")
    return id


def outbound(journal: Journal, **more: Any) -> Outbound:
    """Return a sealed report, unlike any other."""
    number = next(_numbers)
    given = Outbound(
        exchange=ExchangeId(f"exchange-{number}"),
        partner=PartnerId("north"),
        channel="north-mail",
        office="SOUTH",
        kind="report",
        message_id=f"message-{number}",
        rfc_message_id=f"message-{number}@south.example",
        envelope_sender="registry@south.example",
        recipient="chancery@north.example",
        letter=journal.blobs.keep(Held(b"Subject: report %d\r\n\r\n" % number)),
        outgoing_ref=None,
        in_reply=True,
    )
    return replace(given, **more)


def queued(journal: Journal, many: int = 1, **more: Any) -> list[int]:
    """Queue *many* sealed letters and return their ids."""
    with journal.write() as tx:
        return [entries.queue(tx, outbound(journal, **more), NOW) for _ in range(many)]


def due(journal: Journal, limit: int = 10, *, now: datetime = NOW, worker: str = "dispatch") -> list[Entry]:
    with journal.write() as tx:
        return entries.take_due(tx, worker, limit, now, LEASE)


def tried(journal: Journal, id: int, posted: Posted, next_try: datetime | None = None, now: datetime = NOW) -> None:
    with journal.write() as tx:
        entries.attempted(tx, id, posted, now, next_try)


def stands(journal: Journal, id: int) -> Entry:
    """Return entry *id*, which must be there."""
    with journal.read() as tx:
        entry = entries.get(tx, id)
    assert entry is not None
    return entry


def ids(found: Iterable[Entry]) -> list[int]:
    return [entry.id for entry in found]


def document() -> Document:
    return Document(uid=DocumentUid("doc-77"), number=Number("01-12/77"), subject="On the repair of the bridge")


def message(**more: Any) -> Message:
    given = Message(
        id=MessageId("message-77"),
        return_id=ReturnId("return-77"),
        sent_at=NOW,
        sender=Party(organisation=Organisation(index="NORTH")),
        recipients=(Party(organisation=Organisation(index="SOUTH")),),
        body=document(),
        dialect="sev",
    )
    return replace(given, **more)


def exchange(**more: Any) -> Exchange:
    given = Exchange(
        id=ExchangeId("exchange-77"),
        direction="in",
        partner=PartnerId("north"),
        office="SOUTH",
        document_uid=DocumentUid("doc-77"),
        opened_at=NOW,
        digest="5" * 64,
        return_id=ReturnId("return-77"),
        number=Number("01-12/77"),
        message=message(),
    )
    return replace(given, **more)


def fact(key: str, kind: EventKind = EventKind.RECEIVED, **more: Any) -> Event:
    return Event(kind, EventKey(key), NOW, **more)
