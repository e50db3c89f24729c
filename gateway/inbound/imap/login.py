# SPDX-License-Identifier: GPL-3.0-or-later
"""Getting into a mailbox, and telling apart a wrong password, a busy server and a broken line."""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Literal

from gateway.inbound.imap.client import GuardedClient
from gateway.inbound.imap.framing import Limits, Piece
from gateway.inbound.imap.guard import ConnectionBroken, Patience, printable
from gateway.ports import NoToken, TokenRefused, Tokens
from gateway.tls import Trust

# RFC 5530 codes and providers' words for "not now"; none of them says anything about the password
_BUSY = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|OVERQUOTA)\]|Suggested Backoff Time|authenticated but not connected"
    r"|throttled|too many (?:simultaneous )?connections|try again later|temporar(?:y|ily)",
    re.IGNORECASE,
)
_SUGGESTED = re.compile(r"Suggested Backoff Time:?\s*(\d{1,10})\s*(s(?:ec|\b))?", re.IGNORECASE)

LONGEST_SUGGESTION = timedelta(hours=1)  # LIMIT: how long a server can send us away
REFUSALS_BEFORE_ALARM = 3  # LIMIT: tries with a refused password before we slow down: accounts get locked
AFTER_ALARM = timedelta(minutes=30)
LONGEST_RETREAT = timedelta(minutes=5)


class Declined(Exception):
    """The server answered NO or BAD; the text is its own."""


class LoginRefused(Declined):
    """The server does not accept the user or the password."""


class Throttled(Declined):
    """The server asks to be left alone for a while; `wait` is how long, None when it does not say."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        found = _SUGGESTED.search(words)
        self.wait: timedelta | None = None
        if found:
            # Exchange gives milliseconds, with or without saying so
            unit = timedelta(seconds=1) if found.group(2) else timedelta(milliseconds=1)
            self.wait = min(int(found.group(1)) * unit, LONGEST_SUGGESTION)


@dataclass(frozen=True, slots=True)
class Account:
    """A server and how to get in."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str
    password: str | Callable[[], str] = field(repr=False)  # a callable is asked at every login
    trust: Trust = Trust()
    tokens: Tokens | None = None  # instead of the password
    source: str = ""  # our address to connect from; empty: the system chooses
    allow_plain: bool = False  # plain text beyond loopback too
    allow_preauth: bool = False  # take a connection the server says is logged in already

    def __post_init__(self) -> None:
        if self.tls == "none" and not self.allow_plain and not is_loopback(self.host):
            raise ValueError(
                f"{self.host}: IMAP without TLS sends the password in the clear; allow_plain says you mean it"
            )


def is_loopback(host: str) -> bool:
    """Say whether *host* is this machine by its very name; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def words(lines: Sequence[Piece]) -> str:
    """Return the words of a tagged answer: the last line."""
    return printable(lines[-1]) if lines else ""


def declined(text: str) -> Declined:
    """Return the exception that fits a NO or BAD with these words."""
    return Throttled(text) if _BUSY.search(text) else Declined(text)


def broken(error: ConnectionBroken) -> Exception:
    """Return *error*, or Throttled when the server's last words were a plea to come later."""
    return Throttled(str(error)) if _BUSY.search(str(error)) else error


async def enter(account: Account, *, limits: Limits | None = None, patience: Patience | None = None) -> GuardedClient:
    """Connect and log in; raises ConnectionBroken, Throttled or LoginRefused, and then nothing stays open."""
    client = GuardedClient(
        account.host,
        account.port,
        tls=await _context(account) if account.tls != "none" else None,
        starttls=account.tls == "starttls",
        source=account.source,
        limits=limits,
        patience=patience,
        allow_preauth=account.allow_preauth,
    )
    try:
        await client.wait_hello_from_server()
        if client.get_state() != "AUTH":
            await _log_in(client, account)
        await client.protocol.capability()
    except BaseException as error:
        await client.hang_up()
        if isinstance(error, ConnectionBroken):
            raise broken(error) from error
        raise
    return client


async def _log_in(client: GuardedClient, account: Account) -> None:
    if account.tokens is not None:
        await _present_token(client, account.user, account.tokens)
        return
    if client.has_capability("LOGINDISABLED"):
        raise LoginRefused("the server allows no LOGIN on this connection (LOGINDISABLED)")
    secret = account.password if isinstance(account.password, str) else account.password()
    answer = await client.login(account.user, secret)
    if answer.result != "OK":
        said = words(answer.lines)
        raise Throttled(said) if _BUSY.search(said) else LoginRefused(said)


async def _present_token(client: GuardedClient, user: str, tokens: Tokens) -> None:
    """AUTHENTICATE XOAUTH2; a token that is not accepted is replaced once: it may have been revoked."""
    if not client.has_capability("AUTH=XOAUTH2"):
        raise LoginRefused("the server does not offer AUTH=XOAUTH2")
    for last in (False, True):
        token = await _token(tokens)
        answer = await client.protocol.xoauth2(user, token)
        if answer.result == "OK":
            return
        said = words(answer.lines)
        if _BUSY.search(said):
            raise Throttled(said)
        await asyncio.to_thread(tokens.rejected, token)
        if last:
            raise LoginRefused(said)


async def _token(tokens: Tokens) -> str:
    try:
        return await asyncio.to_thread(tokens.current)
    except TokenRefused as refusal:
        raise LoginRefused(f"no token: {refusal}") from refusal
    except NoToken as missing:
        throttled = Throttled(f"no token: {missing}")
        throttled.wait = missing.wait
        raise throttled from missing


async def _context(account: Account) -> ssl.SSLContext:
    trust = account.trust
    try:
        return await asyncio.to_thread(trust.context)
    except OSError as error:
        files = ", ".join(filter(None, (trust.ca_file, trust.certificate, trust.key)))
        raise ConnectionBroken(f"the certificates cannot be used ({files}): {error}") from error


def retreat(failures: int, rng: Random) -> timedelta:
    """Return how long to wait after *failures* (≥ 1) in a row: full jitter under a ceiling from 1 s to 5 min.

    Full jitter keeps many mailboxes from coming back all at once.
    """
    ceiling = min(timedelta(seconds=2 ** min(failures - 1, 20)), LONGEST_RETREAT)
    return rng.uniform(0, 1) * ceiling
