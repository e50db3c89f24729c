# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of one worker process: claim, process, and judge what went wrong.

Untrusted bytes are parsed only here, under limits of memory and time.  A claim counts a start before any parsing, so a
letter that kills its worker three times is parked; its neighbours are not blamed.  A full disk or a journal that is
away is nobody's fault: the letters wait.
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
from gateway.journal import entries, trouble
from gateway.journal.entries import Entry, State
from gateway.logs import story
from gateway.retry import EDMS, next_attempt

MAX_STARTS = 3  # LIMIT: deaths or defects before a letter is parked
BEHIND = timedelta(seconds=1)  # what the EDMS failed at is tried after what only waited for the EDMS
PATIENCE = timedelta(minutes=5)  # of the clock for one letter, when nothing else is said

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    name: str
    desk: Desk
    now: Callable[[], datetime]
    max_seconds: int  # LIMIT: of processor time for one letter; the process is killed when it takes more
    patience: timedelta = PATIENCE  # LIMIT: of the clock for one letter, waiting included; then the process is killed
    batch: int = 8
    stopping: Callable[[], bool] = lambda: False
    in_hand: Callable[[int], None] = lambda entry: None  # told which entry is worked on, 0 for none

    @property
    def lease(self) -> timedelta:
        """How long a claim holds without being renewed: a letter is at least half of it before its end begun."""
        return 2 * self.patience

    def work(self) -> int:
        """Process one batch of letters; return how many were claimed.

        Raises what the journal raises when it is away or full; `amends` is due then.
        """
        claimed_at = self.now()
        with self.desk.journal.write() as tx:
            batch = entries.claim(tx, self.name, self.batch, claimed_at, self.lease)
        if batch:
            self.desk.failpoint("worker:claimed")
        for place, entry in enumerate(batch):
            if self.stopping():
                self._give_back(batch[place:])
                break
            if not self._still_ours(entry, claimed_at):
                continue
            if entry.starts > MAX_STARTS:
                last = f"; the last time: {entry.detail}" if entry.detail else ""
                self._park(entry, Reason.DEFECT, f"processing it failed or killed the worker three times{last}")
            else:
                with story(entry=entry.id, office=entry.office, **_came_by(entry)):
                    self._one(entry)
        return len(batch)

    def amends(self) -> None:
        """Give back all we hold with nothing counted against it: the journal failed us, and no letter did."""
        with self.desk.journal.write() as tx:
            entries.disown(tx, self.name)

    def _still_ours(self, entry: Entry, claimed_at: datetime) -> bool:
        """Prolong our claim on a letter whose turn came late; False when somebody else has it by now."""
        if self.now() - claimed_at < self.lease / 2:
            return True
        with self.desk.journal.write() as tx:
            return entry.id in entries.renew(tx, self.name, [entry.id], self.now(), self.lease)

    def _give_back(self, rest: Sequence[Entry]) -> None:
        """We are told to stop: the rest of the batch is for others, and was not even begun."""
        with self.desk.journal.write() as tx:
            entries.give_back(tx, self.name, [entry.id for entry in rest])

    def _one(self, entry: Entry) -> None:
        # The default action of SIGPROF and SIGALRM ends this process: the claim then counts as a start.
        self.in_hand(entry.id)
        signal.setitimer(signal.ITIMER_PROF, self.max_seconds)  # waiting costs nothing …
        signal.setitimer(signal.ITIMER_REAL, self.patience.total_seconds())  # … but not for ever
        try:
            with self.desk.journal.blobs.scratch() as scratch:
                process(entry, scratch, self.desk, self.now())
            self.desk.failpoint("worker:finished")
        except entries.Overtaken:
            log.warning("somebody else finished the letter")
        except EdmsTrouble as failed:
            self._edms_failed(entry, failed)
        except Deferred as later:
            self._defer(entry, later, defect=False)
        except Exception as error:  # the edge of the worker: one bad letter never stops the others
            self._failed(entry, error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.in_hand(0)

    def _failed(self, entry: Entry, error: Exception) -> None:
        """The letter's fault, as far as we know, unless the disk or the journal says that it is theirs."""
        if theirs := trouble.of_the_machine(error):
            log.error("no room or no journal", error=theirs)
            self._defer(entry, Deferred(theirs), defect=False)
            return
        log.error("letter failed", error=type(error).__name__, exc_info=error)
        self._defer(entry, Deferred(f"{type(error).__name__} while processing"), defect=True)

    def _edms_failed(self, entry: Entry, failed: EdmsTrouble) -> None:
        """Not the letter's fault, unless others went through since it failed before.

        Never with a full disk, and never when a table, a column or a right is gone.  From the second time on, what only
        waited for the EDMS is tried before it: when it alone is at fault, they are what shows it.
        """
        log.warning("the EDMS failed", error=failed.detail, exc_info=failed.__cause__)
        if full := trouble.no_room(failed):
            self._defer(entry, Deferred(f"in the EDMS: {full}", until=failed.until), defect=False)
            return
        if changed := trouble.changed(failed):
            self._defer(entry, Deferred(f"the EDMS was changed: {changed}"), defect=False)
            return
        with self.desk.journal.read() as tx:
            others = entry.deferred_at is not None and entries.finished_since(tx, entry.deferred_at)
        behind = failed.until is not None and entry.deferred_at is not None
        again = Deferred(failed.detail, until=failed.until + BEHIND) if failed.until and behind else failed
        self._defer(entry, again, defect=others)

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


def _came_by(entry: Entry) -> dict[str, object]:
    """The name of its mailbox, or of its listener, as every line of its story carries it."""
    return {"mailbox" if entry.source.startswith("imap:") else "listener": entry.channel}
