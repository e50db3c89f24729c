# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay that does exactly what a test wants at each step of the conversation."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from gateway.outbound.post import SmtpPost
from gateway.outbound.relay import Patience, Relay

DROP, STALL, GARBAGE = "<drop>", "<stall>", "<garbage>"

USUAL = {
    "greeting": "220 relay.example ESMTP",
    "EHLO": "250-relay.example\r\n250-SIZE 100000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN",
    "HELO": "250 relay.example",
    "STARTTLS": "220 go ahead",
    "AUTH": "235 welcome",
    "MAIL": "250 sender ok",
    "RCPT": "250 recipient ok",
    "DATA": "354 go on",
    "dot": "250 queued",
    "RSET": "250 reset",
    "QUIT": "221 bye",
}

# for a relay that stalls, and for no other: who answers may be slow, as the machine is
QUICK = Patience(connect=1, command=1, data=1, block=1, dot=1, goodbye=1)


class ScriptedRelay:
    """Answers step by step from *script* (the usual where it is silent) and writes down what it saw."""

    def __init__(self, script: Mapping[str, str | list[str]], context: ssl.SSLContext | None, implicit: bool) -> None:
        self.script = {step: list(word) if isinstance(word, list) else word for step, word in script.items()}
        self.context = context
        self.implicit = implicit
        self.connections = 0
        self.commands: list[bytes] = []
        self.refuses_challenged = 0  # answers to AUTH that are challenges, each followed by a refusal
        self.letters: list[bytes] = []
        self.secure: list[bool] = []
        self.port = 0
        self.stop = asyncio.Event()
        self.open: set[asyncio.StreamWriter] = set()

    def answer(self, step: str) -> str:
        word = self.script.get(step, USUAL.get(step, "500 what?"))
        if isinstance(word, list):  # one per occurrence, the last for ever
            return word.pop(0) if len(word) > 1 else word[0]
        return word

    def stalls(self) -> bool:
        """Say whether it will leave its client without an answer somewhere."""
        return any(STALL in word for word in self.script.values())  # in a word, or among several

    async def act(self, step: str, writer: asyncio.StreamWriter) -> bool:
        """Answer; False when the connection is over."""
        word = self.answer(step)
        if word == DROP:
            return False
        if word == STALL:
            await self.stop.wait()
            return False
        writer.write(b"\xff\x00garbage\r\n" if word == GARBAGE else f"{word}\r\n".encode())
        await writer.drain()
        return not word.startswith("421")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                if await self.act("greeting", writer):
                    await self.session(reader, writer)
        finally:
            writer.transport.abort()
            self.open.discard(writer)

    async def handshake(self, writer: asyncio.StreamWriter) -> bool:
        plain = writer.transport
        try:
            await writer.start_tls(self.context)
        except AttributeError:  # asyncio's own way to say that the client broke off; the writer is left without a line
            writer._transport = plain
            return False
        return True

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            self.commands.append(line.rstrip(b"\r\n"))
            verb = line.split()[0].decode().upper()
            if not await self.act(verb, writer):
                return
            if verb == "AUTH" and self.refuses_challenged:
                self.refuses_challenged -= 1
                self.commands.append((await reader.readline()).rstrip(b"\r\n"))
                writer.write(b"535 5.7.3 Authentication unsuccessful\r\n")
            if verb == "STARTTLS" and self.context and not await self.handshake(writer):
                return
            self.secure.append(writer.get_extra_info("ssl_object") is not None)
            if verb == "DATA" and (self.script.get("DATA") or "354").startswith("354"):
                if self.script.get("body"):
                    await reader.readexactly(10)
                    await self.act("body", writer)
                    return
                self.letters.append(await letter(reader))
                if not await self.act("dot", writer):
                    return
            if verb == "QUIT":
                return


async def letter(reader: asyncio.StreamReader) -> bytes:
    """Read to the final dot and undo the stuffing, line by line: deliberately another way than ours."""
    lines = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)


@asynccontextmanager
async def relay(
    script: Mapping[str, str | list[str]] | None = None,
    *,
    context: ssl.SSLContext | None = None,
    implicit: bool = False,
) -> AsyncIterator[ScriptedRelay]:
    """Run a scripted relay on a free port."""
    scripted = ScriptedRelay(script or {}, context, implicit)
    server = await asyncio.start_server(
        scripted.serve, "127.0.0.1", 0, ssl=context if implicit else None, limit=1 << 16
    )
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        scripted.stop.set()
        server.close()
        for writer in scripted.open:
            writer.transport.abort()
        async with asyncio.timeout(5):
            while scripted.open:
                await asyncio.sleep(0)
        await asyncio.sleep(0)  # aborted transports leave in the next round of the loop
        await server.wait_closed()


@asynccontextmanager
async def posting(scripted: ScriptedRelay, **settings: Any) -> AsyncIterator[SmtpPost]:
    """Run a post that talks to *scripted*."""
    patience = QUICK if scripted.stalls() else Patience()
    usual = {"host": "127.0.0.1", "port": scripted.port, "tls": "none", "patience": patience}
    post = SmtpPost(Relay(**usual | settings))
    try:
        yield post
    finally:
        await post.close()
        await asyncio.sleep(0)  # aborted transports leave in the next round of the loop
