# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: one edge process that owns every socket, and worker processes that parse.

Starts from the inside out (journal, EDMS, workers, collecting and sending, doors last) and stops the other way round,
so nothing is taken that nobody would keep.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from uuid import uuid4

import structlog

from gateway.build import Parts, SystemClock, build, nothing_fails
from gateway.crew import Crew
from gateway.doors import Posts, door_of, mailbox_of
from gateway.inbound.accept import Acceptor
from gateway.inbound.imap import watch
from gateway.inbound.imap_memory import JournalMemory
from gateway.inbound.listener import Listener, listen
from gateway.journal import entries
from gateway.outbound.collect import Collector
from gateway.outbound.dispatch import Dispatcher
from gateway.ports import Clock, Failpoint
from gateway.retry import Backoff
from gateway.settings import Settings

DRAIN = timedelta(seconds=20)  # LIMIT: for conversations under way when we are told to stop
MIN_FREE_BYTES = 256 << 20  # LIMIT: below this much room no letter is taken
MAX_PAUSE = timedelta(minutes=1)  # LIMIT: between looks at an EDMS that does not answer


def new_id() -> str:
    """Return an id that is unique for ever."""
    return uuid4().hex


log = structlog.get_logger(__name__)


class Node:
    """One edge process and its workers, from start to stop."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.listeners: list[Listener] = []
        self._name = f"{socket.gethostname()}.{os.getpid()}"
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._news = asyncio.Event()  # something may be told to the EDMS, or flagged in a mailbox
        self._mailbox_wakes: list[asyncio.Event] = []
        retry = parts.settings.retry
        self._posts = Posts(parts.settings)
        self._crew = Crew(parts, self._name, self._finished)
        self._acceptor = Acceptor(
            parts.journal,
            parts.office,
            parts.clock.now,
            failpoint=parts.failpoint,
            wake=self._crew.wake,
            min_free_bytes=MIN_FREE_BYTES,
        )
        self._dispatcher = Dispatcher(
            parts.journal,
            self._posts.for_letter,
            parts.clock.now,
            Backoff(retry.first, retry.longest, retry.give_up),
            name=self._name,
            failpoint=parts.failpoint,
            told=self._news.set,
        )
        self._collector = Collector(
            parts.journal, parts.edms, parts.office, parts.outbox, parts.clock.now, parts.failpoint
        )

    async def start(self) -> None:
        """Start everything; raises OSError when a door cannot be opened."""
        settings = self.parts.settings
        with self.parts.journal.write() as tx:
            entries.release(tx, None, self.parts.clock.now())
        self._crew.start()
        self._spawn(self._acceptor.run())
        self._spawn(self._dispatcher.run())
        self._spawn(self._collect())
        for listener in settings.listeners:
            door = door_of(listener, settings)
            self.listeners.append(await listen(door, self._acceptor, new_id=new_id, also_ours=self._a_bounce))
        for mailbox in settings.mailboxes:
            wake = asyncio.Event()
            self._mailbox_wakes.append(wake)
            self._spawn(
                watch(
                    mailbox_of(mailbox, settings),
                    self._acceptor,
                    JournalMemory(self.parts.journal),
                    clock=self.parts.clock,
                    rng=Random(),
                    stop=self._stop,
                    wake=wake,
                )
            )
        log.info("started", node=self._name, listeners=[str(listener.address) for listener in self.listeners])

    async def stop(self) -> None:
        """Close the doors, let work in hand finish, stop."""
        self._stop.set()
        for listener in self.listeners:
            await listener.close(DRAIN)
        await self._crew.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._posts.close()
        self._acceptor.close()
        log.info("stopped", node=self._name)

    async def failed(self) -> None:
        """Return only when a part of the node has died, which none should."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    def _spawn(self, work: Awaitable[None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    def _a_bounce(self, address: str) -> bool:
        """Say whether *address* is the tagged envelope sender of a letter of ours."""
        return self.parts.outbox.bounce_for((address,)) is not None

    def _finished(self) -> None:
        """A worker finished letters: answers may be queued, news told, mailboxes flagged."""
        self._dispatcher.wake.set()
        self._news.set()
        for wake in self._mailbox_wakes:
            wake.set()

    async def _collect(self) -> None:
        """Ask the EDMS again and again: at once when there is news for it, else every `edms.poll`."""
        poll = self.parts.settings.edms.poll
        failures = 0
        while True:
            self._news.clear()
            try:
                busy = await asyncio.to_thread(self._collector.round)
                failures = 0
            except Exception as error:  # an edge: the EDMS may raise anything, and we go on asking
                failures += 1
                busy = 0
                log.warning("the EDMS does not answer", error=f"{type(error).__name__}: {error}"[:300])
            if busy:
                self._dispatcher.wake.set()
                continue
            pause = poll if not failures else min(poll * 2**failures, MAX_PAUSE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._news.wait() if not failures else asyncio.Event().wait(), pause.total_seconds()
                )


def run_service(
    load: Callable[[], Settings],
    *,
    clock: Clock | None = None,
    failpoint: Failpoint = nothing_fails,
    ready: Callable[[Node], None] = lambda node: None,
) -> None:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads the configuration anew.

    A configuration that does not hold is reported and the old one kept.  *ready* is called when every door is open.
    Raises what `load` and `build` raise at the first start.
    """
    settings = load()
    while True:
        again = asyncio.run(_serve(settings, clock or SystemClock(), failpoint, ready))
        if not again:
            return
        try:
            settings = load()
        except Exception as error:  # an edge: whatever is wrong with the new configuration, the old one works
            log.error("the new configuration is not used", error=str(error))


async def _serve(settings: Settings, clock: Clock, failpoint: Failpoint, ready: Callable[[Node], None]) -> bool:
    """Serve until told to stop (False) or to start again with a new configuration (True)."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    again = False

    def reload() -> None:
        nonlocal again
        again = True
        told.set()

    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_signal_handler(signal.SIGINT, told.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    parts = build(settings, clock, failpoint)
    node = Node(parts)
    waiting: list[asyncio.Task[object]] = []
    try:
        await node.start()
        ready(node)
        waiting = [asyncio.create_task(told.wait()), asyncio.create_task(node.failed())]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return again
    finally:
        for task in waiting:
            task.cancel()
        await node.stop()
        parts.close()
