# SPDX-License-Identifier: GPL-3.0-or-later
"""The IMAP client: aioimaplib's, over a `GuardedProtocol`."""

import asyncio
import ssl
from collections.abc import Callable

import aioimaplib  # type: ignore[import-untyped]  # the library has no annotations

from gateway.inbound.imap.framing import Limits
from gateway.inbound.imap.guard import ConnectionBroken, GuardedProtocol, Patience, printable


class GuardedClient(aioimaplib.IMAP4):  # type: ignore[misc]  # the library has no annotations
    """The client over one `GuardedProtocol`; *tls* None means plain text.

    With *starttls* TLS begins before anything but CAPABILITY is said, or nothing more is said at all.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        starttls: bool = False,
        source: str = "",
        limits: Limits | None = None,
        patience: Patience | None = None,
        allow_preauth: bool = False,
    ) -> None:
        self._limits = limits or Limits()
        self._patience = patience or Patience()
        self._allow_preauth = allow_preauth and not starttls  # PREAUTH would leave no room for STARTTLS
        self._name, self._source = host, source
        self._starttls = tls if starttls else None
        # the library's own timers must never be the first: ours say why
        super().__init__(
            host, port, timeout=2 * self._patience.command.total_seconds(), ssl_context=None if starttls else tls
        )

    def create_client(
        self,
        host: str,
        port: int,
        loop: asyncio.AbstractEventLoop | None,
        conn_lost_cb: Callable[[Exception | None], None] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        running = loop or asyncio.get_running_loop()
        protocol = GuardedProtocol(running, self._limits, self._patience, allow_preauth=self._allow_preauth)
        self.protocol = protocol
        from_here = (self._source, 0) if self._source else None
        self._client_task = running.create_task(
            running.create_connection(lambda: protocol, host, port, ssl=ssl_context, local_addr=from_here),
            name=f"connect {host}",
        )

    async def wait_hello_from_server(self) -> None:
        """Wait until connected, greeted and told the capabilities; raises ConnectionBroken."""
        try:
            async with asyncio.timeout(self._patience.connecting.total_seconds()):
                await self._client_task
                await self.protocol.greeted
        except TimeoutError:
            self.protocol.drop("no greeting in time")
            raise ConnectionBroken("no greeting in time") from None
        except OSError as error:
            why = str(error) or "the server hung up before it greeted; perhaps it has only older TLS than tls_min"
            raise ConnectionBroken(printable(f"cannot connect: {why}")) from error
        await self.protocol.capability()
        if self._starttls is not None:
            await self.protocol.begin_tls(self._starttls, self._name)
            await self.protocol.capability()

    async def hang_up(self, words: str = "hung up") -> None:
        """Close the connection without ceremony and wait until it is closed; allowed at any time."""
        self._client_task.cancel()
        await asyncio.wait({self._client_task})
        if not self._client_task.cancelled():
            self._client_task.exception()  # seen
        self.protocol.drop(words)
        if self.protocol.transport is not None:
            await asyncio.wait_for(self.protocol.closed.wait(), self._patience.connecting.total_seconds())
