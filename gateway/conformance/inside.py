# SPDX-License-Identifier: GPL-3.0-or-later
"""A look into a gateway of our own under test: how each letter ended, and what stands on the cards."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

from gateway.conformance.case import Step
from gateway.edms_adapter.registry import people
from gateway.journal import entries, events, exchanges
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.store import Journal
from gateway.model import Event, ExchangeId, ReturnId
from gateway.ports import Posted

SETTLED_SECONDS = 60.0  # LIMIT: for the gateway to finish what it has
CONCLUDED_SECONDS = 0.05  # between two looks at one letter: each costs the gateway under test some of its machine
REST_SECONDS = 0.1  # … and at all of them
BUSY_SECONDS = 0.9  # … and for all cases that wait, together: less than one of them waits before it asks

STATES = {  # outcome → state of the entry, and what its kind is when that says more
    "registered": (State.DONE, "document"),
    "refused": (State.DONE, "document"),
    "edited": (State.DONE, "document"),
    "waiting": (State.WAITING, ""),
    "parked": (State.PARKED, ""),
    "duplicate": (State.DONE, ""),
    "resend": (State.DONE, "resend"),
    "noted": (State.DONE, ""),
    "later": (None, ""),  # tried again when its time comes
}


@dataclass(slots=True)
class Look:
    """The journal and the registry of the gateway under test, read beside it."""

    journal: Journal
    registry: str  # the URL of its database
    kept: dict[str, set[str]] = field(default_factory=dict)  # SHA-256 of the files of each card, as they are at the end
    known: dict[str, Entry] = field(default_factory=dict)  # by source, as they stand at the end
    looked_at: float = -BUSY_SECONDS  # when `busy` last looked, by the monotonic clock
    was_busy: bool = True

    async def settled(self) -> None:
        async with asyncio.timeout(SETTLED_SECONDS):
            while self._going() or any(one.not_before is None for one in self._waiting()):
                await asyncio.sleep(REST_SECONDS)

    async def concluded(self, posted: Posted) -> None:
        source = source_of(posted)
        async with asyncio.timeout(SETTLED_SECONDS):
            while any(one.source == source for one in self._waiting()):
                await asyncio.sleep(CONCLUDED_SECONDS)

    async def noted(self, letter_ids: Sequence[str]) -> None:
        async with asyncio.timeout(SETTLED_SECONDS):
            while self._on_their_way(letter_ids):
                await asyncio.sleep(CONCLUDED_SECONDS)

    def _on_their_way(self, letter_ids: Sequence[str]) -> bool:
        with self.journal.read() as tx:
            return any(one.state is State.QUEUED for one in entries.by_rfc_message_ids(tx, letter_ids))

    def _waiting(self, limit: int = 1000) -> list[Entry]:
        """The letters that came and are not at their end."""
        with self.journal.read() as tx:
            return entries.select(tx, direction=Direction.IN, states=(State.ACCEPTED,), limit=limit)

    def _going(self) -> list[Entry]:
        """One of the letters that shall go and have not gone."""
        with self.journal.read() as tx:
            return entries.select(tx, direction=Direction.OUT, states=(State.QUEUED,), limit=1)

    def busy(self) -> bool:
        """Say whether it has work, as it was at most a moment ago: all cases that wait ask the same."""
        if monotonic() - self.looked_at >= BUSY_SECONDS:
            self.was_busy, self.looked_at = bool(self._waiting(1) or self._going()), monotonic()
        return self.was_busy

    def faults(self, step: Step, posted: Posted) -> list[str]:
        entry = self._entry(posted)
        if entry is None:
            return ["the letter is not in the journal"]
        state, kind = STATES[step.outcome]
        found = []
        if state is not None and entry.state is not state:
            found.append(f"the letter is {entry.state.value}, not {state.value}" + _why(entry))
        elif kind and entry.kind != kind and not (kind == "document" and entry.kind == "addition"):
            found.append(f"the letter counts as “{entry.kind}”, not as “{kind}”")
        reason = entry.reason.value if entry.reason else ""
        if step.reason and reason != step.reason:
            found.append(f"its reason is “{reason}”, not “{step.reason}”" + _why(entry))
        if step.files and entry.exchange and entry.state is State.DONE:
            found += self._lost(entry.exchange, step.files)
        return found

    def _lost(self, exchange: ExchangeId, files: Sequence[str]) -> list[str]:
        """Return which *files* of a document are not on its card."""
        if not self.kept:
            with people.at_work(self.registry) as work:
                for row in people.rows(work, "select card_id, sha256 from card_file"):
                    self.kept.setdefault(str(row.card_id), set()).add(str(row.sha256))
        with self.journal.read() as tx:
            standing = exchanges.get(tx, exchange)
        kept = self.kept.get(standing.subject_card if standing else "", set())
        lost = [digest for digest in files if digest not in kept]
        return [f"{len(lost)} of {len(files)} files are not on the card"] if lost else []

    def facts(self, return_id: str) -> tuple[Event, ...]:
        with self.journal.read() as tx:
            digits = return_id.replace("-", "").lower()  # some standards write our ids as GUIDs
            exchange = exchanges.by_return_id(tx, ReturnId(digits))
            told = events.history(tx, exchange.id, ours=False) if exchange else ()
        return tuple(one.event for one in told)

    def _entry(self, posted: Posted) -> Entry | None:
        source = source_of(posted)
        if source not in self.known:
            self.known = {one.source: one for one in self._incoming()}
        return self.known.get(source)

    def _incoming(self) -> Iterator[Entry]:
        before: int | None = None
        with self.journal.read() as tx:
            while page := entries.select(tx, direction=Direction.IN, before=before, limit=500):
                yield from page
                before = page[-1].id


def source_of(posted: Posted) -> str:
    """Return the source of a letter by the words with which our listener took it; empty: it was not taken."""
    return next((word for word in posted.words.split() if word.startswith("smtp:")), "")


def _why(entry: Entry) -> str:
    return f" ({entry.reason.value if entry.reason else 'no reason'}: {entry.detail[:200]})"
