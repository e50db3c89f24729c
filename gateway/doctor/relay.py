# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay: the way in, what it takes, and how large.  No letter is begun but for MAIL FROM, taken back at once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from gateway.doctor import certificate
from gateway.doctor.finding import Finding, bad, good, skipped, warning
from gateway.doctor.reaching import reached, stopped
from gateway.doors import relay_of, tokens_of
from gateway.outbound.relay import Patience
from gateway.outbound.relay_pool import TROUBLE, Connection, NoConnection, RelayPool
from gateway.ports import Phase
from gateway.settings import ChannelSettings, RelaySettings, Settings


def called(relay: RelaySettings) -> str:
    """Return what people call *relay*."""
    return f'other_relay "{relay.name}"' if relay.name else "relay"


async def examined(relay: RelaySettings, settings: Settings, seconds: float, now: datetime) -> tuple[Finding, ...]:
    """Try the relay from its name to MAIL FROM; what depends on something that failed is not tried."""
    key = called(relay)
    found = list(await reached(relay.host, relay.port, seconds, key))
    if stopped(found):
        return (*found, skipped("EHLO, TLS, login and SIZE", "the server was not reached"))
    wait = Patience(connect=seconds, command=seconds, goodbye=1)
    pool = RelayPool(replace(relay_of(relay, tokens_of(settings.oauth)), patience=wait))
    try:
        async with pool.connection() as connection:
            found += _inside(relay, connection, now)
            found += _size(connection, [one for one in settings.channels if one.relay == relay.name])
            found.append(await _sender(connection, settings.offices[0].address))
            connection.usable = True
    except NoConnection as error:
        found.append(_failed(error, relay, key))
    finally:
        await pool.close()
    return tuple(found)


def _failed(error: NoConnection, relay: RelaySettings, key: str) -> Finding:
    said = _words(error.cause)
    if (untrusted := certificate.refused(error, relay.host, key)) is not None:
        return untrusted
    if error.phase is Phase.AUTH:
        secret = relay.password_file or f"{key}.password_file"
        return bad(f"login as {relay.user}", said, f"look at {key}.user, and write its password into {secret}")
    if error.phase is Phase.TLS:
        remedy = f"the server offers no such TLS on port {relay.port}: look at {key}.tls and {key}.port"
        return bad(f"TLS ({relay.tls})", said, remedy)
    remedy = f"look at the log of {relay.host}, and at {key}.port and {key}.tls"
    return bad(f"SMTP at {relay.host}:{relay.port}", said, remedy, away=True)


def _words(error: BaseException) -> str:
    """Return the server's own words, with its code where it gave one."""
    code = getattr(error, "code", None)
    message = str(getattr(error, "message", "") or error or type(error).__name__)
    return " ".join(f"{code} {message}".split() if code else message.split())[:300]


def _inside(relay: RelaySettings, connection: Connection, now: datetime) -> Iterator[Finding]:
    smtp = connection.smtp
    offered = sorted(name.upper() for name in smtp.esmtp_extensions)
    yield good("EHLO", " ".join(offered) or "no extensions")
    if relay.tls == "none":
        yield skipped("TLS", "not used on this machine")
    else:
        yield certificate.lasting(connection.writer.get_extra_info("peercert"), now)
    yield good(f"login as {relay.user}") if relay.user else skipped("login", "no user is named")
    if relay.dsn == "auto" and "DSN" not in offered:
        yield skipped("DSN", "not offered: that a letter lies in the partner's mailbox will not be told")


def _size(connection: Connection, channels: list[ChannelSettings]) -> Iterator[Finding]:
    """Compare what the relay takes with what channels may send through it."""
    said = connection.smtp.esmtp_extensions.get("size", "").strip()
    if not said.isdecimal() or int(said) == 0:
        yield good("SIZE", "no bound is told")
        return
    small = [one for one in channels if one.max_letter > int(said)]
    if not small:
        yield good("SIZE", f"{said} bytes")
    for channel in small:
        words = f'{said} bytes, but channel "{channel.id}" may send {channel.max_letter}'
        remedy = f'set max_letter = {said} in channel "{channel.id}", or have the server take more'
        yield warning("SIZE", words, remedy)


async def _sender(connection: Connection, address: str) -> Finding:
    """Ask whether we may send at all; nothing follows but RSET."""
    tried = f"MAIL FROM:<{address}>, taken back"
    try:
        answer = await connection.smtp.execute_command(b"MAIL", b"FROM:<" + address.encode() + b">")
        await connection.smtp.rset()
    except TROUBLE as error:
        return bad(tried, _words(error), "look at the log of the server")
    if answer.code == 250:
        return good(tried, f"{answer.code} {answer.message}")
    remedy = "name a user, or have the server take mail from this machine and this address"
    return bad(tried, f"{answer.code} {answer.message}", remedy)
