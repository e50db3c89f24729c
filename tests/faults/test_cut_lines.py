# SPDX-License-Identifier: GPL-3.0-or-later
"""Our sending through a line that is cut at every place of a session, with a real Postfix at its other end.

The journal must know what Postfix did as far as anybody can: sent means delivered, "try later" means not delivered,
"ambiguous" means one or two copies, the same to the last byte.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.journal import store
from gateway.journal.entries import State
from gateway.journal.store import Journal
from gateway.outbound.relay import Patience
from gateway.retry import AMBIGUOUS_PAUSE
from tests.faults.lengths import some
from tests.faults.proxy import Program, Proxy, Seen, Way, proxied
from tests.faults.test_sending import Sending, attempts
from tests.inbound.smtp_wire import Accepting, running
from tests.journal.givens import NOW, stands
from tests.servers.postfix import Postfix

RECIPIENT = "chancery@north.example"  # of `tests.journal.givens.outbound`
MARK = b"X-Mark: "


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    store.upgrade(url)
    opened = Journal.open(url, tmp_path / "blobs")
    yield opened
    opened.close()


def letter(mark: object) -> bytes:
    body = b"".join(b"%d .\r\n.dot\r\n" % line for line in range(20))
    head = b"From: a@south.example\r\nMessage-ID: <m%d@south.example>\r\nDate: Mon, 3 Feb 2025 10:00:00 +0300\r\n"
    return head % abs(hash(mark)) + MARK + repr(mark).encode() + b"\r\n\r\n" + body


class Trial:
    """One letter through one broken line, then through a whole one."""

    def __init__(self, journal: Journal, proxy: Proxy) -> None:
        self._journal = journal
        self._proxy = proxy
        self.moment = NOW

    async def sent_through(self, program: Program | None, mark: object) -> tuple[str, State]:
        """Send a letter with *mark*; return how the first attempt ended and how the entry stands at the end."""
        sending = Sending(self._journal, port=self._proxy.port, patience=Patience(goodbye=1))
        number = sending.queue(letter(mark))
        self._proxy.programs[:] = [program] if program else []
        try:
            await sending.at(self.moment)
            ((outcome, _, _),) = attempts(self._journal, number)
            entry = stands(self._journal, number)
            if entry.not_before:
                least = AMBIGUOUS_PAUSE if outcome == "ambiguous" else timedelta(minutes=1)
                assert entry.not_before - self.moment >= least
                self.moment = entry.not_before
                await sending.at(self.moment)
        finally:
            await sending.close()
        return outcome, stands(self._journal, number).state


def cuts(seen: Seen) -> list[Program]:
    """Return a program for every place of a session, both ways."""
    up, down = bytes(seen.up), bytes(seen.down)
    dot = up.index(b"\r\n.\r\n", up.index(b"DATA")) + 5
    within = some(range(dot - 5), 8)
    ups = [Program(up=Way(cut_after=at)) for at in (*within, *range(dot - 5, dot + 1))]
    downs = [Program(down=Way(cut_after=at)) for at in some(range(down.index(b"\r\n250 ", -90) + 3), 6)]
    lines = down[: down.index(b"221 ") if b"221 " in down else len(down)].count(b"\r\n")
    return ups + downs + [Program(down=Way(cut_after_lines=at)) for at in some(range(lines + 1), 8)]


async def test_a_session_cut_anywhere_loses_nothing_and_repeats_only_what_was_in_doubt(
    postfix: Postfix, journal: Journal
) -> None:
    """F21 and F22 with a real server: every cut of our side, of its side, and of each of its lines."""
    accept = Accepting()
    outcomes: dict[str, tuple[str, State]] = {}
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(
            running(accept, addresses=frozenset({RECIPIENT}), max_connections_per_peer=100)
        )
        host, port = listener.address  # type: ignore[misc]  # no unix socket
        postfix.route({"north.example": f"smtp:[{host}]:{port}"})
        proxy = await stack.enter_async_context(proxied(postfix.host, postfix.port))
        trial = Trial(journal, proxy)
        assert await trial.sent_through(None, "whole") == ("sent", State.SENT)
        for program in cuts(proxy.seen[0]):
            outcomes[repr(program)] = await trial.sent_through(program, program)
        async with asyncio.timeout(60):
            while postfix.queue():
                await asyncio.sleep(0.05)

    copies = Counter(one[one.index(MARK) + len(MARK) :].split(b"\r\n")[0].decode() for one in accept.letters)
    assert set(copies) == {*outcomes, repr("whole")}
    for mark, (outcome, state) in outcomes.items():
        assert state is State.SENT, mark
        assert copies[mark] == 1 or (outcome, copies[mark]) == ("ambiguous", 2), mark
    assert {outcome for outcome, _ in outcomes.values()} >= {"try-later", "ambiguous"}
    assert max(copies.values()) == 2  # the sharpest of them: it was delivered, and we could not know
    kept = {one[one.index(b"From: ") :] for one in accept.letters}
    assert len(kept) == len(copies)
