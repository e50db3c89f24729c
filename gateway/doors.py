# SPDX-License-Identifier: GPL-3.0-or-later
"""From settings to what listeners, mailboxes and relays are told: certificates are loaded here, names filled in."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from gateway.inbound import folder as incoming
from gateway.inbound.imap.watch import Watching
from gateway.inbound.smtp.listening import Listening
from gateway.journal.entries import Direction, Entry
from gateway.outbound.circuits import folder_named
from gateway.outbound.folder import FolderPost, Leaving
from gateway.outbound.noticed import Asked
from gateway.outbound.pace import Paces, Rate
from gateway.outbound.post import Relay, SmtpPost
from gateway.ports import Failpoint, Post, Tokens, nothing_fails
from gateway.settings import ChannelSettings, FolderSettings, ListenerSettings, MailboxSettings, RelaySettings, Settings
from gateway.settings.accounts import AccountSettings
from gateway.settings.oauth import OauthSettings
from gateway.tls import Trust
from gateway.tokens.certificate import Certificate
from gateway.tokens.client_credentials import ClientCredentials
from gateway.tokens.device_code import Client, DeviceCode
from gateway.tokens.endpoint import Endpoint
from gateway.tokens.service_account import ServiceAccount


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


def tokens_of(oauth: Sequence[OauthSettings]) -> Mapping[str, Tokens]:
    """Return what gives tokens, by name; nothing is asked for yet."""
    return {one.name: device_code_of(one) or _of_ourselves(one) for one in oauth}


def device_code_of(one: OauthSettings) -> DeviceCode | None:
    """Return the tokens of a person's consent; None when the client logs in as itself."""
    if one.store is None or one.flow != "device-code":
        return None
    endpoint = Endpoint(one.endpoint, str(one.ca_file or ""), one.endpoint_of_devices)
    client = Client(one.client_id, one.secret, one.wanted_scope)
    return DeviceCode(endpoint, client, one.store, f"type: edms-gateway oauth login {one.name}")


def _of_ourselves(one: OauthSettings) -> Tokens:
    if one.provider == "google":
        return ServiceAccount(one.service_account, one.subject, one.wanted_scope, ca_file=str(one.ca_file or ""))
    proof: str | Certificate = one.secret
    if one.client_certificate and one.client_key:
        algorithm: Literal["PS256", "RS256"] = "PS256" if one.provider == "microsoft" else "RS256"
        proof = Certificate(one.client_certificate, one.client_key, algorithm)
    return ClientCredentials(Endpoint(one.endpoint, str(one.ca_file or "")), one.client_id, proof, one.wanted_scope)


def mailbox_of(mailbox: MailboxSettings, settings: Settings, tokens: Mapping[str, Tokens]) -> Watching:
    """Return the mailbox as `watch` wants it."""
    return Watching(
        name=mailbox.name,
        host=mailbox.host,
        port=mailbox.port,
        tls=mailbox.tls,
        allow_plain=mailbox.allow_plain,
        trust=trust_of(mailbox),
        tokens=tokens[mailbox.oauth] if mailbox.oauth else None,
        source=mailbox.source_address,
        user=mailbox.user,
        password=mailbox.password,
        folder=mailbox.folder,
        start=mailbox.start,
        poll=mailbox.poll,
        after=mailbox.after,
        done_folder=mailbox.done_folder,
        max_letter_bytes=settings.limits.letter,
        removes_tests=settings.self_test.letters == "remove",
    )


def folder_of(folder: FolderSettings, settings: Settings) -> incoming.Watching:
    """Return the folder as `inbound.folder.watch` wants it."""
    return incoming.Watching(
        name=folder.name,
        path=folder.path,
        layout=folder.layout,
        after=folder.after,
        archive=folder.archive,
        poll=folder.poll,
        settle=folder.settle,
        patience=folder.patience,
        max_letter_bytes=settings.limits.letter,
    )


def folder_post_of(channel: ChannelSettings, failpoint: Failpoint = nothing_fails) -> FolderPost | None:
    """Return the post of a channel whose letters go into a folder; None: they go by mail."""
    out = channel.folder_out
    if out is None:
        return None
    return FolderPost(Leaving(out.path, out.layout, out.flat, out.to or channel.address), failpoint)


def trust_of(account: AccountSettings) -> Trust:
    """Return whom we believe at this server, and what we show it."""
    return Trust(
        str(account.ca_file or ""),
        account.tls_min,
        str(account.client_certificate or ""),
        str(account.client_key or ""),
    )


def relay_of(relay: RelaySettings, tokens: Mapping[str, Tokens]) -> Relay:
    """Return the relay as `SmtpPost` wants it."""
    return Relay(
        host=relay.host,
        port=relay.port,
        tls=relay.tls,
        user=relay.user,
        password=relay.password,
        trust=trust_of(relay),
        tokens=tokens[relay.oauth] if relay.oauth else None,
        source=relay.source_address,
        helo=relay.helo or socket.gethostname(),
        dsn=relay.dsn == "auto",
    )


class Posts:
    """A post for every relay and every folder in the settings; each letter goes by its channel's."""

    def __init__(
        self,
        settings: Settings,
        tokens: Mapping[str, Tokens] | None = None,
        failpoint: Failpoint = nothing_fails,
    ) -> None:
        """*tokens* are shared with the mailboxes; None: there are no mailboxes."""
        tokens = tokens_of(settings.oauth) if tokens is None else tokens
        self._relays = {channel.id: channel.relay for channel in settings.channels}
        self._channels = {partner.id: partner.channel for partner in settings.partners}
        into = {channel.id: folder_post_of(channel, failpoint) for channel in settings.channels}
        self._folders = {name: post for name, post in into.items() if post is not None}
        self._posts = {"": SmtpPost(relay_of(settings.relay, tokens))} | {
            relay.name: SmtpPost(relay_of(relay, tokens)) for relay in settings.other_relays
        }

    def for_letter(self, entry: Entry) -> Post:
        """Return the post of *entry*'s channel; the common one for a letter that has no channel (any more).

        Of a document people want to know that it lies in the mailbox; of the rest, when it does not.
        """
        if folder := self._folders.get(entry.channel):
            return folder
        post = self._posts.get(self._relays.get(entry.channel, ""), self._posts[""])
        if entry.direction is not Direction.OUT or not entry.rfc_message_id:
            return post
        return post.noticed(Asked(entry.rfc_message_id, success=entry.kind in ("document", "addition")))

    def relay_of(self, entry: Entry) -> str:
        """Return the name of the relay that *entry* goes by, or what stands for its folder; empty: the common one."""
        if entry.channel in self._folders:
            return folder_named(entry.channel)
        name = self._relays.get(entry.channel, "")
        return name if name in self._posts else ""

    def relay_of_lane(self, lane: str) -> str:
        """Return the name of the relay that the letters of *lane* go by: of a partner, a channel, or for people."""
        channel = self._channels.get(lane, lane)
        return folder_named(channel) if channel in self._folders else self._relays.get(channel, "")

    def paces(self, settings: Settings) -> Paces:
        """Return how fast each relay may be given letters."""
        rates = {relay.name: relay.rate for relay in settings.other_relays} | {"": settings.relay.rate}
        given = {name: Rate(rate.letters, rate.period) for name, rate in rates.items() if rate}
        return Paces(given, self.relay_of, self.relay_of_lane)

    async def close(self) -> None:
        for post in self._posts.values():
            await post.close()
