# SPDX-License-Identifier: GPL-3.0-or-later
"""Never waiting longer than we said we would, also for what cannot be interrupted."""

import asyncio
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

Answer = TypeVar("Answer")


async def apart(question: Callable[[], Answer], seconds: float) -> Answer:
    """Return what *question* gives in a thread of its own; raises TimeoutError after *seconds*, and what it raises.

    A thread that is given up lives on until it hears something, and holds up nobody, the end of the program included.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answer] = loop.create_future()

    def settle(give: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if answer.done() else give())

    def ask() -> None:
        try:
            found = question()
        except Exception as error:  # an edge: whoever waits gets it
            failure = error
            settle(lambda: answer.set_exception(failure))
        else:
            settle(lambda: answer.set_result(found))

    Thread(target=ask, daemon=True, name="doctor").start()
    async with asyncio.timeout(seconds):
        return await answer
