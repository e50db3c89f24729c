# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the IMAP side share: somebody who accepts, somebody who remembers, time that does not pass."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from gateway.content import MemorySink
from gateway.inbound.delivery import Delivery
from gateway.inbound.imap.watch import Watching, watch
from gateway.journal.entries import imap_source
from gateway.model import Sink

DEADLINE_SECONDS = 60.0  # LIMIT: on a machine that has much else to do
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Changes:
    """Lets a test wait for a condition without polling a clock."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()

    async def changed(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS), self._changed:
            await self._changed.wait_for(true)


class Accepting(Changes):
    """Takes letters; `fail` makes it raise, `opened` says what `open` answers."""

    def __init__(self) -> None:
        super().__init__()
        self.deliveries: list[Delivery] = []
        self.fail: Exception | None = None
        self.opened: bool | str = True
        self.gate: asyncio.Event | None = None  # a commit waits for it
        self.entered = asyncio.Event()  # a commit has begun
        self.new_sink: Callable[[], Sink] = MemorySink

    def sink(self) -> Sink:
        return self.new_sink()

    def open(self) -> bool | str:
        return self.opened

    async def __call__(self, delivery: Delivery) -> None:
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fail is not None:
            raise self.fail
        self.deliveries.append(delivery)
        await self.changed()

    async def count(self, wanted: int) -> list[Delivery]:
        """Wait until *wanted* letters were accepted and return them all."""
        await self.until(lambda: len(self.deliveries) >= wanted)
        return self.deliveries

    def letters(self) -> list[bytes]:
        return [b"".join(delivery.letter.blocks()) for delivery in self.deliveries]


@dataclass
class RememberedEpoch:
    starts_at: int
    anew_from: int
    not_before: datetime | None
    changed: bool


class Remembering(Changes):
    """Remembers in plain lists what the journal remembers in tables."""

    def __init__(self, accepting: Accepting) -> None:
        super().__init__()
        self._accepting = accepting
        self.epochs: dict[tuple[str, int], RememberedEpoch] = {}
        self.first_start: dict[str, datetime] = {}
        self.wanted_flags: set[int] = set()
        self.tests: set[int] = set()
        self.was_flagged: set[int] = set()
        self.gone: set[tuple[str, int, int]] = set()
        self.rounds = 0
        self.failures: list[tuple[str, bool]] = []

    async def enter(
        self, mailbox: str, uidvalidity: int, uidnext: int, start: Literal["now", "all"], now: datetime
    ) -> RememberedEpoch:
        changed = any(name == mailbox for name, _ in self.epochs)
        began = self.first_start.setdefault(mailbox, now)
        if changed or start == "all":
            fresh = RememberedEpoch(1, uidnext, began if changed and start == "now" else None, changed)
        else:
            fresh = RememberedEpoch(uidnext, uidnext, None, False)
        return self.epochs.setdefault((mailbox, uidvalidity), fresh)

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> frozenset[int]:
        sources = {delivery.source for delivery in self._accepting.deliveries}
        accepted = {uid for uid in uids if imap_source(mailbox, uidvalidity, uid) in sources}
        return frozenset(accepted | {uid for uid in uids if (mailbox, uidvalidity, uid) in self.gone})

    async def to_flag(self, mailbox: str, uidvalidity: int, limit: int) -> tuple[int, ...]:
        return tuple(sorted(self.wanted_flags - self.was_flagged))[:limit]

    async def to_remove(self, mailbox: str, uidvalidity: int, limit: int) -> tuple[int, ...]:
        return tuple(sorted((self.wanted_flags & self.tests) - self.was_flagged))[:limit]

    async def flagged(self, mailbox: str, uidvalidity: int, uids: Sequence[int], now: datetime) -> None:
        self.was_flagged.update(uids)
        await self.changed()

    async def vanished(self, mailbox: str, uidvalidity: int, uid: int, now: datetime) -> None:
        self.gone.add((mailbox, uidvalidity, uid))
        await self.changed()

    async def heard(self, mailbox: str, now: datetime) -> None:
        self.rounds += 1
        await self.changed()

    async def failed(self, mailbox: str, words: str, now: datetime, *, login_refused: bool) -> None:
        self.failures.append((words, login_refused))
        await self.changed()

    async def rounds_done(self, wanted: int) -> None:
        await self.until(lambda: self.rounds >= wanted)

    async def failures_told(self, wanted: int) -> list[tuple[str, bool]]:
        await self.until(lambda: len(self.failures) >= wanted)
        return self.failures


class Still:
    """A clock that stands until somebody moves it."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


class Sleeping(Changes):
    """Waiting that takes no time, except where *lasts* says so: that ends when the test calls `over`."""

    def __init__(self, lasts: Callable[[timedelta], bool]) -> None:
        super().__init__()
        self._lasts = lasts
        self._over = asyncio.Event()
        self.pauses: list[timedelta] = []

    async def __call__(self, pause: timedelta) -> None:
        self.pauses.append(pause)
        await self.changed()
        if self._lasts(pause):
            await self._over.wait()
        else:
            await asyncio.sleep(0)

    def over(self) -> None:
        """End the sleep that lasts, once."""
        self._over.set()
        self._over = asyncio.Event()


class Watch:
    """A running watch and everything around it."""

    def __init__(
        self, lasts: Callable[[timedelta], bool] | None = None, poll: timedelta = timedelta(minutes=2)
    ) -> None:
        self.poll = poll
        self.accepting = Accepting()
        self.memory: Any = Remembering(self.accepting)  # or the real one
        self.clock = Still()
        self.sleeping = Sleeping(lasts or (lambda pause: pause == poll))
        self.stop = asyncio.Event()
        self.wake = asyncio.Event()

    @asynccontextmanager
    async def running(self, watching: Watching, **more: Any) -> AsyncIterator["Watch"]:
        """Run the watch; at the end stop it and wait for it."""
        self.stop.clear()
        self.task = task = asyncio.create_task(
            watch(
                watching,
                self.accepting,
                self.memory,
                clock=self.clock,
                rng=Random(7),
                stop=self.stop,
                wake=self.wake,
                sleep=self.sleeping,
                **more,
            )
        )
        try:
            yield self
        finally:
            self.stop.set()
            async with asyncio.timeout(DEADLINE_SECONDS):
                await task
