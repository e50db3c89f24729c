# SPDX-License-Identifier: GPL-3.0-or-later
"""One open mailbox: the few questions and orders a gateway has for it.

Identity is UIDVALIDITY and UID; sequence numbers are never used, ``\\Seen`` is never touched.
"OK" proves nothing: what was ordered is looked at afterwards.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gateway.inbound.imap import answers
from gateway.inbound.imap.answers import Fetched, Selected
from gateway.inbound.imap.client import GuardedClient
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.login import Declined, Throttled, broken, declined, words
from gateway.inbound.imap.names import keyword, mailbox, uid_set
from gateway.model import Sink
from gateway.ports import Failpoint, nothing_fails

BLOCK = 1 << 20  # bytes asked for at once
WINDOW = 4_000  # LIMIT: UIDs searched at once: their list fits one line of 64 KiB
BATCH = 200  # LIMIT: letters in one FETCH or STORE
_FAREWELL_SECONDS = 5


class Vanished(Exception):
    """The letter is no longer in the folder."""


class Unreadable(Exception):
    """The server does not give the letter as it should."""


class TooLarge(Exception):
    """The letter has more bytes than allowed; the argument says how many we know of."""


class Session:
    """A logged-in connection with one folder open."""

    def __init__(self, client: GuardedClient, folder: str, failpoint: Failpoint = nothing_fails) -> None:
        self._client = client
        self.failpoint = failpoint
        self._folder = folder
        self._idles = bool(client.has_capability("IDLE"))

    async def select(self) -> Selected:
        """Open the folder, again and again if you like: every time it says how it stands."""
        return answers.selected(await self._ask("SELECT", self._client.select(self._folder)))

    def windows(self, low: int, high: int, exists: int) -> list[range]:
        """Return the windows of *low*…*high* to be searched one after the other; one if all *exists* letters fit."""
        width = max(high - low + 1, 1) if exists <= WINDOW else WINDOW
        return [range(start, min(start + width, high + 1)) for start in range(low, high + 1, width)]

    async def search(self, window: range) -> tuple[int, ...]:
        """Return the UIDs in *window* that lie in the folder, ascending."""
        return await self._search(f"{window.start}:{window.stop - 1}", window.start, window.stop - 1)

    async def among(self, uids: Sequence[int]) -> frozenset[int]:
        """Return those of *uids* that lie in the folder now, told by the server anew."""
        if not uids:
            return frozenset()
        await self._ask("NOOP", self._client.noop())
        return frozenset(await self._search(uid_set(uids), min(uids), max(uids))) & frozenset(uids)

    async def last_uid(self) -> int:
        """Return the highest UID in the folder, 0 when it is empty."""
        return max(await self._search("*", 1, answers.MAX_UID), default=0)

    async def _search(self, what: str, low: int, high: int) -> tuple[int, ...]:
        lines = await self._ask("SEARCH", self._client.protocol.search("UID", what, by_uid=True))
        return answers.searched(lines, low, high)

    async def described(self, uids: Sequence[int]) -> dict[int, Fetched]:
        """Return flags, size and moment of arrival of *uids* (at most `BATCH`) by UID; what is gone is missing."""
        return await self._fetch(uids, "(UID FLAGS RFC822.SIZE INTERNALDATE)")

    async def flags(self, uids: Sequence[int]) -> dict[int, Fetched]:
        """Return the flags of *uids* (at most `BATCH`) by UID."""
        return await self._fetch(uids, "(UID FLAGS)")

    async def read(self, uid: int, size: int, sink: Sink, max_bytes: int) -> None:
        """Write the letter *uid* to *sink* in blocks of 1 MiB; *size* is what the server believes its length to be.

        A short block ends the letter only when the length is the believed one; else the server is asked once more,
        because some report the size on their disk.  Raises Vanished, Unreadable, TooLarge, ConnectionBroken.
        """
        offset = 0
        while True:
            block = await self._block(uid, offset)
            if offset + len(block) > max_bytes:
                raise TooLarge(offset + len(block))
            if not block:
                break
            sink.write(bytes(block))
            offset += len(block)
            self.failpoint("imap:block")
            if len(block) < BLOCK and offset == size:
                break
        if not offset:
            raise Unreadable(f"letter {uid} is empty")

    async def _block(self, uid: int, offset: int) -> bytes | bytearray:
        found = (await self._fetch([uid], f"(UID BODY.PEEK[]<{offset}.{BLOCK}>)")).get(uid)
        if found is None or not found.has_body or found.body is None:
            if uid not in await self.among([uid]):
                raise Vanished
            raise Unreadable(f"letter {uid} lies there, but the server gives nothing of it at byte {offset}")
        if found.offset != offset:
            raise Unreadable(f"asked for letter {uid} from byte {offset}, got it from {found.offset}")
        if len(found.body) > BLOCK:
            raise Unreadable(f"asked for {BLOCK} bytes of letter {uid}, got {len(found.body)}")
        return found.body

    async def _fetch(self, uids: Sequence[int], items: str) -> dict[int, Fetched]:
        """FETCH *items* of *uids*; volunteered news of other letters is dropped, a part later told is laid over."""
        lines = await self._ask("FETCH", self._client.protocol.fetch(uid_set(uids), items, by_uid=True))
        wanted = frozenset(uids)
        found: dict[int, Fetched] = {}
        for letter in answers.fetched(lines):
            if letter.uid in wanted and (letter.uid not in found or letter.has_body or letter.size is not None):
                found[letter.uid] = letter
        return found

    async def mark(self, uids: Sequence[int], flag: str) -> frozenset[int]:
        """Give *uids* (at most `BATCH`) the keyword *flag*; return those that have it now or are gone."""
        await self._ask("STORE", self._client.uid("STORE", uid_set(uids), f"+FLAGS.SILENT ({keyword(flag)})"))
        now = await self.flags(uids)
        left = await self.among(uids)
        return frozenset(
            uid for uid in uids if uid not in left or (uid in now and flag.lower() in (now[uid].flags or frozenset()))
        )

    def can_move(self) -> bool:
        """Say whether letters can be taken out of the folder without touching anybody else's."""
        return bool(self._client.has_capability("MOVE") or self._client.has_capability("UIDPLUS"))

    async def move(self, uids: Sequence[int], folder: str) -> frozenset[int]:
        """Move *uids* (at most `BATCH`) to *folder*, made when missing; return those that are gone from here.

        Without MOVE: COPY, and only what COPYUID proves to be copied is deleted, by UID.
        """
        if self._client.has_capability("MOVE"):
            await self._into(folder, lambda: self._client.uid("MOVE", uid_set(uids), mailbox(folder)))
        else:
            lines = await self._into(folder, lambda: self._client.uid("COPY", uid_set(uids), mailbox(folder)))
            proven = [uid for uid in uids if any(uid in run for run in answers.copied(lines))]
            if proven:
                await self._ask("STORE", self._client.uid("STORE", uid_set(proven), "+FLAGS.SILENT (\\Deleted)"))
                await self._ask("EXPUNGE", self._client.uid("EXPUNGE", uid_set(proven)))
        return frozenset(uids) - await self.among(uids)

    def can_remove(self) -> bool:
        """Say whether letters can be expunged by their UIDs, and nobody else's with them (RFC 4315 §2.1)."""
        return bool(self._client.has_capability("UIDPLUS"))

    async def remove(self, uids: Sequence[int]) -> frozenset[int]:
        """Expunge *uids* (at most `BATCH`) for ever; return those that are gone."""
        await self._ask("STORE", self._client.uid("STORE", uid_set(uids), "+FLAGS.SILENT (\\Deleted)"))
        await self._ask("EXPUNGE", self._client.uid("EXPUNGE", uid_set(uids)))
        return frozenset(uids) - await self.among(uids)

    async def _into(self, folder: str, order: Callable[[], Awaitable[Any]]) -> "list[bytes | bytearray]":
        try:
            return await self._ask("MOVE", order())
        except Declined as refusal:
            if "[TRYCREATE]" not in str(refusal).upper():
                raise
            await self._ask("CREATE", self._client.create(mailbox(folder)))
            return await self._ask("MOVE", order())

    async def idle(self, until: Callable[[], Awaitable[None]]) -> bool:
        """Wait until *until* returns or, if the server can IDLE, until there is news; say whether there is."""
        if self._idles:
            try:
                await self._ask("IDLE", self._client.protocol.idle_while(until))
                return bool(self._client.protocol.news.is_set())
            except Throttled:
                raise
            except Declined:
                self._idles = False  # it offers what it refuses: poll
        await until()
        return False

    async def close(self) -> None:
        """Log out if that works at once, and close."""
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._client.logout()
        except (ConnectionBroken, TimeoutError):
            pass  # it is over either way
        finally:
            await self._client.hang_up()

    async def _ask(self, what: str, answer: Awaitable[Any]) -> "list[bytes | bytearray]":
        """Return the lines of the answer; raises Declined, Throttled or ConnectionBroken."""
        try:
            response = await answer
        except ConnectionBroken as error:
            raise broken(error) from error
        lines: list[bytes | bytearray] = response.lines
        if response.result != "OK":
            raise declined(f"{what}: {response.result} {words(lines)}")
        return lines
