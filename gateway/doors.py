# SPDX-License-Identifier: GPL-3.0-or-later
"""From settings to what listeners, mailboxes and relays are told: certificates are loaded here, names filled in."""

import socket
import ssl
from ipaddress import ip_network
from pathlib import Path

from gateway.inbound.imap.watch import Watching
from gateway.inbound.smtp.listening import Listening
from gateway.journal.entries import Direction, Entry
from gateway.outbound.noticed import Asked
from gateway.outbound.post import Relay, SmtpPost
from gateway.ports import Post
from gateway.settings import ListenerSettings, MailboxSettings, RelaySettings, Settings


def door_of(listener: ListenerSettings, settings: Settings) -> Listening:
    """Return the listener as `listen` wants it; raises OSError or ssl.SSLError for a certificate that is none."""
    addresses = listener.addresses or tuple(office.address for office in settings.offices)
    context: ssl.SSLContext | None = None
    if listener.tls != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(listener.certificate), str(listener.key))
    return Listening(
        name=listener.name,
        hostname=listener.hostname or socket.gethostname(),
        addresses=frozenset(addresses),
        protocol=listener.protocol,
        host=listener.host or "127.0.0.1",
        port=listener.port,
        unix=Path(listener.socket) if listener.socket else None,
        peers=tuple(ip_network(peer, strict=False) for peer in listener.peers),
        max_bytes=listener.max_letter,
        max_recipients=listener.max_recipients,
        max_connections=listener.max_connections,
        tls=listener.tls,
        ssl_context=context,
        require_tls=listener.tls != "none",
    )


def mailbox_of(mailbox: MailboxSettings, settings: Settings) -> Watching:
    """Return the mailbox as `watch` wants it."""
    return Watching(
        name=mailbox.name,
        host=mailbox.host,
        port=mailbox.port,
        tls=mailbox.tls,
        allow_plain=mailbox.allow_plain,
        ca_file=str(mailbox.ca_file) if mailbox.ca_file else None,
        user=mailbox.user,
        password=mailbox.password,
        folder=mailbox.folder,
        start=mailbox.start,
        poll=mailbox.poll,
        after=mailbox.after,
        done_folder=mailbox.done_folder,
        max_letter_bytes=settings.limits.letter,
    )


def relay_of(relay: RelaySettings) -> Relay:
    """Return the relay as `SmtpPost` wants it."""
    return Relay(
        host=relay.host,
        port=relay.port,
        tls=relay.tls,
        user=relay.user,
        password=relay.password,
        ca_file=str(relay.ca_file or ""),
        helo=relay.helo or socket.gethostname(),
        dsn=relay.dsn == "auto",
    )


class Posts:
    """A post for every relay in the settings; each letter goes by its channel's."""

    def __init__(self, settings: Settings) -> None:
        self._relays = {channel.id: channel.relay for channel in settings.channels}
        self._channels = {partner.id: partner.channel for partner in settings.partners}
        self._posts = {"": SmtpPost(relay_of(settings.relay))} | {
            relay.name: SmtpPost(relay_of(relay)) for relay in settings.other_relays
        }

    def for_letter(self, entry: Entry) -> Post:
        """Return the post of *entry*'s channel; the common one for a letter that has no channel (any more).

        Of a document people want to know that it lies in the mailbox; of the rest, when it does not.
        """
        post = self._posts.get(self._relays.get(entry.channel, ""), self._posts[""])
        if entry.direction is not Direction.OUT or not entry.rfc_message_id:
            return post
        return post.noticed(Asked(entry.rfc_message_id, success=entry.kind in ("document", "addition")))

    def relay_of(self, entry: Entry) -> str:
        """Return the name of the relay that *entry* goes by; empty: the common one."""
        name = self._relays.get(entry.channel, "")
        return name if name in self._posts else ""

    def relay_of_lane(self, lane: str) -> str:
        """Return the name of the relay that the letters of *lane* go by: of a partner, a channel, or for people."""
        return self._relays.get(self._channels.get(lane, lane), "")

    async def close(self) -> None:
        for post in self._posts.values():
            await post.close()
