# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: a node from start to stop, and again with a new configuration when it is told to."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import structlog

from gateway.build import SystemClock, build, edms_of
from gateway.node import Node
from gateway.ports import Clock, Failpoint, nothing_fails
from gateway.settings import Settings

log = structlog.get_logger(__name__)


def run_service(
    load: Callable[[], Settings],
    *,
    clock: Clock | None = None,
    failpoint: Failpoint = nothing_fails,
    ready: Callable[[Node], None] = lambda node: None,
) -> None:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads the configuration anew, mapping and all.

    One that does not hold is reported, and the service goes on as it is; one that cannot start, as when a door is
    taken, gives way to the one before it.  *ready* is called when every door is open.
    Raises what `load` and `build` raise at the first start.
    """
    settings, proven, now = load(), None, clock or SystemClock()

    def anew() -> Settings:
        found = load()
        edms_of(found, now).close()
        return found

    while True:
        try:
            wanted = asyncio.run(_serve(settings, anew, now, failpoint, ready))
        except Exception as error:  # an edge: a configuration that cannot start gives way to the one that did
            if proven is None or settings is proven:
                raise
            log.error("the new configuration cannot start, the old one serves on", error=str(error))
            settings = proven
            continue
        if wanted is None:
            return
        proven, settings = settings, wanted


async def _serve(
    settings: Settings,
    anew: Callable[[], Settings],
    clock: Clock,
    failpoint: Failpoint,
    ready: Callable[[Node], None],
) -> Settings | None:
    """Serve until told to stop (None), or to start again with what *anew* gives."""
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    parts = build(settings, clock, failpoint)
    node = Node(parts)
    waiting: list[asyncio.Task[Any]] = []  # Any: only one of them gives something
    try:
        await node.start()
        ready(node)
        wanted = asyncio.create_task(_better(reload, anew))
        waiting = [wanted, asyncio.create_task(stop.wait()), asyncio.create_task(node.failed())]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return wanted.result() if wanted.done() and not stop.is_set() else None
    finally:
        for task in waiting:
            task.cancel()
        await node.stop()
        parts.close()


async def _better(reload: asyncio.Event, anew: Callable[[], Settings]) -> Settings:
    """Return the first new configuration that holds."""
    while True:
        await reload.wait()
        reload.clear()
        try:
            return await asyncio.to_thread(anew)
        except Exception as error:  # an edge: whatever is wrong with the new configuration, the old one works
            log.error("the new configuration is not used", error=str(error))
