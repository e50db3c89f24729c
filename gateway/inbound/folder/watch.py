# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching a directory: one task per folder, for as long as the service runs; it is polled.

A package is taken at the second look that finds it unchanged and complete; one without a sidecar must have stayed as it
is for `settle`, too.  It is a letter like any other: spooled, committed, and only then put away.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from errno import EXDEV
from os.path import splitext
from pathlib import Path
from typing import Literal

import structlog

from gateway.inbound.delivery import Accept, Delivery
from gateway.inbound.folder.completeness import Complete, Incomplete, Unreadable, complete, unreadable
from gateway.inbound.folder.finding import Found, Layout, found_in
from gateway.inbound.folder.flat import Envelopes
from gateway.inbound.folder.letters import NANO, letter_of
from gateway.inbound.folder.memory import FolderMemory
from gateway.inbound.folder.plain import Changed, opened
from gateway.inbound.folder.putting_away import PuttingAway
from gateway.inbound.folder.whys import Why, packages, told
from gateway.logs import story
from gateway.model import Content
from gateway.ports import Clock, Failpoint, nothing_fails
from gateway.pulse import Beat

PER_ROUND = 1000  # LIMIT: packages taken before the folder is looked at anew
ROUND = timedelta(minutes=30)  # LIMIT: from one package to the next; longer hangs
REMEMBERED = 1000  # LIMIT: names of packages without a sidecar
WORDS = 600  # LIMIT: characters of what is told
_NOT_NOW = "no letters are taken at the moment: see the disks"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """One folder to watch."""

    name: str
    path: Path
    layout: Layout
    after: Literal["archive", "leave", "delete"] = "archive"
    archive: Path | None = None
    poll: timedelta = timedelta(seconds=5)
    settle: timedelta = timedelta(seconds=10)
    patience: timedelta = timedelta(hours=1)
    max_letter_bytes: int = 200 << 20


@dataclass(slots=True)
class _Waiting:
    """A package that is not taken yet."""

    signature: tuple[object, ...]
    since: datetime  # when it was first seen so
    judged: Found | None = None  # as it was when `why` was found out
    why: Why | None = None


async def watch(
    watching: Watching,
    accept: Accept,
    memory: FolderMemory,
    *,
    clock: Clock,
    stop: asyncio.Event,
    failpoint: Failpoint = nothing_fails,
    beat: Beat | None = None,
) -> None:
    """Hand every package to *accept* until *stop* is set; raises nothing that a disk or a journal can cause."""
    vigil, beat = Vigil(watching, accept, memory, clock, failpoint, beat), beat or Beat()
    while not stop.is_set():
        beat.busy(ROUND)
        with story(folder=watching.name):
            more = await vigil.guarded_round(stop)
        if not more:
            beat.busy(watching.poll + ROUND)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), watching.poll.total_seconds())


