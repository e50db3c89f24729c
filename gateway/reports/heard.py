# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as it is heard, and how the same fact is known again: every fact has a key that never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from gateway.model import Event, EventKey, EventKind, Message, Party, Report, ReportKind, Task
from gateway.model import EventKind as K


@dataclass(frozen=True, slots=True)
class Heard:
    """A report and the message that carried it."""

    report: Report
    message: Message
    heard_at: datetime | None  # when the newest accumulated report before it was made
    sent_tasks: Sequence[Task] = ()  # that went with the document, as they went

    @property
    def late(self) -> bool:
        """Whether a newer one was heard before."""
        return self.heard_at is not None and self.message.sent_at < self.heard_at

    @property
    def whole(self) -> bool:
        """Whether what it does not mention does not stand any more."""
        return self.report.kind is ReportKind.PROGRESS and self.report.fact is None and not self.late

    @property
    def overtaken(self) -> bool:
        """Whether a newer one was silent about what it mentions, so that this does not stand any more."""
        return self.late and self.report.fact is None


def gone_in(event: Event, heard: Heard) -> Event:
    """The fact that an accumulated report says nothing of *event* any more."""
    return Event(
        K.NO_LONGER_REPORTED,
        key_of(K.NO_LONGER_REPORTED, event.key, heard.message.id),
        heard.message.sent_at,
        number=event.number,
        to=event.to,
        task=event.task,
        document=None if event.number else event.document,
        about=event.key,
    )


def again_in(key: EventKey, heard: Heard) -> EventKey:
    """Return the key under which a fact that had vanished is told once more."""
    return EventKey(f"{key}:{heard.message.id}")


def key_of(kind: EventKind, *words: str) -> EventKey:
    return EventKey(f"{kind.value}:{sha256(chr(0).join(words).encode()).hexdigest()[:24]}")


def who_is(party: Party) -> str:
    person = party.person
    return "|".join((party.index, person.index if person else "", party.name))
