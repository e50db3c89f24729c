# SPDX-License-Identifier: GPL-3.0-or-later
"""An IMAP server that does what a test wants: by default it behaves, single commands are replaced by misbehaviour."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

CAPABILITIES = "IMAP4rev1 IDLE MOVE UIDPLUS"


class Hangup(Exception):
    """The script closes the connection."""


class Talk:
    """One connection of a client."""

    def __init__(self, script: "Script", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.script = script
        self.reader = reader
        self.writer = writer

    async def say(self, *lines: str | bytes) -> None:
        """Send lines, each with CRLF."""
        await self.raw(b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines))

    async def raw(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def hear(self) -> str:
        """Return the next line; raises Hangup when the client is gone."""
        line = await self.reader.readline()
        if not line:
            raise Hangup
        return line.decode().removesuffix("\r\n")

    async def silence(self) -> None:
        """Say nothing until the client goes away."""
        while await self.reader.read(4096):
            pass
        raise Hangup


Act = Callable[[Talk, str, str], Awaitable[None]]  # (talk, tag, the words after the command)


class Script:
    """A mailbox with *letters* by UID, and what is different from a good server: *acts* by command name."""

    def __init__(self, letters: dict[int, bytes] | None = None, **acts: Act) -> None:
        self.letters = dict(letters or {})
        self.acts = acts
        self.greeting = "* OK ready"
        self.capabilities = CAPABILITIES
        self.uidvalidity = 1
        self.permanent = r"(\Seen \Deleted \*)"
        self.heard: list[str] = []  # every command, with its arguments
        self.connections = 0
        self.port = 0

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Script"]:
        """Listen on a free loopback port; every connection is closed at the end."""
        talks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.add(task)
            self.connections += 1
            try:
                await self._converse(Talk(self, reader, writer))
            except (Hangup, OSError, asyncio.CancelledError):
                pass
            finally:
                writer.transport.abort()
                talks.discard(task)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for talk in list(talks):
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)
            await server.wait_closed()

    async def _converse(self, talk: Talk) -> None:
        if self.greeting:
            await talk.say(self.greeting)
        while True:
            tag, _, command = (await talk.hear()).partition(" ")
            self.heard.append(command)
            verb, _, rest = command.partition(" ")
            if verb == "UID":
                verb, _, rest = rest.partition(" ")
            act = self.acts.get(verb.lower()) or getattr(self, f"do_{verb.lower()}")
            await act(talk, tag, rest)

    # --- what a good server does

    async def do_capability(self, talk: Talk, tag: str, rest: str) -> None:
        await talk.say(f"* CAPABILITY {self.capabilities}", f"{tag} OK done")

    async def do_login(self, talk: Talk, tag: str, rest: str) -> None:
        await talk.say(f"{tag} OK logged in")

    async def do_select(self, talk: Talk, tag: str, rest: str) -> None:
        await talk.say(
            f"* {len(self.letters)} EXISTS",
            f"* OK [UIDVALIDITY {self.uidvalidity}] valid",
            f"* OK [UIDNEXT {max(self.letters, default=0) + 1}] next",
            f"* OK [PERMANENTFLAGS {self.permanent}] lasting",
            f"{tag} OK [READ-WRITE] selected",
        )

    async def do_search(self, talk: Talk, tag: str, rest: str) -> None:
        found = [uid for uid in self.letters if in_set(uid, rest.removeprefix("UID "), max(self.letters))]
        await talk.say(f"* SEARCH {' '.join(map(str, found))}", f"{tag} OK done")

    async def do_fetch(self, talk: Talk, tag: str, rest: str) -> None:
        uids, _, items = rest.partition(" ")
        for uid, letter in sorted(self.letters.items()):
            if in_set(uid, uids, max(self.letters)):
                if partial := re.search(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>", items):
                    offset, length = map(int, partial.groups())
                    block = letter[offset : offset + length]
                    await talk.raw(b"* 1 FETCH (UID %d BODY[]<%d> {%d}\r\n%b)\r\n" % (uid, offset, len(block), block))
                else:
                    await talk.say(described(uid, len(letter)))
        await talk.say(f"{tag} OK done")

    async def do_store(self, talk: Talk, tag: str, rest: str) -> None:
        await talk.say(f"{tag} OK done")

    async def do_noop(self, talk: Talk, tag: str, rest: str) -> None:
        await talk.say(f"{tag} OK done")

    async def do_idle(self, talk: Talk, tag: str, rest: str) -> None:
        await talk.say("+ idling")
        assert await talk.hear() == "DONE"
        await talk.say(f"{tag} OK done")

    async def do_logout(self, talk: Talk, tag: str, rest: str) -> None:
        await talk.say("* BYE logging out", f"{tag} OK done")
        raise Hangup


def described(uid: int, size: int, flags: str = "()") -> str:
    """Return a FETCH response that describes a letter."""
    return f'* 1 FETCH (UID {uid} FLAGS {flags} RFC822.SIZE {size} INTERNALDATE " 2-Mar-2026 08:00:00 +0000")'


def in_set(uid: int, sequence_set: str, last: int) -> bool:
    """Say whether *uid* is in an IMAP sequence set."""
    for part in sequence_set.replace("*", str(last)).split(","):
        low, _, high = part.partition(":")
        if min(int(low), int(high or low)) <= uid <= max(int(low), int(high or low)):
            return True
    return False


def says(*lines: str) -> Act:
    """Return an act that says *lines*, ``{tag}`` filled in."""

    async def act(talk: Talk, tag: str, rest: str) -> None:
        await talk.say(*(line.replace("{tag}", tag) for line in lines))

    return act


async def closes(talk: Talk, tag: str, rest: str) -> None:
    """Close the connection without a word."""
    raise Hangup


async def stays_silent(talk: Talk, tag: str, rest: str) -> None:
    """Never answer."""
    await talk.silence()
