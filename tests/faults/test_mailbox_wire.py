# SPDX-License-Identifier: GPL-3.0-or-later
"""A mailbox of a real Dovecot behind a line that breaks, with a whole office on our side of it.

Whatever breaks where: every letter is taken once and registered once, only what the journal has finished is flagged or
moved, and people's mail stays as it is.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from gateway.inbound.imap.guard import Patience
from gateway.inbound.imap.login import retreat
from gateway.inbound.imap.memory import JournalMemory
from gateway.inbound.imap.watch import Watching
from gateway.journal import mailboxes
from gateway.journal.entries import State
from tests.faults.lengths import some
from tests.faults.proxy import Program, Proxy, Seen, Way, proxied
from tests.faults.wired import accepting, answers, cards, document, lettered, number_of, office, settle
from tests.inbound.imap_kit import Watch
from tests.servers.dovecot import Dovecot
from tests.story.offices import TownOffice

MAILBOX = """
[[mailbox]]
name = "exchange"
host = "localhost"
port = 1
tls = "none"
user = "registry"
password = "in the test"
start = "all"
"""
QUICK = Patience(
    connecting=timedelta(seconds=1), silence=timedelta(seconds=0.4)
)  # where a line is dead, we give up soon
DONE = "Done"
KEYWORD = frozenset({"$EdmsExchange"})


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[TownOffice]:
    with office(tmp_path, proof='kind = "mailbox"\nname = "exchange"', also=MAILBOX) as one:
        yield one


async def eventually(look: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Return as soon as *look* finds something."""
    try:
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(look):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it never came: {what}") from None


class Mailbox:
    """A mailbox, the line to it, and the office that watches it."""

    def __init__(self, opened: TownOffice, dovecot: Dovecot, proxy: Proxy, folder: str, after: str) -> None:
        self.opened = opened
        self.dovecot = dovecot
        self.proxy = proxy
        self.user = dovecot.user()
        self.folder = folder
        self.after = after
        self.brought = 0  # letters of the exchange
        self.people = 0
        self.latest = Watch()
        if folder != "INBOX":
            dovecot.folder(self.user, folder)

    def bring(self, exchange: int = 2, people: int = 1) -> None:
        """Have new letters delivered to the mailbox."""
        for _ in range(exchange):
            self.brought += 1
            self.dovecot.deliver(self.user, document(self.brought), self.folder)
        for _ in range(people):
            self.people += 1
            lunch = f"From: a@b.example\r\nSubject: Lunch {self.people}?\r\n\r\nAt noon?\r\n"
            self.dovecot.deliver(self.user, lunch.encode(), self.folder)

    @asynccontextmanager
    async def watched(self, *programs: Program) -> AsyncIterator[Watch]:
        """Watch the mailbox through the line, whose first connections follow *programs*."""
        self.proxy.programs[:] = programs
        dead = any(one.down.stall_at or one.down.stall_after is not None for one in programs)
        self.latest = watch = Watch()
        settings = Watching(
            name="exchange",
            host="localhost",
            port=self.proxy.port,
            tls="none",
            user=self.user,
            password=self.dovecot.password,
            folder=self.folder,
            start="all",
            after=self.after,  # type: ignore[arg-type]  # "flag" or "move"
            done_folder=DONE if self.after == "move" else "",
        )
        watch.memory = JournalMemory(self.opened.parts.journal)
        async with accepting(self.opened) as acceptor:
            watch.accepting = acceptor  # type: ignore[assignment]  # the real one
            async with watch.running(settings, patience=QUICK if dead else Patience()):
                yield watch

    async def round(self, *programs: Program) -> None:
        """Bring letters, watch over a broken line until all is taken, registered and flagged or moved."""
        self.bring()
        async with self.watched(*programs) as watch:
            await eventually(self.all_taken, f"the letters, over {programs}")
            await settle(self.opened)
            watch.wake.set()
            await eventually(self.all_tidy, f"the flags, over {programs}")

    def all_taken(self) -> bool:
        return len(self.opened.incoming()) >= self.brought + self.people

    def all_tidy(self) -> bool:
        with self.opened.parts.journal.read() as tx:
            validity = self.dovecot.uidvalidity(self.user, self.folder)
            return not mailboxes.to_flag(tx, "exchange", validity, 1000)

    def holds(self) -> None:
        """Check what must be true whatever happened, from outside: the server's own files and the registry's rows."""
        assert cards(self.opened) == Counter(number_of(number) for number in range(1, self.brought + 1))
        assert set(Counter(lettered(self.opened)).values()) == {1}
        assert set(answers(self.opened).values()) == {1}
        left = Counter(self.dovecot.flags(self.user, self.folder).values())
        if self.after == "flag":
            assert left == {frozenset(): self.people, KEYWORD: self.brought}
        else:
            assert left == {frozenset(): self.people}
            assert len(self.dovecot.flags(self.user, DONE)) == self.brought


