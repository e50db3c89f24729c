# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: a node from start to stop, and again with a new configuration when it is told to."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from gateway import running
from gateway.build import SystemClock, build, edms_of
from gateway.doors import door_of
from gateway.logs import set_level
from gateway.node import Node
from gateway.ports import Clock, Failpoint, nothing_fails
from gateway.scanning import scanner_of
from gateway.settings import Settings
from gateway.systemd import Systemd

log = structlog.get_logger(__name__)


def run_service(
    load: Callable[[], Settings],
    *,
    clock: Clock | None = None,
    failpoint: Failpoint = nothing_fails,
    ready: Callable[[Node], None] = lambda node: None,
    hurry: float = 1.0,
    workers: int | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads the configuration anew, mapping and all.

    One that does not hold is reported, and the service goes on as it is; one that cannot start, as when a door is
    taken, gives way to the one before it.  Both are written down for `status` (see `running`).  *ready* is called when
    every door is open.
    *hurry* divides the patience of the watchdog with our loops, for tests.  *workers* are taken in the place of
    `workers.count`, whatever the file says, until the service is started again.
    Raises what `load` and `build` raise at the first start.
    """
    settings, proven, now, systemd = load(), None, clock or SystemClock(), Systemd()
    refused: tuple[datetime, str] | tuple[()] = ()
    since = now.now()

    def anew() -> Settings:
        try:
            found = load()
            _try(found, now)
        except Exception as error:
            running.note(settings, since, now.now(), _words(error))
            raise
        if workers is not None and found.workers.count != settings.workers.count:
            log.warning("workers.count needs a restart without --workers", typed=workers, file=found.workers.count)
        running.note(found, now.now())  # it is told: what runs on meanwhile only ends its work
        return found

    def node_of(settings: Settings) -> Node:
        return Node(build(settings, now, failpoint), hurry, workers, partial(began, settings))

    def began(settings: Settings) -> None:
        nonlocal since
        since = now.now()
        running.note(settings, since, *refused)

    with asyncio.Runner() as runner:  # one loop for every node: no signal is lost between two of them
        stop, reload = _signals(runner.get_loop())
        while not stop.is_set():
            set_level(settings.log.level)
            try:
                wanted = runner.run(
                    _serve(partial(node_of, settings), stop, partial(_better, reload, anew), ready, systemd)
                )
            except Exception as error:  # an edge: a configuration that cannot start gives way to the one that did
                if proven is None or settings is proven:
                    raise
                log.error("the new configuration cannot start, the old one serves on", error=str(error))
                refused, settings = (now.now(), _words(error)), proven
                continue
            if wanted is None:
                return
            proven, settings, refused = settings, wanted, ()
    systemd.stopping()
    running.forget(settings)


def _try(settings: Settings, clock: Clock) -> None:
    """Open what can be opened while the old configuration serves; raises what would keep the new one from starting."""
    for listener in settings.listeners:
        door_of(listener, settings)
    scanner_of(settings.antivirus, settings.journal.blobs)
    edms_of(settings, clock).close()


def _words(error: Exception) -> str:
    """Return *error* in one line; click's own exceptions say nothing as text."""
    return " ".join(str(getattr(error, "message", "") or error or type(error).__name__).split())


def _signals(loop: asyncio.AbstractEventLoop) -> tuple[asyncio.Event, asyncio.Event]:
    """Return what is set when we are told to stop, and to read the configuration anew."""
    stop, reload = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    return stop, reload


async def _serve(
    begin: Callable[[], Node],
    stop: asyncio.Event,
    better: Callable[[], Coroutine[Any, Any, Settings]],  # Any: as asyncio has it
    ready: Callable[[Node], None],
    systemd: Systemd,
) -> Settings | None:
    """Serve until told to stop (None), or to start again with what *better* gives."""
    threads = ThreadPoolExecutor(thread_name_prefix="node")
    asyncio.get_running_loop().set_default_executor(threads)
    node = begin()
    vouching = asyncio.create_task(systemd.watchdog(node.pulse.hung))
    waiting: list[asyncio.Task[Any]] = []  # Any: only one of them gives something
    try:
        await node.start()
        ready(node)
        systemd.ready(
            f"{len(node.listeners)} listeners, {len(node.parts.settings.mailboxes)} mailboxes, "
            f"{len(node.parts.settings.folders)} folders"
        )
        wanted = asyncio.create_task(better())
        waiting = [wanted, asyncio.create_task(stop.wait()), asyncio.create_task(node.failed())]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if stop.is_set() or not wanted.done():
            systemd.stopping()
            running.forget(node.parts.settings)
            return None
        systemd.reloading()
        return wanted.result()
    finally:
        for task in waiting:
            task.cancel()
        await node.stop()
        node.parts.close()
        vouching.cancel()
        await _end(threads)


async def _end(threads: ThreadPoolExecutor) -> None:
    """End what a node left behind, so that none of it works beside the next one: its tasks, and its *threads*."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with ThreadPoolExecutor(1) as other:  # they may wait for something of the loop
        await asyncio.get_running_loop().run_in_executor(other, threads.shutdown)


async def _better(reload: asyncio.Event, anew: Callable[[], Settings]) -> Settings:
    """Return the first new configuration that holds."""
    while True:
        await reload.wait()
        reload.clear()
        try:
            return await asyncio.to_thread(anew)
        except Exception as error:  # an edge: whatever is wrong with the new configuration, the old one works
            log.error("the new configuration is not used", error=str(error))
