# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs that prove nothing, as far as the configuration shows it."""

from collections.abc import Iterator
from ipaddress import ip_network

from gateway.doctor.finding import Finding, good, warning
from gateway.settings import ChannelSettings, NetworkProof, NoProof, Settings

WIDE = 4096  # LIMIT: more addresses than so are hardly one organisation's mail servers


def examined(settings: Settings) -> tuple[Finding, ...]:
    """Return for every channel what its proof is worth."""
    return tuple(found for channel in settings.channels for found in _of(channel, settings))


def _of(channel: ChannelSettings, settings: Settings) -> Iterator[Finding]:
    tried = f'proof of channel "{channel.id}"'
    proof = channel.proof
    carried = [partner for partner in settings.partners if partner.channel == channel.id]
    if not carried:
        yield warning(tried, "no partner uses this channel", f'write channel = "{channel.id}" in a [[partner]]')
    elif isinstance(proof, NoProof):
        said = f"none: whoever writes {channel.address or channel.senders} as sender is taken for {carried[0].name}"
        yield warning(tried, said, 'use kind = "mailbox", "network", "auth-results" or "header"')
    elif isinstance(proof, NetworkProof) and (wide := [one for one in proof.peers if _wide(one)]):
        said = f"{', '.join(wide)} holds {sum(map(_addresses, wide))} addresses, and each of them is believed"
        yield warning(tried, said, "name the addresses of the partner's mail servers alone in peers")
    else:
        yield good(tried, proof.kind)


def _addresses(network: str) -> int:
    return ip_network(network).num_addresses


def _wide(network: str) -> bool:
    """Say whether many strangers may write from *network*; of version 6, whoever has a site has a /48."""
    found = ip_network(network)
    return found.prefixlen < 48 if found.version == 6 else found.num_addresses > WIDE