@asynccontextmanager
async def mailbox(
    opened: TownOffice, dovecot: Dovecot, folder: str = "INBOX", after: str = "flag"
) -> AsyncIterator[Mailbox]:
    async with proxied("127.0.0.1", dovecot.imap_port) as proxy:
        yield Mailbox(opened, dovecot, proxy, folder, after)


def places(seen: Seen, lines: int, octets: int, stalls: int) -> list[Program]:
    """Return a program for each server line to cut after, each byte to cut after, each byte to fall silent after."""
    down = bytes(seen.down)
    return [
        *(Program(down=Way(cut_after_lines=at)) for at in some(range(down.count(b"\r\n") + 1), lines)),
        *(Program(down=Way(cut_after=at)) for at in some(range(len(down)), octets)),
        *(Program(down=Way(stall_after=at)) for at in some(range(0, len(down), 40), stalls)),
    ]


async def test_a_line_cut_or_dead_anywhere_in_a_session_loses_and_doubles_nothing(
    opened: TownOffice, dovecot: Dovecot
) -> None:
    """F9, F10, F13: after every server line, in the middle of lines and literals, in LOGIN and in IDLE; half-open."""
    async with mailbox(opened, dovecot) as box:
        await box.round()
        for program in places(box.proxy.seen[0], lines=6, octets=4, stalls=1):
            await box.round(program)

    box.holds()


@pytest.mark.parametrize(
    "where",
    [
        Way(cut_before=b"OK [COPYUID"),
        Way(cut_at=b"COPYUID"),
        Way(stall_at=b"COPYUID"),
        Way(cut_before=b"* OK [HIGHESTMODSEQ"),
    ],
    ids=["unheard", "half-heard", "silence", "earlier"],
)
async def test_a_move_whose_answer_is_lost_is_done_once(opened: TownOffice, dovecot: Dovecot, where: Way) -> None:
    """F12: the letters lie in the folder for what is done, once each; nobody else's mail went with them."""
    async with mailbox(opened, dovecot, after="move") as box:
        await box.round()
        await box.round(Program(down=where))

    box.holds()


async def test_a_half_open_line_while_idling_is_found_out_by_the_next_poll(
    opened: TownOffice, dovecot: Dovecot
) -> None:
    """F13: nothing is heard and nothing is refused; the next poll asks, and its silence ends the session."""
    async with mailbox(opened, dovecot) as box:
        async with box.watched(Program(down=Way(stall_at=b"+ idling"))) as watch:
            await watch.sleeping.until(lambda: watch.poll in watch.sleeping.pauses)
            box.bring()
            watch.sleeping.over()
            await eventually(box.all_taken, "the letters")
            await settle(opened)
            watch.wake.set()
            await eventually(box.all_tidy, "the flags")
        connections = len(box.proxy.seen)

    assert connections >= 2
    box.holds()


async def test_a_goodbye_of_the_server_is_followed_by_a_new_connection(opened: TownOffice, dovecot: Dovecot) -> None:
    """F13, BYE: a real one, of a Dovecot that stops while we idle."""
    async with mailbox(opened, dovecot) as box:
        await box.round()
        async with box.watched() as watch:
            await watch.sleeping.until(lambda: watch.poll in watch.sleeping.pauses)
            await asyncio.to_thread(dovecot.restart)
            box.bring()
            await eventually(box.all_taken, "the letters")
            await settle(opened)
            watch.wake.set()
            await eventually(box.all_tidy, "the flags")

    box.holds()


