# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening sockets: who may come in, how many at once, and how to stop.

Peers are judged before a byte is read and before TLS; strangers and those too many hear 421 and the line is cut.
421 and not 554: a front server that is missing in our configuration keeps its letters instead of bouncing them.
"""

import asyncio
import collections
import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import structlog

from gateway.inbound.delivery import Accept
from gateway.inbound.smtp.addressing import EnvelopeRules
from gateway.inbound.smtp.conversation import Conversation, LmtpConversation, silence_library_log
from gateway.inbound.smtp.listening import Listening
from gateway.inbound.smtp.reception import Reception
from gateway.ports import Failpoint, nothing_fails

__all__ = ["Listener", "Listening", "allowed", "listen"]

log = structlog.get_logger("gateway.inbound.smtp")

UNIX = "unix"  # the peer's name on a unix socket


def allowed(peer: str, listening: Listening) -> bool:
    """Say whether *peer* (an IP address, or "unix") may talk to this listener."""
    if peer == UNIX:
        return True
    address = ip_address(peer)
    return any(address in network for network in listening.peers) if listening.peers else address.is_loopback


class Listener:
    """A listener that runs."""

    def __init__(self, listening: Listening, reception: Reception, rules: EnvelopeRules) -> None:
        self.listening = listening
        self._reception = reception
        self._rules = rules
        self._kind = LmtpConversation if listening.protocol == "lmtp" else Conversation
        self._server: asyncio.Server | None = None
        self._per_peer: collections.Counter[str] = collections.Counter()
        self._conversations: set[Conversation] = set()
        self._empty = asyncio.Event()
        self._handshakes: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> tuple[str, int] | Path:
        """Where we listen: host and port as bound, or the path of the socket."""
        if self.listening.unix:
            return self.listening.unix
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._conversations)

    async def start(self) -> None:
        """Bind and listen; raises OSError when the address is taken."""
        loop, listening = asyncio.get_running_loop(), self.listening
        if listening.unix:
            bound = _unix_socket(listening.unix, listening.unix_mode)
            self._server = await loop.create_unix_server(lambda: _Door(self), sock=bound)
        else:
            self._server = await loop.create_server(lambda: _Door(self), listening.host, listening.port, backlog=256)

    def refusal(self, peer: str) -> str | None:
        """Return why *peer* may not come in, as a reply, or None."""
        if not allowed(peer, self.listening):
            log.warning("a stranger was turned away", listener=self.listening.name, peer=peer)
            return f"421 4.7.1 {self.listening.hostname} does not talk to you"
        full = len(self._conversations) >= self.listening.max_connections
        if full or (peer != UNIX and self._per_peer[peer] >= self.listening.max_connections_per_peer):
            return f"421 4.7.0 {self.listening.hostname} too many connections, try again"
        return None

    def admit(self, peer: str, transport: asyncio.Transport) -> None:
        """Begin a conversation on *transport*."""
        conversation = self._kind(
            self.listening, self._reception, self._rules, peer, lambda: self._release(peer, conversation)
        )
        self._per_peer[peer] += 1
        self._conversations.add(conversation)
        self._empty.clear()
        if self.listening.tls == "implicit":
            task = asyncio.ensure_future(self._secure(transport, conversation))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)
        else:
            transport.set_protocol(conversation)
            conversation.connection_made(transport)

    async def _secure(self, transport: asyncio.Transport, conversation: Conversation) -> None:
        context = self.listening.ssl_context
        assert context is not None
        secured = None
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                conversation,
                context,
                server_side=True,
                ssl_handshake_timeout=self.listening.command_seconds,
            )
        except OSError as error:  # TLS faults and lost connections alike
            log.info("no TLS came about", listener=self.listening.name, error=type(error).__name__)
        finally:
            if secured is None or secured.is_closing():
                transport.abort()
                conversation.connection_lost(None)
        if secured is not None and not secured.is_closing():
            conversation.connection_made(secured)

    def _release(self, peer: str, conversation: Conversation) -> None:
        self._conversations.discard(conversation)
        self._per_peer -= collections.Counter({peer: 1})
        if not self._conversations:
            self._empty.set()

    async def close(self, drain: timedelta) -> None:
        """Stop: no new clients, idle ones hear 421, letters under way may finish within *drain*."""
        assert self._server is not None
        self._server.close()
        deadline = asyncio.get_running_loop().time() + drain.total_seconds()
        for conversation in tuple(self._conversations):
            conversation.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                if self._conversations:
                    await self._empty.wait()
                if self._reception.commits:
                    await asyncio.wait(self._reception.commits)
        left = {*self._handshakes, *self._reception.commits}
        for conversation in tuple(self._conversations):
            conversation.abort()
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if self._conversations:
            await self._empty.wait()  # aborted ones are gone in a moment
        await self._server.wait_closed()
        if self.listening.unix:
            self.listening.unix.unlink(missing_ok=True)


class _Door(asyncio.Protocol):
    """Stands on a fresh connection until it is clear who comes."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        line = cast(asyncio.Transport, transport)
        peer = peer_of(line)
        refusal = self._listener.refusal(peer)
        if refusal:
            line.write(f"{refusal}\r\n".encode())
            line.close()
        else:
            self._listener.admit(peer, line)


def peer_of(transport: asyncio.BaseTransport) -> str:
    """Return the IP address at the other end (IPv4 also when it came in as IPv6, no zone), or "unix"."""
    name = transport.get_extra_info("peername")
    if not isinstance(name, tuple):
        return UNIX
    address = ip_address(name[0].partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _unix_socket(path: Path, mode: int) -> socket.socket:
    """Bind a socket at *path*, in the place of one that nobody listens on any more."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(f"{path} is not a socket: choose another path or remove it")
    if path.exists():
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(os.fspath(path))
            except ConnectionRefusedError:
                path.unlink()
            else:
                raise OSError(f"somebody listens on {path} already")
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(os.fspath(path))
        path.chmod(mode)  # before anybody can connect: it does not listen yet
    except OSError:
        bound.close()
        raise
    return bound


async def listen(
    listening: Listening,
    accept: Accept,
    *,
    new_id: Callable[[], str],
    also_ours: Callable[[str], bool] = lambda address: False,
    failpoint: Failpoint = nothing_fails,
) -> Listener:
    """Start *listening*; letters go to *accept*.

    *new_id* mints ids that are unique for ever.  *also_ours* may know addresses beyond the list (tagged bounces).
    Raises OSError when the address cannot be bound.
    """
    silence_library_log()
    reception = Reception(
        accept,
        new_id,
        max_spooling=listening.max_spooling,
        wait_seconds=listening.spool_wait_seconds,
        commit_seconds=listening.commit_seconds,
        failpoint=failpoint,
    )
    listener = Listener(listening, reception, EnvelopeRules(listening, reception, also_ours))
    await listener.start()
    return listener
