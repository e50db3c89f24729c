# SPDX-License-Identifier: GPL-3.0-or-later
"""One round through a mailbox: take what is new, then flag or move what the journal says is done.

A letter is taken only when `accept` has returned; before that nothing in the mailbox changes, afterwards only the
letters that the memory names.  People's mail keeps its flags and its folder, and ``\\Seen`` is theirs.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import structlog

from gateway.inbound.delivery import Accept, Delivery
from gateway.inbound.imap.answers import Fetched, Garbled, Selected
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.login import Declined, Throttled
from gateway.inbound.imap.memory import Epoch, MailboxMemory
from gateway.inbound.imap.session import BATCH, Session, TooLarge, Unreadable, Vanished
from gateway.journal.entries import imap_source
from gateway.model import Content
from gateway.ports import Clock

_log = structlog.get_logger(__name__)

TROUBLES = 3  # LIMIT: times a letter may break the conversation before it is passed over
PASSED_OVER = timedelta(hours=1)  # how long
LOOK_AGAIN = timedelta(hours=1)  # LIMIT: how long a letter may lie unseen that a search left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How one mailbox is read."""

    name: str
    start: Literal["now", "all"]
    after: Literal["flag", "move", "leave"]
    keyword: str
    done_folder: str
    max_letter_bytes: int
    per_cycle: int  # letters taken in one round
    removes_tests: bool = False  # letters of self-tests are expunged where that harms nobody else's


@dataclass(slots=True)
class Trouble:
    """A letter that broke the conversation."""

    times: int
    again_at: datetime


@dataclass(slots=True)
class Standing:
    """What is kept of one mailbox between rounds and sessions; all of it can be forgotten without harm."""

    uidvalidity: int = 0
    epoch: Epoch | None = None
    settled: int = 1  # every UID below needs no more looking at …
    since: datetime | None = None  # … as was found out from this moment on; None: never
    troubles: dict[int, Trouble] = field(default_factory=dict)  # by UID
    complaints: dict[int, str] = field(default_factory=dict)  # by UID, for the operator
    cannot_tidy: str = ""  # why letters cannot be flagged or moved

    def new_session(self) -> None:
        """Look at everything again."""
        self.epoch = None
        self.complaints.clear()
        self.cannot_tidy = ""


