# SPDX-License-Identifier: GPL-3.0-or-later
"""aioimaplib 2.0.3 without its faults: a connection answers or says why it ended; it never hangs and never swells.

What is replaced, and why: responses are framed by `framing` (the library recurses per line, counts parentheses and
sets no limits); one command runs at a time and gets every untagged line whole (the library deletes ``* `` anywhere);
a lost connection, a limit or an unanswered command ends the connection and everything that waits for it
(the library waits on); AUTHENTICATE's error challenge is answered; nothing that can hold a secret is logged.
ENVELOPE and BODYSTRUCTURE are never asked for.
"""

import asyncio
import logging
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aioimaplib  # type: ignore[import-untyped]  # the library has no annotations
import structlog

from gateway.inbound.imap.framing import Framer, LimitExceeded, Limits, Piece, Response
from gateway.inbound.imap.names import mailbox, quoted

logging.getLogger("aioimaplib.aioimaplib").setLevel(logging.ERROR)  # its debug lines hold passwords and letters

_log = structlog.get_logger(__name__)
_TAGGED = re.compile(rb"([A-Za-z0-9]{1,32}) (OK|NO|BAD)(?: (.*))?\Z", re.IGNORECASE | re.DOTALL)
_EXISTS = re.compile(rb"(\d{1,10}) EXISTS\Z", re.IGNORECASE)


class ConnectionBroken(Exception):
    """The connection is over; the text says why, in the server's own words where it gave any."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may keep us waiting."""

    connecting: timedelta = timedelta(seconds=30)  # TCP, TLS and greeting
    silence: timedelta = timedelta(seconds=60)  # nothing received while a command waits
    command: timedelta = timedelta(minutes=8)  # one command in all


def printable(words: object) -> str:
    """Return what a server said as one line of at most 500 characters."""
    text = bytes(words).decode("utf-8", "replace") if isinstance(words, bytes | bytearray) else str(words)
    return "".join(c if c.isprintable() else " " for c in text)[:500].strip()


class GuardedProtocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # the library has no annotations
    """One IMAP connection."""

    transport: Any  # the library's, and asyncio's for TLS: neither says what it can do
    capabilities: set[str]

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limits: Limits, patience: Patience, *, allow_preauth: bool
    ) -> None:
        super().__init__(loop)
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.news = asyncio.Event()  # there are more letters than before
        self.closed = asyncio.Event()
        self.exists = 0
        self.broken: ConnectionBroken | None = None
        self._limits = limits
        self._framer = Framer(limits)
        self._patience = patience
        self._allow_preauth = allow_preauth
        self._one_at_a_time = asyncio.Lock()
        self._command: aioimaplib.Command | None = None
        self._deadline: asyncio.Timeout | None = None
        self._latest = 0.0  # loop time at which the command must be over
        self._bye = ""
        self._plain_is_over = False  # STARTTLS was answered: whatever comes in the clear is not the server's

    # --- the wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if connected := transport.get_extra_info("socket"):
            _keep_alive(connected)

    def data_received(self, d: bytes) -> None:
        if self.broken is not None:
            return
        if self._plain_is_over:
            self.drop("something was said in the clear behind STARTTLS")
            return
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(self._next_deadline())
        try:
            for response in self._framer.feed(d):
                self._dispatch(response)
        except LimitExceeded as error:
            self.drop(f"the server sends too much: {error}")
        if self._plain_is_over and self._framer.holds_more():
            self.drop("something was said in the clear behind STARTTLS")

    def connection_lost(self, exc: Exception | None) -> None:
        self._over(self._bye or (f"connection lost: {exc}" if exc else "the server closed the connection"))
        self.closed.set()

    def drop(self, words: str) -> None:
        """End the connection at once, for the reason *words*."""
        self._over(words)
        if self.transport is not None:
            self.transport.abort()

    def _over(self, words: str) -> None:
        """Let everybody who waits for this connection know that it is over."""
        self.state = aioimaplib.LOGOUT
        if self.broken is not None:
            return
        self.broken = ConnectionBroken(printable(words))
        if not self.greeted.done():
            self.greeted.set_exception(self.broken)
            self.greeted.exception()  # seen: nobody need ask again
        if self._command is not None:
            self._command._exception = self.broken
            self._command.close(b"", "KO")

    def send(self, line: str, scrub: str | None = None) -> None:
        """Send *line*, unlogged: the library's scrubber misses a secret that had to be quoted."""
        self.transport.write(f"{line}\r\n".encode())

    # --- responses

    def _dispatch(self, response: Response) -> None:
        if self.broken is not None:
            return
        line = response[0]
        if self._plain_is_over:
            self.drop("something was said in the clear behind STARTTLS")
        elif not self.greeted.done():
            self._greeting(line)
        elif line.startswith(b"* "):
            self._untagged((line[2:], *response[1:]))
        elif line.startswith(b"+"):
            self._continue()
        elif tagged := _TAGGED.match(line):
            self._concluded(*tagged.groups())
        elif line:
            self.drop("the server sends what is no IMAP response")  # perhaps a document: not a word of it

    def _greeting(self, line: Piece) -> None:
        kind = bytes(line[:10]).upper()
        if kind.startswith(b"* OK"):
            self.state = aioimaplib.NONAUTH
        elif kind.startswith(b"* PREAUTH") and self._allow_preauth:
            self.state = aioimaplib.AUTH
        else:
            self.drop(f"greeting refused: {printable(line)}")
            return
        self.greeted.set_result(None)

    def _untagged(self, response: Response) -> None:
        text = response[0]
        if text[:4].upper() == b"BYE ":
            self._bye = f"the server said goodbye: {printable(text[4:])}"
        elif found := _EXISTS.match(text):
            if int(found.group(1)) > self.exists:
                self.news.set()
            self.exists = int(found.group(1))
        elif b"[ALERT]" in text[:20].upper():
            _log.warning("imap-alert", words=printable(text))
        if self._command is not None and self._command.name != "IDLE":
            for piece in (text, *response[1:]):
                self._command.append_to_resp(piece)

    def _continue(self) -> None:
        if self._command is not None and self._command.name == "IDLE":
            self._idle_event.set()
        elif self._command is not None and self._command.name == "AUTHENTICATE":
            self.send("")  # an error challenge: only after an empty answer comes the NO (RFC 7628 §3.2.3, XOAUTH2)
        else:
            self.drop("the server asks for more where there is no more")

    def _concluded(self, tag: bytes, result: bytes, text: bytes | None) -> None:
        command = self._command
        if command is None or command.tag.encode() != tag:
            self.drop(f"an answer to a command that was not given: {printable(tag)} {printable(result)}")
            return
        if command.name == "STARTTLS" and result.upper() == b"OK":
            self._plain_is_over = True
            self.transport.pause_reading()
        command.close(text or b"", result.decode().upper())

    # --- commands

    async def execute(self, command: aioimaplib.Command, scrub: str | None = None) -> aioimaplib.Response:
        """Run *command*, alone; raises ConnectionBroken.

        Any way out but the server's own answer ends the connection: nobody could tell whose answer comes next.
        """
        async with self._one_at_a_time:
            if self.broken is not None:
                raise ConnectionBroken(str(self.broken))
            if self.state not in aioimaplib.Commands[command.name].valid_states:
                raise ConnectionBroken(f"{command.name} is not allowed in state {self.state}")
            self._framer.new_answer()
            self._command = command
            try:
                self.send(str(command))
                await self._answer_to(command)
            finally:
                self._command = self._deadline = None
                self._idle_event.clear()
            response: aioimaplib.Response = command.response
            return response

    async def _answer_to(self, command: aioimaplib.Command) -> None:
        self._latest = self.loop.time() + self._patience.command.total_seconds()
        try:
            async with asyncio.timeout_at(None if command.name == "IDLE" else self._next_deadline()) as deadline:
                self._deadline = None if command.name == "IDLE" else deadline
                await command.wait()
        except TimeoutError:
            self.drop(f"no answer to {command.name} in time")
            raise ConnectionBroken(f"no answer to {command.name} in time") from None
        except asyncio.CancelledError:
            self.drop(f"{command.name} was interrupted")
            raise

    def _next_deadline(self) -> float:
        return min(asyncio.get_running_loop().time() + self._patience.silence.total_seconds(), self._latest)

    async def begin_tls(self, context: ssl.SSLContext, host: str) -> None:
        """STARTTLS (RFC 3501 §6.2.1); nothing that was said before it is believed afterwards (CVE-2011-0411).

        Raises ConnectionBroken, and the connection is over, unless it is under TLS now.
        """
        if "STARTTLS" not in self.capabilities:
            self.drop("the server does not offer STARTTLS")
            raise ConnectionBroken("the server does not offer STARTTLS")
        answer = await self.execute(aioimaplib.Command("STARTTLS", self.new_tag(), loop=self.loop))
        if answer.result != "OK":
            said = printable(answer.lines[-1]) if answer.lines else answer.result
            self.drop(f"STARTTLS refused: {said}")
        if self.broken is not None:
            raise ConnectionBroken(str(self.broken))
        seconds = self._patience.connecting.total_seconds()
        self._forget_the_clear()  # reading is paused: the next bytes we see come through TLS
        try:
            self.transport = await self.loop.start_tls(
                self.transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds
            )
        except BaseException as error:
            self.drop(f"cannot begin TLS: {error}")
            self.closed.set()  # who never had TLS is never told of its end
            if isinstance(error, OSError):  # ssl.SSLError and TimeoutError are
                raise ConnectionBroken(str(self.broken)) from error
            raise

    def _forget_the_clear(self) -> None:
        self.capabilities = set()
        self.exists = 0
        self.news.clear()
        self._framer = Framer(self._limits)
        self._bye = ""
        self._plain_is_over = False

    async def login(self, user: str, password: str) -> aioimaplib.Response:
        """LOGIN, both arguments quoted."""
        command = aioimaplib.Command("LOGIN", self.new_tag(), quoted(user), quoted(password), loop=self.loop)
        return self._authenticated(await self.execute(command))

    async def xoauth2(self, user: str, token: str) -> aioimaplib.Response:
        """AUTHENTICATE XOAUTH2; a refusal is an answer NO, not silence."""
        secret = b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode("ascii")
        command = aioimaplib.Command("AUTHENTICATE", self.new_tag(), "XOAUTH2", secret, loop=self.loop)
        return self._authenticated(await self.execute(command))

    def _authenticated(self, response: aioimaplib.Response) -> aioimaplib.Response:
        if response.result == "OK":
            self.state = aioimaplib.AUTH
        return response

    async def capability(self) -> None:
        """Ask anew what the server can do; to be called again after login (the library does not)."""
        response = await self.execute(aioimaplib.Command("CAPABILITY", self.new_tag(), loop=self.loop))
        words = [bytes(line).decode("ascii", "replace").upper().split() for line in response.lines[:-1]]
        self.capabilities = {word for line in words if line[:1] == ["CAPABILITY"] for word in line[1:]}
        if not self.capabilities & {"IMAP4REV1", "IMAP4REV2"}:
            self.drop("the server does not speak IMAP4rev1")
            raise ConnectionBroken("the server does not speak IMAP4rev1")

    async def select(self, folder: str = "INBOX") -> aioimaplib.Response:
        """SELECT the folder of that name, in modified UTF-7 and quoted; what is news counts from here."""
        return await self._opened("SELECT", folder)

    async def examine(self, folder: str) -> aioimaplib.Response:
        """EXAMINE it, likewise: nothing that is asked from here on changes anything."""
        return await self._opened("EXAMINE", folder)

    async def about(self, question: str, folder: str, *more: str) -> aioimaplib.Response:
        """Ask GETQUOTAROOT, MYRIGHTS or STATUS about the folder of that name."""
        return await self.execute(aioimaplib.Command(question, self.new_tag(), mailbox(folder), *more, loop=self.loop))

    async def _opened(self, how: str, folder: str) -> aioimaplib.Response:
        self.exists = 0
        command = aioimaplib.Command(how, self.new_tag(), mailbox(folder), loop=self.loop)
        response = await self.execute(command)
        if self.broken is None:
            self.state = aioimaplib.SELECTED if response.result == "OK" else aioimaplib.AUTH
            self.news.clear()
        return response

    async def search(self, *criteria: str, charset: str | None = None, by_uid: bool = False) -> aioimaplib.Response:
        """SEARCH without CHARSET: Exchange knows US-ASCII only."""
        response: aioimaplib.Response = await super().search(*criteria, charset=charset, by_uid=by_uid)
        return response

    async def fetch(
        self, message_set: str, message_parts: str, by_uid: bool = False, timeout: float | None = None
    ) -> aioimaplib.Response:
        """FETCH; the library's own timer, which would not see a slow literal move, stays off."""
        prefix = "UID" if by_uid else ""
        return await self.execute(
            aioimaplib.Command("FETCH", self.new_tag(), message_set, message_parts, prefix=prefix, loop=self.loop)
        )

    async def idle_while(self, until: Callable[[], Awaitable[None]]) -> aioimaplib.Response:
        """IDLE until there is news or *until* returns; raises ConnectionBroken."""
        idle = asyncio.ensure_future(self.idle())
        try:
            started = asyncio.ensure_future(self._idle_event.wait())
            await first_of(started, keep=idle, seconds=self._patience.silence.total_seconds())
            if self._idle_event.is_set():
                await first_of(asyncio.ensure_future(self.news.wait()), asyncio.ensure_future(until()), keep=idle)
                if not idle.done():
                    self.idle_done()
                    await asyncio.wait({idle}, timeout=self._patience.silence.total_seconds())
            if not idle.done():
                self.drop("no answer to IDLE in time")
            return await idle
        finally:
            if not idle.done():
                idle.cancel()
                await asyncio.wait({idle})


async def first_of(
    *waiting: asyncio.Future[Any], keep: asyncio.Future[Any] | None = None, seconds: float | None = None
) -> None:
    """Return when the first of *waiting* and *keep* is done, or after *seconds*; all but *keep* are cancelled then."""
    everything = {*waiting} if keep is None else {*waiting, keep}
    try:
        await asyncio.wait(everything, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for other in waiting:
            other.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _keep_alive(connected: socket.socket) -> None:
    """Notice within about two minutes that the other side is gone: NAT boxes forget connections silently."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", 120_000),
    ):
        if hasattr(socket, option):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
