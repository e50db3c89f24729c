# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of mailboxes, and the journal as that memory: each question one short transaction in a thread."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from sqlalchemy import Connection

from gateway import self_test
from gateway.journal import mailboxes
from gateway.journal.store import Journal

Answer = TypeVar("Answer")


class Epoch(Protocol):
    """What is remembered of one UIDVALIDITY of a mailbox."""

    @property
    def starts_at(self) -> int:
        """UIDs below are ignored."""

    @property
    def anew_from(self) -> int:
        """UIDs from here on arrived while we watched; below, they were there before."""

    @property
    def not_before(self) -> datetime | None:
        """Letters that reached the mailbox before this moment are ignored; None: none are."""

    @property
    def changed(self) -> bool:
        """Whether the mailbox had another UIDVALIDITY before."""


class MailboxMemory(Protocol):
    """What is remembered of mailboxes; durable when a method returns.  Any exception means "not now"."""

    async def enter(
        self, mailbox: str, uidvalidity: int, uidnext: int, start: Literal["now", "all"], now: datetime
    ) -> Epoch:
        """Return the epoch of *uidvalidity*, opened if it is new."""

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> frozenset[int]:
        """Return those of *uids* that were accepted, or have vanished."""

    async def to_flag(self, mailbox: str, uidvalidity: int, limit: int) -> tuple[int, ...]:
        """Return letters of the exchange that are concluded and not flagged yet; never people's mail."""

    async def to_remove(self, mailbox: str, uidvalidity: int, limit: int) -> tuple[int, ...]:
        """Return those of the former that a self-test of ours brought and that came as they were sent."""

    async def flagged(self, mailbox: str, uidvalidity: int, uids: Sequence[int], now: datetime) -> None:
        """Remember that *uids* were flagged, moved, or are gone."""

    async def vanished(self, mailbox: str, uidvalidity: int, uid: int, now: datetime) -> None:
        """Remember that *uid* was seen and went away before it could be read."""

    async def heard(self, mailbox: str, now: datetime) -> None:
        """Remember that a whole round went well."""

    async def failed(self, mailbox: str, words: str, now: datetime, *, login_refused: bool) -> None:
        """Remember what is wrong, in words for the operator."""


class JournalMemory:
    """A `MailboxMemory` in the journal; what a method writes is committed when it returns."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def enter(
        self, mailbox: str, uidvalidity: int, uidnext: int, start: Literal["now", "all"], now: datetime
    ) -> mailboxes.Epoch:
        return await self._write(lambda tx: mailboxes.enter(tx, mailbox, uidvalidity, uidnext, start, now))

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> frozenset[int]:
        return await self._read(lambda tx: mailboxes.known(tx, mailbox, uidvalidity, uids))

    async def to_flag(self, mailbox: str, uidvalidity: int, limit: int) -> tuple[int, ...]:
        return await self._read(lambda tx: mailboxes.to_flag(tx, mailbox, uidvalidity, limit))

    async def to_remove(self, mailbox: str, uidvalidity: int, limit: int) -> tuple[int, ...]:
        return await self._read(lambda tx: mailboxes.to_remove(tx, mailbox, uidvalidity, self_test.KIND, limit))

    async def flagged(self, mailbox: str, uidvalidity: int, uids: Sequence[int], now: datetime) -> None:
        await self._write(lambda tx: mailboxes.flagged(tx, mailbox, uidvalidity, uids, now))

    async def vanished(self, mailbox: str, uidvalidity: int, uid: int, now: datetime) -> None:
        await self._write(lambda tx: mailboxes.vanished(tx, mailbox, uidvalidity, uid, now))

    async def heard(self, mailbox: str, now: datetime) -> None:
        await self._write(lambda tx: mailboxes.heard(tx, mailbox, now))

    async def failed(self, mailbox: str, words: str, now: datetime, *, login_refused: bool) -> None:
        await self._write(lambda tx: mailboxes.failed(tx, mailbox, words, now, login_refused=login_refused))

    async def _read(self, question: Callable[[Connection], Answer]) -> Answer:
        def ask() -> Answer:
            with self._journal.read() as tx:
                return question(tx)

        return await asyncio.to_thread(ask)

    async def _write(self, change: Callable[[Connection], Answer]) -> Answer:
        def note() -> Answer:
            with self._journal.write() as tx:
                return change(tx)

        return await asyncio.to_thread(note)
