# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a running node: look what is wrong, call whom it concerns, remember."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog

from gateway.alarms.deciding import Call, calls, failing, noted, told
from gateway.alarms.memory import Memory, load, save
from gateway.alarms.ways import tell
from gateway.build import Parts
from gateway.causes import Cause, EdmsLook, Look, causes
from gateway.journal import trouble

JOURNAL_AWAY = "journal"  # nothing else can be seen then

log = structlog.get_logger(__name__)


class Watch:
    """Looks every `alarm.every`; *edms* says how the EDMS answered last."""

    def __init__(self, parts: Parts, edms: Callable[[], EdmsLook]) -> None:
        self._parts = parts
        self._rules = parts.settings.alarm
        self._edms = edms
        self._folder = parts.journal.blobs.directory
        before = load(self._folder)
        failed = {way: words for way, words in before.failed.items() if way in self._rules.ways}
        self._memory = replace(before, failed=failed)

    async def run(self) -> None:
        """Look and call until cancelled; whatever fails here fails alone."""
        while True:
            try:
                await self._round()
            except Exception as error:  # an edge: an alarm must not end what it watches
                log.error("the alarm failed", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(self._rules.every.total_seconds())

    async def _round(self) -> None:
        now = self._parts.clock.now()
        wrong = (*await asyncio.to_thread(self._wrong), *failing(self._memory))
        complete = all(cause.key != JOURNAL_AWAY for cause in wrong)
        await self._remember(noted(self._memory, wrong, now, complete=complete))
        for call in calls(self._memory, wrong, now, self._rules) if self._rules.ways else ():
            await self._call(call)

    def _wrong(self) -> tuple[Cause, ...]:
        parts = self._parts
        try:
            with parts.journal.read() as tx:
                return causes(Look(parts.office, parts.journal, tx, self._edms(), parts.clock.now(), running=True))
        except Exception as error:
            if not (words := trouble.of_the_machine(error)):
                raise
            remedy = (
                "see whether its database runs; letters are refused with 451 meanwhile, and their servers keep them"
            )
            return (Cause(JOURNAL_AWAY, "the journal does not answer", None, words, remedy),)

    async def _call(self, call: Call) -> None:
        now = self._parts.clock.now()
        said = await tell(call, self._parts.settings, now)
        failed = {way: words for way, words in said.items() if words}
        for way, words in failed.items():
            log.error("nobody could be called", way=way, words=words, cause=call.key)
        heard = len(failed) < len(said)
        log.info("called", alarm=call.alarm, cause=call.key, heard=heard)
        memory = told(self._memory, call, now, self._rules, heard=heard)
        await self._remember(replace(memory, failed=failed))

    async def _remember(self, memory: Memory) -> None:
        """What cannot be written, as on a full disk, is remembered until we stop."""
        self._memory = memory
        try:
            await asyncio.to_thread(save, self._folder, memory)
        except OSError as error:
            log.warning("alarms cannot be remembered", error=str(error))
