# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to an EDMS on the office's network.

Every call has a connection of its own, so that none meets one that the server has closed meanwhile: nothing that was
sent needs to be sent again without knowing whether it arrived.
"""

import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from gateway.model import Content, folded
from gateway.settings.problems import shown, wrong
from gateway.settings.values import loopback


class Unreachable(ConnectionError):
    """The server does not answer, or not as the EDMS does."""


class Web:
    """One server; threads share it."""

    def __init__(self, name: str, url: str, ca_file: Path | None, silence: timedelta) -> None:
        """*name* is the EDMS's, for complaints; *silence* is how long one call may be silent."""
        parts = urlsplit(url)
        self.name, self.root = name, parts.path  # what every path begins with
        self._host, self._port, self._https = parts.hostname or "", parts.port, parts.scheme == "https"
        self._ca_file, self._silence = ca_file, silence

    @contextmanager
    def sent(self, method: str, path: str, headers: Mapping[str, str], body: Iterable[bytes]) -> Iterator[HTTPResponse]:
        """Give the answer to a request; raises Unreachable when there is none, or when it breaks off."""
        connection = self._connection()
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it heard everything
                connection.request(method, path, body, dict(headers))
            with connection.getresponse() as answer:
                yield answer
        except (OSError, HTTPException, zlib.error) as error:
            place = f"{self._host}:{connection.port}"
            raise Unreachable(f"{self.name} at {place} does not answer: {type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        patience = self._silence.total_seconds()
        if not self._https:
            return HTTPConnection(self._host, self._port, timeout=patience)
        trusted = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        return HTTPSConnection(self._host, self._port, timeout=patience, context=trusted)


def true_blocks(content: Content) -> Iterator[bytes]:
    """Yield the bytes of *content*; raises OSError before the last one, when they are not those it is known by."""
    seen, held = sha256(), b""
    for block in content.blocks():
        seen.update(block)
        if held:
            yield held
        held = block
    if seen.hexdigest() != content.sha256:
        raise OSError("the bytes of a file are not those it is known by")
    yield held


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise wrong(f"{shown(value)} is not the address of a server", 'write it like "https://edms.office.example"')
    if parts.scheme == "http" and not loopback(parts.hostname):
        raise wrong("the password would cross the network in the clear", "write https://, or run on the same machine")
    return value.rstrip("/")


ServerUrl = Annotated[str, AfterValidator(_url)]  # https unless on this machine


def _houses(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        index, colon, name = one.partition(":")
        if not (colon and index.strip() and name.strip()):
            raise wrong(f"{shown(one)} names no organisation", 'write exchange index and name: "SVETLY-01: Committee"')
    return value


# our organisations, "exchange index: name in the EDMS"
Houses = Annotated[tuple[str, ...], AfterValidator(_houses)]


def name_by_index(houses: tuple[str, ...]) -> dict[str, str]:
    """Return the names of `Houses` by exchange index, folded."""
    parts = (one.partition(":") for one in houses)
    return {folded(index): name.strip() for index, _, name in parts}
