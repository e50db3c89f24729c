# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker processes of a node: started, woken, watched, replaced when they die, stopped.

They and the edge process wake each other through a pipe; polling is the truth, waking only shortens the wait.
"""

import asyncio
import contextlib
import multiprocessing
import resource
import select
import signal
import socket
from collections.abc import Callable, Iterator, MutableSequence
from dataclasses import replace
from datetime import timedelta
from multiprocessing.context import SpawnProcess
from time import monotonic
from typing import Any

import structlog

from gateway.build import Parts, build
from gateway.edms_adapter import timing
from gateway.inbound.worker import Worker
from gateway.journal import entries, trouble
from gateway.logs import configure_logs
from gateway.ports import Clock, Failpoint
from gateway.settings import Settings

POLL_SECONDS = 1.0  # LIMIT: how long an accepted letter may lie unnoticed when a wake-up is lost
STOP_SECONDS = 30.0  # LIMIT: for the letter in hand when we are told to stop
BETWEEN = timedelta(minutes=5)  # LIMIT: for claiming letters, however slow the journal; one that takes longer hangs
REST_SECONDS = 1.0  # before a dead worker is replaced

_spawn = multiprocessing.get_context("spawn")
log = structlog.get_logger(__name__)


class Crew:
    """`workers.count` worker processes, or as many as the one who started us said."""

    def __init__(
        self, parts: Parts, node: str, finished: Callable[[], None], hurry: float = 1.0, count: int | None = None
    ) -> None:
        """*hurry* divides the patience with them, for tests."""
        self._count = count or parts.settings.workers.count
        self._settings = parts.settings
        self._journal = parts.journal
        self._clock = parts.clock
        self._failpoint = parts.failpoint
        self._node = node
        self._finished = finished
        self._hands: dict[str, tuple[SpawnProcess, socket.socket]] = {}
        self._in_hand: dict[str, Any] = {}  # Any: ctypes; by worker, the entry it works on
        self._times: dict[str, Any] = {}  # Any: ctypes; by worker and those before it, how long the EDMS took
        self._silent_until: dict[str, Any] = {}  # Any: ctypes; by worker, seconds of `monotonic`
        self._hurry = hurry
        self._stopping = False
        self.deaths = 0  # of workers, since the start
        self._replacing: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        for number in range(self._count):
            self._hire(f"{self._node}.{number}")

    def silent_until(self) -> Iterator[tuple[str, float]]:
        """Yield of each worker until when it may be silent, in seconds of `monotonic`; those being replaced have time.

        Every process of a machine has the same `monotonic`.
        """
        for name in self._hands:
            yield f"worker {name}", self._silent_until[name].value

    def times(self) -> list[MutableSequence[float]]:
        """Return the cells in which each worker counts how long the EDMS takes, see `timing`."""
        return list(self._times.values())

    def wake(self) -> None:
        """Tell every worker that there is work."""
        for _, pipe in self._hands.values():
            nudge(pipe)

    async def stop(self) -> None:
        """Let every worker finish the letter in hand, then end it."""
        self._stopping = True
        loop = asyncio.get_running_loop()
        for process, pipe in self._hands.values():
            loop.remove_reader(process.sentinel)
            loop.remove_reader(pipe.fileno())
            process.terminate()
        for process, pipe in self._hands.values():
            await asyncio.to_thread(process.join, STOP_SECONDS)
            if process.is_alive():
                process.kill()
                await asyncio.to_thread(process.join)
                with contextlib.suppress(Exception):  # an edge: the journal may be away; then the start stays counted
                    await asyncio.to_thread(self._disown, process.name)
            process.close()
            pipe.close()
        for task in self._replacing:
            task.cancel()
        self._hands.clear()

    def _hire(self, name: str) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        in_hand = self._in_hand[name] = _spawn.Value("q", 0, lock=False)
        first = monotonic() + BETWEEN.total_seconds()  # starting is slow on a busy machine
        silent_until = self._silent_until[name] = _spawn.Value("d", first, lock=False)
        times = self._times.setdefault(name, _spawn.Array("d", timing.CELLS, lock=False))
        tools = (self._settings, self._clock, self._failpoint, in_hand, silent_until, times, self._hurry)
        process = _spawn.Process(target=serve, args=(name, *tools, theirs), name=name, daemon=True)
        process.start()
        theirs.close()
        self._hands[name] = (process, ours)
        loop = asyncio.get_running_loop()
        loop.add_reader(ours.fileno(), self._heard, name)
        loop.add_reader(process.sentinel, self._died, name)

    def _heard(self, name: str) -> None:
        _, pipe = self._hands[name]
        if not drained(pipe):
            asyncio.get_running_loop().remove_reader(pipe.fileno())
        self._finished()

    def _died(self, name: str) -> None:
        process, pipe = self._hands.pop(name)
        loop = asyncio.get_running_loop()
        loop.remove_reader(process.sentinel)
        loop.remove_reader(pipe.fileno())
        process.join()
        entry, words = int(self._in_hand.pop(name).value), death_of(process.exitcode, self._settings)
        self.deaths += 1
        log.error("a worker died", worker=name, how=words, entry=entry or None)
        process.close()
        pipe.close()
        if not self._stopping:
            task = loop.create_task(self._replace(name, entry, words))
            self._replacing.add(task)
            task.add_done_callback(self._replacing.discard)

    async def _replace(self, name: str, entry: int, words: str) -> None:
        """Give back what the dead worker held and hire another, however long the journal is away."""
        given_back = False
        while not (given_back or self._stopping):
            await asyncio.sleep(REST_SECONDS)
            try:
                await asyncio.to_thread(self._give_back, name, entry, words)
                given_back = True
            except Exception as error:  # an edge: the journal may be away for a while
                log.warning("cannot replace a worker yet", worker=name, error=type(error).__name__)
        if not self._stopping:
            self._hire(name)

    def _disown(self, name: str) -> None:
        """We ourselves ended a worker at its work: nothing is counted against what it held."""
        with self._journal.write() as tx:
            entries.disown(tx, name)

    def _give_back(self, name: str, entry: int, words: str) -> None:
        with self._journal.write() as tx:
            entries.died(tx, name, entry, words)


def death_of(exitcode: int | None, settings: Settings) -> str:
    """Return how a worker died, in words for the letter that it had in hand."""
    limits = settings.workers
    if exitcode == -signal.SIGPROF:
        return f"it took more than {limits.seconds} s of processor time"
    if exitcode == -signal.SIGALRM:
        return f"it was not done after {limits.patience.total_seconds():.0f} s"
    if exitcode is not None and exitcode < 0:
        return f"its worker was killed by {signal.Signals(-exitcode).name}"
    return f"its worker ended with {exitcode}"


def serve(
    name: str,
    settings: Settings,
    clock: Clock,
    failpoint: Failpoint,
    in_hand: Any,  # Any: ctypes
    silent_until: Any,  # Any: ctypes
    times: MutableSequence[float],
    hurry: float,
    edge: socket.socket,
) -> None:
    """Run one worker process until SIGTERM; never returns an error for a letter."""
    stopping = False

    def stop(signum: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    limit = settings.workers.memory
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    configure_logs(settings.log.level)
    edge.setblocking(False)
    parts = build(settings, clock, failpoint)
    desk = replace(parts, edms=timing.timed(parts.edms, timing.Tally(times))).desk()

    between = BETWEEN.total_seconds() / hurry
    patience = settings.workers.patience.total_seconds() / hurry

    def begin(entry: int) -> None:
        in_hand.value = entry
        silent_until.value = monotonic() + between + (patience if entry else 0)

    worker = Worker(
        name,
        desk,
        parts.clock.now,
        max_seconds=settings.workers.seconds,
        patience=settings.workers.patience,
        stopping=lambda: stopping,
        in_hand=begin,
    )
    try:
        amends_due = False
        while not stopping:
            silent_until.value = monotonic() + between
            try:
                if amends_due:
                    worker.amends()
                amends_due, busy = False, worker.work()
            except Exception as error:
                if not (theirs := trouble.of_the_machine(error)):
                    raise
                log.error("the journal is away or full", worker=name, error=theirs)
                amends_due, busy = True, 0
            if busy:
                nudge(edge)
            elif select.select([edge], [], [], POLL_SECONDS)[0] and not drained(edge):
                log.warning("the edge process is gone", worker=name)
                return
    finally:
        parts.close()


def nudge(other: socket.socket) -> None:
    """Tell the process at the other end to look; one word that waits there is as good as many."""
    with contextlib.suppress(OSError):  # full: it will look anyway; gone: whoever watches it knows
        other.send(b"!")


def drained(pipe: socket.socket) -> bool:
    """Throw away the words that wait; return False when the other end is gone."""
    try:
        while pipe.recv(4096):
            continue
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False