class Round:
    """One round; built anew each time."""

    def __init__(
        self, rules: Rules, session: Session, standing: Standing, accept: Accept, memory: MailboxMemory, clock: Clock
    ) -> None:
        self._rules = rules
        self._session = session
        self._standing = standing
        self._accept = accept
        self._memory = memory
        self._clock = clock
        self.taken = 0
        self.paused = False  # letters cannot be accepted now
        self.more = False  # there is work left that need not wait

    async def go(self, stop: asyncio.Event) -> None:
        """Take and tidy; returns early, after the letter in hand, when *stop* is set."""
        selected = await self._session.select()
        uidnext = selected.uidnext or await self._session.last_uid() + 1
        await self._enter(selected, uidnext)
        await self._take_new(uidnext, selected.exists, stop)
        if not stop.is_set():
            tests = await self._remove_tests(selected)
            await self._tidy(selected, tests)
        await self._memory.heard(self._rules.name, self._clock.now())
        complaints = "; ".join([*self._standing.complaints.values(), self._standing.cannot_tidy]).strip("; ")
        if complaints:
            await self._memory.failed(self._rules.name, complaints[:500], self._clock.now(), login_refused=False)

    async def _enter(self, selected: Selected, uidnext: int) -> None:
        standing, rules, now = self._standing, self._rules, self._clock.now()
        if standing.since is None or now - standing.since >= LOOK_AGAIN:
            standing.new_session()
            standing.since = now
        if standing.epoch is not None and standing.uidvalidity == selected.uidvalidity:
            return
        epoch = await self._memory.enter(rules.name, selected.uidvalidity, uidnext, rules.start, now)
        if standing.uidvalidity != selected.uidvalidity:
            standing.troubles.clear()
        if epoch.changed:
            _log.warning("imap-uidvalidity-changed", mailbox=rules.name, uidvalidity=selected.uidvalidity)
        standing.complaints.clear()
        standing.epoch, standing.uidvalidity, standing.settled = epoch, selected.uidvalidity, max(epoch.starts_at, 1)

    async def _take_new(self, uidnext: int, exists: int, stop: asyncio.Event) -> None:
        all_settled = True
        await self._forgive_the_absent()
        if not exists:
            return
        for window in self._session.windows(self._standing.settled, uidnext - 1, exists):
            found = await self._session.search(window)
            for start in range(0, len(found), BATCH):
                all_settled &= await self._take_batch(found[start : start + BATCH], stop)
                if stop.is_set() or self.paused or self.more:
                    return
            if all_settled:
                self._standing.settled = window.stop

    async def _forgive_the_absent(self) -> None:
        """Complain no longer of letters that are no longer there."""
        complaints = self._standing.complaints
        present = await self._session.among(sorted(complaints))
        for uid in complaints.keys() - present:
            del complaints[uid]

    async def _take_batch(self, uids: Sequence[int], stop: asyncio.Event) -> bool:
        """Take what is unknown of *uids*; say whether all of them are settled."""
        known = await self._memory.known(self._rules.name, self._standing.uidvalidity, uids)
        unknown = [uid for uid in uids if uid not in known]
        if not unknown:
            return True
        described = await self._session.described(unknown)
        all_settled = True
        for uid in unknown:
            self.paused = self._accept.open() is not True
            self.more = self.taken >= self._rules.per_cycle
            if stop.is_set() or self.paused or self.more:
                return False
            all_settled &= await self._consider(uid, described.get(uid))
        return all_settled

    async def _consider(self, uid: int, letter: Fetched | None) -> bool:
        """Decide what becomes of one letter; say whether it is settled."""
        epoch = self._standing.epoch
        if letter is None:
            return await self._gone_or_later(uid)
        not_before = epoch.not_before if epoch else None
        if not_before is not None and letter.arrived_at is not None and letter.arrived_at < not_before:
            return True
        if letter.size is not None and letter.size > self._rules.max_letter_bytes:
            return self._too_large(uid, letter.size)
        trouble = self._standing.troubles.get(uid)
        if trouble and trouble.times >= TROUBLES and self._clock.now() < trouble.again_at:
            return False
        return await self._take(uid, -1 if letter.size is None else letter.size)

    async def _take(self, uid: int, size: int) -> bool:
        sink = self._accept.sink()
        try:
            await self._session.read(uid, size, sink, self._rules.max_letter_bytes)
            letter = sink.close()
        except Vanished:
            sink.discard()
            return await self._vanished(uid)
        except TooLarge as error:
            sink.discard()
            return self._too_large(uid, int(error.args[0]))
        except Throttled:
            sink.discard()
            raise
        except (Unreadable, Declined) as error:
            sink.discard()
            self._trouble(uid, f"letter {uid} cannot be read: {error}")
            return False
        except (ConnectionBroken, Garbled) as error:
            sink.discard()
            self._trouble(uid, f"letter {uid} broke the connection: {error}")
            raise
        except BaseException:
            sink.discard()
            raise
        try:
            self._session.failpoint("imap:fetched")
            await _durable(self._accept, self._delivery(uid, letter))
        except Exception:
            sink.discard()
            raise
        self._session.failpoint("imap:taken")
        self.taken += 1
        self._standing.troubles.pop(uid, None)
        self._standing.complaints.pop(uid, None)
        return True

    def _delivery(self, uid: int, letter: Content) -> Delivery:
        epoch = self._standing.epoch
        return Delivery(
            source=imap_source(self._rules.name, self._standing.uidvalidity, uid),
            channel=self._rules.name,
            envelope_sender="",
            recipients=(),
            peer="",
            arrived_anew=epoch is not None and uid >= epoch.anew_from,
            letter=letter,
        )

    async def _gone_or_later(self, uid: int) -> bool:
        if uid in await self._session.among([uid]):
            self._trouble(uid, f"the server lists letter {uid} but does not describe it")
            return False
        return await self._vanished(uid)

    async def _vanished(self, uid: int) -> bool:
        _log.warning("imap-letter-vanished", mailbox=self._rules.name, uid=uid)
        await self._memory.vanished(self._rules.name, self._standing.uidvalidity, uid, self._clock.now())
        return True

    def _too_large(self, uid: int, size: int) -> bool:
        words = (
            f"letter {uid} has {size} bytes, more than max_letter_bytes = {self._rules.max_letter_bytes}: left there"
        )
        _log.warning("imap-letter-too-large", mailbox=self._rules.name, uid=uid, size=size)
        self._complain(uid, words)
        return True

    def _trouble(self, uid: int, words: str) -> None:
        times = self._standing.troubles[uid].times + 1 if uid in self._standing.troubles else 1
        self._standing.troubles[uid] = Trouble(times, self._clock.now() + PASSED_OVER)
        self._complain(uid, words)
        _log.warning("imap-letter-trouble", mailbox=self._rules.name, uid=uid, times=times, words=words)

    def _complain(self, uid: int, words: str) -> None:
        if uid in self._standing.complaints or len(self._standing.complaints) < BATCH:
            self._standing.complaints[uid] = words

    async def _remove_tests(self, selected: Selected) -> frozenset[int]:
        """Expunge letters of self-tests, when we were told to; return those that are to go and that nobody flags.

        Without UIDPLUS none is: EXPUNGE would take what other people marked for it.
        """
        rules, standing = self._rules, self._standing
        if not rules.removes_tests or selected.read_only or not self._session.can_remove():
            return frozenset()
        uids = await self._memory.to_remove(rules.name, standing.uidvalidity, BATCH)
        if not uids or standing.cannot_tidy:
            return frozenset(uids)
        try:
            gone = await self._session.remove(uids)
        except Throttled:
            raise
        except Declined as error:
            standing.cannot_tidy = f"letters of self-tests cannot be removed: {error}"
            return frozenset(uids)
        await self._memory.flagged(rules.name, standing.uidvalidity, tuple(sorted(gone)), self._clock.now())
        self.more |= len(uids) == BATCH
        return frozenset(uids)

    async def _tidy(self, selected: Selected, tests: frozenset[int]) -> None:
        """Flag or move what the memory names, but for *tests*.

        A server that does not let us is complained of, and read on.
        """
        rules, standing = self._rules, self._standing
        if rules.after == "leave" or standing.cannot_tidy:
            return
        if rules.after == "flag" and not selected.keeps(rules.keyword):
            standing.cannot_tidy = f"the folder keeps no keyword {rules.keyword}: letters stay unflagged"
            return
        if rules.after == "move" and (selected.read_only or not self._session.can_move()):
            standing.cannot_tidy = "the server has neither MOVE nor UIDPLUS, or the folder is read-only: letters stay"
            return
        found = await self._memory.to_flag(rules.name, standing.uidvalidity, BATCH)
        uids = tuple(uid for uid in found if uid not in tests)
        if not uids:
            return
        self._session.failpoint("imap:before-tidying")
        try:
            if rules.after == "flag":
                done = await self._session.mark(uids, rules.keyword)
            else:
                done = await self._session.move(uids, rules.done_folder)
        except Throttled:
            raise
        except Declined as error:
            standing.cannot_tidy = f"letters cannot be flagged or moved: {error}"
            return
        self._session.failpoint("imap:tidied")
        if done:
            await self._memory.flagged(rules.name, standing.uidvalidity, tuple(sorted(done)), self._clock.now())
            self.more |= len(uids) == BATCH


async def _durable(accept: Accept, delivery: Delivery) -> None:
    """Have *delivery* accepted; being cancelled meanwhile waits for the end, so a commit is never torn."""
    commit = asyncio.ensure_future(accept(delivery))
    try:
        await asyncio.shield(commit)
    except asyncio.CancelledError:
        await asyncio.wait({commit})
        raise
