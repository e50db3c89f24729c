# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a mailbox without touching it: folders are opened by EXAMINE, letters are peeked at.

Every question raises Declined (or Throttled) with the server's own words when it says NO, ConnectionBroken when it
says nothing.
"""

import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.inbound.imap import answers
from gateway.inbound.imap.answers import Selected
from gateway.inbound.imap.client import GuardedClient
from gateway.inbound.imap.framing import Piece
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.login import broken, declined, words
from gateway.inbound.imap.names import quoted, uid_set

HEADER_BYTES = 32 << 10  # LIMIT: of one letter's header
_QUOTA = re.compile(rb"QUOTA .*\(([^()]*)\)\s*\Z", re.IGNORECASE)
_RIGHTS = re.compile(rb"MYRIGHTS .*?([A-Za-z0-9]+)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of one resource is used; of STORAGE in KiB, of MESSAGE in letters (RFC 9208)."""

    resource: str
    used: int
    limit: int


class Look:
    """A logged-in connection that only looks."""

    def __init__(self, client: GuardedClient) -> None:
        self._client = client

    @property
    def capabilities(self) -> tuple[str, ...]:
        return tuple(sorted(self._client.protocol.capabilities))

    @property
    def certificate(self) -> object:
        """What `ssl.SSLSocket.getpeercert` gives; None without TLS."""
        return self._client.protocol.transport.get_extra_info("peercert")

    async def folder(self, name: str) -> Selected:
        """Open the folder for reading alone."""
        return answers.selected(await self._told(self._client.protocol.examine(name)))

    async def status(self, name: str) -> None:
        """Return when the folder *name* is there; it is not opened."""
        await self._told(self._client.protocol.about("STATUS", name, "(MESSAGES)"))

    async def rights(self, name: str) -> str:
        """Return the letters of RFC 4314 that say what we may do in the folder."""
        lines = await self._told(self._client.protocol.about("MYRIGHTS", name))
        found = [match for line in lines if (match := _RIGHTS.match(bytes(line)))]
        return found[0].group(1).decode("ascii") if found else ""

    async def quotas(self, name: str) -> tuple[Quota, ...]:
        """Return what is bounded for the folder."""
        lines = await self._told(self._client.protocol.about("GETQUOTAROOT", name))
        return tuple(quota for line in lines if (match := _QUOTA.match(bytes(line))) for quota in _quotas(match[1]))

    async def last_headers(self, field: str, most: int) -> tuple[bytes, ...]:
        """Return every *field* of the header of the last *most* letters of the open folder, letter by letter."""
        uids = answers.searched(await self._search("UID 1:*"), 1, answers.MAX_UID)[-most:]
        if not uids:
            return ()
        items = f"(UID BODY.PEEK[HEADER.FIELDS ({field.upper()})]<0.{HEADER_BYTES}>)"
        lines = await self._told(self._client.protocol.fetch(uid_set(uids), items, by_uid=True))
        return tuple(bytes(line) for line in lines if isinstance(line, bytearray))

    async def holds(self, message_id: str) -> bool:
        """Say whether a letter with that Message-ID lies in the open folder."""
        await self._told(self._client.noop())
        return bool(answers.searched(await self._search(f"HEADER Message-ID {quoted(message_id)}"), 1, answers.MAX_UID))

    async def _search(self, criteria: str) -> Sequence[Piece]:
        return await self._told(self._client.protocol.search(criteria, by_uid=True))

    async def _told(self, question: Awaitable[Any]) -> Sequence[Piece]:  # Any: the library has no annotations
        try:
            answer = await question
        except ConnectionBroken as error:
            raise broken(error) from error
        if answer.result != "OK":
            raise declined(words(answer.lines))
        lines: Sequence[Piece] = answer.lines
        return lines


def _quotas(text: bytes) -> tuple[Quota, ...]:
    said = text.decode("ascii", "replace").split()
    triples = zip(said[::3], said[1::3], said[2::3], strict=False)
    return tuple(Quota(name.upper(), int(used), int(most)) for name, used, most in triples if (used + most).isdecimal())