def test_a_lost_mailbox_is_asked_again_within_a_minute_by_the_clock() -> None:
    """F13: a command's silence ends the session after a minute at most; the first five retreats take 31 s together."""

    class Unlucky(Random):
        def uniform(self, a: float, b: float) -> float:
            return b  # the longest of every jitter

    pauses = [retreat(failures, Unlucky()) for failures in range(1, 6)]

    assert sum(pauses, timedelta(0)) <= timedelta(seconds=60)
    assert Patience().silence <= timedelta(seconds=60)
    assert Patience().connecting <= timedelta(seconds=60)


# --- the mailbox itself changes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["flag", "move"])
async def test_a_mailbox_made_anew_while_it_is_watched_brings_nothing_new(
    opened: TownOffice, dovecot: Dovecot, after: str
) -> None:
    """F14: another UIDVALIDITY, the same letters: no card, no answer, no copy of an answer; what is new then, is."""
    async with mailbox(opened, dovecot, folder="Exchange", after=after) as box:
        await box.round()
        box.bring(exchange=1, people=0)  # known and not yet finished when the folder is made anew
        async with box.watched() as watch:
            await eventually(box.all_taken, "the letters")
            await watch.sleeping.until(lambda: watch.poll in watch.sleeping.pauses)
            posted = list(opened.post.carried)
            before = len(opened.incoming())
            await asyncio.to_thread(dovecot.recreate, box.user, "Exchange")
            left = len(dovecot.flags(box.user, "Exchange"))
            watch.wake.set()
            await eventually(lambda: len(opened.incoming()) == before + left, "everything once more")
            await settle(opened)
            news = [octets for _, _, octets in opened.post.carried if octets not in {one[2] for one in posted}]
            known = cards(opened)
            box.bring()
            watch.wake.set()
            await eventually(lambda: len(opened.incoming()) == before + left + 3, "what is really new")
            await settle(opened)
            watch.wake.set()
            await eventually(box.all_tidy, "the flags")

    assert known == Counter({number_of(number): 1 for number in range(1, box.brought - 1)})
    assert len(news) == 2  # the receipt and the report of the one letter that had not been finished
    assert cards(opened) == Counter({number_of(number): 1 for number in range(1, box.brought + 1)})
    assert set(answers(opened).values()) == {1}
    assert len(opened.post.carried) == len({octets for _, _, octets in opened.post.carried})
    assert [entry.arrived_anew for entry in opened.incoming()][before : before + left] == [False] * left


async def test_a_letter_removed_between_search_and_fetch_is_vanished_and_counted(
    opened: TownOffice, dovecot: Dovecot
) -> None:
    """F15: no entry, no card; the operator sees how many went away."""
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(mailbox(opened, dovecot))
        box.bring(exchange=2, people=0)

        async def removed() -> None:
            await asyncio.to_thread(dovecot.expunge, box.user, 1)

        await stack.enter_async_context(box.watched(Program(up=Way(before=(b"RFC822.SIZE", removed)))))
        await eventually(lambda: len(opened.incoming()) == 1, "the other letter")
        await eventually(lambda: gone(opened) == 1, "the count of what vanished")
        await settle(opened)

    assert len(opened.incoming()) == 1
    assert [entry.state for entry in opened.incoming()] == [State.DONE]
    assert sum(cards(opened).values()) == 1


async def test_a_letter_removed_between_two_blocks_is_vanished_and_leaves_no_half(
    opened: TownOffice, dovecot: Dovecot
) -> None:
    """F15: what was read of it is thrown away with it."""
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(mailbox(opened, dovecot))
        dovecot.deliver(box.user, document(1, padding=3 << 20))
        dovecot.deliver(box.user, document(2))

        async def removed() -> None:
            await asyncio.to_thread(dovecot.expunge, box.user, 1)

        await stack.enter_async_context(box.watched(Program(up=Way(before=(b"<1048576.", removed)))))
        await eventually(lambda: gone(opened) == 1, "the count of what vanished")
        await eventually(lambda: len(opened.incoming()) == 1, "the other letter")
        await settle(opened)

    assert cards(opened) == Counter([number_of(2)])
    spool = opened.parts.journal.blobs.directory / "spool"
    assert list(spool.iterdir()) == []


def gone(opened: TownOffice) -> int:
    with opened.parts.journal.read() as tx:
        return sum(box.vanished for box in mailboxes.states(tx))
