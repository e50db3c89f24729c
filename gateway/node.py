# SPDX-License-Identifier: GPL-3.0-or-later
"""One node: the edge process that owns every socket, and the crew of workers that parse.

Starts from the inside out (journal, workers, collecting and sending, doors last) and stops the other way round, so
nothing is taken that nobody would keep.
"""

import asyncio
import contextlib
import fcntl
import socket
from collections.abc import Callable, Coroutine, MutableSequence
from datetime import timedelta
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import IO, Any
from uuid import uuid4

import structlog

from gateway import self_test
from gateway.alarms.watch import Watch
from gateway.build import Parts
from gateway.causes import EdmsLook
from gateway.causes.machine import is_running
from gateway.crew import Crew
from gateway.doors import Posts, door_of, folder_of, mailbox_of, tokens_of
from gateway.edms_adapter import timing
from gateway.health.door import HealthDoor, turning
from gateway.health.numbers import Numbers
from gateway.health.readiness import why_not_ready
from gateway.inbound import folder as folders
from gateway.inbound.accept import MIN_FREE_BYTES, Acceptor
from gateway.inbound.imap.memory import JournalMemory
from gateway.inbound.imap.watch import watch
from gateway.inbound.smtp.listener import Listener, listen
from gateway.journal import entries
from gateway.journal.blobs import ORPHAN_AGE
from gateway.model import PartnerId
from gateway.outbound.circuits import Circuits
from gateway.outbound.collect import Collector
from gateway.outbound.dispatch import Dispatcher
from gateway.outbound.lacking import Lacking
from gateway.outbound.signals import attend
from gateway.outbound.timetable import Timetable
from gateway.pulse import Pulse
from gateway.retry import Backoff

DRAIN = timedelta(seconds=20)  # LIMIT: for conversations under way when we are told to stop
CALL_AGAIN = timedelta(seconds=5)  # before a line on which the EDMS calls is opened again
PAUSE = timedelta(seconds=2)  # before sending begins again after the journal failed, or a self-test put off
EDMS_PATIENCE = timedelta(hours=1)  # LIMIT: for one talk with the EDMS; one that takes longer hangs
TIDY = timedelta(hours=1)
HOLDER = "edms-gateway"  # who held a letter, when no person did
LOOK = timedelta(minutes=10)  # how late a new day may be noticed
LOOKED_AT_SECONDS = 5.0  # LIMIT: for whoever looks whether a node runs; it takes less than a millisecond

log = structlog.get_logger(__name__)


def only_one(directory: Path) -> IO[bytes]:
    """Lock the folder of large letters for this node, until the returned file is closed.

    Raises BlockingIOError when another node of this machine has it: two would take each other's claims for left over.
    """
    lock = (directory / "node.lock").open("wb")
    end = monotonic() + LOOKED_AT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError as error:
            if is_running(directory) or monotonic() > end:  # else somebody looks whether one does, as `status`
                lock.close()
                raise BlockingIOError(error.errno, "another gateway runs with this journal") from error
        sleep(0.01)


