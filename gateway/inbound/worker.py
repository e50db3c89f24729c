# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of one worker process: claim, process, and judge what went wrong.

Untrusted bytes are parsed only here, under limits of memory and time.  A claim counts a start before any parsing, so a
letter that kills its worker three times is parked; its neighbours are not blamed.
"""

import signal
from collections.abc import Callable
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
    max_seconds: int  # LIMIT: for one letter; the process is killed when it takes longer
    batch: int = 8

    def work(self) -> int:
        """Process one batch of letters; return how many were claimed."""
        with self.desk.journal.write() as tx:
            batch = entries.claim(tx, self.name, self.batch, self.now(), LEASE)
        for entry in batch:
            if entry.starts > MAX_STARTS:
                self._park(entry, Reason.DEFECT, "processing it failed or killed the worker three times")
            else:
                self._one(entry)
        return len(batch)

    def _one(self, entry: Entry) -> None:
        signal.alarm(self.max_seconds)  # SIGALRM's default action ends this process: the claim then counts as a start
        try:
            with self.desk.journal.blobs.scratch() as scratch:
                process(entry, scratch, self.desk, self.now())
        except EdmsTrouble as trouble:
            self._edms_failed(entry, trouble)
        except Deferred as later:
            self._defer(entry, later, defect=False)
        except Exception as error:  # the edge of the worker: one bad letter never stops the others
            log.exception("letter failed", entry=entry.id, error=type(error).__name__)
            self._defer(entry, Deferred(f"{type(error).__name__} while processing"), defect=True)
        finally:
            signal.alarm(0)

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
        until = later.until or next_attempt(EDMS, entry.attempts + 1, entry.created_at, self.now())
        with self.desk.journal.write() as tx:
            entries.defer(tx, entry.id, until or self.now(), later.detail, now=self.now(), defect=defect)

    def _park(self, entry: Entry, reason: Reason, detail: str) -> None:
        with self.desk.journal.write() as tx:
            entries.conclude(tx, entry.id, State.PARKED, now=self.now(), reason=reason, detail=detail)
