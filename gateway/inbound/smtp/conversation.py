# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversation with a mail server that brings us letters, by SMTP (RFC 5321) or LMTP (RFC 2033).

aiosmtpd 1.4.6 reads commands and addresses; DATA, replies, limits and what happens when the client goes away are ours.
The private names of it that we rely on are held by a contract test.
Rules: a reply is 5xx only for what will not change by itself; LMTP hears one reply per recipient on every path after
DATA; nobody learns which addresses exist but by RCPT; the library's log never gets to say what a client said.
"""

import asyncio
import collections
import logging
from collections.abc import Callable
from dataclasses import replace

from aiosmtpd.smtp import SMTP, TLSSetupException, syntax

from gateway.inbound.delivery import Delivery
from gateway.inbound.smtp.addressing import EnvelopeRules, read_path
from gateway.inbound.smtp.listening import Listening
from gateway.inbound.smtp.reception import Reception
from gateway.inbound.smtp.replies import Reply, enhanced
from gateway.inbound.smtp.transfer import BLOCK, StrictReader, receive
from gateway.model import Sink

LINGER_SECONDS = 3.0  # how long a client that was cut off may still talk, so that it hears our reply
LINGER_BYTES = 8 << 20
MAX_FAULTS = 100  # LIMIT: permanent refusals between two letters; then 421
MAX_IDLE_COMMANDS = 100  # LIMIT: NOOP, RSET, EHLO, VRFY … between two letters; then 421
COMMAND_BYTES = 1024  # LIMIT: a command line (RFC 5321 §4.5.3.1.4 wants 512 and more with extensions)


class Conversation(SMTP):
    """One connection of an SMTP client."""

    ident = "ESMTP"

    def __init__(
        self, listening: Listening, reception: Reception, rules: EnvelopeRules, peer: str, gone: Callable[[], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        # the library's table belongs to the class, and its __init__ clears it: ours is our own
        self.command_size_limits = collections.defaultdict(lambda: COMMAND_BYTES)
        super().__init__(
            rules,
            data_size_limit=listening.max_bytes,
            enable_SMTPUTF8=True,
            hostname=listening.hostname,
            ident=self.ident,
            tls_context=listening.ssl_context if listening.tls == "starttls" else None,
            require_starttls=listening.require_tls,
            timeout=listening.command_seconds,
            loop=loop,
        )
        self.command_size_limit = COMMAND_BYTES
        reader = StrictReader(limit=1 << 16, loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, loop)
        self._strict = reader
        self._listening = listening
        self._reception = reception
        self._peer = peer
        self._gone: Callable[[], None] | None = gone
        self._busy = False
        self._leaving = False
        self._faults = 0
        self._idle_commands = 0
        self._put_off = ""  # the 4xx with which MAIL or RCPT was last answered; whoever pipelines goes on regardless
        self._hang_up_handle: asyncio.TimerHandle | None = None

    # --- coming and going -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._handler_coroutine is not None and self._original_transport is None:
            self._handler_coroutine.add_done_callback(_seen)

    def connection_lost(self, error: Exception | None) -> None:
        if self.session is not None:
            super().connection_lost(error)
        if self._hang_up_handle:
            self._hang_up_handle.cancel()
        gone, self._gone = self._gone, None
        if gone:
            gone()

    def eof_received(self) -> bool | None:
        return super().eof_received() if self.session is not None else False

    def leave(self) -> None:
        """Say goodbye as soon as no letter is under way."""
        self._leaving = True
        if not self._busy:
            self._farewell("421 4.3.2 the service is stopping, try again")

    def abort(self) -> None:
        """Cut the connection now; a commit goes on."""
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]  # every transport with a socket has it

    def _farewell(self, reply: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(f"{reply}\r\n".encode())
            self._hang_up()

    def _hang_up(self) -> None:
        """Close, and do not wait for ever for a client that does not read what we said."""
        if self.transport is not None:
            self.transport.close()
            self._hang_up_handle = self.loop.call_later(LINGER_SECONDS, self.abort)

    def _timeout_cb(self) -> None:
        self._farewell("421 4.4.2 nothing was heard for too long")

    async def handle_exception(self, error: Exception) -> str:
        return self._reception.failed(error).text

    # --- replies --------------------------------------------------------------------------------------------------

    async def push(self, status: str | bytes) -> None:
        """Send a reply, with an enhanced code (RFC 2034) when the library gave none; count refusals."""
        if isinstance(status, str):
            status = enhanced(status, f"220 {self.hostname} ").encode("ascii", "replace")
        self._faults += status[:1] == b"5"
        if status[:1] == b"4":
            self._put_off = status.decode()
        if self._faults > MAX_FAULTS:
            self._farewell("421 4.7.0 too many errors")
        else:
            await super().push(status)

    def _count_idle_command(self) -> None:
        self._idle_commands += 1
        if self._idle_commands > MAX_IDLE_COMMANDS:
            self._farewell("421 4.7.0 too many commands without a letter")

    # --- commands -------------------------------------------------------------------------------------------------

    @syntax("EHLO hostname")
    async def smtp_EHLO(self, hostname: str | None) -> None:
        await self._greeted(hostname, extended=True)

    @syntax("HELO hostname")
    async def smtp_HELO(self, hostname: str | None) -> None:
        await self._greeted(hostname, extended=False)

    async def _greeted(self, hostname: str | None, *, extended: bool) -> None:
        self._count_idle_command()
        if not hostname:
            await self.push("501 5.5.4 a name is missing")
            return
        assert self.session is not None
        self._set_rset_state()  # type: ignore[no-untyped-call]  # the library's
        self._put_off = ""
        self.session.extended_smtp = extended
        self.session.host_name = hostname
        words = [self.hostname, *(self._extensions() if extended else ())]
        lines = [f"250-{word}" for word in words[:-1]] + [f"250 {words[-1]}"]
        await self.push("\r\n".join(lines).encode())

    def _extensions(self) -> list[str]:
        """Name what is true of us; AUTH, DSN and CHUNKING are not."""
        words = [f"SIZE {self._listening.max_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if self.tls_context and not self._tls_protocol:
            words.append("STARTTLS")
        return words

    async def smtp_STARTTLS(self, arg: str) -> None:
        self._count_idle_command()
        if self._tls_protocol:
            await self.push("503 5.5.1 TLS is active already")
            return
        # whatever came in the same breath was not protected: connection_made throws it away (RFC 3207 §5)
        failure: Exception | None = None
        try:
            await super().smtp_STARTTLS(arg)
        except TLSSetupException as error:
            failure = error.__cause__ if isinstance(error.__cause__, Exception) else error
        assert self.session is not None
        if self._original_transport is not None and self.session.ssl is None:  # broken, or we lost patience
            self._original_transport.abort()  # type: ignore[attr-defined]  # as in `abort`
            self.connection_lost(failure)  # nobody else will: a handshake that is given up tells the library nothing

    async def smtp_NOOP(self, arg: str) -> None:
        self._count_idle_command()
        await self.push("250 2.0.0 ok")

    async def smtp_RSET(self, arg: str) -> None:
        self._count_idle_command()
        self._put_off = ""
        await super().smtp_RSET(arg)

    async def smtp_HELP(self, arg: str | None) -> None:
        self._count_idle_command()
        await self.push("214 2.0.0 see RFC 5321")

    async def smtp_VRFY(self, arg: str | None) -> None:
        self._count_idle_command()
        await self.push("252 2.5.0 send a letter and see")

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self.push("502 5.5.1 not here")

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self.push("502 5.5.1 not here")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        return read_path(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        self._put_off = ""
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        """As the library has it, but what follows a MAIL that was put off is put off too: 503 would be for ever."""
        assert self.envelope is not None
        if self._put_off and not self.envelope.mail_from:
            await self.push(self._put_off)
        else:
            await super().smtp_RCPT(arg)

    # --- a letter -------------------------------------------------------------------------------------------------

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        assert self.envelope is not None
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos:
            await self.push(self._put_off or "503 5.5.1 nobody to deliver to")
            return
        if arg:
            await self.push("501 5.5.4 DATA stands alone")
            return
        self._busy = True
        self._reset_timeout(_patience(self._listening))  # DATA has deadlines of its own
        try:
            await self._take_letter()
        finally:
            self._busy = False
            if self.transport is not None:
                self._set_post_data_state()  # type: ignore[no-untyped-call]  # the library's
                self._reset_timeout()
        if self._leaving:
            self.leave()

    async def _take_letter(self) -> None:
        spooling = await self._reception.spool()
        if isinstance(spooling, Reply):
            await self.push(spooling.text)
            return
        mine = True
        try:
            await self.push("354 end with <CR><LF>.<CR><LF>")
            got = await self._received(spooling.sink)
            mine = not isinstance(got, int)
        finally:
            if mine:
                spooling.discard()
        if isinstance(got, int):
            got = await self._reception.commit(spooling, got, self._delivery_maker())
            if got.text.startswith("250"):
                self._faults = self._idle_commands = 0
        await self._answer(got)

    async def _received(self, sink: Sink) -> int | Reply:
        """Return the size of the letter that is in *sink* now, or why it is not there.

        Whatever breaks between 354 and the dot ends the connection too: the rest of a letter is never read as commands.
        """
        reception = self._reception
        try:
            return await receive(self._strict, sink, self._listening.data_limits, reception.failed, reception.failpoint)
        except ConnectionError:
            raise  # nobody is there to be answered
        except Exception as error:  # an edge: the client keeps the letter and comes again
            return replace(reception.failed(error), closes=True)

    def _delivery_maker(self) -> Callable[[str, Sink], Delivery]:
        assert self.envelope is not None
        sender = "" if self.envelope.mail_from in (None, "<>") else str(self.envelope.mail_from)
        recipients = tuple(dict.fromkeys(self.envelope.rcpt_tos))
        channel, peer = self._listening.name, self._peer

        def delivery(source: str, sink: Sink) -> Delivery:
            return Delivery(
                source=source,
                channel=channel,
                envelope_sender=sender,
                recipients=recipients,
                peer=peer,
                letter=sink.close(),
            )

        return delivery

    async def _answer(self, reply: Reply) -> None:
        """Say what became of the letter."""
        await self.push(self._verdict(reply.text))
        self._reception.failpoint("smtp:answered")
        if reply.closes:
            await self._cut_off()

    def _verdict(self, reply: str) -> str:
        """Return *reply* as the protocol wants it after the dot."""
        return reply

    async def _cut_off(self) -> None:
        """Close so that a client which is still sending hears our last reply (closing at once would reset it)."""
        left = LINGER_BYTES
        if self.transport is not None and self._writer.can_write_eof():
            self._writer.write_eof()
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while left > 0 and (block := await self._strict.read(BLOCK)):
                    left -= len(block)
        except (TimeoutError, ConnectionError):
            pass
        self._strict.forget()
        self._hang_up()


class LmtpConversation(Conversation):
    """One connection of an LMTP client: LHLO, and one reply per recipient after the dot."""

    ident = "LMTP"

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str | None) -> None:
        await self._greeted(hostname, extended=True)

    async def smtp_HELO(self, hostname: str | None) -> None:
        await self.push("500 5.5.1 this is LMTP: say LHLO")

    async def smtp_EHLO(self, hostname: str | None) -> None:
        await self.push("500 5.5.1 this is LMTP: say LHLO")

    def _verdict(self, reply: str) -> str:
        assert self.envelope is not None
        return "\r\n".join([reply] * len(self.envelope.rcpt_tos))


def silence_library_log() -> None:
    """Keep aiosmtpd from writing what clients say (commands at INFO, bodies at DEBUG)."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)


def _patience(listening: Listening) -> float:
    """Return the longest a letter can take, in seconds."""
    return listening.spool_wait_seconds + listening.data_total_seconds + listening.commit_seconds + 60


def _seen(task: "asyncio.Task[None]") -> None:
    """Take note of how a conversation ended: clients go away, that is no news."""
    if not task.cancelled():
        task.exception()
