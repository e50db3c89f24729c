# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: a node from start to stop, and again with a new configuration when it is told to."""

import asyncio
import signal
from collections.abc import Callable

import structlog

from gateway.build import SystemClock, build
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
    """Run the service until SIGTERM or SIGINT; SIGHUP reads the configuration anew.

    A configuration that does not hold is reported and the old one kept.  *ready* is called when every door is open.
    Raises what `load` and `build` raise at the first start.
    """
    settings, proven = load(), None
    while True:
        try:
            again = asyncio.run(_serve(settings, clock or SystemClock(), failpoint, ready))
        except Exception as error:  # an edge: a configuration that cannot start gives way to the one that did
            if proven is None or settings is proven:
                raise
            log.error("the new configuration cannot start, the old one serves on", error=str(error))
            settings = proven
            continue
        if not again:
            return
        proven = settings
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
