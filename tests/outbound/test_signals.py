# SPDX-License-Identifier: GPL-3.0-or-later
"""Attending to an EDMS that calls: every call is passed on, a lost line is opened again, and none is no harm."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from queue import Empty, Queue
from typing import cast

from gateway.outbound.signals import attend
from gateway.ports import Edms, Signal

AT_ONCE = timedelta(0)


class Bell:
    """An EDMS of which only the calls are looked at: True is a call, False a line that breaks, None hangs up."""

    def __init__(self, *lines: "Line | None") -> None:
        self.lines = list(lines)
        self.opened = 0

    def signal(self) -> Signal | None:
        self.opened += 1
        return self.lines.pop(0) if self.lines else None


class Line:
    def __init__(self, *calls: bool) -> None:
        self.calls: Queue[bool] = Queue()
        for one in calls:
            self.calls.put(one)
        self.closed = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def wait(self, patience: timedelta) -> bool:
        try:
            if self.calls.get(timeout=patience.total_seconds()):
                return True
        except Empty:
            return False
        raise ConnectionError("the line is lost")

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.closed.set)


class Counter:
    """Counts calls, and can be waited for."""

    def __init__(self) -> None:
        self.calls = 0
        self._more = asyncio.Event()

    def __call__(self) -> None:
        self.calls += 1
        self._more.set()

    async def reached(self, wanted: int) -> int:
        while self.calls < wanted:
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 30)
        return self.calls


async def attended(edms: object, until: Callable[[Counter], Awaitable[object]]) -> int:
    counter = Counter()
    task = asyncio.create_task(attend(cast(Edms, edms), counter, AT_ONCE))
    await until(counter)
    alive = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert alive
    return counter.calls


async def test_every_call_is_passed_on_and_one_for_what_nobody_heard() -> None:
    line = Line(True, True)

    assert await attended(Bell(line), lambda counter: counter.reached(3)) == 3
    await asyncio.wait_for(line.closed.wait(), 30)


async def test_a_lost_line_is_closed_and_opened_again_with_a_call_for_what_was_missed() -> None:
    lost, second = Line(True, False), Line(True)
    bell = Bell(lost, second)

    assert await attended(bell, lambda counter: counter.reached(4)) == 4
    assert lost.closed.is_set()
    assert bell.opened == 2


async def test_an_edms_that_does_not_call_is_asked_for_a_line_once_and_left_to_the_poll() -> None:
    bell = Bell()

    async def opened(_: Counter) -> None:
        while not bell.opened:
            await asyncio.sleep(0)

    assert await attended(bell, opened) == 0
    assert bell.opened == 1


async def test_an_edms_that_knows_no_signals_is_left_to_the_poll() -> None:
    assert await attended(object(), lambda _: asyncio.sleep(0)) == 0
