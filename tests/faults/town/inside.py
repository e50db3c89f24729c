# SPDX-License-Identifier: GPL-3.0-or-later
"""An office in a process of its own: obeys one command at a time over a pipe, with the gateway's real parts.

What lies outside the gateway (what becomes of a posted letter, what the mailbox holds) is asked back over the pipe.
A command may carry a break: which hit of which failpoint kills this process, or raises.
"""

import asyncio
import errno
import os
import resource
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy.engine import Connection as SqlConnection
from sqlalchemy.exc import OperationalError

from gateway.build import Parts, build
from gateway.content import Held
from gateway.edms_adapter.registry import people
from gateway.inbound.accept import Acceptor, take
from gateway.inbound.delivery import Delivery
from gateway.inbound.imap.answers import Fetched, Selected
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.memory import JournalMemory
from gateway.inbound.imap.rounds import Round, Rules, Standing
from gateway.inbound.imap.session import Vanished
from gateway.inbound.worker import Worker
from gateway.journal import acts, entries
from gateway.logs import configure_logs
from gateway.model import Content, Sink
from gateway.outbound.circuits import Circuits
from gateway.outbound.collect import Collector
from gateway.outbound.dispatch import Dispatcher
from gateway.ports import Failpoint, Outcome, Phase, Posted
from gateway.retry import POST
from tests.faults.sabotage import apply
from tests.faults.town.mailbox import KEYWORD
from tests.faults.town.site import AFTER, INDICES, Site

BATCHES = 12  # of letters in one command "work"
TICK = timedelta(milliseconds=1)
WRITERS = {"minsk": ("Озёрный", "Тихая"), "moscow": ("Берёзкина", "Дубов")}  # who signs, who drafts


@dataclass(frozen=True, slots=True)
class Break:
    """Break the *hit*-th time that failpoint *name* is met during one command."""

    name: str
    hit: int
    action: str  # "kill", "raise", "enospc", "eio"


class Breaking:
    """The failpoint of this process."""

    def __init__(self) -> None:
        self.armed: Break | None = None
        self.struck = False
        self._hits = 0

    def arm(self, planned: Break | None) -> None:
        self.armed, self.struck, self._hits = planned, False, 0

    def __call__(self, name: str) -> None:
        if self.armed is None or name != self.armed.name:
            return
        self._hits += 1
        if self._hits == self.armed.hit:
            self.struck = True
            self._strike(self.armed.action, name)

    def _strike(self, action: str, name: str) -> None:
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "raise" and name.startswith("commit:"):
            raise OperationalError("COMMIT", {}, Exception("the connection to the database is lost"))
        if action == "raise":
            raise RuntimeError("a failpoint was told to")
        number = {"enospc": errno.ENOSPC, "eio": errno.EIO}[action]
        raise OSError(number, os.strerror(number))


class ToldClock:
    """The moment the test says; reading moves it a little, so no two are equal."""

    def __init__(self) -> None:
        self.moment = datetime.min

    def now(self) -> datetime:
        self.moment += TICK
        return self.moment


class AtOnce(ThreadPoolExecutor):
    """Runs what is given to it at once, in this thread: the same seed gives the same order."""

    def submit(self, call: Any, /, *arguments: Any, **named: Any) -> "Future[Any]":  # Any: as the original has it
        done: Future[Any] = Future()
        try:
            done.set_result(call(*arguments, **named))
        except BaseException as error:
            done.set_exception(error)
        return done


