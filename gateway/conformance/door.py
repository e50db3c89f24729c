# SPDX-License-Identifier: GPL-3.0-or-later
"""The kit's own way in and out, by real SMTP: a listener of our inbound room that keeps letters, and a relay."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from itertools import count
from os import strerror

from gateway.conformance.answers import Heard, hear
from gateway.content import MemorySink, whole
from gateway.inbound.delivery import Delivery
from gateway.inbound.smtp.listener import Listening, listen
from gateway.model import Sink

MAX_LETTER = 64 << 20  # LIMIT: of one answer
EVERYBODY = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@dataclass(slots=True)
class Collecting:
    """An `Accept` that keeps what comes, in order."""

    came: "asyncio.Queue[Heard]" = field(default_factory=asyncio.Queue)

    def sink(self) -> Sink:
        return MemorySink()

    def open(self) -> bool | str:
        return True

    async def __call__(self, delivery: Delivery) -> None:
        data = whole(delivery.letter, MAX_LETTER)
        for recipient in delivery.recipients:
            await self.came.put(hear(recipient, data))


@asynccontextmanager
async def door(host: str, port: int, addresses: Sequence[str]) -> AsyncIterator[tuple[Collecting, int]]:
    """Listen for letters to *addresses* and give what collects them, and the port.

    Raises OSError, saying where, when nobody can listen there.
    """
    collecting, sources = Collecting(), count(1)
    listening = Listening(
        "conformance",
        "conformance.test",
        frozenset(addresses),
        host=host,
        port=port,
        peers=EVERYBODY,
        max_bytes=MAX_LETTER,
    )
    try:
        listener = await listen(listening, collecting, new_id=lambda: str(next(sources)))
    except OSError as error:
        code = error.errno or 0  # below 0: a name that nobody knows, in words already
        why = strerror(code) if code > 0 else error.strerror or str(error)
        raise OSError(f"cannot listen on {host}:{port}: {why}") from error
    try:
        place = listener.address
        assert isinstance(place, tuple)
        yield collecting, place[1]
    finally:
        await listener.close(timedelta(seconds=5))
