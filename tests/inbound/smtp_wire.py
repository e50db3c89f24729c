# SPDX-License-Identifier: GPL-3.0-or-later
"""A raw client and a fake `accept` for the tests of the listener: what the wire saw, nothing cleverer."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.content import MemorySink
from gateway.inbound.delivery import Delivery
from gateway.inbound.smtp.listener import Listener, listen
from gateway.inbound.smtp.listening import Listening
from gateway.model import Sink
from gateway.ports import Failpoint, nothing_fails

OURS = "documents@ministry.example"
DEADLINE = 10.0  # seconds for anything that should happen at once


class Accepting:
    """Keeps what it is given; may be told to fail, to hang or to be closed."""

    def __init__(self, *, error: BaseException | None = None, openness: bool | str = True) -> None:
        self.error = error
        self.openness = openness
        self.deliveries: list[Delivery] = []
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.committed = asyncio.Event()
        self.sinks: list[RecordingSink] = []

    def sink(self) -> Sink:
        self.sinks.append(RecordingSink())
        return self.sinks[-1]

    def open(self) -> bool | str:
        return self.openness

    async def __call__(self, delivery: Delivery) -> None:
        self.began.set()
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        self.deliveries.append(delivery)
        self.committed.set()

    @property
    def letters(self) -> list[bytes]:
        return [b"".join(delivery.letter.blocks()) for delivery in self.deliveries]


class RecordingSink(MemorySink):
    """A sink that remembers whether it was thrown away, and may be full."""

    def __init__(self) -> None:
        super().__init__()
        self.discarded = asyncio.Event()

    def discard(self) -> None:
        super().discard()
        self.discarded.set()


def listening(**changes: Any) -> Listening:
    """Return a listener's settings as most tests want them."""
    return Listening(**{"name": "front", "hostname": "gate.ministry.example", "addresses": frozenset({OURS})} | changes)


@asynccontextmanager
async def running(accept: Any, failpoint: Failpoint = nothing_fails, **changes: Any) -> AsyncIterator[Listener]:
    """Run a listener and stop it."""
    ids = itertools.count(1)
    listener = await listen(listening(**changes), accept, new_id=lambda: f"id-{next(ids)}", failpoint=failpoint)
    try:
        yield listener
    finally:
        await listener.close(timedelta(seconds=0))


class LoopTime:
    """The running loop's clock: what waits for a deadline is there at once when the test puts it forward."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._of_the_machine, self._ahead = self._loop.time, 0.0
        self._loop.time = self.now  # type: ignore[method-assign]  # the loop asks itself, as everybody does

    def now(self) -> float:
        return self._of_the_machine() + self._ahead

    def passes(self, seconds: float) -> None:
        self._ahead += seconds


class Client:
    """A client that sends exactly what it is told and reads replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """Return the next reply, its lines joined by newlines; empty at the end of the connection."""
        lines = []
        with suppress(ConnectionError):
            async with asyncio.timeout(DEADLINE):
                while line := await self.reader.readline():
                    lines.append(line.decode().rstrip("\r\n"))
                    if line[3:4] != b"-":
                        break
        return "\n".join(lines)

    async def say(self, command: str | bytes) -> str:
        """Send one command line and return its reply."""
        self.send(command.encode() + b"\r\n" if isinstance(command, str) else command)
        return await self.reply()

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def envelope(self, *recipients: str, hello: str = "EHLO") -> None:
        """Go as far as 354."""
        await self.say(f"{hello} client.example")
        assert (await self.say("MAIL FROM:<clerk@partner.example>")).startswith("250")
        for recipient in recipients or (OURS,):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250")
        assert (await self.say("DATA")).startswith("354")

    async def start_tls(self, context: ssl.SSLContext, hostname: str) -> None:
        """Upgrade, after STARTTLS was answered."""
        await self.writer.start_tls(context, server_hostname=hostname)

    async def ended(self) -> bool:
        """Wait until the server closed the connection; say whether it did."""
        try:
            async with asyncio.timeout(DEADLINE):
                while await self.reader.read(1 << 16):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True

    def vanish(self) -> None:
        """Be gone without a word."""
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def talking(listener: Listener, *, greeted: bool = True, **options: Any) -> AsyncIterator[Client]:
    """Connect to *listener* and read its greeting."""
    if isinstance(listener.address, Path):
        reader, writer = await asyncio.open_unix_connection(str(listener.address), **options)
    else:
        reader, writer = await asyncio.open_connection(*listener.address, **options)
    client = Client(reader, writer)
    try:
        if greeted:
            assert (await client.reply()).startswith("220 ")
        yield client
    finally:
        await client.close()
