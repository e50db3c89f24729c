# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching a mailbox: one task per mailbox, for as long as the service runs.

Connect, log in, then rounds (`rounds`) with IDLE between them, and polling whatever IDLE says.
Whatever goes wrong ends the session, is told to the memory in the server's own words, and is tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Literal

import structlog

from gateway.inbound.delivery import Accept, Delivery
from gateway.inbound.imap.answers import Garbled
from gateway.inbound.imap.client import GuardedClient
from gateway.inbound.imap.framing import Limits
from gateway.inbound.imap.guard import ConnectionBroken, Patience, first_of, printable
from gateway.inbound.imap.login import (
    AFTER_ALARM,
    REFUSALS_BEFORE_ALARM,
    Account,
    Declined,
    LoginRefused,
    Throttled,
    enter,
    retreat,
)
from gateway.inbound.imap.memory import Epoch, MailboxMemory
from gateway.inbound.imap.names import keyword
from gateway.inbound.imap.rounds import Round, Rules, Standing
from gateway.inbound.imap.session import Session
from gateway.logs import story
from gateway.model import Sink
from gateway.ports import Clock, Failpoint, Tokens, nothing_fails
from gateway.pulse import Beat
from gateway.tls import Trust

__all__ = ["Epoch", "MailboxMemory", "Sleep", "Watching", "watch"]

Sleep = Callable[[timedelta], Awaitable[None]]

LONGEST_IDLE = timedelta(minutes=9)  # LIMIT: NAT boxes forget a silent connection after 5–15 minutes
UNFOUND_NEWS = timedelta(seconds=1)  # pause when the server announced something and there was nothing
PAUSED = timedelta(seconds=15)  # how long to wait while letters cannot be accepted
STEADY = timedelta(minutes=1)  # a session that lasted this long starts the retreat anew
ROUND = timedelta(minutes=30)  # LIMIT: from one letter, one pause or one round to the next; longer hangs
THROTTLED_AS = 6  # a plea without a time counts as so many failures at least

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """One mailbox to watch; raises ValueError for what cannot work."""

    name: str  # of the channel
    host: str
    port: int = 993
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    allow_plain: bool = False  # plain text beyond loopback too
    allow_preauth: bool = False
    trust: Trust = Trust()
    tokens: Tokens | None = None  # instead of the password
    source: str = ""  # our address to connect from; empty: the system chooses
    user: str
    password: str | Callable[[], str] = field(repr=False)  # a callable is asked at every login
    folder: str = "INBOX"
    start: Literal["now", "all"] = "now"  # what to do with letters that lie there at the very first start
    poll: timedelta = timedelta(minutes=2)
    idle: timedelta = LONGEST_IDLE
    after: Literal["flag", "move", "leave"] = "flag"
    keyword: str = "$EdmsExchange"
    done_folder: str = ""
    max_letter_bytes: int = 150 << 20
    per_cycle: int = 100  # letters taken before flagging has its turn
    removes_tests: bool = False  # letters of self-tests are expunged

    def __post_init__(self) -> None:
        self.account()
        keyword(self.keyword)
        if not timedelta(0) < self.idle <= LONGEST_IDLE:
            raise ValueError(f"{self.name}: idle must be at most {LONGEST_IDLE}")
        if self.poll <= timedelta(0) or self.per_cycle < 1 or self.max_letter_bytes < 1:
            raise ValueError(f"{self.name}: poll, per_cycle and max_letter_bytes must be positive")
        if self.after == "move" and not self.done_folder:
            raise ValueError(f"{self.name}: after = move needs done_folder")
        if self.done_folder and self.done_folder == self.folder:
            raise ValueError(f"{self.name}: done_folder is the folder that is watched")

    def account(self) -> Account:
        """Return the server and how to get in."""
        return Account(
            self.host,
            self.port,
            self.tls,
            self.user,
            self.password,
            trust=self.trust,
            tokens=self.tokens,
            source=self.source,
            allow_plain=self.allow_plain,
            allow_preauth=self.allow_preauth,
        )

    def rules(self) -> Rules:
        """Return how the mailbox is read."""
        return Rules(
            name=self.name,
            start=self.start,
            after=self.after,
            keyword=self.keyword,
            done_folder=self.done_folder,
            max_letter_bytes=self.max_letter_bytes,
            per_cycle=self.per_cycle,
            removes_tests=self.removes_tests,
        )


async def sleep_for(pause: timedelta) -> None:
    """Sleep *pause* of real time."""
    await asyncio.sleep(pause.total_seconds())


async def watch(
    watching: Watching,
    accept: Accept,
    memory: MailboxMemory,
    *,
    clock: Clock,
    rng: Random,
    stop: asyncio.Event,
    wake: asyncio.Event | None = None,
    sleep: Sleep = sleep_for,
    limits: Limits | None = None,
    patience: Patience | None = None,
    failpoint: Failpoint = nothing_fails,
    beat: Beat | None = None,
) -> None:
    """Hand every letter of the mailbox to *accept* until *stop* is set; the letter in hand is finished first.

    *wake* starts a round at once (something was concluded and may be flagged); it never shortens a retreat.
    Raises nothing that a server, a journal or a disk can cause.
    """
    vigil = _Vigil(watching, accept, memory, clock, stop, wake or asyncio.Event(), sleep, failpoint, beat or Beat())
    failures = refusals = 0
    while not stop.is_set():
        began = clock.now()
        vigil.logged_in = vigil.progressed = False
        with story(mailbox=watching.name):
            error = await vigil.session(limits, patience)
        if error is None:
            return
        refusals = 0 if vigil.logged_in else refusals + isinstance(error, LoginRefused)
        steady = vigil.progressed or clock.now() - began >= STEADY
        failures = 1 if steady else failures + 1
        await vigil.tell(error)
        await vigil.pause(_retreat(error, failures, refusals, rng))