class Asking:
    """The world outside, at the other end of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __call__(self, *question: object) -> Any:  # Any: whatever the world answers
        self._pipe.send(("ask", *question))
        return self._pipe.recv()


class AskingPost:
    """A `gateway.ports.Post` whose relay is the test."""

    def __init__(self, ask: Asking) -> None:
        self._ask = ask

    async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
        outcome, phase, code = self._ask("post", sender, recipient, b"".join(letter.blocks()))
        return Posted(Outcome(outcome), Phase(phase), code, f"{code} told by the relay")

    async def close(self) -> None:
        return


class AskingSession:
    """An open mailbox, of the shape of `gateway.inbound.imap.session.Session`."""

    def __init__(self, ask: Asking, failpoint: Failpoint) -> None:
        self._asking, self.failpoint = ask, failpoint

    def _ask(self, what: str, *arguments: object) -> Any:  # Any: whatever the mailbox answers
        answer = self._asking("mailbox", what, *arguments)
        if isinstance(answer, str):
            raise ConnectionBroken(answer)
        return answer

    async def select(self) -> Selected:
        uidvalidity, uidnext, exists = self._ask("select")
        return Selected(uidvalidity, uidnext, exists, frozenset({"\\*"}), read_only=False)

    def windows(self, low: int, high: int, exists: int) -> list[range]:
        return [range(low, high + 1)] if high >= low else []

    async def search(self, window: range) -> tuple[int, ...]:
        return tuple(self._ask("search", window.start, window.stop - 1))

    async def among(self, uids: Sequence[int]) -> frozenset[int]:
        return frozenset(self._ask("among", list(uids))) if uids else frozenset()

    async def last_uid(self) -> int:
        return int(self._ask("select")[1]) - 1

    async def described(self, uids: Sequence[int]) -> dict[int, Fetched]:
        told = self._ask("described", list(uids))
        return {uid: Fetched(uid, flags, size, arrived) for uid, (flags, size, arrived) in told.items()}

    async def read(self, uid: int, size: int, sink: Sink, max_bytes: int) -> None:
        data = self._ask("read", uid)
        if data is None:
            raise Vanished
        sink.write(data)

    async def mark(self, uids: Sequence[int], flag: str) -> frozenset[int]:
        return frozenset(self._ask("mark", list(uids), flag))

    def can_move(self) -> bool:
        return True

    async def move(self, uids: Sequence[int], folder: str) -> frozenset[int]:
        return frozenset(self._ask("move", list(uids), folder))


class Office:
    """The gateway of one site, by hand: every method is a command."""

    def __init__(self, site: Site, ask: Any, clock: ToldClock, breaks: Breaking) -> None:
        self.site, self.ask, self.clock, self.breaks = site, ask, clock, breaks
        self.standing = Standing()

    def open(self) -> None:
        """Start as a node does: open everything, give back what the dead one held."""
        self.parts: Parts = build(self.site.settings, self.clock, self.breaks)
        parts, now = self.parts, self.clock.now
        with parts.journal.write() as tx:
            entries.release(tx, "node", now())
        self.worker = Worker("node.0", parts.desk(), now, max_seconds=60)
        self.collector = Collector(parts.journal, parts.edms, parts.office, parts.outbox, now, parts.failpoint)
        post = AskingPost(self.ask)
        self.dispatcher = Dispatcher(
            parts.journal,
            lambda entry: post,
            now,
            POST,
            name="node.post",
            failpoint=parts.failpoint,
            told=lambda: None,
            sender_of=lambda entry, now: parts.outbox.sealer.sender_today(entry.envelope_sender, entry.recipient, now),
            guard=Circuits(lambda entry: "relay", lambda lane: "relay", POST.first),
        )

    def receive(self, letters: Sequence[tuple[str, str, bytes]]) -> int:
        """Take letters (source, envelope sender, bytes) in one commit, as the listener does; returning is the 250."""
        address = self.site.settings.offices[0].address
        deliveries = [
            Delivery(
                source=f"smtp:{source}",
                channel="door",
                envelope_sender=sender,
                recipients=(address,),
                peer="192.0.2.1",
                letter=Held(data),
            )
            for source, sender, data in letters
        ]
        return len(take(deliveries, self.parts.journal, self.parts.office, self.clock.now(), self.parts.failpoint))

    def look(self) -> int:
        """Go once through the mailbox."""
        try:
            return self._run(self._round())
        except BaseException:
            self.standing.new_session()  # the connection is dropped
            raise

    async def _round(self) -> int:
        parts = self.parts
        acceptor = Acceptor(
            parts.journal,
            parts.office,
            self.clock.now,
            failpoint=parts.failpoint,
            wake=lambda: None,
            min_free_bytes=0,
        )
        taking = asyncio.ensure_future(acceptor.run())
        rules = Rules(
            name="box",
            start="all",
            after="flag" if AFTER[self.site.name] == "flag" else "move",
            keyword=KEYWORD,
            done_folder="Done",
            max_letter_bytes=10 << 20,
            per_cycle=100,
        )
        session: Any = AskingSession(self.ask, self.breaks)  # Any: of the same shape, not of the class
        one = Round(rules, session, self.standing, acceptor, JournalMemory(parts.journal), self.clock)
        try:
            await one.go(asyncio.Event())
        finally:
            taking.cancel()
            acceptor.close()
        return one.taken

    def work(self) -> int:
        """Process letters as a worker does."""
        done = 0
        for _ in range(BATCHES):
            batch = self.worker.work()
            done += batch
            if not batch:
                break
        return done

    def collect(self) -> int:
        return self.collector.round()

    def dispatch(self) -> int:
        return self._run(self.dispatcher.once())

    def reprocess(self, ids: Sequence[int]) -> int:
        with self.parts.journal.write() as tx:
            for id in ids:
                acts.reprocess(tx, id, who="operator", why="the storm is over", now=self.clock.now())
        return len(ids)

    def retry(self, ids: Sequence[int]) -> int:
        with self.parts.journal.write() as tx:
            for id in ids:
                acts.retry(tx, id, who="operator", why="the storm is over", now=self.clock.now())
        return len(ids)

    def sweep(self) -> int:
        """Remove orphans, as a node does every hour; return the most memory this process ever had, in KiB.

        Files have the machine's own time, so ours is laid aside.
        """
        told, self.clock.moment = self.clock.moment, datetime.now(UTC) + timedelta(days=2)
        with self.parts.journal.read() as tx:
            before = self.clock.now() - timedelta(days=1)
            self.parts.journal.blobs.sweep(before, entries.KnownBlobs(tx))
        self.parts.edms.sweep()
        self.clock.moment = told
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    # --- people, who work in the registry alone

    def people(self, wishes: Sequence[tuple[Any, ...]]) -> int:
        signer, clerk = WRITERS[self.site.name]
        with people.at_work(self.site.registry) as work:
            for kind, *wish in wishes:
                getattr(self, f"_people_{kind}")(work, signer, clerk, *wish)
        return len(wishes)

    def _people_send(
        self, work: Any, signer: str, clerk: str, uid: str, to: str, subject: str, files: dict[str, bytes]
    ) -> None:
        now = self.clock.now()
        store = self.site.home / "files"
        card = people.write_card(work, subject, files, signer=signer, drafter=clerk, now=now, uid=uid, store=store)
        people.send(work, card, INDICES[to], clerk=clerk, now=now)

    def _people_instruct(self, work: Any, signer: str, clerk: str, card: int, words: str, uid: str) -> None:
        now = self.clock.now()
        executors = [clerk]
        people.instruct(
            work, card, words, author=signer, executors=executors, now=now, deadline=date(2026, 12, 1), uid=uid
        )

    def _people_answer(
        self, work: Any, signer: str, clerk: str, card: int, uid: str, subject: str, files: dict[str, bytes]
    ) -> None:
        store = self.site.home / "files"
        writers = {"signer": signer, "drafter": clerk}
        people.answer(work, card, subject, files, **writers, now=self.clock.now(), uid=uid, store=store)

    def _people_report(self, work: Any, signer: str, clerk: str, instruction: int, words: str) -> None:
        people.report(work, instruction, words, by=clerk, now=self.clock.now())

    def _people_close(self, work: Any, signer: str, clerk: str, instruction: int, words: str) -> None:
        people.close(work, instruction, words, by=signer, now=self.clock.now())

    def _run(self, work: Any) -> int:
        async def go() -> int:
            asyncio.get_running_loop().set_default_executor(AtOnce(1))
            return int(await work)

        return asyncio.run(go())


def live(site: Site, pipe: Connection) -> None:
    """Obey until the pipe is closed or a break kills this process."""
    log = os.open(site.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stderr.fileno())
    configure_logs()
    clock, breaks = ToldClock(), Breaking()
    _break_commits(breaks)
    apply(site.sabotage, breaks)
    office = Office(site, Asking(pipe), clock, breaks)
    while True:
        try:
            name, clock.moment, planned, arguments = pipe.recv()
        except EOFError:
            return
        breaks.arm(planned)
        try:
            result = getattr(office, name)(*arguments)
        except Exception as error:  # the edge of this process: the world decides what a client would do now
            answer = ("failed", f"{type(error).__name__}: {error}"[:500], breaks.struck, clock.moment)
        else:
            answer = ("done", result, breaks.struck, clock.moment)
        breaks.arm(None)
        pipe.send(answer)


def _break_commits(breaks: Breaking) -> None:
    """Make every commit of this process, in the journal and in the EDMS, two failpoints: before it and after it."""
    commit = SqlConnection._commit_impl

    def committing(connection: SqlConnection) -> None:
        breaks("commit:before")
        commit(connection)
        breaks("commit:after")

    SqlConnection._commit_impl = committing  # type: ignore[method-assign]
