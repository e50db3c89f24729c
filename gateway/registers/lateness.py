# SPDX-License-Identifier: GPL-3.0-or-later
"""Time limits of the ladder, for people: what is overdue now, what was proven last, and what came after its limit.

A limit runs from the moment mail took the letter; after the subscription's last day nothing is overdue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.journal.entries import Entry, State
from gateway.journal.events import Recorded
from gateway.journal.exchanges import Exchange
from gateway.journal.reading import Readable
from gateway.journal.registers import Asked
from gateway.model import EventKind
from gateway.office import Office
from gateway.outbox import Expected, expected, late
from gateway.registers.items import BEGINNING, Which, items
from gateway.reports import Rung
from gateway.settings import OfficeSettings

BEFORE = {EventKind.RECEIVED: Rung.SENT, EventKind.REGISTERED: Rung.RECEIVED, EventKind.REFUSED: Rung.RECEIVED}


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many documents are overdue, and since when the first of them is; None: none is."""

    documents: int
    oldest: datetime | None


def overdue_now(journal: Readable, office: Office, now: datetime) -> Overdue:
    """Count the documents of which a rung should have been proven by *now*; reads what nobody has answered yet."""
    found = [overdue_of(journal, office, ours, now) for ours in office.settings.offices]
    oldest = min((one.oldest for one in found if one.oldest is not None), default=None)
    return Overdue(sum(one.documents for one in found), oldest)


def overdue_of(journal: Readable, office: Office, ours: OfficeSettings, now: datetime) -> Overdue:
    """Count the same for one organisation of ours."""
    number, oldest = 0, None
    for item in items(journal, Which.OVERDUE, Asked(ours.index, BEGINNING, now, None), office, ours, now):
        number += 1
        oldest = min(oldest or item.at, item.at)
    return Overdue(number, oldest)


def late_now(exchange: Exchange, letters: Sequence[Entry], office: Office, now: datetime) -> Expected | None:
    """Return which rung of a document of ours is overdue, and since when."""
    sent = [letter for letter in letters if _carried(letter)]
    return late(office, exchange, sent[-1].sent_at, now) if sent and sent[-1].state is State.SENT else None


def when_proven(exchange: Exchange, letters: Sequence[Entry], facts: Sequence[Recorded]) -> datetime | None:
    """Return when the rung that is proven last was proven; None when nothing is."""
    heard = [fact for fact in facts if not fact.ours and fact.event.kind.value == exchange.rung]
    if heard:
        return heard[0].event.at or heard[0].at
    return next((letter.sent_at for letter in reversed(letters) if _carried(letter)), None)


def came_late(fact: Recorded, exchange: Exchange, letters: Sequence[Entry], office: Office) -> bool:
    """Say whether a partner's news reached us after the limit for it."""
    if fact.ours or exchange.direction != "out" or fact.event.kind not in BEFORE:
        return False
    sent = [one.sent_at for one in letters if _carried(one) and one.sent_at is not None and one.sent_at <= fact.at]
    limit = expected(office, exchange, BEFORE[fact.event.kind], sent[-1]) if sent else None
    return limit is not None and limit.due_at < fact.at


def _carried(letter: Entry) -> bool:
    return letter.kind == "document" and not letter.change and letter.sent_at is not None