class Vigil:
    """One folder and what is kept of it between looks; all of it can be forgotten without harm."""

    def __init__(
        self,
        watching: Watching,
        accept: Accept,
        memory: FolderMemory,
        clock: Clock,
        failpoint: Failpoint = nothing_fails,
        beat: Beat | None = None,
    ) -> None:
        self._watching = watching
        self._accept = accept
        self._memory = memory
        self._clock = clock
        self._failpoint = failpoint
        self._beat = beat or Beat()
        self._put_away = PuttingAway(watching.path, watching.after, watching.archive, failpoint)
        self._envelopes = Envelopes()
        self._waiting: dict[str, _Waiting] = {}
        self._told: set[str] = set()  # names of those in `_waiting` that a line of the log says cannot be taken
        self._taken: set[str] = set()  # sources of what lies there and is in the journal
        self._bare: dict[str, None] = {}  # names of the latest packages that were taken without a sidecar
        self._entered: bool | None = None  # a round went well before; None: not asked yet
        self._stuck: list[str] = []  # why packages that the journal has were not put away

    async def guarded_round(self, stop: asyncio.Event) -> bool:
        """Go one round; whatever goes wrong is told, and tried again.  Say whether there is more to take."""
        try:
            return await self.round(stop)
        except Exception as error:  # the edge: whatever it is, this folder is tried again and no other suffers
            words = (error.strerror if isinstance(error, OSError) else "") or f"our own trouble: {type(error).__name__}"
            _log.warning("folder-round-failed", words=words, error=type(error).__name__)
            with contextlib.suppress(Exception):  # the journal may be what is away
                await self._memory.failed(self._watching.name, words[:WORDS], self._clock.now())
            return False

    async def round(self, stop: asyncio.Event) -> bool:
        """Take what is complete and put away what was taken; say whether there is more to take at once."""
        name = self._watching.name
        if self._entered is None:
            self._entered = await self._memory.entered(name)
        self._stuck = []
        there = await asyncio.to_thread(self._looked)
        self._taken &= there.keys()
        self._taken |= await self._memory.known([source for source in there if source not in self._taken])
        taken, more = 0, False
        for source, found in there.items():
            if stop.is_set():
                break
            self._beat.busy(ROUND)
            if source in self._taken or self._comes_late(found):
                await asyncio.to_thread(self._finished, found)
            elif taken >= PER_ROUND:
                more = True
            elif self._settled(found) and await self._took(source, found):
                taken += 1
        names = {found.name for source, found in there.items() if source not in self._taken}
        self._waiting = {key: one for key, one in self._waiting.items() if key in names}
        self._told &= names
        await self._memory.heard(name, self._clock.now(), self._words(there))
        self._entered = True
        return more

    def _looked(self) -> dict[str, Found]:
        """Return what lies there, by its transport identity."""
        with opened(self._watching.path) as root:
            try:
                self._put_away.tidy()
            except OSError as error:
                self._stuck.append(error.strerror or type(error).__name__)
            found = found_in(root, self._watching.layout, self._envelopes)
            return {one.source(self._watching.name): one for one in found}

    def _settled(self, found: Found) -> bool:
        """Say whether *found* stayed as it is from an earlier look on, long enough."""
        now, known = self._clock.now(), self._waiting.get(found.name)
        if known is None or known.signature != found.signature:
            self._waiting[found.name] = _Waiting(found.signature, now)
            return False
        with_sidecar = self._watching.layout == "medo" or found.sidecar is not None
        return with_sidecar or now - known.since >= self._watching.settle

    def _comes_late(self, found: Found) -> bool:
        """Say whether *found* is the sidecar of a package that was taken without waiting for one."""
        return found.flat and not found.files and splitext(found.name)[0] in self._bare

    async def _took(self, source: str, found: Found) -> bool:
        """Make *found* a letter and put it away; False, with the reason remembered, when it cannot be taken yet."""
        waiting = self._waiting[found.name]
        if waiting.judged == found:
            return False
        if self._accept.open() is not True:
            waiting.why = Why(_NOT_NOW)
            return False
        try:
            package, letter = await asyncio.to_thread(self._spooled, source, found)
        except Changed:
            del self._waiting[found.name]
            return False
        except Incomplete as error:
            waiting.judged, waiting.why = None if isinstance(error, Unreadable) else found, error.why
            if found.name not in self._told:
                self._told.add(found.name)
                _log.warning("package-not-taken", directory=str(self._watching.path), reason=error.why.words)
            return False
        self._failpoint("folder:spooled")
        delivery = Delivery(
            source=source,
            channel=self._watching.name,
            envelope_sender="",
            recipients=(),
            peer="",
            arrived_anew=bool(self._entered),
            letter=letter,
        )
        await self._accept(delivery)
        self._failpoint("folder:taken")
        self._taken.add(source)
        if found.sidecar is None and found.inside:
            self._bare = {**dict(list(self._bare.items())[-REMEMBERED:]), found.name: None}
        _log.info("package-taken", files=len(package.files), bytes=letter.size)
        if package.tells_failure:
            _log.warning("package-tells-failure")
        await asyncio.to_thread(self._finished, found)
        return True

    def _spooled(self, source: str, found: Found) -> tuple[Complete, Content]:
        """Return *found* as a letter in a sink; raises Incomplete, Changed, and OSError when space runs out."""
        with opened(self._watching.path) as root:
            try:
                package = complete(found, self._watching.layout, root, self._watching.max_letter_bytes)
            except OSError as error:
                raise unreadable(error) from error
            files = [(found.inside, seen) for seen in package.files]
            blocks = letter_of(files, package.subject, source, self._watching.name, root)
            sink = self._accept.sink()
            try:
                while (block := _next(lambda: next(blocks, None))) is not None:
                    sink.write(block)
                return package, sink.close()
            except BaseException:
                sink.discard()
                raise

    def _finished(self, found: Found) -> None:
        """Put away what the journal has; what keeps it from that is told, and tried at the next look."""
        self._failpoint("folder:putting-away")
        try:
            self._put_away(found, self._clock.now().astimezone(UTC).date())
        except FileNotFoundError:
            return  # somebody else put it away
        except OSError as error:
            other_volume = error.errno == EXDEV
            self._stuck.append("the archive is on another volume" if other_volume else error.strerror or "")
        self._failpoint("folder:put-away")

    def _words(self, there: dict[str, Found]) -> str:
        """Return what is wrong with packages; no names, for they speak of documents: times, to look for them by."""
        limit = self._clock.now() - self._watching.patience
        late = [(one.since, name, one.why) for name, one in self._waiting.items() if one.why and one.since <= limit]
        words = []
        if late:
            _, name, _ = min(late, key=lambda one: one[0])
            files = next(found.files for found in there.values() if found.name == name)
            newest = max((file.mtime_ns for file in files), default=0) // NANO
            which = "last written" if len(late) == 1 else "the oldest last written"
            when = f"; {which} {datetime.fromtimestamp(newest, UTC):%Y-%m-%d %H:%M:%S} UTC" if newest else ""
            words.append(told([why for _, _, why in late]) + when)
        if self._stuck:
            words.append(f"{packages(len(self._stuck))} taken and not put away: {self._stuck[0]}")
        return "; ".join(words)[:WORDS]


def _next(following: Callable[[], bytes | None]) -> bytes | None:
    try:
        return following()
    except OSError as error:
        raise unreadable(error) from error
