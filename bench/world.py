# SPDX-License-Identifier: GPL-3.0-or-later
"""The world around a mail server under load: clients that bring letters, and a relay that takes what comes out.

One process, one event loop and one clock for both; a letter costs it about a tenth of a millisecond.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.letters import RECIPIENT, SENDER, Posting

ANSWERS = 2  # a receipt and a registration report for every document
_GREETING, _EHLO, _MAIL, _RCPT, _DATA, _DOT, _IDLE = range(7)  # what is awaited


class Broken(Exception):
    """A server did not do what it should; the measurement is worth nothing."""


class Client(asyncio.Protocol):
    """One connection that brings letters, one after the other, as long as there are any."""

    def __init__(self, load: "Load", sender: str) -> None:
        self._load = load
        self._dialogue = (
            b"EHLO bench.example\r\n",
            f"MAIL FROM:<{sender}>\r\n".encode(),
            f"RCPT TO:<{RECIPIENT}>\r\n".encode(),
            b"DATA\r\n",
        )
        self._awaits = _GREETING
        self._seen = b""
        self._posting: Posting | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(1 << 24)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while b"\r\n" in self._seen:
            line, self._seen = self._seen.split(b"\r\n", 1)
            if line[3:4] != b"-":
                self._answered(line)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._load.over:
            self._load.fail(f"the server hung up: {error}")

    def begin(self) -> None:
        """Bring the next letter, or rest until there is one."""
        if not self._load.waiting:
            self._awaits = _IDLE
            self._load.resting.append(self)
            return
        self._posting = self._load.waiting.popleft()
        self._say(_MAIL)

    def _say(self, step: int) -> None:
        assert self._transport is not None
        self._transport.write(self._dialogue[step - 1])
        self._awaits = step

    def _answered(self, line: bytes) -> None:
        awaited, good = self._awaits, b"3" if self._awaits == _DATA else b"2"
        if line[:1] != good:
            self._load.fail(f"step {awaited}: {line!r}")
        elif awaited in (_EHLO, _DOT):
            if awaited == _DOT and self._posting:
                self._load.accept(self._posting)
            self.begin()
        elif awaited == _DATA:
            assert self._transport is not None
            assert self._posting is not None
            self._transport.write(self._posting.data + b".\r\n")
            self._awaits = _DOT
        elif awaited != _IDLE:
            self._say(awaited + 1)

    def close(self) -> None:
        if self._transport:
            self._transport.abort()


@dataclass(slots=True)
class Load:
    """Letters under way to one server."""

    waiting: deque[Posting] = field(default_factory=deque)
    resting: list[Client] = field(default_factory=list)
    due: dict[str, float] = field(default_factory=dict)  # when a letter should have arrived, by id
    accepted: dict[str, float] = field(default_factory=dict)  # when the server answered 250, by id
    expected: int = 0
    over: bool = False
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def accept(self, posting: Posting) -> None:
        self.accepted[posting.id] = time.monotonic()
        if len(self.accepted) == self.expected and not self.done.done():
            self.over = True
            self.done.set_result(None)

    def fail(self, why: str) -> None:
        self.over = True
        if not self.done.done():
            self.done.set_exception(Broken(why))

    def put(self, posting: Posting) -> None:
        """Have *posting* brought by whoever rests, else by whoever is ready first."""
        self.due[posting.id] = time.monotonic()
        self.waiting.append(posting)
        if self.resting:
            self.resting.pop().begin()


async def bring(
    port: int,
    letters: Sequence[Posting],
    connections: int,
    *,
    per_second: float | None = None,
    patience: float = 120,
    sender: str = SENDER,
) -> Load:
    """Bring *letters* to the server at *port*: as fast as it takes them, or one every 1/*per_second*.

    With a rate, `due` holds the moments of the plan, so a server that stops answering is not spared.
    Raises Broken when the server refuses one, or takes longer than *patience* seconds for all.
    """
    load = Load(expected=len(letters))
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    if per_second is None:
        load.waiting.extend(letters)
        load.due.update((letter.id, began) for letter in letters)
    else:
        for position, letter in enumerate(letters):
            loop.call_later(position / per_second, load.put, letter)
    clients = [
        (await loop.create_connection(lambda: Client(load, sender), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    try:
        await asyncio.wait_for(load.done, patience)
    except TimeoutError:
        raise Broken(f"{load.expected - len(load.accepted)} letters were not taken in {patience} s") from None
    finally:
        load.over = True
        for client in clients:
            client.close()
    if per_second is not None:
        load.due.update((letter.id, began + position / per_second) for position, letter in enumerate(letters))
    return load


class Relay(asyncio.Protocol):
    """One connection to the relay that takes what a gateway sends and keeps the moments only."""

    def __init__(self, outlet: "Outlet") -> None:
        self._outlet = outlet
        self._seen = bytearray()
        self._in_letter = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 bench.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._seen += data
        while self._seen:
            if self._in_letter:
                end = self._seen.find(b"\r\n.\r\n")
                if end < 0:
                    return
                self._outlet.take(bytes(self._seen[:end]))
                del self._seen[: end + 5]
                self._in_letter = False
                self._transport.write(b"250 2.0.0 taken\r\n")
            else:
                line, found, rest = self._seen.partition(b"\r\n")
                if not found:
                    return
                self._seen = rest
                self._transport.write(self._reply(line[:4].upper()))

    def _reply(self, verb: bytearray) -> bytes:
        if verb == b"EHLO":
            return b"250-bench.example\r\n250 8BITMIME\r\n"
        self._in_letter = verb == b"DATA"
        return b"354 go on\r\n" if self._in_letter else b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"


class Outlet:
    """The relay of a gateway: for every document, when its answers had left."""

    def __init__(self) -> None:
        self.left: dict[str, list[float]] = {}  # by the id of the letter that is answered
        self._wanted: set[str] = set()
        self._complete = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def open(self, port: int = 0) -> int:
        """Listen on a loopback port and return it."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Relay(self), "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        if self._server:
            self._server.close()

    def take(self, letter: bytes) -> None:
        _, _, field_ = letter.partition(b"\r\nIn-Reply-To: <")
        id = field_[: field_.find(b"@")].decode()
        answers = self.left.setdefault(id, [])
        answers.append(time.monotonic())
        if len(answers) == ANSWERS and id in self._wanted:
            self._wanted.discard(id)
            if not self._wanted:
                self._complete.set()

    def expect(self, letters: Sequence[Posting]) -> None:
        """Say for which letters `all_answered` waits."""
        self._complete.clear()
        self._wanted = {letter.id for letter in letters}

    async def all_answered(self, patience: float = 180) -> None:
        """Return when every expected letter has its receipt and its report; raises Broken when they do not come."""
        try:
            await asyncio.wait_for(self._complete.wait(), patience)
        except TimeoutError:
            raise Broken(f"{len(self._wanted)} letters have no report after {patience} s") from None
