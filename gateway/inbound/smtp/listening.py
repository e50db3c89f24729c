# SPDX-License-Identifier: GPL-3.0-or-later
"""What a listener is told: where to stand, for whom, and how much is too much."""

import ssl
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from gateway.inbound.smtp.transfer import DataLimits


@dataclass(frozen=True, slots=True)
class Listening:
    """One listener as configured."""

    name: str  # the channel
    hostname: str  # how we call ourselves
    addresses: frozenset[str]  # ours, compared without case; everything else is not ours
    protocol: Literal["smtp", "lmtp"] = "smtp"
    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    unix: Path | None = None  # instead of host and port
    unix_mode: int = 0o660
    peers: tuple[IPv4Network | IPv6Network, ...] = ()  # who may connect; empty: this machine
    max_bytes: int = 100 << 20  # of one letter
    max_recipients: int = 100  # of one letter
    max_connections: int = 100
    max_connections_per_peer: int = 20  # not counted on a unix socket
    max_spooling: int = 50  # letters between 354 and durable
    spool_wait_seconds: float = 60  # for room; RFC 5321 §4.5.3.2.4: clients wait 2 minutes for 354
    command_seconds: float = 60  # for the next command, and for a TLS handshake
    data_idle_seconds: float = 60
    data_total_seconds: float = 3600
    min_bytes_per_second: int = 1024  # on average; 0: any
    rate_after_seconds: float = 60  # when the average begins to count
    commit_seconds: float = 300  # RFC 5321 §4.5.3.2.6: clients wait 10 minutes after the dot
    tls: Literal["none", "starttls", "implicit"] = "none"
    ssl_context: ssl.SSLContext | None = None
    require_tls: bool = False

    def __post_init__(self) -> None:
        if (self.tls == "none") != (self.ssl_context is None):
            raise ValueError(f"listener {self.name}: tls = {self.tls!r} and a certificate belong together")
        if self.require_tls and self.tls == "none":
            raise ValueError(f"listener {self.name}: require_tls needs tls = 'starttls' or 'implicit'")
        object.__setattr__(self, "addresses", frozenset(address.lower() for address in self.addresses))

    @property
    def data_limits(self) -> DataLimits:
        return DataLimits(
            max_bytes=self.max_bytes,
            idle_seconds=self.data_idle_seconds,
            total_seconds=self.data_total_seconds,
            min_bytes_per_second=self.min_bytes_per_second,
            grace_seconds=self.rate_after_seconds,
        )
