# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy between the gateway and its peer that does to the wire what wires do.

Each connection follows a `Program`: what happens to the bytes `up` (to the server) and `down` (from it).  Without a
program bytes pass as they come.  What was seen is written down, so a dry run tells how many lines there are to cut at.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What happens to one direction of a connection; positions count bytes of this direction from 0."""

    cut_after: int | None = None  # bytes; then both sides are reset
    cut_after_lines: int | None = None
    cut_at: bytes = b""  # … or right after these bytes
    cut_before: bytes = b""  # … or so that these bytes never pass
    stall_after: int | None = None  # bytes; then nothing passes any more, and nobody is told
    stall_at: bytes = b""  # … or from right after these bytes on
    close_after: int | None = None  # bytes; then this direction ends politely, the other goes on
    segments: tuple[int, ...] = ()  # sizes of the segments that are passed on, the last for ever; empty: as they come
    gather: int = 0  # bytes: nothing passes before so many have come (then everything at once)
    delay: float = 0  # seconds before every piece
    before: tuple[bytes, Callable[[], Awaitable[None]]] | None = None  # what is done once, when these bytes come by


@dataclass(frozen=True, slots=True)
class Program:
    """What happens to one connection."""

    up: Way = Way()
    down: Way = Way()


PLAIN = Program()


class _Cut(Exception):
    """The program ends the connection here."""


@dataclass(slots=True)
class Seen:
    """What came by on one connection before anything was done to it."""

    up: bytearray = field(default_factory=bytearray)
    down: bytearray = field(default_factory=bytearray)


class Proxy:
    """Stands on a port of its own before a server."""

    def __init__(self, host: str, port: int, programs: Iterable[Program]) -> None:
        self.port = 0
        self.seen: list[Seen] = []
        self.programs = list(programs)  # one per connection; afterwards everything passes
        self._server = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        program = self.programs.pop(0) if self.programs else PLAIN
        seen = Seen()
        self.seen.append(seen)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server = None
        try:
            server_reader, server = await asyncio.open_connection(*self._server)
            async with asyncio.TaskGroup() as both:
                both.create_task(_Pipe(program.up, reader, server, seen.up).run())
                both.create_task(_Pipe(program.down, server_reader, writer, seen.down).run())
        except* (OSError, _Cut, asyncio.CancelledError):
            pass
        finally:
            for one in (writer, server):
                if one is not None:
                    _reset(one)
            self._tasks.discard(task)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        while self._tasks:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # aborted transports leave in the next round of the loop


class _Pipe:
    """One direction."""

    def __init__(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray) -> None:
        self._way = way
        self._reader = reader
        self._writer = writer
        self._seen = seen
        self._passed = 0
        self._done_before = way.before is None

    async def run(self) -> None:
        while block := await self._reader.read(1 << 16):
            self._seen += block
            if len(self._seen) < self._way.gather:
                continue
            if not self._done_before and self._way.before and self._way.before[0] in self._seen:
                self._done_before = True
                await self._way.before[1]()
            await self._pass_on()
        await self._pass_on()
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def _pass_on(self) -> None:
        """Pass what may pass of what has been seen; raises _Cut where the program says so."""
        way = self._way
        cut, stall = self._cut_position(), self._stall_position()
        end = min(at for at in (len(self._seen), cut, stall, way.close_after) if at is not None)
        for piece in self._pieces(bytes(self._seen[self._passed : end])):
            if way.delay:
                await asyncio.sleep(way.delay)
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0)
        self._passed = max(self._passed, end)
        if cut is not None and self._passed >= cut:
            await _sent(self._writer)
            raise _Cut
        if stall is not None and self._passed >= stall:
            await asyncio.Event().wait()
        if way.close_after is not None and self._passed >= way.close_after:
            if self._writer.can_write_eof():
                self._writer.write_eof()
            await asyncio.Event().wait()

    def _cut_position(self) -> int | None:
        way, seen = self._way, self._seen
        if way.cut_after is not None:
            return way.cut_after
        if way.cut_after_lines is not None:
            return _after_lines(seen, way.cut_after_lines)
        if way.cut_before and way.cut_before in seen:
            return seen.index(way.cut_before)
        return _after(seen, way.cut_at)

    def _stall_position(self) -> int | None:
        return self._way.stall_after if self._way.stall_after is not None else _after(self._seen, self._way.stall_at)

    def _pieces(self, block: bytes) -> Iterable[bytes]:
        sizes = list(self._way.segments)
        while block:
            size = (sizes.pop(0) if len(sizes) > 1 else sizes[0]) if sizes else len(block)
            yield block[:size]
            block = block[size:]


def _after(seen: bytearray, marker: bytes) -> int | None:
    return seen.index(marker) + len(marker) if marker and marker in seen else None


def _after_lines(seen: bytearray, lines: int) -> int | None:
    """Return the position after that many lines, None when there are not so many yet."""
    at = 0
    for _ in range(lines):
        at = seen.find(b"\r\n", at) + 2
        if at < 2:
            return None
    return at


async def _sent(writer: asyncio.StreamWriter) -> None:
    """Wait until the kernel of the other side has what was written: a reset throws away what has not left."""
    with suppress(OSError):
        await writer.drain()
    for _ in range(20):  # loopback hands over at once; the readers need a round of the loop
        await asyncio.sleep(0)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side sees a broken line, not a goodbye."""
    connected = writer.get_extra_info("socket")
    with suppress(OSError):
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxied(host: str, port: int, *programs: Program) -> AsyncIterator[Proxy]:
    """Run a proxy before host:port; the first connections follow *programs*, later ones pass as they are."""
    proxy = Proxy(host, port, programs)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()