class Node:
    """One edge process and its workers, from start to stop."""

    def __init__(
        self, parts: Parts, hurry: float = 1.0, workers: int | None = None, began: Callable[[], None] = lambda: None
    ) -> None:
        """*hurry* divides the patience of the watchdog with our loops, for tests; *workers* overrides the settings.

        *began* hears that it runs.
        """
        self.parts, self._began = parts, began
        self.pulse = Pulse(hurry=hurry)
        self.listeners: list[Listener] = []
        self._name = socket.gethostname()  # one node a machine for one journal: what it left behind is its own
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._lock: IO[bytes] | None = None
        self._news = asyncio.Event()  # something may be told to the EDMS or asked of it, or flagged in a mailbox
        self._mailbox_wakes: list[asyncio.Event] = []
        retry, polled = parts.settings.retry, parts.settings.edms
        self._timetable = Timetable(polled.poll.total_seconds(), polled.max_wait.total_seconds(), ask_at=0)
        self._tokens = tokens_of(parts.settings.oauth)
        self._posts = Posts(parts.settings, self._tokens, parts.failpoint)
        self._times: MutableSequence[float] = [0.0] * timing.CELLS
        self._lacking = Lacking(parts.edms, parts.office, parts.clock.now)
        self._edms_words = ""  # why the EDMS does not answer; empty: it does
        self._health: HealthDoor | None = None
        self._crew = Crew(parts, self._name, self._finished, hurry, workers)
        self.pulse.follow(self._crew.silent_until)
        self._acceptor = Acceptor(
            parts.journal,
            parts.office,
            parts.clock.now,
            failpoint=parts.failpoint,
            wake=self._crew.wake,
            min_free_bytes=MIN_FREE_BYTES,
            beat=self.pulse.beat("accepting"),
        )
        self._dispatcher = Dispatcher(
            parts.journal,
            self._posts.for_letter,
            parts.clock.now,
            Backoff(retry.first, retry.longest, retry.give_up),
            name=f"{self._name}.post",
            failpoint=parts.failpoint,
            told=self._news.set,
            sender_of=lambda entry, now: parts.outbox.sealer.sender_today(entry.envelope_sender, entry.recipient, now),
            paces=self._posts.paces(parts.settings),
            guard=Circuits(self._posts.relay_of, self._posts.relay_of_lane, retry.first),
            beat=self.pulse.beat("sending"),
        )
        self._collector = Collector(
            parts.journal,
            timing.timed(parts.edms, timing.Tally(self._times)),
            parts.office,
            parts.outbox,
            parts.clock.now,
            parts.failpoint,
            parts.outgoing_screen,
        )

    async def start(self) -> None:
        """Start everything; raises OSError when a door cannot be opened."""
        settings = self.parts.settings
        self._lock = only_one(self.parts.journal.blobs.directory)
        self._began()  # before anybody can look at a node that runs
        self._release(self._name)
        self._hold_back()
        self._crew.start()
        self._spawn(self._acceptor.run())
        self._spawn(self._dispatch())
        self._spawn(self._collect())
        self._spawn(attend(self.parts.edms, self._called, CALL_AGAIN))
        self._spawn(self._tidy())
        self._spawn(self._look())
        if settings.self_test.every is not None:
            self._spawn(self._test_itself(settings.self_test.every))
        self._spawn(Watch(self.parts, self._edms_look).run())
        self._open_health()
        for listener in settings.listeners:
            door = door_of(listener, settings)
            opened = await listen(
                door, self._acceptor, new_id=new_id, also_ours=self._a_bounce, failpoint=self.parts.failpoint
            )
            self.listeners.append(opened)
        for mailbox in settings.mailboxes:
            wake = asyncio.Event()
            self._mailbox_wakes.append(wake)
            self._spawn(
                watch(
                    mailbox_of(mailbox, settings, self._tokens),
                    self._acceptor,
                    JournalMemory(self.parts.journal),
                    clock=self.parts.clock,
                    rng=Random(),
                    stop=self._stop,
                    wake=wake,
                    failpoint=self.parts.failpoint,
                    beat=self.pulse.beat(f"mailbox {mailbox.name}"),
                )
            )
        for folder in settings.folders:
            self._spawn(
                folders.watch(
                    folder_of(folder, settings),
                    self._acceptor,
                    folders.JournalFolders(self.parts.journal),
                    clock=self.parts.clock,
                    stop=self._stop,
                    failpoint=self.parts.failpoint,
                    beat=self.pulse.beat(f"folder {folder.name}"),
                )
            )
        log.info("started", node=self._name, listeners=[place_of(listener) for listener in self.listeners])

    async def stop(self) -> None:
        """Close the doors, let work in hand finish, stop."""
        self._stop.set()
        if self._health is not None:
            await asyncio.to_thread(self._health.close)
        for listener in self.listeners:
            await listener.close(DRAIN)
        await self._crew.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):  # an edge: the journal may be away; what was sent then goes again
            await self._dispatcher.close(DRAIN)
        await self._posts.close()
        self._acceptor.close()
        if self._lock is not None:
            self._lock.close()
        log.info("stopped", node=self._name)

    async def failed(self) -> None:
        """Return only when a part of the node has died, which none should."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:  # Any: as asyncio has it
        self._tasks.append(asyncio.ensure_future(work))

    def _edms_look(self) -> EdmsLook:
        return EdmsLook(self._edms_words, self._lacking.found)

    def _open_health(self) -> None:
        bind, loop = self.parts.settings.health.bind, asyncio.get_running_loop()
        if bind:
            numbers = Numbers(
                self.parts,
                self._edms_look,
                lambda: self._crew.deaths,
                lambda: [self._times, *self._crew.times()],
                self._tokens,
            )
            self._health = HealthDoor(
                bind, numbers, lambda: turning(loop) or ", ".join(self.pulse.hung()), lambda: why_not_ready(self.parts)
            )

    def _a_bounce(self, address: str) -> bool:
        """Say whether *address* is the envelope sender of one letter of ours, and not too old for a bounce."""
        return self.parts.outbox.sealer.bounce_for((address,), self.parts.clock.now()) is not None

    def _finished(self) -> None:
        """A worker finished letters: answers may be queued, news told, mailboxes flagged."""
        self._dispatcher.wake.set()
        self._news.set()
        for wake in self._mailbox_wakes:
            wake.set()

    def _release(self, name: str) -> None:
        """Give back what we held when we stopped without a word."""
        with self.parts.journal.write() as tx:
            entries.release(tx, name, self.parts.clock.now())

    def _hold_back(self) -> None:
        """Stop what is queued for partners that are not live, unless somebody released it."""
        parts = self.parts
        stopped = [PartnerId(partner.id) for partner in parts.settings.partners if partner.mode != "live"]
        with parts.journal.write() as tx:
            held = entries.hold_back(tx, stopped, who=HOLDER, why="its partner is not live", now=parts.clock.now())
        if held:
            log.info("letters are held", letters=held, partners=stopped)

    async def _dispatch(self) -> None:
        """Send letters for ever; when the journal is away, begin again until it is back."""
        while True:
            try:
                await self._dispatcher.run()
            except Exception as error:  # an edge: the journal may be away for a while
                log.warning("sending pauses", error=f"{type(error).__name__}: {error}"[:300])
                await asyncio.sleep(PAUSE.total_seconds())

    async def _tidy(self) -> None:
        """Once an hour remove what crashes left behind: files without a row, in our store and in the EDMS's."""
        while True:
            await asyncio.sleep(TIDY.total_seconds())
            try:
                await asyncio.to_thread(self._sweep)
            except Exception as error:  # an edge: nothing depends on it, and the next hour comes
                log.warning("could not tidy up", error=f"{type(error).__name__}: {error}"[:300])

    async def _look(self) -> None:
        """Say what people must prepare in the EDMS: documents wait until it is there."""
        while True:
            try:
                await asyncio.to_thread(self._lacking.say)
            except Exception as error:  # an edge: the EDMS may be away, which is said where it is needed
                log.warning("the EDMS cannot be looked at", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(LOOK.total_seconds())

    async def _test_itself(self, every: timedelta) -> None:
        """Write a letter to ourselves whenever it is time; `status` and the alarms say what came of it."""
        while True:
            put_off = False
            try:
                put_off = await asyncio.to_thread(self._begin_test, every)
                self._dispatcher.wake.set()
            except Exception as error:  # an edge: nothing depends on it, and its absence is seen
                log.warning("the self-test could not begin", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep((PAUSE if put_off else LOOK).total_seconds())

    def _begin_test(self, every: timedelta) -> bool:
        """Begin a test if it is time; returns whether it is put off until every mailbox was entered."""
        parts, now = self.parts, self.parts.clock.now()
        with parts.journal.write() as tx:
            if not self_test.due(tx, every, now):
                return False
            if self_test.never_entered(tx, parts.settings):
                return True
            partner = PartnerId(parts.settings.self_test.partner) or None
            run = self_test.begin(tx, parts.outbox.sealer, partner, now)
        log.info("a self-test begins", run=run.run, partner=run.partner)
        return False

    def _sweep(self) -> None:
        parts = self.parts
        with parts.journal.read() as tx:
            swept = parts.journal.blobs.sweep(parts.clock.now() - ORPHAN_AGE, entries.KnownBlobs(tx))
        parts.edms.sweep()
        if swept:
            log.info("tidied up", files=swept)

    def _called(self) -> None:
        """The EDMS says that people did something."""
        self._timetable.called = True
        self._news.set()

    async def _collect(self) -> None:
        """Ask the EDMS every `edms.poll` and when it calls, and tell it our news at once.

        Asking reads again what happened lately, so after a long answer we rest longer (see `Timetable`).
        """
        table, loop, beat = self._timetable, asyncio.get_running_loop(), self.pulse.beat("the EDMS")
        while True:
            beat.busy(EDMS_PATIENCE)
            self._news.clear()
            began = loop.time()
            asks = table.asks(began)
            try:
                busy = await asyncio.to_thread(self._collector.round if asks else self._collector.tell_edms)
                table.answered(began, loop.time(), asked=asks, busy=bool(busy))
                self._edms_words = ""
            except Exception as error:  # an edge: the EDMS may raise anything, and we go on asking
                table.failed()
                busy = 0
                self._edms_words = f"{type(error).__name__}: {error}"[:300]
                log.warning("the EDMS does not answer", error=self._edms_words)
            if busy:
                self._dispatcher.wake.set()
                continue
            beat.busy(EDMS_PATIENCE + timedelta(seconds=table.pause(loop.time())))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    asyncio.Event().wait() if table.failures else self._news.wait(), table.pause(loop.time())
                )


def place_of(listener: Listener) -> str:
    """Return where a listener is reached, as people write it."""
    address = listener.address
    return str(address) if isinstance(address, Path) else f"{address[0]}:{address[1]}"


def new_id() -> str:
    """Return an id that is unique for ever."""
    return uuid4().hex
