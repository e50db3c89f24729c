# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of folders, and the journal as that memory: each question one short transaction in a thread."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from gateway.journal import entries, mailboxes
from gateway.journal.store import Journal

Answer = TypeVar("Answer")


class FolderMemory(Protocol):
    """What is remembered of folders; durable when a method returns.  Any exception means "not now"."""

    async def entered(self, folder: str) -> bool:
        """Say whether a whole round through *folder* went well, ever."""

    async def known(self, sources: Sequence[str]) -> frozenset[str]:
        """Return those of *sources* that were accepted."""

    async def heard(self, folder: str, now: datetime, words: str) -> None:
        """Remember that a round went well, and what is wrong with packages all the same."""

    async def failed(self, folder: str, words: str, now: datetime) -> None:
        """Remember what is wrong, in words for the operator."""


class JournalFolders:
    """A `FolderMemory` in the journal: a folder stands among the mailboxes, by its name."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def entered(self, folder: str) -> bool:
        states = await self._asked(mailboxes.states)
        return any(state.mailbox == folder and state.heard_at is not None for state in states)

    async def known(self, sources: Sequence[str]) -> frozenset[str]:
        return await self._asked(lambda tx: entries.known(tx, sources)) if sources else frozenset()

    async def heard(self, folder: str, now: datetime, words: str) -> None:
        await self._noted(lambda tx: mailboxes.heard(tx, folder, now, words))

    async def failed(self, folder: str, words: str, now: datetime) -> None:
        await self._noted(lambda tx: mailboxes.failed(tx, folder, words, now, login_refused=False))

    async def _asked(self, question: Callable[[Connection], Answer]) -> Answer:
        def ask() -> Answer:
            with self._journal.read() as tx:
                return question(tx)

        return await asyncio.to_thread(ask)

    async def _noted(self, change: Callable[[Connection], None]) -> None:
        def note() -> None:
            with self._journal.write() as tx:
                change(tx)

        await asyncio.to_thread(note)
