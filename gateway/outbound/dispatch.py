# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand queued letters to mail, in order within an exchange, and write down what became of each attempt."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from gateway.journal import circuits, entries
from gateway.journal.circuits import OpenCircuit
from gateway.journal.entries import Entry
from gateway.journal.store import Journal
from gateway.logs import story
from gateway.model import Content
from gateway.outbound.circuits import Circuits
from gateway.outbound.pace import Paces
from gateway.ports import Failpoint, Outcome, Phase, Post, Posted
from gateway.pulse import Beat
from gateway.retry import AMBIGUOUS_PAUSE, LONGEST_AGAIN, Backoff, next_attempt

LEASE = timedelta(minutes=30)  # LIMIT: longer than the longest honest transfer
POLL = timedelta(seconds=1)  # LIMIT: how long a queued letter may lie unnoticed when a wake-up is lost
LANE_AT_ONCE = 8  # LIMIT: letters of one partner under way at the same time
GIVE_UP_EVERY = timedelta(minutes=1)
FORGET_EVERY = timedelta(seconds=10)  # LIMIT: how long a circuit stays open that no letter waits behind
TURN = timedelta(minutes=5)  # LIMIT: for one turn, its commit included; one that takes longer hangs
AT_ONCE = 64  # LIMIT: letters under way at the same time

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Closed:
    """The lanes from which nothing is taken now: those with their share under way, or sent, and those left alone."""

    guard: Circuits
    paces: Paces
    busy: frozenset[str]
    now: datetime

    def __contains__(self, lane: object) -> bool:
        if lane in self.busy or self.paces.spent(str(lane), self.now):
            return True
        return self.guard.closed_lane(str(lane), self.now)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The lanes from which not even a letter that a person wants tried is taken now: one question at a time."""

    guard: Circuits
    paces: Paces
    busy: frozenset[str]
    now: datetime

    def __contains__(self, lane: object) -> bool:
        if lane in self.busy or self.paces.spent(str(lane), self.now):
            return True
        return self.guard.being_asked(str(lane), self.now)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one commit changed beside the outcomes it wrote down."""

    due: list[Entry]  # taken: to be sent now
    gave_up: bool  # some waited too long and have failed


