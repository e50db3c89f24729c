# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that takes our letters: where it is, how we prove it and ourselves, how long we wait for it."""

import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from gateway.ports import Tokens
from gateway.tls import Trust

WANTS_TLS_OR_LOGIN = (530, 534, 535, 538)  # our setting or the relay's (RFC 4954 §6), never the letter's fault


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds (RFC 5321 §4.5.3.2); a short wait after the dot makes duplicates."""

    connect: float = 60  # for the connection and its greeting
    command: float = 300
    data: float = 120  # for 354
    block: float = 180  # for one block to leave
    dot: float = 600
    goodbye: float = 5


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay and how to talk to it.  Outside this machine there is no talking without TLS, but for test letters."""

    host: str
    port: int = 587
    tls: Literal["starttls", "implicit", "none"] = "starttls"  # never "if offered"
    user: str = ""  # empty: no login
    password: str = field(default="", repr=False)
    trust: Trust = Trust()
    tokens: Tokens | None = None  # instead of the password
    helo: str = "localhost"  # how we call ourselves
    source: str = ""  # our address to connect from; empty: the system chooses
    dsn: bool = True  # ask for notices where the relay offers to send them (RFC 3461)
    max_connections: int = 3
    max_age_seconds: float = 300  # of a connection
    max_idle_seconds: float = 60
    check_after_seconds: float = 5  # idle longer than this: ask first whether it still lives
    max_letters: int = 100  # on one connection
    patience: Patience = Patience()
    in_the_clear: bool = False  # True: what goes there is no secret, and may go without TLS over a network

    def __post_init__(self) -> None:
        if self.tls == "none" and not loopback(self.host) and not self.in_the_clear:
            raise ValueError(f"letters would go to {self.host} in the clear: set tls")

    def tls_context(self) -> ssl.SSLContext | None:
        """Return how to prove the relay (and ourselves), or None without TLS; raises OSError for unreadable files."""
        if self.tls == "none":
            return None
        return self.trust.context()


def loopback(host: str) -> bool:
    """Say whether *host* is this machine, by its name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
