# SPDX-License-Identifier: GPL-3.0-or-later
"""Between a conversation and `accept`: room to spool, commits that nothing interrupts, and honest replies.

A commit belongs to the listener, not to the connection: a client that goes away after its dot changes nothing
(it will send again, and the copy is known by its content).  Everything that fails here is temporary: 4xx.
"""

import asyncio
import errno
import traceback
from collections.abc import Callable

import structlog

from gateway.inbound.delivery import Accept, Delivery
from gateway.inbound.smtp.replies import Reply
from gateway.inbound.smtp.transfer import DIRECT, in_thread
from gateway.model import Sink
from gateway.ports import Failpoint, nothing_fails

log = structlog.get_logger("gateway.inbound.smtp")

BUSY = "451 4.3.2 too many letters are arriving at once, try again"
NO_SPACE = "452 4.3.1 not enough space, try again"
NOT_NOW = "451 4.3.0 letters cannot be taken now, try again"

Deliver = Callable[[str, Sink], Delivery]  # closes the sink and says, under this source, what came


class Spooling:
    """A sink and the room it takes, until the letter is durable or forgotten."""

    def __init__(self, sink: Sink, leave: Callable[[], None]) -> None:
        self.sink = sink
        self._leave: Callable[[], None] | None = leave

    def finish(self) -> None:
        """Give the room back; may be repeated."""
        leave, self._leave = self._leave, None
        if leave:
            leave()

    def discard(self) -> None:
        """Forget the letter and give the room back."""
        try:
            self.sink.discard()
        finally:
            self.finish()


class Reception:
    """What all conversations of one listener share.

    At most *max_spooling* letters are between 354 and durable at any moment; the next waits *wait_seconds* for its 354.
    """

    def __init__(
        self,
        accept: Accept,
        new_id: Callable[[], str],
        *,
        max_spooling: int,
        wait_seconds: float,
        commit_seconds: float,
        failpoint: Failpoint = nothing_fails,
    ) -> None:
        self.failpoint = failpoint
        self.commits: set[asyncio.Task[Reply]] = set()
        self._accept = accept
        self._new_id = new_id
        self._room = asyncio.Semaphore(max_spooling)
        self._wait_seconds = wait_seconds
        self._commit_seconds = commit_seconds

    def closed(self) -> str | None:
        """Return why no letter can be taken now, as a reply, or None."""
        openness = self._accept.open()
        if openness is True:
            return None
        return NO_SPACE if openness is False else NOT_NOW

    async def spool(self) -> Spooling | Reply:
        """Return a place for one letter, or the reply that asks to come back."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._room.acquire()
        except TimeoutError:
            return Reply(BUSY)
        try:
            return Spooling(self._accept.sink(), self._room.release)
        except OSError as error:
            self._room.release()
            return self.failed(error)
        except BaseException:
            self._room.release()
            raise

    async def commit(self, spooling: Spooling, size: int, deliver: Deliver) -> Reply:
        """Have the letter of *size* bytes accepted; return the reply.  Cancelling this does not stop the commit.

        A commit that takes longer than `commit_seconds` is answered with 451 and goes on all the same.
        """
        source = f"smtp:{self._new_id()}"
        task = asyncio.ensure_future(self._commit(source, spooling, size, deliver))
        self.commits.add(task)
        task.add_done_callback(self.commits.discard)
        done, _ = await asyncio.wait({task}, timeout=self._commit_seconds)
        if done and not task.cancelled():
            return task.result()
        log.error("a letter is not durable in time", id=source, seconds=self._commit_seconds)
        return Reply(f"451 4.3.0 temporary failure, id {source}", closes=True)

    async def _commit(self, source: str, spooling: Spooling, size: int, deliver: Deliver) -> Reply:
        try:
            if size <= DIRECT:
                delivery = deliver(source, spooling.sink)
            else:
                delivery = await in_thread(lambda: deliver(source, spooling.sink))
            await self._accept(delivery)
        except Exception as error:  # the edge: whatever accept raises, the client keeps the letter and comes again
            spooling.discard()
            return self.failed(error, source)
        except BaseException:
            spooling.discard()
            raise
        spooling.finish()
        return Reply(f"250 2.0.0 accepted, id {source}")

    def failed(self, error: Exception, source: str = "") -> Reply:
        """Return the reply for *error*, which says nothing of it but an id that the log knows."""
        source = source or f"smtp:{self._new_id()}"
        log.error("a letter could not be taken", id=source, error=repr(error)[:256], where=_where(error))
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Reply(f"{NO_SPACE}, id {source}")
        return Reply(f"451 4.3.0 temporary failure, id {source}")


def _where(error: Exception) -> str:
    """Return the innermost place of *error*: no locals, no text of the letter."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