class Dispatcher:
    """Takes due letters from the journal and gives them to the post."""

    def __init__(
        self,
        journal: Journal,
        post_of: Callable[[Entry], Post],
        now: Callable[[], datetime],
        backoff: Backoff,
        *,
        name: str,
        failpoint: Failpoint,
        told: Callable[[], None],
        sender_of: Callable[[Entry, datetime], str] = lambda entry, now: entry.envelope_sender,
        guard: Circuits | None = None,
        beat: Beat | None = None,
        paces: Paces | None = None,
    ) -> None:
        """*sender_of* gives the envelope sender for today; without *guard* no relay is ever left alone, nor kept to
        its pace."""
        self._journal = journal
        self._post_of = post_of
        self._now = now
        self._backoff = backoff
        self._name = name
        self._failpoint = failpoint
        self._told = told
        self._sender_of = sender_of
        self._circuits = guard or Circuits(lambda entry: "", lambda lane: "", backoff.first)
        self._guarded = guard is not None
        self._beat = beat or Beat()
        self._paces = paces or Paces({}, lambda entry: "", lambda lane: "")
        self._written: tuple[OpenCircuit, ...] | None = None  # the open circuits in the journal; None: not looked yet
        self._gave_up_at: datetime | None = None
        self._looked_at: datetime | None = None  # whether anybody waits behind the open circuits
        self._outcomes: list[tuple[Entry, Posted]] = []
        self._under_way: dict[asyncio.Task[None], Entry] = {}
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Send what is due until cancelled; a slow server holds up nobody but its own letters."""
        held = [*self._under_way.values(), *(entry for entry, _ in self._outcomes)]
        await asyncio.to_thread(self._give_back_all_but, [entry.id for entry in held])
        while True:
            self._beat.busy(TURN)
            self.wake.clear()
            outcomes = list(self._outcomes)
            room = min(AT_ONCE - len(self._under_way), LANE_AT_ONCE)
            due = await self._turned(outcomes, room, self._busy())
            del self._outcomes[: len(outcomes)]  # only now: what could not be written is written next time
            in_hand = {entry.id for entry in self._under_way.values()}  # a clock that leapt ended their leases
            for entry in due:
                if entry.id in in_hand:
                    continue
                self._under_way[asyncio.create_task(self._send(entry))] = entry
            if outcomes:
                self._told()
            elif not due:
                await self._rest()

    async def close(self, patience: timedelta) -> None:
        """Let letters under way end, for *patience* at most, and write down what became of them."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience.total_seconds())
        for task in list(self._under_way):
            task.cancel()
        await self._turned(self._outcomes, 0, frozenset())
        self._outcomes = []

    def _give_back_all_but(self, in_hand: list[int]) -> None:
        """Free what a commit claimed for us whose answer was lost: else it would lie for a lease."""
        with self._journal.write() as tx:
            entries.release(tx, self._name, self._now(), keeping=in_hand)

    def _busy(self) -> frozenset[str]:
        """The lanes that have their share of letters under way."""
        lanes = Counter(entry.lane for entry in self._under_way.values())
        return frozenset(lane for lane, letters in lanes.items() if letters >= LANE_AT_ONCE)

    async def once(self) -> int:
        """Send what is due now and wait for the outcomes; return how many letters were taken."""
        due = await self._turned([], AT_ONCE, frozenset())
        await asyncio.gather(*(self._send(entry) for entry in due))
        outcomes, self._outcomes = self._outcomes, []
        await self._turned(outcomes, 0, frozenset())
        return len(due)

    async def _rest(self) -> None:
        """Wait until something was queued or a sending ended; polling is the truth, waking only shortens the wait."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wake.wait(), POLL.total_seconds())

    async def _turned(self, outcomes: list[tuple[Entry, Posted]], room: int, busy: frozenset[str]) -> list[Entry]:
        """Take one turn in a thread; what it gave up is told here, on the loop, once it is committed."""
        turn = await asyncio.to_thread(self._turn, outcomes, room, busy)
        if turn.gave_up:
            self._told()
        return turn.due

    def _turn(self, outcomes: list[tuple[Entry, Posted]], room: int, busy: frozenset[str]) -> _Turn:
        """Write down what became of letters and take up to *room* others, in one commit."""
        now = self._now()
        admitted: list[Entry] = []
        gave_up = False
        try:
            with self._journal.write() as tx:
                for entry, posted in outcomes:
                    self._note(tx, entry, posted, now)
                if self._guarded:
                    due = self._admitted(tx, room, busy, now, admitted)
                    gave_up = self._give_up(tx, now)
                    self._forget_idle(tx, now)
                    standing = self._circuits.open_ones()
                    circuits.write(tx, self._written or (), standing)
                else:
                    due, standing = entries.take_due(tx, self._name, room, now, LEASE, busy), ()
        except BaseException:
            for entry in admitted:  # they are not taken after all, so none of them is the question
                self._circuits.put_back(entry)
            raise
        self._written = standing
        if outcomes:
            self._failpoint("dispatch:noted")
        for entry, posted in outcomes:
            with story(**_names(entry)):
                log.info("posted", outcome=posted.outcome.value, phase=posted.phase.value, words=posted.words)
        return _Turn(due, gave_up)

    def _admitted(
        self, tx: Connection, room: int, busy: frozenset[str], now: datetime, admitted: list[Entry]
    ) -> list[Entry]:
        """Take what may go now, leaving alone what the circuits say; *admitted* is what they were told of."""
        if self._written is None:
            self._written = circuits.stand(tx)
            self._circuits.remember(self._written)
        if room > 0 and self._circuits.open_ones():
            asked = _Asked(self._circuits, self._paces, busy, now)
            for entry in entries.take_by_hand(tx, self._name, now, LEASE, asked):
                self._paces.admit(entry, now)
                self._circuits.ask(entry, now)
                admitted.append(entry)
        room -= len(admitted)
        taken = entries.take_due(tx, self._name, room, now, LEASE, _Closed(self._circuits, self._paces, busy, now))
        admitted += [entry for entry in taken if self._paces.admit(entry, now) and self._circuits.admit(entry, now)]
        going = {entry.id for entry in admitted}
        entries.put_back(tx, self._name, [entry.id for entry in taken if entry.id not in going])
        return admitted

    def _forget_idle(self, tx: Connection, now: datetime) -> None:
        """Once in `FORGET_EVERY`, forget the open circuits that no letter waits behind (any more)."""
        if not self._circuits.open_ones():
            return
        if self._looked_at is not None and timedelta() <= now - self._looked_at < FORGET_EVERY:
            return
        self._looked_at = now
        self._circuits.forget_idle(entries.waiting(tx), now)

    def _give_up(self, tx: Connection, now: datetime) -> bool:
        """Once in `GIVE_UP_EVERY`, fail what waited too long behind an open circuit: nothing waits for ever.

        Say whether there was any.
        """
        limit = self._backoff.give_up
        if limit is None or not self._circuits.open_ones():
            return False
        if self._gave_up_at is not None and now - self._gave_up_at < GIVE_UP_EVERY:
            return False
        self._gave_up_at = now
        failed = 0
        for lane in entries.lanes_due(tx, now):
            if self._circuits.closed_lane(lane, now):
                words = f"not sent: {self._circuits.why(lane, now)}"
                failed += entries.give_up(tx, lane, now - limit, words, now)
        return failed > 0

    def _note(self, tx: Connection, entry: Entry, posted: Posted, now: datetime) -> None:
        """Write one outcome down; one that came too late (a bounce was faster, an operator acted) is let go."""
        try:
            entries.attempted(tx, entry.id, posted, now, self._next(entry, posted, now), worker=self._name)
        except (ValueError, LookupError) as overtaken:
            with story(**_names(entry)):
                log.warning("an outcome came too late", outcome=posted.outcome.value, why=str(overtaken))

    async def _send(self, entry: Entry) -> None:
        with story(**_names(entry)):
            posted, ours = await self._posted(entry)
        self._outcomes.append((entry, posted))
        if ours:
            self._circuits.put_back(entry)
        else:
            self._circuits.heard(entry, posted, self._now())
        task = asyncio.current_task()
        if task is not None:
            self._under_way.pop(task, None)
        self.wake.set()

    async def _posted(self, entry: Entry) -> tuple[Posted, bool]:
        """Send one letter; return what became of it, and whether that is our own fault."""
        try:
            letter = await asyncio.to_thread(self._letter, entry)
            self._failpoint("dispatch:before-send")
            sender = self._sender_of(entry, self._now())
            posted = await self._post_of(entry).send(letter, sender, entry.recipient)
            self._failpoint("dispatch:sent")
        except Exception as error:  # an edge: whatever keeps one letter from being sent keeps no other one
            log.exception("a letter could not be sent")
            return Posted(Outcome.TRY_LATER, Phase.CONNECT, None, f"{type(error).__name__} on our side"), True
        return posted, False

    def _letter(self, entry: Entry) -> Content:
        with self._journal.read() as tx:
            return entries.letter(tx, self._journal.blobs, entry.id)

    def _next(self, entry: Entry, posted: Posted, now: datetime) -> datetime | None:
        if posted.outcome in (Outcome.SENT, Outcome.REJECTED):
            return None
        later = next_attempt(self._backoff, entry.attempts + 1, entry.created_at, now)
        if later is not None and posted.outcome is Outcome.AMBIGUOUS:
            return max(later, now + AMBIGUOUS_PAUSE)
        if later is not None and posted.again is not None:
            return now + min(posted.again * (entry.attempts + 1), LONGEST_AGAIN)
        return later


def _names(entry: Entry) -> dict[str, object]:
    """What every line about *entry* carries."""
    return {"entry": entry.id, "partner": entry.partner, "exchange_id": entry.exchange, "office": entry.office}
