# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker has on its desk while it processes letters; made once, by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar, cast

from gateway.errors import Deferred, Refused
from gateway.journal import entries, trouble
from gateway.journal.entries import Entry
from gateway.journal.store import Journal
from gateway.mail.split import Limits
from gateway.model import Content
from gateway.office import Office
from gateway.outbox import Outbox
from gateway.ports import Edms, Failpoint
from gateway.retry import EDMS, next_attempt
from gateway.screening import Screen

Reply = TypeVar("Reply")


@dataclass(slots=True)
class Circuit:
    """Keeps us from hammering an EDMS that fails: after a failure nobody asks before `retry_at`."""

    failures: int = 0
    retry_at: datetime | None = None

    def guard(self, now: datetime) -> None:
        """Raise Deferred while the circuit is open."""
        if self.retry_at is not None and now < self.retry_at:
            raise Deferred("the EDMS does not work at the moment", until=self.retry_at)

    def failed(self, now: datetime) -> datetime:
        """Open the circuit and return when to ask again."""
        self.failures += 1
        self.retry_at = next_attempt(EDMS, self.failures, now, now) or now
        return self.retry_at

    def worked(self) -> None:
        self.failures, self.retry_at = 0, None


class EdmsTrouble(Deferred):
    """The EDMS raised something that is not a refusal: not the letter's fault until proven otherwise."""


@dataclass(frozen=True, slots=True)
class Desk:
    journal: Journal
    edms: Edms
    office: Office
    outbox: Outbox
    limits: Limits
    failpoint: Failpoint
    screen: Screen
    circuit: Circuit = field(default_factory=Circuit)

    def letter(self, entry: Entry) -> Content:
        """Return the bytes of *entry*'s letter."""
        with self.journal.read() as tx:
            return entries.letter(tx, self.journal.blobs, entry.id)

    def spool(self) -> BinaryIO:
        """Open a seekable file that vanishes when it is closed, on the volume of large letters."""
        return cast(BinaryIO, TemporaryFile(dir=self.journal.blobs.directory))

    def ask_edms(self, question: Callable[[], Reply], now: datetime) -> Reply:
        """Return what the EDMS answers to *question*.

        Raises Refused and Deferred as the EDMS does, and EdmsTrouble for everything else it raises: it may be down, or
        have a defect that only this document meets; who counts the failures tells the two apart.
        """
        self.circuit.guard(now)
        try:
            reply = question()
        except (Refused, Deferred):
            raise
        except Exception as error:  # an edge: an adapter may raise anything (law 8)
            # it answers, but is not what it was: other documents may meet nothing of that, and need not wait
            until = None if trouble.changed(error) else self.circuit.failed(now)
            place = getattr(error, "place", "")  # the key of a mapping: words may quote the letter
            where = f", at {place} of its mapping" if place else ""
            raise EdmsTrouble(f"{type(error).__name__} in the EDMS{where}", until=until) from error
        self.circuit.worked()
        return reply
