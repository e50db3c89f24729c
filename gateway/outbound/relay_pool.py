# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to one relay: few, reused while they are young and alive, asked before they are trusted again."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPHeloError

from gateway.outbound.relay import Relay
from gateway.ports import NoToken, Phase, TokenRefused, Tokens

TROUBLE = (SMTPException, OSError, ValueError)  # ValueError: the library met an answer it cannot read


class NoConnection(Exception):
    """There is no usable connection: how far it came, and what the library raised."""

    def __init__(self, phase: Phase, cause: Exception) -> None:
        super().__init__(str(cause))
        self.phase = phase
        self.cause = cause


class Connection:
    """One open session with the relay."""

    def __init__(self, smtp: SMTP, opened: float) -> None:
        assert smtp.transport is not None
        assert smtp.protocol is not None
        self.smtp = smtp
        self.opened = opened
        self.used = opened
        self.letters = 0
        self.usable = False  # set once a letter has left it in a known state
        # drains; lives as long as the connection, because a forgotten writer closes its transport
        transport, protocol = smtp.transport, smtp.protocol
        assert isinstance(transport, asyncio.WriteTransport)
        self.writer = asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())

    @property
    def reused(self) -> bool:
        return self.letters > 0

    def abort(self) -> None:
        """Cut the connection now."""
        self.usable = False
        self.smtp.close()
        self.writer.transport.abort()


class RelayPool:
    """At most `relay.max_connections` connections; idle ones are closed after a while."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._room = asyncio.Semaphore(relay.max_connections)
        self._idle: list[Connection] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._context: ssl.SSLContext | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._closed = False

    @asynccontextmanager
    async def connection(self, *, fresh: bool = False) -> AsyncIterator[Connection]:
        """Lend a connection, a new one if *fresh*; afterwards it is kept when `usable` says so, else cut.

        Raises NoConnection.
        """
        async with self._room:
            connection = None if fresh else await self._kept()
            if connection is None:
                connection = await self._open()
            connection.usable = False
            try:
                yield connection
            finally:
                self._take_back(connection)

    async def close(self) -> None:
        """Say goodbye to the relay on every idle connection; those in use are cut when they come back."""
        self._closed = True
        if self._sweep:
            self._sweep.cancel()
        while self._idle:
            self._part(self._idle.pop())
        await asyncio.gather(*self._goodbyes)

    async def _kept(self) -> Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if not connection.smtp.is_connected:
                continue
            if self._worn_out(connection, now):
                self._part(connection)
                continue
            if now - connection.used <= self._relay.check_after_seconds:
                return connection
            try:
                await connection.smtp.rset(timeout=self._relay.patience.goodbye)
            except TROUBLE:
                connection.abort()
            except BaseException:
                connection.abort()
                raise
            else:
                return connection
        return None

    def _worn_out(self, connection: Connection, now: float) -> bool:
        return now - connection.opened > self._relay.max_age_seconds or connection.letters >= self._relay.max_letters

    async def _open(self) -> Connection:
        relay, phase = self._relay, Phase.CONNECT
        smtp = None
        try:
            smtp = await self._smtp()
            await smtp.connect(timeout=relay.patience.connect)
            if relay.tls == "starttls":
                phase = Phase.TLS
                await smtp.starttls()
            phase = Phase.CONNECT if relay.tls == "none" else Phase.TLS
            await _hello(smtp)
            if relay.user:
                phase = Phase.AUTH
                await _log_in(smtp, relay)
            return Connection(smtp, asyncio.get_running_loop().time())
        except (TokenRefused, NoToken) as error:
            _cut(smtp)
            raise NoConnection(phase, error) from error
        except TROUBLE as error:
            _cut(smtp)
            tls = isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
            raise NoConnection(Phase.TLS if tls else phase, error) from error
        except BaseException:
            _cut(smtp)
            raise

    async def _smtp(self) -> SMTP:
        relay = self._relay
        if relay.tls != "none" and self._context is None:
            self._context = await asyncio.to_thread(relay.tls_context)
        return SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.tls == "implicit",
            start_tls=False,  # done by hand, so that we know how far we came; never "if offered"
            tls_context=self._context,
            local_hostname=relay.helo,
            source_address=(relay.source, 0) if relay.source else None,
            timeout=relay.patience.command,
        )

    def _take_back(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        if self._closed or not connection.usable or not connection.smtp.is_connected:
            connection.abort()
        elif self._worn_out(connection, loop.time()):
            self._part(connection)
        else:
            connection.used = loop.time()
            self._idle.append(connection)
            if self._sweep is None:
                self._sweep = loop.call_later(self._relay.max_idle_seconds, self._sweep_out)

    def _sweep_out(self) -> None:
        loop = asyncio.get_running_loop()
        old = [one for one in self._idle if loop.time() - one.used >= self._relay.max_idle_seconds]
        self._idle = [one for one in self._idle if one not in old]
        for connection in old:
            self._part(connection)
        again = self._relay.max_idle_seconds
        self._sweep = loop.call_later(again, self._sweep_out) if self._idle else None

    def _part(self, connection: Connection) -> None:
        task = asyncio.ensure_future(self._goodbye(connection))
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

    async def _goodbye(self, connection: Connection) -> None:
        with suppress(*TROUBLE):
            await connection.smtp.quit(timeout=self._relay.patience.goodbye)
        connection.abort()


async def _log_in(smtp: SMTP, relay: Relay) -> None:
    if relay.tokens is None:
        await smtp.login(relay.user, relay.password)
    else:
        await _present_token(smtp, relay.user, relay.tokens)


async def _present_token(smtp: SMTP, user: str, tokens: Tokens) -> None:
    """AUTH XOAUTH2; a token that is not accepted is replaced once: it may have been revoked."""
    if "xoauth2" not in {method.lower() for method in smtp.server_auth_methods}:
        raise TokenRefused("the relay does not offer AUTH XOAUTH2")
    for last in (False, True):
        token = await asyncio.to_thread(tokens.current)
        try:
            await smtp.auth_xoauth2(user, token)
        except SMTPAuthenticationError as error:
            if error.code // 100 == 5:  # 4xx: it wants to be left alone, whatever the token
                await asyncio.to_thread(tokens.rejected, token)
            if last or error.code // 100 != 5:
                raise
        else:
            return


async def _hello(smtp: SMTP) -> None:
    try:
        await smtp.ehlo()
    except SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


def _cut(smtp: SMTP | None) -> None:
    if smtp is not None:
        transport = smtp.transport
        smtp.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