def _retreat(error: Exception, failures: int, refusals: int, rng: Random) -> timedelta:
    """Return how long to stay away after *error*."""
    if isinstance(error, LoginRefused) and refusals >= REFUSALS_BEFORE_ALARM:
        return AFTER_ALARM
    if isinstance(error, Throttled):
        return error.wait if error.wait is not None else retreat(max(failures, THROTTLED_AS), rng)
    return retreat(failures, rng)


@dataclass(frozen=True, slots=True)
class _Beating:
    """Accepts letters, each of which is progress: a round may bring a hundred large ones."""

    accept: Accept
    beat: Beat

    def sink(self) -> Sink:
        self.beat.busy(ROUND)
        return self.accept.sink()

    def open(self) -> bool | str:
        return self.accept.open()

    async def __call__(self, delivery: Delivery) -> object:
        return await self.accept(delivery)


class _Vigil:
    """One watch: its sessions, and its waiting."""

    def __init__(
        self,
        watching: Watching,
        accept: Accept,
        memory: MailboxMemory,
        clock: Clock,
        stop: asyncio.Event,
        wake: asyncio.Event,
        sleep: Sleep,
        failpoint: Failpoint,
        beat: Beat,
    ) -> None:
        self._watching = watching
        self._beat = beat
        self._rules = watching.rules()
        self._accept = _Beating(accept, beat)
        self._memory = memory
        self._clock = clock
        self._stop = stop
        self._wake = wake
        self._sleep = sleep
        self._failpoint = failpoint
        self._standing = Standing()
        self.logged_in = False
        self.progressed = False  # a letter was taken in this session

    async def session(self, limits: Limits | None, patience: Patience | None) -> Exception | None:
        """Run one session; return what ended it, None for a stop."""
        self._beat.busy(ROUND)
        try:
            client = await self._enter(limits, patience)
            if client is None:
                return None
            self.logged_in = True
            session = Session(client, self._watching.folder, self._failpoint)
            try:
                await self._rounds(session)
            finally:
                await session.close()
        except Exception as error:  # the edge: whatever it is, this mailbox is tried again and no other suffers
            return error
        return None

    async def _enter(self, limits: Limits | None, patience: Patience | None) -> GuardedClient | None:
        """Log in; None when the stop came first."""
        entering = asyncio.ensure_future(enter(self._watching.account(), limits=limits, patience=patience))
        try:
            await first_of(asyncio.ensure_future(self._stop.wait()), keep=entering)
        finally:
            if not entering.done():
                entering.cancel()
                await asyncio.wait({entering})
        return None if entering.cancelled() else entering.result()

    async def _rounds(self, session: Session) -> None:
        self._standing.new_session()
        announced = False
        while not self._stop.is_set():
            self._beat.busy(ROUND)
            self._wake.clear()
            a_round = Round(self._rules, session, self._standing, self._accept, self._memory, self._clock)
            await a_round.go(self._stop)
            self.progressed |= a_round.taken > 0
            if a_round.paused:
                await self.pause(min(PAUSED, self._watching.poll))
            elif not a_round.more:
                if announced and not a_round.taken:
                    await self.pause(UNFOUND_NEWS)
                announced = await session.idle(self._quiet)

    async def _quiet(self) -> None:
        """Wait for the next poll, a wake or the stop."""
        await first_of(
            asyncio.ensure_future(self._stop.wait()),
            asyncio.ensure_future(self._wake.wait()),
            asyncio.ensure_future(self._sleep(min(self._watching.poll, self._watching.idle))),
        )

    async def pause(self, pause: timedelta) -> None:
        """Wait *pause*, or until the stop."""
        self._beat.busy(pause + ROUND)
        await first_of(asyncio.ensure_future(self._stop.wait()), asyncio.ensure_future(self._sleep(pause)))

    async def tell(self, error: Exception) -> None:
        """Log *error* and have it remembered."""
        refused = isinstance(error, LoginRefused)
        if isinstance(error, Declined | ConnectionBroken | Garbled):
            words = printable(error)
            _log.warning("imap-session-ended", mailbox=self._rules.name, words=words, login_refused=refused)
        else:
            words = f"our own trouble: {type(error).__name__}"
            _log.error("imap-session-failed", mailbox=self._rules.name, exc_info=error)
        try:
            await self._memory.failed(self._rules.name, words, self._clock.now(), login_refused=refused)
        except Exception as trouble:  # the edge: a journal that is down must not end the watch
            _log.error("imap-memory-failed", mailbox=self._rules.name, exc_info=trouble)
