# SPDX-License-Identifier: GPL-3.0-or-later
"""Accept first, work later: the one door by which letters enter the journal.

Listeners and mailboxes call `Acceptor`; when the call returns, the letter survives a power cut.
Letters that arrive together share one transaction (group commit): one queue, one thread.
"""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from errno import EIO

from gateway.inbound.delivery import Delivery
from gateway.journal import entries
from gateway.journal.entries import Arrival
from gateway.journal.store import Journal
from gateway.model import Sink
from gateway.office import Office, Origin
from gateway.ports import Failpoint
from gateway.pulse import Beat

MAX_BATCH = 100  # LIMIT: letters in one commit
COMMIT = timedelta(minutes=5)  # LIMIT: for one commit; one that takes longer hangs
MIN_FREE_BYTES = 256 << 20  # LIMIT: below this much room no letter is taken


@dataclass(slots=True)
class _Pending:
    delivery: Delivery
    done: "asyncio.Future[None]"


class Acceptor:
    """Takes letters from every listener and mailbox of a node and makes them durable."""

    def __init__(
        self,
        journal: Journal,
        office: Office,
        now: Callable[[], datetime],
        *,
        failpoint: Failpoint,
        wake: Callable[[], None],
        min_free_bytes: int,
        beat: Beat | None = None,
    ) -> None:
        self._journal = journal
        self._office = office
        self._now = now
        self._failpoint = failpoint
        self._wake = wake
        self._min_free_bytes = min_free_bytes
        self._beat = beat or Beat()
        self._queue: asyncio.Queue[_Pending] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="accept")
        self._task: asyncio.Task[None] | None = None

    def sink(self) -> Sink:
        """Return where a letter's bytes go while they arrive."""
        return self._journal.blobs.sink()

    def open(self) -> bool | str:
        """Say whether there is room for letters; a journal that is down is found out by the commit.

        A word when a disk failed to sync: nothing is taken until a person has looked at it.
        """
        if self._journal.blobs.sick:
            return "disk"
        return all(shutil.disk_usage(folder).free >= self._min_free_bytes for folder in self._journal.folders)

    async def __call__(self, delivery: Delivery) -> None:
        """Return when *delivery* is durable; raises what went wrong (OSError, a database error) when it is not."""
        pending = _Pending(delivery, asyncio.get_running_loop().create_future())
        self._beat.wanted(COMMIT)
        await self._queue.put(pending)
        await pending.done

    async def run(self) -> None:
        """Commit letters until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if self._queue.empty():
                self._beat.idle()
            batch = [await self._queue.get()]
            self._beat.busy(COMMIT)
            while len(batch) < MAX_BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await loop.run_in_executor(self._thread, self._commit, [pending.delivery for pending in batch])
            except Exception as error:  # an edge: the error belongs to whoever delivers, who will say "try later"
                for pending in batch:
                    if not pending.done.done():
                        pending.done.set_exception(error)
            else:
                for pending in batch:
                    if not pending.done.done():
                        pending.done.set_result(None)
                self._wake()

    def close(self) -> None:
        self._thread.shutdown()

    def _commit(self, deliveries: list[Delivery]) -> None:
        if sick := self._journal.blobs.sick:  # letters past their MAIL too
            raise OSError(EIO, f"no more letters are taken since: {sick}")
        take(deliveries, self._journal, self._office, self._now(), self._failpoint)


def take(
    deliveries: Sequence[Delivery], journal: Journal, office: Office, now: datetime, failpoint: Failpoint
) -> list[int]:
    """Make *deliveries* durable in one commit and return their entries: first the bytes, then the rows."""
    arrivals = [
        Arrival(
            source=delivery.source,
            channel=delivery.channel,
            lane=office.lane(Origin(delivery.channel, delivery.peer, delivery.envelope_sender)),
            envelope_sender=delivery.envelope_sender,
            envelope_recipients=delivery.recipients,
            peer=delivery.peer,
            arrived_anew=delivery.arrived_anew,
            letter=journal.blobs.keep(delivery.letter),
        )
        for delivery in deliveries
    ]
    failpoint("accept:before-commit")
    with journal.write() as tx:
        ids = entries.accept(tx, arrivals, now)
        failpoint("accept:inserted")
    failpoint("accept:committed")
    return ids
