# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a server: its name, and a connection that is closed again at once."""

import asyncio
import os
import socket
from collections.abc import Sequence
from functools import partial

from gateway.doctor.finding import Finding, Level, bad, good
from gateway.doctor.patience import apart


async def reached(host: str, port: int, seconds: float, key: str) -> tuple[Finding, ...]:
    """Look up *host* and connect to *port*; *key* is where both are written."""
    name = await _looked_up(host, port, seconds, key)
    if name.level is not Level.GOOD:
        return (name,)
    return name, await _connected(host, port, seconds, key)


def stopped(found: Sequence[Finding]) -> bool:
    """Say whether nothing further can be tried after *found*."""
    return any(one.level is Level.BAD for one in found)


async def _looked_up(host: str, port: int, seconds: float, key: str) -> Finding:
    tried = f"address of {host}"
    try:
        found = await apart(partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM), seconds)
    except TimeoutError:
        return bad(tried, f"no answer in {seconds:g} s", "look at the name servers in /etc/resolv.conf", away=True)
    except OSError as error:
        remedy = f"mend {key}.host, or give the name an A or AAAA record that this machine can look up"
        return bad(tried, error.strerror or str(error), remedy, away=True)
    except UnicodeError:
        return bad(tried, "is no host name", f"mend {key}.host")
    return good(tried, ", ".join(dict.fromkeys(str(address[0]) for *_, address in found)))


async def _connected(host: str, port: int, seconds: float, key: str) -> Finding:
    tried = f"TCP connection to {host}:{port}"
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        remedy = f"a firewall on the way swallows it, or {key}.port is wrong: ask for {host}:{port} to be opened"
        return bad(tried, f"no answer in {seconds:g} s", remedy, away=True)
    except OSError as error:
        remedy = f"start the server, or mend {key}.host and {key}.port"
        return bad(tried, os.strerror(error.errno) if error.errno else str(error), remedy, away=True)
    writer.transport.abort()
    return good(tried)
