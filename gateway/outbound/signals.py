# SPDX-License-Identifier: GPL-3.0-or-later
"""Attending to an EDMS that calls when people did something; the poll goes on without it, or when its line is lost."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from gateway.ports import Edms, Signals

PATIENCE = timedelta(seconds=1)  # LIMIT: how long a thread outlives the order to stop

log = structlog.get_logger(__name__)


async def attend(edms: Edms, called: Callable[[], None], again: timedelta) -> None:
    """Run *called* in this loop whenever *edms* calls, for ever; a lost line is opened again after *again*.

    Never returns, not even for an EDMS that does not call.
    """
    loop, stop = asyncio.get_running_loop(), threading.Event()
    away = False
    try:
        while isinstance(edms, Signals):
            try:
                if not await asyncio.to_thread(_listen, edms, stop, lambda: loop.call_soon_threadsafe(called)):
                    break
                away = False
            except Exception as error:  # an edge: the line may break in any way, and the poll goes on without it
                if not away:
                    log.warning("the EDMS cannot call: it is polled", error=f"{type(error).__name__}: {error}"[:300])
                away = True
            await asyncio.sleep(again.total_seconds())
        await asyncio.Event().wait()
    finally:
        stop.set()


def _listen(edms: Signals, stop: threading.Event, called: Callable[[], object]) -> bool:
    """Attend to one line until it breaks, which raises, or until *stop*; False: there is none."""
    line = edms.signal()
    if line is None:
        return False
    try:
        called()  # for what happened while nobody listened
        while not stop.is_set():
            if line.wait(PATIENCE):
                called()
    finally:
        line.close()
    return True
