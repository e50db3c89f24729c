# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of one worker process: claim, process, and judge what went wrong.

Untrusted bytes are parsed only here, under limits of memory and time.  A claim counts a start before any parsing, so a
letter that kills its worker three times is parked; its neighbours are not blamed.
"""

import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.errors import Deferred, Reason
from gateway.inbound.desk import Desk, EdmsTrouble
from gateway.inbound.process import process
from gateway.journal import entries
from gateway.journal.entries import Entry, State
from gateway.retry import EDMS, next_attempt

MAX_STARTS = 3  # LIMIT: deaths or defects before a letter is parked
LEASE = timedelta(minutes=10)  # LIMIT: how long a claim holds without being renewed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    name: str
    desk: Desk
    now: Callable[[], datetime]
    max_seconds: int  # LIMIT: of processor time for one letter; the process is killed when it takes more
    batch: int = 8
    stopping: Callable[[], bool] = lambda: False

    def work(self) -> int:
        """Process one batch of letters; return how many were claimed."""
        claimed_at = self.now()
        with self.desk.journal.write() as tx:
            batch = entries.claim(tx, self.name, self.batch, claimed_at, LEASE)
        if batch:
            self.desk.failpoint("worker:claimed")
        for place, entry in enumerate(batch):
            if self.stopping():
                self._give_back(batch[place:])
                break
            if not self._still_ours(entry, claimed_at):
                continue
            if entry.starts > MAX_STARTS:
                self._park(entry, Reason.DEFECT, "processing it failed or killed the worker three times")
            else:
                self._one(entry)
        return len(batch)

    def _still_ours(self, entry: Entry, claimed_at: datetime) -> bool:
        """Prolong our claim on a letter whose turn came late; False when somebody else has it by now."""
        if self.now() - claimed_at < LEASE / 2:
            return True
        with self.desk.journal.write() as tx:
            return entry.id in entries.renew(tx, self.name, [entry.id], self.now(), LEASE)

    def _give_back(self, rest: Sequence[Entry]) -> None:
        """We are told to stop: the rest of the batch is for others, and was not even begun."""
        with self.desk.journal.write() as tx:
            entries.give_back(tx, self.name, [entry.id for entry in rest])

    def _one(self, entry: Entry) -> None:
        # SIGPROF's default action ends this process: the claim then counts as a start.  Waiting costs nothing.
        signal.setitimer(signal.ITIMER_PROF, self.max_seconds)
        try:
            with self.desk.journal.blobs.scratch() as scratch:
                process(entry, scratch, self.desk, self.now())
            self.desk.failpoint("worker:finished")
        except entries.Overtaken:
            log.warning("somebody else finished the letter", entry=entry.id)
        except EdmsTrouble as trouble:
            self._edms_failed(entry, trouble)
        except Deferred as later:
            self._defer(entry, later, defect=False)
        except Exception as error:  # the edge of the worker: one bad letter never stops the others
            log.exception("letter failed", entry=entry.id, error=type(error).__name__)
            self._defer(entry, Deferred(f"{type(error).__name__} while processing"), defect=True)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _edms_failed(self, entry: Entry, trouble: EdmsTrouble) -> None:
        """Not the letter's fault, unless others went through since it failed before."""
        log.warning("the EDMS failed", entry=entry.id, error=repr(trouble.__cause__)[:300])
        with self.desk.journal.read() as tx:
            others = entry.deferred_at is not None and entries.finished_since(tx, entry.deferred_at)
        self._defer(entry, trouble, defect=others)

    def _defer(self, entry: Entry, later: Deferred, *, defect: bool) -> None:
        if defect and entry.starts >= MAX_STARTS:
            self._park(entry, Reason.DEFECT, later.detail)
            return
        now = self.now()
        until = later.until or next_attempt(EDMS, entry.attempts + 1, entry.created_at, now) or now
        with suppress(entries.Overtaken), self.desk.journal.write() as tx:
            entries.defer(tx, entry.id, until, later.detail, now=now, defect=defect, worker=self.name)

    def _park(self, entry: Entry, reason: Reason, detail: str) -> None:
        with suppress(entries.Overtaken), self.desk.journal.write() as tx:
            entries.conclude(tx, entry.id, State.PARKED, now=self.now(), reason=reason, detail=detail, worker=self.name)
